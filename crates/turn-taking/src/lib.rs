//! Who has the floor: facts and the time go in, commands and the next deadline come out.
//!
//! No clock, no async, no audio, no text generation. The same facts at the same times give the
//! same commands, so a recorded call replays bit for bit.

mod command;
mod fact;
mod instant;
mod policy;
mod reason;

pub use command::{Command, Decision, HangUpCause, Line};
pub use fact::{Fact, HeardText, ReplyFailure, TurnId, UtteranceId};
pub use instant::Instant;
pub use policy::{Eagerness, PolicyError, TurnPolicy};
pub use reason::Reason;
