//! A call is asked for: everything is checked first, then it is on record, then it goes to the carrier.

use std::time::Duration;

use axum::http::StatusCode;
use offhook_agent::Agent;
use offhook_store::{StoredAgent, StoredCall, Workspace, now_ms};
use serde_json::{Map, Value, json};

use super::dialler::{DialProblem, Dialling};
use super::order::{PlacedCall, placed_within_the_hour};
use super::{Connected, not_configured};
use crate::calls::{CallDocument, CallView, FAILED, Keeping, PlaceAsked, QUEUED, RINGING};
use crate::dialect::calling::{CallerNumber, CallerWish, caller_number};
use crate::dialect::{OpeningProblem, TelephoneLine, Wishes, settle_placed_call};
use crate::incoming_calls::{CALLED, CALLER};
use crate::toll::Destination;
use crate::web_calls::new_call_id;
use crate::{Access, Api, Problem, Refusal, read_agent};

/// The shortest call that an agent can be set to.
const DURATION_MIN: Duration = Duration::from_secs(10);
/// How much later than the agent the carrier ends a call: the goodbye is within.
const CARRIER_SPARED: Duration = Duration::from_secs(30);

/// What whoever asks for a call wants of it.
pub(crate) struct CallWishes<'w> {
    /// The agent that calls.
    pub(crate) agent: StoredAgent,
    /// The number that is called, with the name of its field.
    pub(crate) to: (&'static str, &'w str),
    /// The number that calls, with the name of its field.
    pub(crate) from: (&'static str, CallerWish<'w>),
    /// Values for the agent's variables, and what one dialect lets be otherwise.
    pub(crate) opening: Wishes,
    /// What is written beside the call.
    pub(crate) metadata: Map<String, Value>,
    pub(crate) duration_max: Option<Duration>,
    pub(crate) is_recorded: Option<bool>,
    /// How long it may ring, where it is not as the server says.
    pub(crate) ring_max: Option<Duration>,
    /// Whether the carrier listens for a machine, where it is not as the server says.
    pub(crate) detects_machines: Option<bool>,
    /// Fields of the record that one dialect alone has.
    pub(crate) own: Map<String, Value>,
}

impl<'w> CallWishes<'w> {
    pub(crate) fn new(agent: StoredAgent, to: (&'static str, &'w str)) -> Self {
        Self {
            agent,
            to,
            from: ("from", CallerWish::OfAgent),
            opening: Wishes::default(),
            metadata: Map::new(),
            duration_max: None,
            is_recorded: None,
            ring_max: None,
            detects_machines: None,
            own: Map::new(),
        }
    }

    /// With texts, numbers and booleans by the names of variables; others are left out.
    pub(crate) fn with_variables(mut self, variables: &Value) -> Self {
        let variables = variables.as_object().into_iter().flatten();
        let usable = variables.filter(|(_, it)| !it.is_array() && !it.is_object());
        let usable = usable.map(|(name, it)| (name.clone(), it.clone()));
        self.opening.variables.extend(usable);
        self
    }
}

/// Why a call is not placed.
#[derive(Debug)]
pub(crate) enum PlaceProblem {
    /// It was not asked for in a way that can be done.
    Refused(Refusal),
    /// The carrier did not take it; it is on record.
    NotTaken(Box<CallView>, DialProblem),
}

