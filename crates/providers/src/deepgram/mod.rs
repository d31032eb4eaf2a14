//! Deepgram's live recognition over a WebSocket, `/v1/listen`, and its voices (`voice`).
//!
//! All audio is sent as it comes. Where an utterance begins and ends is told by the call's own
//! detector; words belong to utterances by the times at which they begin (`transcript`). A
//! connection that breaks is made again, and what was not settled is heard once more (`outbox`).

mod link;
mod live;
mod outbox;
mod speech;
mod transcript;
mod voice;
mod wire;

pub use speech::{BASE_URL, DeepgramConfig, DeepgramLimits, DeepgramSpeech};
pub use voice::{DeepgramVoice, DeepgramVoiceConfig};
