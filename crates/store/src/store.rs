//! The door: opens the database, makes and finds workspaces, and finds the agent that a call is for.

use std::path::Path;

use sqlx::Row as _;
use sqlx::any::AnyRow;

use crate::agents::StoredAgent;
use crate::database::Database;
use crate::seal::SealKey;
use crate::{
    Keyring, OpenError, StoreError, Workspace, WorkspaceId, WorkspaceRecord, new_id, now_ms,
};

/// The name of the database file in a data folder.
const FILE: &str = "offhook.db";

/// Where everything is kept. Cloning gives another door to the same rooms.
#[derive(Debug, Clone)]
pub struct Store {
    database: Database,
    keyring: Keyring,
}

impl Store {
    /// Opens the database at `address`, `sqlite:FILE` or `postgres://USER@HOST/DATABASE`, makes its
    /// tables or brings them up to date, and keeps every workspace's data key under the first key
    /// of `keyring`.
    ///
    /// # Errors
    /// Where the address is none, nothing answers there, the tables are those of a newer version,
    /// or a data key is kept under a master key that is not in `keyring`.
    pub async fn open(address: &str, keyring: Keyring) -> Result<Self, OpenError> {
        let database = Database::open(address).await?;
        let store = Self { database, keyring };
        store.rewrap_data_keys().await?;
        Ok(store)
    }

    /// Opens the store of a server: the database at `address`, or `offhook.db` in the data `folder`
    /// where none is given, with the master keys of [`Keyring::load`]. What is missing is made.
    ///
    /// # Errors
    /// As [`Store::open`] and [`Keyring::load`].
    pub async fn open_in(folder: &Path, address: Option<&str>) -> Result<Self, OpenError> {
        let keyring = Keyring::load(folder)?;
        let file = format!("sqlite:{}", folder.join(FILE).display());
        Self::open(address.unwrap_or(&file), keyring).await
    }

    /// The way to the rows of a workspace; where there is no such workspace, all of them are missing.
    #[must_use]
    pub fn workspace(&self, id: &WorkspaceId) -> Workspace {
        Workspace {
            store: self.clone(),
            id: id.clone(),
        }
    }

    /// Makes a workspace.
    ///
    /// # Errors
    /// [`StoreError::Taken`] where one has that name; else as the database.
    pub async fn create_workspace(&self, name: &str) -> Result<WorkspaceRecord, StoreError> {
        let id = new_id("ws")?;
        let (master_key_id, master_key) = self.keyring.current();
        let data_key = master_key.seal(SealKey::made_now()?.bytes(), &id)?;
        let record = WorkspaceRecord {
            id: WorkspaceId::new(id),
            name: name.to_owned(),
            created_at_ms: now_ms(),
        };
        sqlx::query(
            "INSERT INTO workspaces (id, name, created_at_ms, data_key, master_key_id)
             VALUES ($1, $2, $3, $4, $5)",
        )
        .bind(record.id.as_str())
        .bind(name)
        .bind(record.created_at_ms)
        .bind(data_key)
        .bind(master_key_id)
        .execute(self.database.writes())
        .await?;
        Ok(record)
    }

    /// What a workspace is called.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where there is none of that id; else as the database.
    pub async fn workspace_name(&self, id: &WorkspaceId) -> Result<String, StoreError> {
        let row = sqlx::query("SELECT name FROM workspaces WHERE id = $1")
            .bind(id.as_str())
            .fetch_optional(self.database.reads())
            .await?
            .ok_or(StoreError::NotFound("workspace"))?;
        Ok(row.try_get("name")?)
    }

    /// The workspace of that name.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where there is none; else as the database.
    pub async fn workspace_named(&self, name: &str) -> Result<WorkspaceRecord, StoreError> {
        let row = sqlx::query("SELECT id, name, created_at_ms FROM workspaces WHERE name = $1")
            .bind(name)
            .fetch_optional(self.database.reads())
            .await?;
        row.map_or(Err(StoreError::NotFound("workspace")), |row| {
            workspace_record(&row)
        })
    }

    /// The workspace of that name, made where there is none.
    ///
    /// # Errors
    /// As the database.
    pub async fn workspace_or_new(&self, name: &str) -> Result<WorkspaceRecord, StoreError> {
        match self.workspace_named(name).await {
            Err(StoreError::NotFound(_)) => {}
            found => return found,
        }
        match self.create_workspace(name).await {
            Err(StoreError::Taken) => self.workspace_named(name).await,
            made => made,
        }
    }

