//! Scripted doubles of every provider, for tests only: they do what a script says at the times
//! that it says, on tokio's clock, so that a paused runtime makes them exact.

mod chat;
mod detector;
mod recognition;
mod requests;
mod voice;

pub use chat::{ScriptedChat, ScriptedReply};
pub use detector::ScriptedDetector;
pub use recognition::{ScriptedRecognition, ScriptedUtterance};
pub use requests::Requests;
pub use voice::ScriptedVoice;
