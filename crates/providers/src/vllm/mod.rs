//! vLLM's own API beside the ones that it shares with OpenAI: live recognition.

mod realtime;

pub use realtime::{VllmRealtime, VllmRealtimeConfig};
