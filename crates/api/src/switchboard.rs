//! What the platforms' own sessions need of the process that serves them: its lines, its place for
//! records and recordings, its limits.

use std::sync::Arc;
use std::time::Duration;

use offhook_call::recording::Recorder;
use offhook_store::CallWriter;
use offhook_transport::websocket::SocketLimits;
use tokio::sync::Semaphore;

use crate::Api;

/// What a session needs of its process. Cloning is cheap.
#[derive(Debug, Clone)]
pub struct Switchboard {
    /// The API beside the sessions, with the models that serve them.
    pub api: Api,
    /// Takes the records of calls.
    pub records: CallWriter,
    /// Makes their recordings.
    pub recorder: Recorder,
    /// The name of this process among those that share a database.
    pub node: String,
    /// How far ahead of playout audio is sent.
    pub lead: Duration,
    /// What a socket may use.
    pub limits: SocketLimits,
    /// The calls that may be up at the same time.
    pub lines: Arc<Semaphore>,
}