    /// All workspaces, by name.
    ///
    /// # Errors
    /// As the database.
    pub async fn workspaces(&self) -> Result<Vec<WorkspaceRecord>, StoreError> {
        let rows = sqlx::query("SELECT id, name, created_at_ms FROM workspaces ORDER BY name")
            .fetch_all(self.database.reads())
            .await?;
        rows.iter().map(workspace_record).collect()
    }

    /// The agent that a call is for, in whatever workspace it is.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where there is none; else as the database.
    pub async fn agent_for_call(&self, id: &str) -> Result<StoredAgent, StoreError> {
        let row = sqlx::query("SELECT * FROM agents WHERE id = $1")
            .bind(id)
            .fetch_optional(self.database.reads())
            .await?;
        row.map_or(Err(StoreError::NotFound("agent")), |row| {
            StoredAgent::from_row(&row)
        })
    }

    /// Copies everything to a new SQLite file, while others read and write.
    ///
    /// # Errors
    /// [`StoreError::Unsupported`] on PostgreSQL, which has tools of its own;
    /// [`StoreError::Refused`] where the file is there already; else as the database.
    pub async fn back_up(&self, to: &Path) -> Result<(), StoreError> {
        self.database.back_up(to).await
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// Where it does not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        sqlx::query("SELECT id FROM workspaces LIMIT 1")
            .fetch_optional(self.database.reads())
            .await?;
        Ok(())
    }

    /// Waits until the connections are closed. What is asked after that fails.
    pub async fn close(&self) {
        self.database.close().await;
    }

    pub(crate) fn database(&self) -> &Database {
        &self.database
    }

    /// The key under which a workspace keeps its secrets.
    pub(crate) async fn data_key(&self, id: &WorkspaceId) -> Result<SealKey, StoreError> {
        let row = sqlx::query("SELECT data_key, master_key_id FROM workspaces WHERE id = $1")
            .bind(id.as_str())
            .fetch_optional(self.database.reads())
            .await?
            .ok_or(StoreError::NotFound("workspace"))?;
        self.opened_data_key(id.as_str(), &row)
    }

    fn opened_data_key(&self, id: &str, row: &AnyRow) -> Result<SealKey, StoreError> {
        let master_key_id: String = row.try_get("master_key_id")?;
        let sealed: String = row.try_get("data_key")?;
        let closed = crate::seal::SealError::Closed;
        let master_key = self.keyring.key(&master_key_id).ok_or(closed.clone())?;
        let bytes = master_key.open(&sealed, id)?;
        let bytes = bytes.try_into().map_err(|_| closed)?;
        Ok(SealKey::new(bytes))
    }

    /// Keeps every data key under the current master key.
    async fn rewrap_data_keys(&self) -> Result<(), OpenError> {
        let (current, master_key) = self.keyring.current();
        let rows = sqlx::query(
            "SELECT id, data_key, master_key_id FROM workspaces WHERE master_key_id <> $1",
        )
        .bind(current)
        .fetch_all(self.database.writes())
        .await
        .map_err(StoreError::from)?;
        for row in rows {
            let id: String = row.try_get("id").map_err(StoreError::from)?;
            let other: String = row.try_get("master_key_id").map_err(StoreError::from)?;
            let data_key = self.opened_data_key(&id, &row);
            let data_key = data_key.map_err(|_| OpenError::MasterKey(other.clone()))?;
            let sealed = master_key.seal(data_key.bytes(), &id);
            sqlx::query(
                "UPDATE workspaces SET data_key = $1, master_key_id = $2
                 WHERE id = $3 AND master_key_id = $4",
            )
            .bind(sealed.map_err(StoreError::from)?)
            .bind(current)
            .bind(id)
            .bind(other)
            .execute(self.database.writes())
            .await
            .map_err(StoreError::from)?;
        }
        Ok(())
    }
}

fn workspace_record(row: &AnyRow) -> Result<WorkspaceRecord, StoreError> {
    Ok(WorkspaceRecord {
        id: WorkspaceId::new(row.try_get::<String, _>("id")?),
        name: row.try_get("name")?,
        created_at_ms: row.try_get("created_at_ms")?,
    })
}
