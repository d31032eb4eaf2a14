//! `offhook keys`: makes, lists and revokes the API keys of a server's workspaces. It works on the
//! server's database, whether the server runs or not.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use offhook_store::{ApiKey, NewKey, Role, Store, StoreError, WorkspaceRecord};
use serde_json::{Value, json};

use crate::outcome::{Complaint, Outcome};

/// Arguments of `offhook keys`.
#[derive(Debug, Args)]
pub(crate) struct KeysArguments {
    /// The server's data folder.
    #[arg(long, value_name = "FOLDER", default_value = "data", global = true)]
    data: PathBuf,
    /// The server's database, such as `postgres://USER@HOST/DATABASE`, where it is not in the data
    /// folder.
    #[arg(long, value_name = "ADDRESS", global = true)]
    database: Option<String>,
    #[command(subcommand)]
    command: KeysCommand,
}

#[derive(Debug, Subcommand)]
enum KeysCommand {
    /// Make a key and print it, once and never again.
    Create {
        /// The workspace that it opens, which is made where there is none.
        #[arg(long, value_name = "NAME")]
        workspace: String,
        /// The API in which its holder speaks.
        #[arg(long)]
        dialect: Option<DialectName>,
        /// Let its holder read and change nothing.
        #[arg(long)]
        read_only: bool,
        /// Print JSON and nothing else.
        #[arg(long)]
        json: bool,
    },
    /// List the keys, revoked ones too.
    List {
        /// Only those of this workspace.
        #[arg(long, value_name = "NAME")]
        workspace: Option<String>,
        /// Print JSON and nothing else.
        #[arg(long)]
        json: bool,
    },
    /// Revoke a key: from now on it opens nothing.
    Revoke {
        /// Its id, as the list has it.
        #[arg(value_name = "ID")]
        id: String,
    },
}

/// The APIs that are served beside our own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "lowercase")]
enum DialectName {
    ElevenLabs,
    Trillet,
    Wordcab,
    AgentPhone,
}

impl DialectName {
    fn as_str(self) -> &'static str {
        match self {
            Self::ElevenLabs => "elevenlabs",
            Self::Trillet => "trillet",
            Self::Wordcab => "wordcab",
            Self::AgentPhone => "agentphone",
        }
    }
}

/// Does what the arguments say.
pub(crate) async fn run(arguments: KeysArguments) -> anyhow::Result<Outcome> {
    let store = Store::open_in(&arguments.data, arguments.database.as_deref()).await?;
    match arguments.command {
        KeysCommand::Create {
            workspace,
            dialect,
            read_only,
            json,
        } => {
            let workspace = store.workspace_or_new(&workspace).await?;
            let role = if read_only {
                Role::Reader
            } else {
                Role::Editor
            };
            let new = NewKey {
                workspace: workspace.id.clone(),
                dialect: dialect.map(|it| it.as_str().to_owned()),
                role,
            };
            let made = store.create_key(new).await?;
            if json {
                let mut shown = shown(&made.record, &workspace.name);
                shown["key"] = made.key.expose().into();
                println!("{shown}");
            } else {
                println!("{}", made.key.expose());
                let (id, workspace) = (&made.record.id, &workspace);
                let (name, workspace) = (&workspace.name, &workspace.id);
                eprintln!("{id} opens workspace {name} ({workspace}); it is shown only now");
            }
        }
        KeysCommand::List { workspace, json } => list(&store, workspace.as_deref(), json).await?,
        KeysCommand::Revoke { id } => match store.revoke_key(&id).await {
            Ok(_) => println!("{id} is revoked"),
            Err(StoreError::NotFound(_)) => {
                return Err(Complaint::bad_input(format!("there is no key {id}")));
            }
            Err(problem) => return Err(problem.into()),
        },
    }
    store.close().await;
    Ok(Outcome::Done)
}

async fn list(store: &Store, workspace: Option<&str>, is_json: bool) -> anyhow::Result<()> {
    let workspaces = store.workspaces().await?;
    let only = match workspace {
        None => None,
        Some(name) => {
            let found = workspaces.iter().find(|it| it.name == name);
            let missing = || Complaint::bad_input(format!("there is no workspace {name}"));
            Some(&found.ok_or_else(missing)?.id)
        }
    };
    let keys = store.keys(only).await?;
    if is_json {
        let keys = keys.iter().map(|key| shown(key, name_of(key, &workspaces)));
        println!("{}", keys.collect::<Value>());
        return Ok(());
    }
    for key in &keys {
        let dialect = key.dialect.as_deref().unwrap_or("-");
        let state = if key.revoked_at_ms.is_some() {
            "revoked"
        } else {
            "open"
        };
        let workspace = name_of(key, &workspaces);
        println!(
            "{}  {}…  {workspace}  {}  {dialect}  {state}",
            key.id, key.prefix, key.role
        );
    }
    Ok(())
}

fn name_of<'w>(key: &ApiKey, workspaces: &'w [WorkspaceRecord]) -> &'w str {
    let found = workspaces.iter().find(|it| it.id == key.workspace);
    found.map_or("", |it| &it.name)
}

fn shown(key: &ApiKey, workspace: &str) -> Value {
    json!({
        "id": key.id,
        "workspace": workspace,
        "workspace_id": key.workspace.as_str(),
        "prefix": key.prefix,
        "dialect": key.dialect,
        "role": key.role.as_str(),
        "created_at_ms": key.created_at_ms,
        "revoked_at_ms": key.revoked_at_ms,
    })
}
