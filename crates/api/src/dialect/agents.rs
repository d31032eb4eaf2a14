//! The five verbs on agents as every dialect has them, over the store: read the client's words, keep
//! its secrets apart, write only where nobody else wrote in between.

use offhook_store::{NewAgent, StoredAgent, Workspace};
use serde_json::Value;

use super::mapping::{Dialect, Draft, Stored};
use super::secret;
use crate::{Access, AgentChange, Api, Refusal, read_agent};

/// Makes an agent of a whole document.
pub(crate) async fn create(
    api: &Api,
    access: &Access,
    dialect: &Dialect,
    body: &Value,
) -> Result<StoredAgent, Refusal> {
    let mut draft = read(api, dialect, body, None)?;
    let kept = secret::keep(&access.workspace, (dialect.fields)(), body, None).await?;
    kept.enter(&mut draft.own);
    (dialect.settle)(&draft.own, &mut draft.document);
    let new = NewAgent {
        document: draft.document,
        dialects: [(dialect.name.to_owned(), draft.own)].into(),
    };
    Ok(access.workspace.create_agent(new).await?)
}

/// Lays a change over an agent, over whatever it is by then: of changes at the same time none
/// undoes another.
pub(crate) async fn update(
    api: &Api,
    access: &Access,
    dialect: &Dialect,
    id: &str,
    body: &Value,
) -> Result<StoredAgent, Refusal> {
    let workspace = &access.workspace;
    let mut kept = secret::Kept::default();
    if secret::has_any((dialect.fields)(), body) {
        let current = stored(workspace.agent(id).await?);
        read(api, dialect, body, Some(&current))?;
        let own = current.dialects.get(dialect.name);
        kept = secret::keep(workspace, (dialect.fields)(), body, own).await?;
    }
    let change = |current: &StoredAgent| -> Result<AgentChange, Refusal> {
        let stored = stored(current.clone());
        let mut draft = read(api, dialect, body, Some(&stored))?;
        kept.enter(&mut draft.own);
        (dialect.settle)(&draft.own, &mut draft.document);
        let mut dialects = stored.dialects;
        dialects.insert(dialect.name.to_owned(), draft.own);
        Ok(AgentChange {
            document: draft.document,
            dialects,
        })
    };
    let agent = api.change_agent(workspace, id, change).await?;
    kept.forget_replaced(workspace).await?;
    Ok(agent)
}

/// Deletes an agent and the secrets that this dialect kept for it.
pub(crate) async fn delete(
    workspace: &Workspace,
    dialect: &Dialect,
    id: &str,
) -> Result<StoredAgent, Refusal> {
    let agent = workspace.agent(id).await?;
    workspace.delete_agent(id, None).await?;
    if let Some(own) = agent.dialects.get(dialect.name) {
        secret::forget(workspace, (dialect.fields)(), own).await?;
    }
    Ok(agent)
}

/// What a client is shown of an agent, without what the server adds.
pub(crate) fn shown(dialect: &Dialect, agent: StoredAgent) -> Value {
    let mut shown = dialect.show(&stored(agent));
    secret::conceal((dialect.fields)(), &mut shown);
    shown
}

/// The documents of an agent.
pub(crate) fn stored(agent: StoredAgent) -> Stored {
    Stored {
        document: agent.document,
        dialects: agent.dialects,
    }
}

fn read(
    api: &Api,
    dialect: &Dialect,
    body: &Value,
    current: Option<&Stored>,
) -> Result<Draft, Refusal> {
    let mut draft = dialect.read(body, current).map_err(invalid)?;
    // The secrets have no places yet, but a key that an agent brings counts.
    (dialect.settle)(&draft.own, &mut draft.document);
    match read_agent(&draft.document, &api.settings().served) {
        Ok(_) => Ok(draft),
        Err(refused) => Err(invalid(dialect.placed(refused.0))),
    }
}

/// The refusal of a document with problems.
pub(crate) fn invalid(problems: Vec<super::Problem>) -> Refusal {
    let problems = problems.into_iter();
    Refusal::invalid(
        problems
            .map(|problem| crate::Problem {
                path: problem.place(),
                kind: problem.kind.code(),
                message: problem.message,
            })
            .collect(),
    )
}
