//! One call: the session that drives it, the replies it speaks, the record it leaves.

mod control;
mod conversation;
pub mod fact_log;
mod persona;
mod provider_source;
mod record;
pub mod recording;
mod reply;
pub mod report;
mod session;
mod successor;
pub mod timeline;
mod word_error_rate;
mod written;

pub use control::{Answerer, Control, OrderedWords, Side, SpokenOrder};
pub use conversation::Conversation;
pub use persona::Persona;
pub use provider_source::{Brought, ModelKeys, ProviderSource};
pub use record::{
    AgentChange, BackchannelRecord, BargeInOutcome, BargeInRecord, CallRecord, EntryKind, LogEntry,
    PacingRecord, TurnKind, TurnRecord, TurnTimings,
};
pub use session::{CallSetup, OpenError, Providers, Session};
pub use successor::Successor;
pub use word_error_rate::{WordErrors, word_error_rate};
pub use written::WrittenVoice;
