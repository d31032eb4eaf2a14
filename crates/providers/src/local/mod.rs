//! The embedded stack: every model runs in this process, off the async workers.

#[cfg(feature = "local-chat")]
pub mod chat;
#[cfg(feature = "local-ears")]
pub mod denoise;
#[cfg(feature = "local-ears")]
pub mod ears;
#[cfg(any(feature = "local-ears", feature = "local-voice"))]
pub mod onnx;
#[cfg(feature = "local-voice")]
pub mod voice;