impl From<Refusal> for PlaceProblem {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<PlaceProblem> for Refusal {
    fn from(problem: PlaceProblem) -> Self {
        match problem {
            PlaceProblem::Refused(refusal) => refusal,
            PlaceProblem::NotTaken(call, problem) => {
                let message = format!("{problem} (call {})", call.id);
                Self::new(StatusCode::BAD_GATEWAY, problem.reason(), message)
            }
        }
    }
}

/// A call that may be placed.
struct Checked {
    agent: StoredAgent,
    keeping: Keeping,
    keeps: bool,
    destination: Destination,
    caller: CallerNumber,
    carrier: String,
    duration_max: Duration,
}

impl Api {
    /// Places a call; gives it as it stands then.
    pub(crate) async fn place_call(
        &self,
        access: &Access,
        wishes: CallWishes<'_>,
    ) -> Result<CallView, PlaceProblem> {
        let connected = self.connected()?;
        let workspace = &access.workspace;
        let checked = self.check_call(connected, workspace, &wishes).await?;
        let call_id = new_call_id()?;
        let ticket = self.ticket(workspace, &call_id, &checked, &wishes)?;
        let (call, mut placed) = {
            // Counting calls and adding one is one step here.
            let _turn = connected.turn.lock().await;
            let number = &checked.destination.number;
            self.check_lines(connected).await?;
            check_caps(connected, workspace, number).await?;
            let order = json!({
                "call": call_id,
                "carrier": checked.carrier,
                "number": checked.caller.account.is_some().then_some(&checked.caller.id),
                "keeps": checked.keeps,
                "ticket": ticket,
            });
            let placed = PlacedCall::create(workspace, number, order).await?;
            let call = record(workspace, call_id, &checked, &wishes, &placed.id);
            let stored = self.store().record_call(&call).await;
            stored.map_err(Refusal::from)?;
            (call, placed)
        };
        let telephony = &connected.telephony;
        let dialling = Dialling {
            carrier: &checked.carrier,
            account: checked.caller.account.as_ref(),
            workspace: workspace.id().as_str(),
            order: &placed.id.clone(),
            from: &checked.caller.number,
            to: &checked.destination.number,
            ring_max: wishes
                .ring_max
                .map_or(telephony.ring_max, |it| it.min(telephony.ring_max)),
            duration_max: checked.duration_max + CARRIER_SPARED,
            detects_machines: wishes
                .detects_machines
                .unwrap_or(telephony.detects_machines),
        };
        match telephony.dialler.dial(&dialling).await {
            Ok(id) => Ok(self.dialled(&mut placed, call, id).await?),
            Err(problem) => {
                tracing::warn!(call_id = call.id, %problem, "a call is not placed");
                let over = self
                    .end_unheld(&placed, FAILED, problem.reason(), Map::new())
                    .await?;
                let call = CallView::of(&over.unwrap_or(call));
                Err(PlaceProblem::NotTaken(Box::new(call), problem))
            }
        }
    }

    /// The carrier has the call. Who took it back meanwhile could not tell the carrier.
    async fn dialled(
        &self,
        placed: &mut PlacedCall,
        call: StoredCall,
        id: Option<String>,
    ) -> Result<CallView, Refusal> {
        let workspace = placed.workspace.clone();
        if let Some(id) = id {
            placed
                .note(&Map::from_iter([("request_id".into(), json!(id))]))
                .await?;
            if placed.keeps() {
                let noted = self.note_on_call(&workspace, &call.id, "carrier_call_id", json!(id));
                noted.await?;
            }
        }
        let now = self.call(&workspace, &call.id).await?;
        if now.is_over() {
            self.hang_up_placed(placed, false).await;
        }
        Ok(now)
    }

    async fn check_call(
        &self,
        connected: &Connected,
        workspace: &Workspace,
        wishes: &CallWishes<'_>,
    ) -> Result<Checked, Refusal> {
        let telephony = &connected.telephony;
        let (to_field, to) = wishes.to;
        let name = self.store().workspace_name(workspace.id()).await?;
        let destination = telephony.rules.check(&name, to);
        let destination = destination.map_err(|refused| at(to_field, refused.to_string()))?;
        let caller = caller_number(workspace, &wishes.agent, &wishes.from.1).await?;
        let caller = caller.map_err(|problem| at(wishes.from.0, problem))?;
        if caller.number == destination.number {
            return Err(at(to_field, "an agent does not call itself".to_owned()));
        }
        let dialler = &telephony.dialler;
        let carrier = match &caller.carrier {
            Some(carrier) => carrier.clone(),
            None => dialler.default_carrier().map_err(not_configured)?,
        };
        let can = dialler.can_dial(&carrier, caller.account.as_ref());
        can.map_err(not_configured)?;
        let read = read_agent(&wishes.agent.document, &self.settings().served)?;
        let own = read.turn_policy().call_duration_max;
        let wanted = wishes.duration_max.map_or(own, |it| it.min(own));
        let duration_max = telephony.rules.duration(Some(wanted)).max(DURATION_MIN);
        self.check_place(telephony, workspace, &wishes.agent, &read)
            .await?;
        let mut agent = wishes.agent.clone();
        if duration_max < own {
            let text = format!("{}ms", duration_max.as_millis());
            agent.document["call_duration_max"] = json!(text);
        }
        if let Some(is_recorded) = wishes.is_recorded {
            agent.document["is_recorded"] = json!(is_recorded);
        }
        let keeping = Keeping::new(read.records());
        Ok(Checked {
            agent,
            keeps: keeping.keeps_conversation(),
            keeping,
            destination,
            caller,
            carrier,
            duration_max,
        })
    }

    /// Whether there is a place for the call now. None is taken: it takes its place when its audio
    /// comes.
    async fn check_place(
        &self,
        telephony: &super::Telephony,
        workspace: &Workspace,
        agent: &StoredAgent,
        read: &Agent,
    ) -> Result<(), Refusal> {
        let asked = PlaceAsked {
            workspace,
            agent: &agent.id,
            limits: read.limits(),
            node: &telephony.node,
        };
        self.places().take(asked).await?;
        Ok(())
    }

