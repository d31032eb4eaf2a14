//! Who answers a session: an agent of the caller's workspace by its id, or one of the folder by its
//! file's name.

use std::path::{Path, PathBuf};

use offhook_agent::{Agent, ServedModels};
use offhook_store::{StoreError, StoredAgent, Workspace};

use crate::check::{read_served_agent, read_stored_agent};

/// An agent that answers, as it was when the session was asked for: changed later, it is another
/// call's.
pub(super) enum Answering {
    File { name: String, file: PathBuf },
    Stored(Box<StoredAgent>),
}

impl Answering {
    /// The agent that is called `name` in the folder, or has it as its id in the workspace; `None`
    /// where there is neither.
    pub(super) async fn find(
        name: &str,
        folder: &Path,
        workspace: &Workspace,
    ) -> Result<Option<Self>, StoreError> {
        if let Some(file) = file_named(name, folder) {
            let name = name.to_owned();
            return Ok(Some(Self::File { name, file }));
        }
        match workspace.agent(name).await {
            Ok(agent) => Ok(Some(Self::Stored(Box::new(offhook_api::for_calls(agent))))),
            Err(StoreError::NotFound(_)) => Ok(None),
            Err(problem) => Err(problem),
        }
    }

    /// Its id and its revision; a file has its name, and revision 0.
    pub(super) fn identity(&self) -> (&str, i64) {
        match self {
            Self::File { name, .. } => (name, 0),
            Self::Stored(agent) => (&agent.id, agent.revision),
        }
    }

    /// Reads it for calls that `served` serve; what is wrong with it is for the log.
    pub(super) fn read(&self, served: &ServedModels) -> anyhow::Result<Agent> {
        match self {
            Self::File { file, .. } => read_served_agent(file, served),
            Self::Stored(agent) => read_stored_agent(agent, served),
        }
    }
}

/// The file of an agent; names that are no plain file names have none.
fn file_named(name: &str, folder: &Path) -> Option<PathBuf> {
    let is_plain = !name.is_empty()
        && name
            .chars()
            .all(|it| it.is_ascii_alphanumeric() || matches!(it, '-' | '_' | ' '));
    let file = folder.join(format!("{name}.json"));
    (is_plain && file.is_file()).then_some(file)
}
