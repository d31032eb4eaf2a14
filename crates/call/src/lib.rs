//! One call: the session that drives it, the replies it speaks, the record it leaves.

mod conversation;
mod persona;
mod record;
mod reply;
mod session;

pub use conversation::Conversation;
pub use persona::Persona;
pub use record::{
    BargeInOutcome, BargeInRecord, CallRecord, EntryKind, LogEntry, PacingRecord, TurnKind,
    TurnRecord, TurnTimings,
};
pub use session::{CallSetup, Control, OpenError, Providers, Session};
