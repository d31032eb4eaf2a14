//! A call is asked for: everything is checked first, then it is on record, then it goes to the carrier.

use std::time::{Duration, Instant, SystemTime};

use axum::http::StatusCode;
use offhook_agent::{Agent, CallbackSettings};
use offhook_store::{StoredAgent, StoredCall, StoredPromise, Workspace, WorkspaceId, now_ms};
use serde_json::{Map, Value, json};

use super::dialler::{DialProblem, Dialling};
use super::order::{PlacedCall, placed_within_the_hour};
use super::paper::{after_a_miss, order, record};
use super::spending::check_spending;
use super::{Connected, not_configured};
use crate::calls::{CallView, FAILED, Keeping, PlaceAsked, QUEUED, RINGING};
use crate::dialect::calling::{CallerNumber, CallerWish, caller_number};
use crate::dialect::{
    OpeningProblem, TelephoneLine, Wishes, for_calls, settle_placed_call, trillet_calls,
    trillet_numbers::for_number,
};
use crate::incoming_calls::{CALLED, CALLER};
use crate::toll::{Destination, Spending};
use crate::web_calls::new_call_id;
use crate::{Access, Api, Problem, Refusal, read_agent};

/// The shortest call that an agent can be set to.
const DURATION_MIN: Duration = Duration::from_secs(10);

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
    /// It is not this process's to place any more; it is not on record.
    Overtaken,
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
            PlaceProblem::Overtaken => {
                let message = "the call was taken back, or another server places it";
                Self::new(StatusCode::CONFLICT, "overtaken", message)
            }
        }
    }
}

/// What a call costs, and what all may.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Toll {
    pub(crate) price: Option<u64>,
    pub(crate) daily_max: Option<u64>,
}

impl Toll {
    /// That of a call to a number, by a workspace of that name.
    pub(crate) fn of(spending: &Spending, workspace: &str, number: &str) -> Self {
        Self {
            price: spending.price(number),
            daily_max: spending.daily_max(workspace),
        }
    }

    /// With the price of another leg that lasts as long.
    pub(crate) fn with(self, other: Option<u64>) -> Self {
        let price = self.price;
        Self {
            price: price.map(|price| price.saturating_add(other.unwrap_or(0))),
            ..self
        }
    }
}

/// A call that may be placed.
pub(super) struct Checked {
    pub(super) agent: StoredAgent,
    pub(super) keeping: Keeping,
    pub(super) keeps: bool,
    pub(super) destination: Destination,
    pub(super) caller: CallerNumber,
    pub(super) carrier: String,
    pub(super) duration_max: Duration,
    /// What a minute costs, and what the calls of a day may, in millionths.
    pub(super) toll: Toll,
    pub(super) callbacks: CallbackSettings,
}

impl Api {
    /// Places a call; gives it as it stands then.
    pub(crate) async fn place_call(
        &self,
        access: &Access,
        wishes: CallWishes<'_>,
    ) -> Result<CallView, PlaceProblem> {
        self.place(&access.workspace, wishes, None).await
    }

