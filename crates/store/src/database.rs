//! The connections: SQLite in a file, or PostgreSQL by its address. Both read the same SQL.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::any::{AnyPoolOptions, install_default_drivers};
use sqlx::{Any, AnyPool, Transaction};

use crate::error::{OpenError, StoreError};
use crate::migrations;

/// How long a request waits for a free connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(8);

/// Many read while one writes (WAL). With FULL each commit is on the disk when it is acknowledged:
/// NORMAL would survive the death of the process, but not of the machine, and writes are few.
const SQLITE_SETTINGS: &str = "PRAGMA busy_timeout = 2000; PRAGMA journal_mode = WAL; \
                               PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;";

/// A database that is open. Cloning gives another door to the same connections.
#[derive(Debug, Clone)]
pub(crate) struct Database {
    engine: Engine,
    readers: AnyPool,
    writers: AnyPool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Engine {
    Sqlite,
    Postgres,
}

impl Database {
    pub(crate) async fn open(address: &str) -> Result<Self, OpenError> {
        install_default_drivers();
        let database = if let Some(file) = address.strip_prefix("sqlite:") {
            Self::open_sqlite(file).await?
        } else if ["postgres:", "postgresql:"]
            .iter()
            .any(|scheme| address.starts_with(scheme))
        {
            Self::open_postgres(address).await?
        } else {
            return Err(OpenError::Address(without_password(address)));
        };
        migrations::run(&database.writers).await?;
        Ok(database)
    }

    /// SQLite has one writer at a time: one connection that writes keeps the waiting in our queue.
    async fn open_sqlite(file: &str) -> Result<Self, OpenError> {
        let file = file.strip_prefix("//").unwrap_or(file);
        // Other programs want to be told that they may make the file.
        let path = Path::new(file.strip_suffix("?mode=rwc").unwrap_or(file));
        make_private_file(path).map_err(OpenError::Folder)?;
        let address = sqlite_address(path);
        let options = |connections| {
            AnyPoolOptions::new()
                .max_connections(connections)
                .acquire_timeout(ACQUIRE_TIMEOUT)
                .after_connect(|connection, _| {
                    Box::pin(async move {
                        sqlx::raw_sql(SQLITE_SETTINGS).execute(connection).await?;
                        Ok(())
                    })
                })
        };
        let writers = options(1).connect(&address).await;
        let writers = writers.map_err(|problem| OpenError::Connect(Box::new(problem)))?;
        let readers = options(4).connect_lazy(&address);
        let readers = readers.map_err(|problem| OpenError::Connect(Box::new(problem)))?;
        Ok(Self {
            engine: Engine::Sqlite,
            readers,
            writers,
        })
    }

    async fn open_postgres(address: &str) -> Result<Self, OpenError> {
        let pool = AnyPoolOptions::new()
            .max_connections(16)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .connect(address)
            .await
            .map_err(|problem| OpenError::Connect(Box::new(problem)))?;
        Ok(Self {
            engine: Engine::Postgres,
            readers: pool.clone(),
            writers: pool,
        })
    }

    /// For queries that read.
    pub(crate) fn reads(&self) -> &AnyPool {
        &self.readers
    }

    /// For a single statement that writes.
    pub(crate) fn writes(&self) -> &AnyPool {
        &self.writers
    }

    /// Several statements that write together or not at all. SQLite takes its write lock at once,
    /// because one that reads first and then writes may find that it may not.
    pub(crate) async fn write(&self) -> Result<Transaction<'static, Any>, StoreError> {
        Ok(match self.engine {
            Engine::Sqlite => self.writers.begin_with("BEGIN IMMEDIATE").await?,
            Engine::Postgres => self.writers.begin().await?,
        })
    }

    /// A copy of the whole database in a new file, while others read and write.
    pub(crate) async fn back_up(&self, to: &Path) -> Result<(), StoreError> {
        if self.engine == Engine::Postgres {
            return Err(StoreError::Unsupported(
                "only SQLite is backed up here; use pg_dump for PostgreSQL",
            ));
        }
        let Some(to) = to.to_str() else {
            return Err(StoreError::Unsupported("the name of a backup is UTF-8"));
        };
        let copy = sqlx::query("VACUUM INTO $1").bind(to);
        copy.execute(&self.readers).await?;
        Ok(())
    }

    pub(crate) async fn close(&self) {
        self.readers.close().await;
        self.writers.close().await;
    }
}

/// Conversations are in this file: made before SQLite makes it, it is for its owner alone.
fn make_private_file(path: &Path) -> std::io::Result<()> {
    if let Some(folder) = path.parent().filter(|it| !it.as_os_str().is_empty()) {
        fs::create_dir_all(folder)?;
    }
    let mut options = OpenOptions::new();
    options.append(true).create(true).mode(0o600).open(path)?;
    Ok(())
}

/// The address of a database file for its driver, whatever letters its path has.
fn sqlite_address(path: &Path) -> String {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| PathBuf::from(path));
    let mut address = String::from("sqlite://");
    for letter in absolute.to_string_lossy().chars() {
        match letter {
            '%' => address.push_str("%25"),
            '?' => address.push_str("%3F"),
            '#' => address.push_str("%23"),
            letter => address.push(letter),
        }
    }
    address
}

fn without_password(address: &str) -> String {
    match (address.find("://"), address.rfind('@')) {
        (Some(scheme), Some(at)) if scheme < at => {
            format!("{}://…{}", &address[..scheme], &address[at..])
        }
        _ => address.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_its_password() {
        assert_eq!(
            without_password("mysql://me:word@host/x"),
            "mysql://…@host/x"
        );
        assert_eq!(without_password("offhook.db"), "offhook.db");
    }

    #[test]
    fn odd_letters_of_a_path_stay_in_the_path() {
        assert_eq!(
            sqlite_address(Path::new("/data/50% off?#1/a b.db")),
            "sqlite:///data/50%25 off%3F%231/a b.db"
        );
    }
}
