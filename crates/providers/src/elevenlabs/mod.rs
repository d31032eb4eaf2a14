//! ElevenLabs' voices, over the WebSocket that takes text as it is written.

mod alignment;
mod session;
mod voice;
mod wire;

pub use voice::{ElevenLabsVoice, ElevenLabsVoiceConfig};
