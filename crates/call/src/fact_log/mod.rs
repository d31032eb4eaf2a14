//! The log of a call: one JSON object a line, from which the same commands come again.
//!
//! The first line says whose call it is and by which policy turns were taken, every other one what
//! happened when. The core types are not serialisable; what is written are types of the log's own,
//! and both ways keep every bit that the turn manager looks at.

mod bridging;
mod knobs;
mod policy;
mod profiles;
mod quantity;
mod reader;
mod replay;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;
mod wire;
mod writer;

use offhook_turn_taking::TurnPolicy;

pub use knobs::{KnobError, set_knobs};
pub use reader::{LogReader, ReadLogError};
pub use replay::{Difference, ReplayError, ReplayOutcome, replay, replay_under};
pub use writer::{LogWriter, WriteLogError};

/// The version of the format that is written and read.
pub const LOG_VERSION: u32 = 1;

/// Entries that may wait for a log's writer.
pub const LOG_QUEUE: usize = 1_024;

/// The first line of a log.
#[derive(Debug, Clone, PartialEq)]
pub struct LogHeader {
    /// The call's id.
    pub call_id: String,
    /// Name of the agent.
    pub agent: String,
    /// How turns were taken.
    pub policy: TurnPolicy,
}
