//! Changes to agents that others change at the same time: none undoes another unseen.

use std::collections::BTreeMap;
use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};

use axum::http::StatusCode;
use offhook_store::{StoreError, StoredAgent, Workspace};
use serde_json::Value;
use tokio::sync::{Mutex, MutexGuard};

use crate::{Api, Refusal};

/// How often a change is tried while other processes change the agent too.
const TRIES: usize = 32;

/// What a change makes of an agent.
#[derive(Debug, Clone, PartialEq)]
pub struct AgentChange {
    /// The canonical document.
    pub document: Value,
    /// The documents of the dialects.
    pub dialects: BTreeMap<String, Value>,
}

/// Whose turn it is to change an agent, so that the clients of this process wait for each other
/// instead of working in vain. Several agents may share a turn.
#[derive(Debug)]
pub(crate) struct Turns([Mutex<()>; 64]);

impl Default for Turns {
    fn default() -> Self {
        Self([const { Mutex::const_new(()) }; 64])
    }
}

impl Turns {
    async fn take(&self, agent: &str) -> MutexGuard<'_, ()> {
        let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(agent);
        self.0[(hash % 64) as usize].lock().await
    }
}

impl Api {
    /// Writes what `change` makes of the agent as it is now; it is asked again where another process
    /// was faster. What it refuses is not written.
    ///
    /// # Errors
    /// What `change` refuses; [`Refusal`]s where this workspace has no such agent, where others
    /// change it all the time, or as the database.
    pub async fn change_agent<E: From<Refusal>>(
        &self,
        workspace: &Workspace,
        id: &str,
        mut change: impl FnMut(&StoredAgent) -> Result<AgentChange, E>,
    ) -> Result<StoredAgent, E> {
        let _turn = self.turns().take(id).await;
        for _ in 0..TRIES {
            let current = workspace.agent(id).await.map_err(Refusal::from)?;
            let AgentChange { document, dialects } = change(&current)?;
            let revision = Some(current.revision);
            match workspace
                .update_agent(id, revision, document, dialects)
                .await
            {
                Err(StoreError::Conflict { .. }) => {}
                written => return Ok(written.map_err(Refusal::from)?),
            }
        }
        let message = "others change this agent all the time";
        Err(Refusal::new(StatusCode::CONFLICT, "revision_conflict", message).into())
    }
}
