//! Batches: promising many calls at once.

use offhook_store::{NewBatch, NewPromise, StoredAgent, StoredBatch, Workspace, now_ms};
use serde_json::{Map, Value, json};

use super::document::PromiseDocument;
use crate::{Api, Problem, Refusal};

/// Most calls of a batch.
pub(crate) const RECIPIENTS_MAX: usize = 10_000;
/// Numbers that are named in a refusal, at most.
const NAMED_MAX: usize = 50;

/// Many calls that somebody wants to be promised.
#[derive(Debug)]
pub(crate) struct BatchWish {
    pub(crate) agent: StoredAgent,
    /// What its list shows.
    pub(crate) name: String,
    /// When the first may begin, in milliseconds since 1970; what is over is now.
    pub(crate) from_ms: i64,
    /// How many may begin in a minute; `None`: as many as there is room for.
    pub(crate) per_minute: Option<u64>,
    /// How many may be out at the same time; `None`: as many as the workspace may have.
    pub(crate) concurrency_max: Option<u64>,
    pub(crate) attempts_max: i64,
    /// What all have alike.
    pub(crate) document: PromiseDocument,
    pub(crate) recipients: Vec<Recipient>,
    /// The names of the field of a recipient's number and of the field of who calls.
    pub(crate) fields: (&'static str, &'static str),
    /// What one dialect alone has.
    pub(crate) own: Value,
}

/// One of many.
#[derive(Debug, Default)]
pub(crate) struct Recipient {
    pub(crate) to: String,
    /// Values of its own for the agent's variables.
    pub(crate) variables: Map<String, Value>,
    /// What is to be otherwise, in the words of one dialect.
    pub(crate) overrides: Map<String, Value>,
    pub(crate) extra_body: Map<String, Value>,
    /// Fields of the call's record that one dialect alone has.
    pub(crate) record: Map<String, Value>,
    /// What one dialect alone has.
    pub(crate) own: Value,
}

/// How a batch stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BatchStatus {
    Pending,
    InProgress,
    Completed,
    Cancelled,
}

impl BatchStatus {
    pub(crate) fn of(batch: &StoredBatch) -> Self {
        let progress = &batch.progress;
        if batch.is_cancelled {
            Self::Cancelled
        } else if progress.over() == progress.total() {
            Self::Completed
        } else if progress.attempts == 0 && progress.calling == 0 {
            Self::Pending
        } else {
            Self::InProgress
        }
    }

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::InProgress => "in_progress",
            Self::Completed => "completed",
            Self::Cancelled => "cancelled",
        }
    }
}

impl Api {
    /// Promises the calls of a batch.
    pub(crate) async fn create_batch(
        &self,
        workspace: &Workspace,
        wish: BatchWish,
    ) -> Result<StoredBatch, Refusal> {
        let now = now_ms();
        let rules = &self.connected()?.telephony.rules;
        let from = wish.document.wishes.from();
        let (to_field, from_field) = wish.fields;
        self.check_caller(workspace, &wish.agent, &from, from_field)
            .await?;
        let numbers = self.numbers(workspace, &wish.recipients, to_field).await?;
        let from_ms = wish.from_ms.max(now);
        let due_at_ms = self
            .first_due(workspace, &wish.document, from_ms, now)
            .await?;
        let most = wish.concurrency_max.unwrap_or(u64::from(rules.calls_max));
        let new = NewBatch {
            agent: wish.agent.id.clone(),
            from_ms,
            starts_every_ms: wish
                .per_minute
                .map_or(0, |it| (60_000 / it.max(1)).cast_signed()),
            concurrency_max: i64::try_from(most).unwrap_or(i64::MAX),
            document: json!({
                "name": wish.name,
                "agent_name": wish.agent.name(),
                "from_ms": from_ms,
                "per_minute": wish.per_minute,
                "all": wish.document.to_value(),
                "own": wish.own,
            }),
        };
        let recipients = numbers.into_iter().zip(wish.recipients);
        let promises = recipients.map(|(to_number, recipient)| NewPromise {
            agent: wish.agent.id.clone(),
            to_number,
            due_at_ms,
            attempts_max: wish.attempts_max,
            document: one_of(&wish.document, recipient).to_value(),
        });
        let promises: Vec<NewPromise> = promises.collect();
        let batch = workspace.create_batch(new, &promises, now).await?;
        self.wake_promises();
        Ok(batch)
    }

    /// The numbers of all recipients, or what is wrong with them.
    async fn numbers(
        &self,
        workspace: &Workspace,
        recipients: &[Recipient],
        field: &str,
    ) -> Result<Vec<String>, Refusal> {
        let name = self.store().workspace_name(workspace.id()).await?;
        let rules = &self.connected()?.telephony.rules;
        let mut numbers = Vec::new();
        let mut problems = Vec::new();
        for (at, recipient) in recipients.iter().enumerate() {
            match rules.check(&name, &recipient.to) {
                Ok(destination) => numbers.push(destination.number),
                Err(problem) if problems.len() < NAMED_MAX => {
                    let place = format!("recipients[{at}].{field}");
                    problems.push(Problem::new(place, problem.to_string()));
                }
                Err(_) => {}
            }
        }
        match problems.is_empty() {
            true => Ok(numbers),
            false => Err(Refusal::invalid(problems)),
        }
    }

    /// Takes a batch back, and the calls that nobody has answered yet.
    pub(crate) async fn cancel_batch(
        &self,
        workspace: &Workspace,
        id: &str,
    ) -> Result<StoredBatch, Refusal> {
        let out = workspace.cancel_batch(id, "cancelled", now_ms()).await?;
        for call in out {
            let call = workspace.call(&call).await?;
            if let Err(refusal) = self.take_back(workspace, &call).await {
                let problem = refusal.message;
                tracing::warn!(call = call.id, problem, "a call of a batch goes on");
            }
        }
        self.wake_promises();
        Ok(workspace.batch(id).await?)
    }

    /// Has a batch try again whoever was not reached.
    pub(crate) async fn retry_batch(
        &self,
        workspace: &Workspace,
        id: &str,
    ) -> Result<StoredBatch, Refusal> {
        let batch = workspace.batch(id).await?;
        let now = now_ms();
        let all: PromiseDocument = serde_json::from_value(batch.document["all"].clone())
            .map_err(|_| Refusal::not_found("batch that can be read"))?;
        let due_at_ms = self.first_due(workspace, &all, now, now).await?;
        workspace.retry_batch(id, due_at_ms, now).await?;
        self.wake_promises();
        Ok(workspace.batch(id).await?)
    }
}

/// What all have alike, with what one has of its own.
fn one_of(all: &PromiseDocument, one: Recipient) -> PromiseDocument {
    let mut document = all.clone();
    let wishes = &mut document.wishes;
    wishes.variables.extend(one.variables);
    wishes.overrides.extend(one.overrides);
    wishes.extra_body.extend(one.extra_body);
    wishes.own.extend(one.record);
    document.own = one.own;
    document
}
