//! Who has the floor: facts and the time go in, commands and the next deadline come out.
//!
//! No clock, no async, no audio, no text generation. The same facts at the same times give the
//! same commands, so a recorded call replays bit for bit.

#![forbid(unsafe_code)]

mod barge_in;
mod caller_turn;
mod closed_turn;
mod command;
mod endpointer;
mod fact;
mod floor;
mod instant;
mod manager;
mod policy;
mod reason;
mod reply_watch;
mod silence_watch;
mod standing;
mod thresholds;
mod timer;
mod utterance;
mod wording;

pub use command::{Command, Decision, HangUpCause, Line};
pub use fact::{Fact, HeardText, ReplyFailure, TurnId, UtteranceId};
pub use floor::Floor;
pub use instant::Instant;
pub use manager::TurnManager;
pub use policy::{Eagerness, PolicyError, TurnPolicy};
pub use reason::Reason;
pub use thresholds::{EndpointThresholds, InterruptionThresholds};
pub use timer::Timer;
