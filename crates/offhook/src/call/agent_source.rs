//! Where the agent of a call in this process comes from: a file, or a server's store.

use std::path::{Path, PathBuf};

use offhook_agent::{Agent, ModelChoices, ServedModels};
use offhook_call::ModelKeys;
use offhook_store::{Store, StoreError, StoredAgent, WorkspaceId};

use crate::check::{read_served_agent, read_stored_agent};
use crate::outcome::{Complaint, chain};

/// An agent that is still to be read.
pub(super) enum AgentSource {
    File(PathBuf),
    Stored(Box<StoredAgent>, ModelKeys),
}

impl AgentSource {
    /// The agent with that id in the store of a server, which may be running.
    pub(super) async fn stored(
        id: &Path,
        data: &Path,
        database: Option<&str>,
    ) -> anyhow::Result<Self> {
        let unknown = || {
            let (id, data) = (id.display(), data.display());
            Complaint::bad_input(format!(
                "{id} is no file, and no agent in {data} has that id; the ids are shown by \
                 GET /offhook/v1/agents"
            ))
        };
        let is_id = id.components().count() == 1 && id.extension().is_none();
        if !is_id || database.is_none() && !data.is_dir() {
            return Err(unknown());
        }
        let store = Store::open_in(data, database)
            .await
            .map_err(|problem| Complaint::bad_input(chain(&problem)))?;
        let found = store.agent_for_call(&id.to_string_lossy()).await;
        let keys = match &found {
            Ok(agent) => keys_of(&store, agent).await?,
            Err(_) => ModelKeys::default(),
        };
        store.close().await;
        match found {
            Ok(agent) => Ok(Self::Stored(Box::new(agent), keys)),
            Err(StoreError::NotFound(_)) => Err(unknown()),
            Err(problem) => Err(problem.into()),
        }
    }

    /// The models that it names, whether there are any such.
    pub(super) fn models(&self) -> anyhow::Result<ModelChoices> {
        let agent = self.read(&ServedModels::default())?;
        Ok(agent.models().clone())
    }

    /// Reads it for calls that `served` serve.
    pub(super) fn read(&self, served: &ServedModels) -> anyhow::Result<Agent> {
        match self {
            Self::File(file) => read_served_agent(file, served),
            Self::Stored(agent, _) => read_stored_agent(agent, served),
        }
    }

    /// The secrets that its models want.
    pub(super) fn keys(&self) -> ModelKeys {
        match self {
            Self::File(_) => ModelKeys::default(),
            Self::Stored(_, keys) => keys.clone(),
        }
    }
}

async fn keys_of(store: &Store, agent: &StoredAgent) -> anyhow::Result<ModelKeys> {
    let models = read_stored_agent(agent, &ServedModels::default())?;
    let workspace = store.workspace(&WorkspaceId::new(agent.workspace.as_str()));
    let mut keys = Vec::new();
    for id in models.models().secrets() {
        let text = workspace.secret_text(id).await?;
        keys.push((id.to_owned(), text.expose().to_owned()));
    }
    Ok(ModelKeys::from_iter(keys))
}
