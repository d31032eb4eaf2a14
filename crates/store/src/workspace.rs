//! A tenant, and the only way to its rows: each query names the workspace, so that an id of another
//! one is not found.

use std::fmt;

use crate::database::Database;

/// The id of a workspace, such as `ws_01kazzn4q8w2v0c5r7x9y1b3d5`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WorkspaceId(String);

impl WorkspaceId {
    /// The id as it is written. Whether there is such a workspace shows when it is used.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The id as it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for WorkspaceId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// A workspace as it is listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkspaceRecord {
    /// Its id.
    pub id: WorkspaceId,
    /// Its name, which no other workspace has.
    pub name: String,
    /// When it was made, in milliseconds since 1970.
    pub created_at_ms: i64,
}

/// The rows of one workspace.
#[derive(Debug, Clone)]
pub struct Workspace {
    pub(crate) store: crate::Store,
    pub(crate) id: WorkspaceId,
}

impl Workspace {
    /// Which workspace this is.
    #[must_use]
    pub fn id(&self) -> &WorkspaceId {
        &self.id
    }

    pub(crate) fn database(&self) -> &Database {
        self.store.database()
    }
}
