//! What can go wrong between the store and its database.

use std::error::Error as StdError;

use thiserror::Error;

use crate::id::IdError;
use crate::keyring::KeyringError;
use crate::seal::SealError;

type Source = Box<dyn StdError + Send + Sync>;

/// Why the store cannot be opened.
#[derive(Debug, Error)]
pub enum OpenError {
    /// The address names no database that this store can use.
    #[error("\"{0}\" is no database address; write sqlite:FILE or postgres://USER@HOST/DATABASE")]
    Address(String),
    /// The folder of the database file cannot be made.
    #[error("the data folder cannot be used")]
    Folder(#[source] std::io::Error),
    /// No connection.
    #[error("the database cannot be opened")]
    Connect(#[source] Source),
    /// The tables are those of another version.
    #[error("the database's tables cannot be brought up to date")]
    Migrate(#[source] Source),
    /// A workspace's data key is under a master key that is not at hand.
    #[error(
        "the secrets in the database are kept under another master key ({0}); set \
         OFFHOOK_MASTER_KEY to it, or put its master.key back"
    )]
    MasterKey(String),
    /// There is no master key.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// Something else failed on the way.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why the store did not do what it was asked.
#[derive(Debug, Error)]
pub enum StoreError {
    /// There is none of that id in this workspace.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// Somebody else was faster.
    #[error("it is at revision {current} now, not at {expected}")]
    Conflict {
        /// The revision that the writer had seen.
        expected: i64,
        /// The revision that it has.
        current: i64,
    },
    /// The name or id is in use.
    #[error("the name is taken")]
    Taken,
    /// A text has a NUL in it, which PostgreSQL does not keep.
    #[error("a text with a NUL character cannot be kept")]
    Nul,
    /// The database is locked, stopped or out of reach: the same may work later.
    #[error("the database cannot be reached now")]
    Unavailable(#[source] Source),
    /// The database will never do this.
    #[error("the database refused")]
    Refused(#[source] Source),
    /// A row holds what was never written there.
    #[error("a row of the database cannot be read")]
    Damaged(#[source] Source),
    /// The secret cannot be opened.
    #[error("the secret cannot be opened")]
    Sealed(#[source] Source),
    /// Only one kind of database can do this.
    #[error("{0}")]
    Unsupported(&'static str),
    /// The system gives no random numbers.
    #[error(transparent)]
    Random(#[from] IdError),
}

impl StoreError {
    /// Whether the same may work a moment later.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }
}

impl From<SealError> for StoreError {
    fn from(problem: SealError) -> Self {
        match problem {
            SealError::Closed => Self::Sealed(Box::new(problem)),
            SealError::Random(problem) => Self::Random(problem),
        }
    }
}

impl From<serde_json::Error> for StoreError {
    fn from(problem: serde_json::Error) -> Self {
        Self::Damaged(Box::new(problem))
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(problem: sqlx::Error) -> Self {
        use sqlx::Error as Sql;
        match &problem {
            Sql::Database(database) if database.is_unique_violation() => Self::Taken,
            // Character not in repertoire.
            Sql::Database(database) if database.code().as_deref() == Some("22021") => Self::Nul,
            Sql::Database(database) => {
                let code = database.code().unwrap_or_default();
                if is_passing(&code) {
                    Self::Unavailable(Box::new(problem))
                } else {
                    Self::Refused(Box::new(problem))
                }
            }
            Sql::Io(_)
            | Sql::Tls(_)
            | Sql::Protocol(_)
            | Sql::PoolTimedOut
            | Sql::PoolClosed
            | Sql::WorkerCrashed
            | Sql::BeginFailed => Self::Unavailable(Box::new(problem)),
            Sql::ColumnDecode { .. } | Sql::Decode(_) | Sql::ColumnNotFound(_) => {
                Self::Damaged(Box::new(problem))
            }
            _ => Self::Refused(Box::new(problem)),
        }
    }
}

/// Whether a database's error code means that the same may work later. PostgreSQL's codes have five
/// letters, of which two name the class (<https://www.postgresql.org/docs/current/errcodes-appendix.html>);
/// SQLite's are numbers, of which the low byte does (<https://www.sqlite.org/rescode.html>).
fn is_passing(code: &str) -> bool {
    if code.len() == 5 {
        return matches!(&code[..2], "08" | "25" | "40" | "53" | "55" | "57" | "58");
    }
    // Busy, locked, read-only, failing disk, full disk, file out of reach.
    let class = code.parse::<u32>().map(|code| code & 0xff);
    matches!(class, Ok(5 | 6 | 8 | 10 | 13 | 14))
}

#[cfg(test)]
mod tests {
    use super::is_passing;

    #[test]
    fn passing_trouble_is_told_from_lasting() {
        for passing in [
            "5", "6", "261", "517", "10", "57P01", "57P03", "08006", "40001", "53300",
        ] {
            assert!(is_passing(passing), "{passing}");
        }
        for lasting in ["1", "19", "787", "23503", "42P01", "", "22P02"] {
            assert!(!is_passing(lasting), "{lasting}");
        }
    }
}
