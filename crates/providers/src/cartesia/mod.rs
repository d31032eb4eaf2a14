//! Cartesia's voices, over the WebSocket that speaks texts in contexts of their own. Held against a
//! server that Cartesia's own client takes for theirs; not against the platform itself.

mod session;
mod voice;

pub use voice::{CartesiaVoice, CartesiaVoiceConfig};
