//! Google Cloud's Text-to-Speech, over REST with an API key: each piece comes whole, because only the
//! gRPC API streams. Written by what Google documents; neither a client of Google's nor the platform
//! itself was held against it.

mod voice;

pub use voice::{GoogleVoice, GoogleVoiceConfig};
