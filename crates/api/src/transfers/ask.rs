//! A transfer is asked for: everything is checked first, then it is on record, then it runs.

use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use offhook_store::{StoreError, StoredAgent, Workspace, now_ms};

use super::course::Course;
use super::named::with_named;
use super::paper::{OtherSide, write_down};
use super::record::{Transfer, TransferStatus, TransferType};
use crate::dialect::calling::{CallerNumber, CallerWish, caller_number};
use crate::dialect::trillet_numbers;
use crate::live::LiveCall;
use crate::outgoing_calls::{Connected, DialAccount, Toll, check_caps, check_spending};
use crate::phone_number::e164;
use crate::{Api, Problem, Refusal};

/// How long the other side is called, where nobody says.
const RING_MAX: Duration = Duration::from_secs(30);
/// Longest text that either side is told, in characters.
const MESSAGE_CHARS_MAX: usize = 1_000;

/// What whoever asks for a transfer wants of it.
#[derive(Debug, Clone, Default)]
pub struct TransferWishes {
    /// Who is called: a number, or a name that the agent has for one; `None`: whom the agent names
    /// for that.
    pub to: Option<String>,
    /// How; `None`: with a conference.
    pub kind: Option<TransferType>,
    /// What the agent says to the caller first.
    pub message_to_caller: Option<String>,
    /// What the other side is told before it is brought together with the caller.
    pub message_to_human: Option<String>,
    /// How long the other side is called; `None`: 30 s.
    pub ring_max: Option<Duration>,
    /// The number that calls; `None`: the one that the caller's call is at.
    pub from: Option<String>,
}

/// The carrier's call that is to be transferred.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) carrier: String,
    pub(super) id: String,
    pub(super) account: Option<DialAccount>,
    /// The number of the workspace that the call is at.
    number: Option<CallerNumber>,
}

impl Api {
    /// Hands a call that runs here to somebody else. What comes of it shows in the call's document
    /// and in its events.
    ///
    /// # Errors
    /// 404 where the workspace has no such call; 409 where it is over or runs elsewhere, is being
    /// transferred already, or comes over something that cannot take it elsewhere; 422 where
    /// somebody is to be called who may not be; 429 where that would be a call too many; else as the
    /// database.
    pub async fn transfer_call(
        &self,
        workspace: &Workspace,
        call: &str,
        wishes: TransferWishes,
    ) -> Result<Transfer, Refusal> {
        let Some(live) = self.live().call(workspace.id(), call) else {
            return Err(self.why_not_here(workspace, call).await);
        };
        let agent = agent_of(workspace, &live).await?;
        let line = self.line_of(workspace, &agent, &live).await?;
        let connected = self.connected()?;
        check_messages(&wishes)?;
        let (to, wishes) = with_named(wishes, &agent)?;
        let name = self.store().workspace_name(workspace.id()).await?;
        let rules = &connected.telephony.rules;
        let destination = rules.check(&name, &to).map_err(|it| at("to", it))?;
        let from = caller_of(workspace, &agent, &line, wishes.from.as_deref()).await?;
        if from.number == destination.number {
            return Err(at("to", "an agent does not call itself"));
        }
        if !live.enter_transfer() {
            let message = "the call is being transferred already";
            return Err(Refusal::new(
                StatusCode::CONFLICT,
                "transfer_at_work",
                message,
            ));
        }
        let ring_max = wishes.ring_max.unwrap_or(RING_MAX);
        // Whom the agent has called talks on, and is paid for, once the agent's call is over.
        let called = live.line().called_number.as_deref();
        let toll = Toll::of(&rules.spending, &name, &destination.number)
            .with(called.and_then(|number| rules.spending.price(number)));
        let kind = wishes.kind.unwrap_or(TransferType::Conference);
        let shown = shown(workspace, &live, &line, kind).await;
        let shown = shown.inspect_err(|_| live.leave_transfer())?;
        let other = OtherSide {
            toll,
            shown: shown.as_deref().unwrap_or(&from.number),
            live: &live,
            line: &line,
            from: &from,
            to: &destination.number,
            kind,
            message: wishes.message_to_human.as_deref(),
            ring_max: ring_max.min(connected.telephony.ring_max),
            duration_max: rules.duration(None),
            detects_machines: connected.telephony.detects_machines,
        };
        let begun = self.begin_transfer(connected, workspace, &other).await;
        let (placed, transfer) = begun.inspect_err(|_| live.leave_transfer())?;
        let (ring_max, detects_machines) = (other.ring_max, other.detects_machines);
        let course = Course {
            api: self.clone(),
            workspace: workspace.clone(),
            live: live.clone(),
            line,
            placed,
            transfer: transfer.clone(),
            message_to_caller: wishes.message_to_caller,
            ring_max,
            detects_machines,
        };
        tokio::spawn(course.run());
        Ok(transfer)
    }

    /// Writes down that somebody is called.
    async fn begin_transfer(
        &self,
        connected: &Connected,
        workspace: &Workspace,
        other: &OtherSide<'_>,
    ) -> Result<(crate::PlacedCall, Transfer), Refusal> {
        // Counting calls and adding one is one step here.
        let _turn = connected.turn.lock().await;
        check_caps(connected, workspace, other.to).await?;
        check_spending(connected, workspace, other.toll, other.duration_max).await?;
        let (placed, id) = write_down(self.store(), workspace, other).await?;
        let keeps = other.live.keeping().keeps_conversation();
        let transfer = Transfer {
            id,
            to: keeps.then(|| other.to.to_owned()),
            kind: other.kind,
            status: TransferStatus::Ringing,
            answered_by: None,
            at_ms: now_ms(),
            settled_at_ms: None,
        };
        transfer.publish(workspace, other.live).await?;
        Ok((placed, transfer))
    }

