//! The telephone numbers that an agent's `phoneNumberIds` name: numbers of the workspace in whichever
//! dialect they were entered. Each has one agent; the list shows those whose agent this is.

use offhook_store::{StoreError, StoredAgent, StoredObject, Workspace};
use serde_json::{Value, json};

use crate::Refusal;
use crate::dialect::agents::invalid;
use crate::dialect::objects::ObjectKind;
use crate::dialect::problem::{Problem, ProblemKind};
use crate::dialect::{agentphone, elevenlabs};

const FIELD: &str = "phoneNumberIds";

/// The kinds of numbers that there are, each with its field for the agent.
static KINDS: [(&ObjectKind, &str); 2] = [
    (&agentphone::numbers::NUMBER, "agentId"),
    (&elevenlabs::numbers::NUMBER, "agent_id"),
];

/// A number, in whichever dialect it was entered.
pub(super) struct EnteredNumber {
    kind: usize,
    id: String,
    /// As it was written.
    pub(super) number: Option<String>,
    /// The agent that answers at it.
    pub(super) agent: Option<String>,
}

impl EnteredNumber {
    /// The number with that id.
    pub(super) async fn find(workspace: &Workspace, id: &str) -> Result<Self, Refusal> {
        for (at, (kind, field)) in KINDS.iter().enumerate() {
            match workspace.object(kind.name, id).await {
                Ok(found) => {
                    let text = |name: &str| found.document[name].as_str().map(str::to_owned);
                    return Ok(Self {
                        kind: at,
                        id: id.to_owned(),
                        number: text("phoneNumber").or_else(|| text("phone_number")),
                        agent: text(field),
                    });
                }
                Err(StoreError::NotFound(_)) => {}
                Err(problem) => return Err(problem.into()),
            }
        }
        Err(Refusal::not_found("number"))
    }

    /// Gives it to an agent, or to none.
    pub(super) async fn give(
        &self,
        workspace: &Workspace,
        agent: Option<&str>,
    ) -> Result<(), Refusal> {
        give(workspace, self.kind, &self.id, agent).await
    }
}

/// Who answers at the workspace's numbers.
pub(super) struct Attached {
    /// Kind, id and agent of each number, the oldest of each kind first.
    numbers: Vec<(usize, String, Option<String>)>,
}

impl Attached {
    pub(super) async fn of(workspace: &Workspace) -> Result<Self, Refusal> {
        let mut numbers = Vec::new();
        for (at, (kind, field)) in KINDS.iter().enumerate() {
            let found = kind.all(workspace).await?.into_iter().rev();
            numbers.extend(found.map(|number: StoredObject| {
                let agent = number.document[*field].as_str().map(str::to_owned);
                (at, number.id, agent)
            }));
        }
        Ok(Self { numbers })
    }

    /// The ids of an agent's numbers, in the order in which its client named them.
    pub(super) fn of_agent(&self, agent: &str, named: &Value) -> Value {
        let own = self.numbers.iter();
        let own = own.filter(|(_, _, answering)| answering.as_deref() == Some(agent));
        let mut ids: Vec<&str> = own.map(|(_, id, _)| id.as_str()).collect();
        let named: Vec<&str> = named_ids(named).collect();
        ids.sort_by_key(|id| named.iter().position(|it| it == id).unwrap_or(usize::MAX));
        json!(ids)
    }

    /// Refuses ids of numbers that the workspace does not have.
    pub(super) fn check(&self, body: &Value) -> Result<(), Refusal> {
        let unknown = named_ids(&body[FIELD]).enumerate();
        let unknown = unknown.filter(|(_, id)| !self.numbers.iter().any(|(_, it, _)| it == id));
        let problems: Vec<Problem> = unknown
            .map(|(at, id)| {
                let message = format!("there is no number \"{id}\" in this workspace");
                Problem::at(&format!("{FIELD}[{at}]"), ProblemKind::Value, message)
            })
            .collect();
        match problems.is_empty() {
            true => Ok(()),
            false => Err(invalid(problems)),
        }
    }

    /// Gives an agent the numbers that a body names, and takes those from it that it does not name;
    /// a body that says nothing of numbers changes nothing.
    pub(super) async fn assign(
        &self,
        workspace: &Workspace,
        agent: &StoredAgent,
        body: &Value,
    ) -> Result<(), Refusal> {
        if !body[FIELD].is_array() {
            return Ok(());
        }
        let named: Vec<&str> = named_ids(&body[FIELD]).collect();
        for (kind, id, answering) in &self.numbers {
            let is_own = answering.as_deref() == Some(&agent.id);
            let is_named = named.contains(&id.as_str());
            if is_own != is_named {
                let agent = is_named.then_some(agent.id.as_str());
                give(workspace, *kind, id, agent).await?;
            }
        }
        Ok(())
    }

    /// The numbers of a deleted agent are free.
    pub(super) async fn free(&self, workspace: &Workspace, agent: &str) -> Result<(), Refusal> {
        for (kind, id, answering) in &self.numbers {
            if answering.as_deref() == Some(agent) {
                give(workspace, *kind, id, None).await?;
            }
        }
        Ok(())
    }
}

fn named_ids(ids: &Value) -> impl Iterator<Item = &str> {
    ids.as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
}

async fn give(
    workspace: &Workspace,
    kind: usize,
    id: &str,
    agent: Option<&str>,
) -> Result<(), Refusal> {
    let (kind, field) = KINDS[kind];
    kind.update(workspace, id, &json!({ field: agent })).await?;
    Ok(())
}
