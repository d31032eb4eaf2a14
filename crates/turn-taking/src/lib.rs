//! Who has the floor: facts and the time go in, commands and the next deadline come out.
//!
//! No clock, no async, no audio, no text generation. The same facts at the same times give the
//! same commands, so a recorded call replays bit for bit.

#![forbid(unsafe_code)]

mod address;
mod backchanneler;
mod barge_in;
mod caller_pace;
mod caller_turn;
mod closed_turn;
mod command;
mod ending;
mod endpointer;
mod fact;
mod floor;
mod greeting_watch;
mod instant;
mod lexicon;
mod manager;
mod orders;
mod phrases;
mod policy;
mod profiles;
mod reason;
mod reply_watch;
mod silence_watch;
mod soft_timeout;
mod spelling;
mod standing;
mod thresholds;
mod timer;
mod transcript_delay;
mod utterance;
mod wording;

pub use backchanneler::BackchannelPolicy;
pub use command::{Command, Decision, FillerChoice, HangUpCause, Line};
pub use fact::{Fact, HeardText, ReplyFailure, TurnId, UtteranceId};
pub use floor::Floor;
pub use instant::Instant;
pub use manager::TurnManager;
pub use orders::{Opening, Order, OrderedSpeech, SpeechOrder};
pub use phrases::{acknowledgements, interrupting_phrases};
pub use policy::{Eagerness, PolicyError, SpellingPatience, TurnPolicy};
pub use profiles::{InterruptionProfile, InterruptionProfiles};
pub use reason::{Patience, Reason};
pub use silence_watch::TurnMode;
pub use soft_timeout::{FillerOrder, SoftTimeout};
pub use thresholds::{EndpointThresholds, InterruptionThresholds};
pub use timer::Timer;