    /// Whether there is a line for one call more, were all calls answered that wait.
    async fn check_lines(&self, connected: &Connected) -> Result<(), Refusal> {
        let free = connected.telephony.lines.available_permits();
        let most = u32::try_from(free).unwrap_or(u32::MAX);
        let waiting = [QUEUED, RINGING];
        let waiting = self.store().calls_waiting_since(waiting, i64::MAX, most);
        if waiting.await?.len() < free {
            return Ok(());
        }
        let message = "every line is busy, or kept for a call that rings";
        let busy = Refusal::new(StatusCode::TOO_MANY_REQUESTS, "busy", message);
        Err(busy.after(Duration::from_secs(5)))
    }

    /// What the token of the call will say.
    fn ticket(
        &self,
        workspace: &Workspace,
        call_id: &str,
        checked: &Checked,
        wishes: &CallWishes<'_>,
    ) -> Result<Value, Refusal> {
        let (from, to) = (&checked.caller.number, &checked.destination.number);
        let line = TelephoneLine {
            caller_id: from.clone(),
            called_number: to.clone(),
            call_sid: String::new(),
        };
        let settled = settle_placed_call(&checked.agent, workspace, call_id, line, &wishes.opening);
        let settled = settled.map_err(|problem| {
            let (OpeningProblem::Client(problem)
            | OpeningProblem::Agent(problem)
            | OpeningProblem::Webhook(problem)) = problem;
            Refusal::invalid(vec![Problem::new("", problem)])
        })?;
        let (document, settled) = settled.unzip();
        let document = document.unwrap_or_else(|| checked.agent.document.clone());
        read_agent(&document, &self.settings().served)?;
        let mut variables: Map<String, Value> = match settled {
            Some(settled) => settled
                .into_iter()
                .map(|(name, it)| (name, json!(it)))
                .collect(),
            None => wishes.opening.variables.clone().into_iter().collect(),
        };
        for (name, number) in [(CALLER, from), (CALLED, to)] {
            variables.entry(name).or_insert_with(|| json!(number));
        }
        Ok(json!({
            "agent": checked.agent.id,
            "call": call_id,
            "variables": variables,
            "metadata": wishes.metadata,
            "from": from,
            "to": to,
            "document": document,
        }))
    }
}

/// The record of a call that was asked for now.
fn record(
    workspace: &Workspace,
    id: String,
    checked: &Checked,
    wishes: &CallWishes<'_>,
    order: &str,
) -> StoredCall {
    let now = now_ms();
    let variables = wishes.opening.variables.clone();
    let mut own = wishes.own.clone();
    if !checked.caller.id.is_empty() {
        own.insert("phone_number_id".into(), json!(checked.caller.id));
    }
    let document = checked.keeping.document(CallDocument {
        agent_name: Some(checked.agent.name().to_owned()),
        transport: checked.carrier.clone(),
        direction: Some("outbound".into()),
        from_number: Some(checked.caller.number.clone()),
        to_number: Some(checked.destination.number.clone()),
        variables: variables.into_iter().collect(),
        metadata: wishes.metadata.clone(),
        requested_at_ms: Some(now),
        other: own,
        ..CallDocument::default()
    });
    let mut document = document.to_value();
    document["order"] = json!(order);
    StoredCall {
        id,
        workspace: workspace.id().as_str().to_owned(),
        agent: checked.agent.id.clone(),
        agent_revision: checked.agent.revision,
        status: QUEUED.into(),
        started_at_ms: now,
        ended_at_ms: None,
        document,
    }
}

/// Refuses a call too many.
async fn check_caps(connected: &Connected, workspace: &Workspace, to: &str) -> Result<(), Refusal> {
    let rules = &connected.telephony.rules;
    let too_many = |message: String, after: Duration| {
        let status = StatusCode::TOO_MANY_REQUESTS;
        Err(Refusal::new(status, "too_many_calls_out", message).after(after))
    };
    if workspace.calls_out().await? >= u64::from(rules.calls_max) {
        let message = format!(
            "the workspace has {} calls out, as many as telephony.calls_max allows",
            rules.calls_max
        );
        return too_many(message, Duration::from_secs(5));
    }
    let (count, left_ms) = placed_within_the_hour(workspace, to).await?;
    if u64::try_from(count).is_ok_and(|it| it >= u64::from(rules.hourly_max)) {
        let message = format!(
            "{count} calls went to this number within the hour, as many as telephony.hourly_max \
             allows"
        );
        let left = Duration::from_millis(left_ms.unsigned_abs());
        return too_many(message, left);
    }
    Ok(())
}

fn at(field: &str, message: String) -> Refusal {
    Refusal::invalid(vec![Problem::new(field, message)])
}