    /// Places a call that was asked for now, or an attempt of a promise that this process has
    /// claimed.
    pub(crate) async fn place(
        &self,
        workspace: &Workspace,
        wishes: CallWishes<'_>,
        claimed: Option<&StoredPromise>,
    ) -> Result<CallView, PlaceProblem> {
        let connected = self.connected()?;
        let checked = self.check_call(connected, workspace, &wishes).await?;
        let call_id = new_call_id()?;
        let ticket = self.ticket(workspace, &call_id, &checked, &wishes)?;
        let order = order(connected, &call_id, &checked, &wishes, &ticket);
        let began;
        let (call, mut placed) = {
            // Counting calls and adding one is one step here.
            let _turn = connected.turn.lock().await;
            let number = &checked.destination.number;
            self.check_lines(connected).await?;
            check_caps(connected, workspace, number).await?;
            check_spending(connected, workspace, checked.toll, checked.duration_max).await?;
            let placed = PlacedCall::create(workspace, number, order).await?;
            let call = record(workspace, call_id, &checked, &wishes, &placed.id);
            began = Instant::now();
            let written = match claimed {
                None => self.write_down(workspace, &call, &checked, &wishes).await,
                Some(claimed) => self.begin(connected, claimed, &call).await,
            };
            if let Err(problem) = written {
                placed.undo().await.map_err(Refusal::from)?;
                return Err(problem);
            }
            (call, placed)
        };
        if claimed.is_some() && began.elapsed() > connected.telephony.doubt_after / 2 {
            // Another process may look again by now.
            return Err(PlaceProblem::Overtaken);
        }
        let uuid = self.uuid_ahead(&placed).await?;
        let dialling = Dialling {
            uuid: uuid.as_deref(),
            ..placed.dialling(checked.caller.account.as_ref())
        };
        let dialled = connected.telephony.dialler.dial(&dialling).await;
        match dialled {
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

    /// Writes a call down, and the promise that follows where nobody is reached, if the agent calls
    /// back then.
    async fn write_down(
        &self,
        workspace: &Workspace,
        call: &StoredCall,
        checked: &Checked,
        wishes: &CallWishes<'_>,
    ) -> Result<(), PlaceProblem> {
        let written = match after_a_miss(workspace, checked, wishes).await? {
            None => self.store().record_call(call).await,
            Some(promise) => {
                let written = workspace.record_promising_call(call, &promise, now_ms());
                written.await
            }
        };
        Ok(written.map_err(Refusal::from)?)
    }

    /// Begins an attempt, unless the claim to it is lost.
    async fn begin(
        &self,
        connected: &Connected,
        claimed: &StoredPromise,
        call: &StoredCall,
    ) -> Result<(), PlaceProblem> {
        let doubt_after = connected.telephony.doubt_after.as_millis();
        let now = now_ms();
        let doubt_at = now.saturating_add(i64::try_from(doubt_after).unwrap_or(i64::MAX));
        let workspace = self
            .store()
            .workspace(&WorkspaceId::new(&claimed.workspace));
        let begun = workspace.begin_attempt(claimed, call, doubt_at, now).await;
        match begun.map_err(Refusal::from)? {
            true => Ok(()),
            false => Err(PlaceProblem::Overtaken),
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
        if let Some(problem) = trillet_calls::no_calls_out(&wishes.agent) {
            return Err(at("", problem.to_owned()));
        }
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
        let configured = for_number(workspace, wishes.agent.clone(), &caller.id).await?;
        let read = read_agent(&configured.document, &self.settings().served)?;
        check_hours(&read)?;
        let own = read.turn_policy().call_duration_max;
        let wanted = wishes.duration_max.map_or(own, |it| it.min(own));
        let duration_max = telephony.rules.duration(Some(wanted)).max(DURATION_MIN);
        self.check_place(telephony, workspace, &wishes.agent, &read)
            .await?;
        let mut agent = for_calls(configured);
        if duration_max < own {
            let text = format!("{}ms", duration_max.as_millis());
            agent.document["call_duration_max"] = json!(text);
        }
        if let Some(is_recorded) = wishes.is_recorded {
            agent.document["is_recorded"] = json!(is_recorded);
        }
        let keeping = Keeping::new(read.records());
        let spending = &telephony.rules.spending;
        Ok(Checked {
            toll: Toll::of(spending, &name, &destination.number),
            agent,
            keeps: keeping.keeps_conversation(),
            keeping,
            destination,
            caller,
            carrier,
            duration_max,
            callbacks: read.callbacks().clone(),
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

    /// How many calls more a workspace may place now, by all that counts calls.
    pub(crate) async fn room_for_calls(&self, workspace: &Workspace) -> Result<usize, Refusal> {
        let connected = self.connected()?;
        let most = u64::from(connected.telephony.rules.calls_max);
        let left = most.saturating_sub(workspace.calls_out().await?);
        let lines = self.lines_left(connected).await?;
        Ok(lines.min(usize::try_from(left).unwrap_or(usize::MAX)))
    }

    /// How many lines there are, were all calls answered that wait.
    async fn lines_left(&self, connected: &Connected) -> Result<usize, Refusal> {
        let free = connected.telephony.lines.available_permits();
        let most = u32::try_from(free).unwrap_or(u32::MAX);
        let waiting = [QUEUED, RINGING];
        let waiting = self.store().calls_waiting_since(waiting, i64::MAX, most);
        Ok(free.saturating_sub(waiting.await?.len()))
    }

    /// Whether there is a line for one call more.
    async fn check_lines(&self, connected: &Connected) -> Result<(), Refusal> {
        if self.lines_left(connected).await? > 0 {
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

/// Refuses a call too many.
pub(crate) async fn check_caps(
    connected: &Connected,
    workspace: &Workspace,
    to: &str,
) -> Result<(), Refusal> {
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

/// Nobody is called while the agent would take no calls either.
fn check_hours(agent: &Agent) -> Result<(), Refusal> {
    let wait = agent.opens_in(SystemTime::now());
    if wait.is_zero() {
        return Ok(());
    }
    let problem = "the agent calls nobody outside its opening hours".to_owned();
    Err(at("", problem).after(wait))
}

fn at(field: &str, message: String) -> Refusal {
    Refusal::invalid(vec![Problem::new(field, message)])
}
