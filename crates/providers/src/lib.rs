//! Speech recognition, chat models and voices: one folder per vendor, `local` for the models that
//! run in this process, and the catalogue of their files.

#[cfg(feature = "hosted")]
pub mod anthropic;
#[cfg(feature = "hosted")]
pub mod assemblyai;
#[cfg(feature = "hosted")]
pub mod cartesia;
pub mod catalogue;
#[cfg(feature = "hosted")]
pub mod deepgram;
#[cfg(any(feature = "hosted", feature = "local-voice"))]
pub mod diction;
#[cfg(feature = "hosted")]
pub mod elevenlabs;
#[cfg(feature = "hosted")]
pub mod gemini;
#[cfg(feature = "hosted")]
pub mod google;
#[cfg(feature = "hosted")]
pub mod hosted;
pub mod local;
#[cfg(any(feature = "hosted", feature = "local-voice"))]
pub mod normalise;
#[cfg(feature = "hosted")]
pub mod openai;
pub mod phrases;
#[cfg(feature = "hosted")]
pub mod rime;
#[cfg(feature = "hosted")]
pub mod standby;
#[cfg(feature = "hosted")]
pub mod vllm;
