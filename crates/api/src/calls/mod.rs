//! Calls as the APIs show them: one reading of what is stored of a call, and of those that run.

mod document;
mod find;
mod hosted;
mod keeping;
mod no_place;
mod orders;
mod places;
mod redaction;
mod retention;
mod succession;
mod unanswered;

use offhook_store::StoredCall;

pub use document::{CallDocument, KeptFor, KeptRecording};
pub use hosted::{HostLines, HostedCall, NewCall, RunningCall, RunningRecording};
pub use keeping::Keeping;
pub use no_place::NoPlace;
pub(crate) use orders::recording_name;
pub use places::{CallPlace, CallPlaces, PlaceAsked};
pub use retention::Deleted;
pub use succession::{OpensWith, SuccessorWishes};
pub(crate) use unanswered::UnansweredCall;

/// A call was asked for, and nothing more is known.
pub const QUEUED: &str = "queued";

/// A call that was placed rings.
pub const RINGING: &str = "ringing";

/// A call is up.
pub const ACTIVE: &str = "active";

/// A call was held and is over.
pub const ENDED: &str = "ended";

/// A call broke off, or never came to be.
pub const FAILED: &str = "failed";

/// A call that was placed met a busy line.
pub const BUSY: &str = "busy";

/// Nobody answered a call that was placed.
pub const NO_ANSWER: &str = "no_answer";

/// A call that was placed was taken back before anybody answered.
pub const CANCELLED: &str = "cancelled";

/// Why a call ended that goes on elsewhere.
pub const TRANSFERRED: &str = "transferred";

/// The ways in which a call that was placed ends without having been up; one that rang here and was
/// not answered is failed, too.
pub const NEVER_UP: [&str; 4] = [FAILED, BUSY, NO_ANSWER, CANCELLED];

/// One reading of a stored call.
#[derive(Debug, Clone, PartialEq)]
pub struct CallView {
    /// Its id.
    pub id: String,
    /// The id of its workspace.
    pub workspace: String,
    /// The id of the agent that answered, which may be deleted by now.
    pub agent: String,
    /// The revision with which the agent began the call; 0 for an agent of the folder.
    pub agent_revision: i64,
    /// How it stands: `queued`, `ringing`, `active`, `ended`, `failed`, `busy`, `no_answer`,
    /// `cancelled`.
    pub status: String,
    /// When it was answered, in milliseconds since 1970; of a call that was placed and is not
    /// answered, when it was asked for.
    pub started_at_ms: i64,
    /// When it ended; `None` while it is up, or may come to be.
    pub ended_at_ms: Option<i64>,
    /// Everything else that is known of it.
    pub document: CallDocument,
}

impl CallView {
    /// Reads a stored call. A field that is not as it is written here is taken as unknown.
    #[must_use]
    pub fn of(call: &StoredCall) -> Self {
        Self {
            id: call.id.clone(),
            workspace: call.workspace.clone(),
            agent: call.agent.clone(),
            agent_revision: call.agent_revision,
            status: call.status.clone(),
            started_at_ms: call.started_at_ms,
            ended_at_ms: call.ended_at_ms,
            document: CallDocument::of(&call.document),
        }
    }

    /// Whether it is up.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.ended_at_ms.is_none() && self.status == ACTIVE
    }

    /// Whether it was placed and nobody has answered yet.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        self.ended_at_ms.is_none() && [QUEUED, RINGING].contains(&self.status.as_str())
    }

    /// Whether it is over.
    #[must_use]
    pub fn is_over(&self) -> bool {
        !self.is_active() && !self.is_waiting()
    }

    /// How long it lasted, in milliseconds; `None` while it is up.
    #[must_use]
    pub fn duration_ms(&self) -> Option<i64> {
        Some((self.ended_at_ms? - self.started_at_ms).max(0))
    }

    /// When something happened, in milliseconds since 1970, that happened so many milliseconds
    /// after the call was answered.
    #[must_use]
    pub fn moment_ms(&self, at_ms: u64) -> i64 {
        let at = i64::try_from(at_ms).unwrap_or(i64::MAX);
        self.started_at_ms.saturating_add(at)
    }
}
