//! Where agents, the objects beside them, calls, secrets and API keys are kept: SQLite in the
//! process, PostgreSQL when several processes share the work.
//!
//! [`Store`] is the door; a [`Workspace`] is the only way to rows of a tenant, so that a foreign id
//! is simply not found. [`CallWriter`] takes the records of calls without ever holding one up.
//! Documents are JSON here and nothing more: what they mean is known to `agent` and to the
//! dialects. No HTTP.

mod agents;
mod batch_course;
mod batches;
mod call_writer;
mod calls;
mod database;
mod deliveries;
mod error;
mod everywhere;
mod id;
mod idempotency;
mod keyring;
mod keys;
mod migrations;
mod nodes;
mod objects;
mod page;
mod promise_claims;
mod promised_calls;
mod retention;
mod seal;
mod secrets;
mod spill;
mod store;
mod workspace;

pub use agents::{AgentRevision, NewAgent, StoredAgent};
pub use batches::{BatchProgress, BatchQuery, NewBatch, StoredBatch};
pub use call_writer::{CallWriter, CallWriterReport, QueueFull};
pub use calls::{CallMove, CallQuery, StoredCall};
pub use deliveries::{
    DeliveryCount, DeliveryOutcome, DeliveryQuery, DeliveryStatus, NewDelivery, StoredDelivery,
};
pub use error::{OpenError, StoreError};
pub use id::{IdError, new_id, now_ms};
pub use idempotency::{Answer, Idempotency};
pub use keyring::{Keyring, KeyringError};
pub use keys::{ApiKey, CreatedKey, NewKey, Role};
pub use objects::StoredObject;
pub use page::{Cursor, CursorError, Page, PageQuery, PageStart};
pub use promise_claims::PromiseSettlement;
pub use promised_calls::{
    NewPromise, PromiseEdit, PromiseQuery, PromiseStatus, StoredAttempt, StoredPromise,
};
pub use retention::{DueRecording, Retention, StoredCallKey};
pub use secrets::{SecretText, StoredSecret};
pub use store::Store;
pub use workspace::{Workspace, WorkspaceId, WorkspaceRecord};
