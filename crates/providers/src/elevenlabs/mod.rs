//! ElevenLabs' voices: over the WebSocket that takes text as it is written, and over HTTP for models
//! that speak there alone; and its live recognition (`scribe`).

mod alignment;
mod over_http;
mod scribe;
mod session;
mod voice;
mod wire;

pub use over_http::ElevenLabsHttpVoice;
pub use scribe::{ElevenLabsScribe, ElevenLabsScribeConfig};
pub use voice::{ElevenLabsVoice, ElevenLabsVoiceConfig, reading};
