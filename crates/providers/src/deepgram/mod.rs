//! Deepgram's live recognition over a WebSocket, `/v1/listen`, and its voices (`voice`).

mod speech;
mod voice;
mod wire;

pub use speech::{BASE_URL, DeepgramConfig, DeepgramSpeech};
pub use voice::{DeepgramVoice, DeepgramVoiceConfig};
