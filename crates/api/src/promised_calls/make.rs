//! Promising calls, after everything is checked that can be known before they are placed.

use offhook_agent::CallbackSettings;
use offhook_store::{NewPromise, StoredAgent, StoredPromise, Workspace, now_ms};

use super::document::{PromiseDocument, gaps_of};
use crate::dialect::calling::{CallerWish, caller_number};
use crate::dialect::trillet_calls;
use crate::toll::Destination;
use crate::{Api, Problem, Refusal, read_agent};

/// The latest time for which a call is promised: a year from now.
const AHEAD_MS: i64 = 366 * 24 * 3_600_000;

/// A call that somebody wants to be promised.
#[derive(Debug)]
pub(crate) struct PromiseWish {
    pub(crate) agent: StoredAgent,
    pub(crate) to: String,
    /// When, in milliseconds since 1970; what is over is now.
    pub(crate) due_at_ms: i64,
    /// `None`: as the agent calls back; once, where it does not.
    pub(crate) attempts_max: Option<i64>,
    /// Its gaps are the agent's where they are empty.
    pub(crate) document: PromiseDocument,
}

impl Api {
    /// Promises a call that is none of many. Fields that are wrong are called `to`, `from` and
    /// `due_at_ms`.
    pub(crate) async fn promise(
        &self,
        workspace: &Workspace,
        mut wish: PromiseWish,
    ) -> Result<StoredPromise, Refusal> {
        self.connected()?;
        let callbacks = self.callbacks_of(&wish.agent)?;
        let destination = self.destination(workspace, &wish.to).await?;
        let destination = destination.map_err(|problem| refused("to", problem))?;
        let from = wish.document.wishes.from();
        self.check_caller(workspace, &wish.agent, &from, "from")
            .await?;
        let document = &mut wish.document;
        if document.gaps.is_empty() {
            document.gaps = gaps_of(&callbacks);
        }
        document.is_kept = self.keeps(&wish.agent)?;
        let now = now_ms();
        let due_at_ms = self
            .first_due(workspace, document, wish.due_at_ms, now)
            .await?;
        let own = match callbacks.is_enabled {
            true => i64::from(callbacks.attempts_max).max(1),
            false => 1,
        };
        let new = NewPromise {
            agent: wish.agent.id,
            to_number: destination.number,
            due_at_ms,
            attempts_max: wish.attempts_max.unwrap_or(own),
            document: wish.document.to_value(),
        };
        let promise = workspace.promise_call(new, now).await?;
        self.wake_promises();
        Ok(promise)
    }

    /// When a call may be tried first that is wanted at a time.
    pub(crate) async fn first_due(
        &self,
        workspace: &Workspace,
        document: &PromiseDocument,
        wanted_ms: i64,
        now_ms: i64,
    ) -> Result<i64, Refusal> {
        if wanted_ms > now_ms + AHEAD_MS {
            let problem = "no call is promised for later than in a year".to_owned();
            return Err(refused("due_at_ms", problem));
        }
        let times = self.promise_times(workspace, document).await?;
        times.first_open(wanted_ms.max(now_ms)).ok_or_else(|| {
            let problem = "the server calls nobody in these hours; see telephony.calling_hours";
            refused("calling_hours", problem.to_owned())
        })
    }

    /// Whether a number may be called, and what it is; in words where not.
    pub(crate) async fn destination(
        &self,
        workspace: &Workspace,
        to: &str,
    ) -> Result<Result<Destination, String>, Refusal> {
        let name = self.store().workspace_name(workspace.id()).await?;
        let rules = &self.connected()?.telephony.rules;
        Ok(rules
            .check(&name, to)
            .map_err(|problem| problem.to_string()))
    }

    /// Refuses an agent that has no number to call from.
    pub(crate) async fn check_caller(
        &self,
        workspace: &Workspace,
        agent: &StoredAgent,
        from: &CallerWish<'_>,
        field: &'static str,
    ) -> Result<(), Refusal> {
        if let Some(problem) = trillet_calls::no_calls_out(agent) {
            return Err(refused("agent", problem.to_owned()));
        }
        let found = caller_number(workspace, agent, from).await?;
        found.map(|_| ()).map_err(|problem| refused(field, problem))
    }

    fn callbacks_of(&self, agent: &StoredAgent) -> Result<CallbackSettings, Refusal> {
        let read = read_agent(&agent.document, &self.settings().served)?;
        Ok(read.callbacks().clone())
    }

    /// Whether anything of the agent's calls is kept.
    pub(crate) fn keeps(&self, agent: &StoredAgent) -> Result<bool, Refusal> {
        let read = read_agent(&agent.document, &self.settings().served)?;
        Ok(read.records().keeps_conversation)
    }
}

fn refused(field: &str, problem: String) -> Refusal {
    Refusal::invalid(vec![Problem::new(field, problem)])
}
