//! Deepgram's live recognition over WebSockets, `/v1/listen` (`speech`) and `/v2/listen` (`flux`), and
//! its voices (`voice`).

mod flux;
mod speech;
mod voice;
mod wire;

pub use flux::{DeepgramFlux, DeepgramFluxConfig};
pub use speech::{BASE_URL, DeepgramConfig, DeepgramSpeech};
pub use voice::{DeepgramVoice, DeepgramVoiceConfig};
