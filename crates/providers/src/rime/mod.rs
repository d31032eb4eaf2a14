//! Rime's voices, over HTTP: its sockets do not say where the sound of a piece ends. Written by
//! what Rime documents and held against a server made by it; Rime publishes no client to hold that
//! against, and the platform itself was not asked.

mod voice;

pub use voice::{RimeVoice, RimeVoiceConfig};