    /// The carrier's call behind a call, where it can be taken elsewhere.
    async fn line_of(
        &self,
        workspace: &Workspace,
        agent: &StoredAgent,
        live: &LiveCall,
    ) -> Result<Line, Refusal> {
        let known = live.line();
        let cannot = |why: &str| {
            let message = format!(
                "a call over {} cannot be transferred: {why}",
                known.transport
            );
            Refusal::new(StatusCode::CONFLICT, "not_transferable", message)
        };
        let Some(id) = known.carrier_call_id.clone() else {
            return Err(cannot("no carrier's call is behind it"));
        };
        let number = match &known.own_number {
            None => None,
            Some(number) => {
                let own = CallerWish::Number(number);
                caller_number(workspace, agent, &own).await?.ok()
            }
        };
        let account = number.as_ref().and_then(|it| it.account.clone());
        let dialler = &self.connected()?.telephony.dialler;
        let can = dialler.can_hand_over(&known.transport, account.as_ref());
        can.map_err(|why| cannot(&why))?;
        Ok(Line {
            carrier: known.transport.clone(),
            id,
            account,
            number,
        })
    }
}

/// The agent of a call, as it was when the call began. One of the folder has a name alone.
async fn agent_of(workspace: &Workspace, live: &Arc<LiveCall>) -> Result<StoredAgent, Refusal> {
    let revision = live.stored().agent_revision;
    match workspace.agent_at(live.agent(), revision).await {
        Ok(agent) => Ok(agent),
        Err(StoreError::NotFound(_)) => {
            let message = "the call's agent is deleted, or is one of the folder";
            Err(Refusal::new(
                StatusCode::CONFLICT,
                "not_transferable",
                message,
            ))
        }
        Err(problem) => Err(problem.into()),
    }
}

/// The number that calls the other side: one at the carrier, and in the account, that have the
/// caller's call, or both could not meet.
async fn caller_of(
    workspace: &Workspace,
    agent: &StoredAgent,
    line: &Line,
    wanted: Option<&str>,
) -> Result<CallerNumber, Refusal> {
    let found = match (wanted, &line.number) {
        (Some(number), _) => {
            let wish = CallerWish::Number(number);
            caller_number(workspace, agent, &wish).await?
        }
        (None, Some(own)) => Ok(own.clone()),
        (None, None) => caller_number(workspace, agent, &CallerWish::OfAgent).await?,
    };
    let found = found.map_err(|problem| at("from", problem))?;
    let carrier = found.carrier.as_ref();
    let account = |it: &Option<DialAccount>| it.as_ref().map(|it| it.id.clone());
    let is_beside = carrier.is_none_or(|it| *it == line.carrier)
        && account(&found.account) == account(&line.account);
    match is_beside {
        true => Ok(found),
        false => Err(at(
            "from",
            "it is to be a number of the carrier, and of the account there, that the call is with",
        )),
    }
}

/// The number of whoever talks with the agent, where the agent's number has it shown to the other
/// side: a carrier that puts somebody through can show theirs, one that places a call cannot.
async fn shown(
    workspace: &Workspace,
    live: &LiveCall,
    line: &Line,
    kind: TransferType,
) -> Result<Option<String>, Refusal> {
    let own = line.number.as_ref().filter(|_| kind == TransferType::Blind);
    let Some(own) = own else { return Ok(None) };
    let known = live.line();
    let number = known
        .caller_number
        .as_ref()
        .or(known.called_number.as_ref());
    let Some(number) = number.and_then(|it| e164(it)) else {
        return Ok(None);
    };
    let is_shown = trillet_numbers::shows_customer(workspace, &own.id).await?;
    Ok(is_shown.then_some(number))
}

fn check_messages(wishes: &TransferWishes) -> Result<(), Refusal> {
    let messages = [
        ("message_to_caller", &wishes.message_to_caller),
        ("message_to_human", &wishes.message_to_human),
    ];
    let is_long = |text: &Option<String>| {
        let text = text.as_deref();
        text.is_some_and(|it| it.chars().count() > MESSAGE_CHARS_MAX)
    };
    let long = messages.into_iter().filter(|(_, text)| is_long(text));
    let most = format!("at most {MESSAGE_CHARS_MAX} characters");
    let problems: Vec<Problem> = long.map(|(path, _)| Problem::new(path, &*most)).collect();
    match problems.is_empty() {
        true => Ok(()),
        false => Err(Refusal::invalid(problems)),
    }
}

pub(super) fn at(path: &str, problem: impl std::fmt::Display) -> Refusal {
    Refusal::invalid(vec![Problem::new(path, problem.to_string())])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_no_longer_than_somebody_listens() {
        let wishes = TransferWishes {
            message_to_human: Some("a".repeat(MESSAGE_CHARS_MAX + 1)),
            message_to_caller: Some("a".repeat(MESSAGE_CHARS_MAX)),
            ..TransferWishes::default()
        };
        let refusal = check_messages(&wishes).unwrap_err();
        assert_eq!(refusal.problems.len(), 1);
        assert_eq!(refusal.problems[0].path, "message_to_human");
    }
}
