//! Google Cloud's Text-to-Speech and Speech-to-Text, over REST with an API key: each piece and each
//! utterance goes whole, because only the gRPC APIs stream. Written by what Google documents; neither a
//! client of Google's nor the platform itself was held against it.

mod speech;
mod voice;

pub use speech::{GoogleSpeech, GoogleSpeechConfig};
pub use voice::{GoogleVoice, GoogleVoiceConfig};
