//! AssemblyAI's live recognition over the WebSocket `/v3/ws`.

mod speech;
mod wire;

pub use speech::{AssemblyAiConfig, AssemblyAiSpeech, BASE_URL};
