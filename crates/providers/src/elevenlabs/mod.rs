//! ElevenLabs' voices: over the WebSocket that takes text as it is written, and over HTTP for models
//! that speak there alone.

mod alignment;
mod over_http;
mod session;
mod voice;
mod wire;

pub use over_http::ElevenLabsHttpVoice;
pub use voice::{ElevenLabsVoice, ElevenLabsVoiceConfig};
