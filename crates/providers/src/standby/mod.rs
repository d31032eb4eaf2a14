//! Several providers of one stage as one: the first of a list, and those that stand by for it.
//!
//! What counts is the first *useful* output: text with a letter in it, sound above silence, words
//! after speech. A provider that fails, or lets its time pass ([`StandbyLimits`]), is left for the
//! next; what it said already is neither said twice nor lost (`resumption`, `delivery`, `replay`).
//! How well each has done lately is known to all calls of a value (`health`): one that keeps failing
//! is passed over, and asked now and then behind the back of a call that does not depend on it.
//!
//! A vendor's client asks once more by itself where the vendor says that it helps, because only it
//! sees how long to wait. Here the next of the list is asked at once, and where all of it failed,
//! those whose failure may pass are asked once more within 300 ms.

mod chat;
mod delivery;
mod health;
mod limits;
mod lineup;
mod listening;
mod recognition;
mod replay;
mod resumption;
mod speaking;
mod voice;
mod writing;

pub use chat::StandbyChat;
pub use limits::StandbyLimits;
pub use recognition::StandbyRecognition;
pub use voice::{StandbyVoice, VoiceMember};
