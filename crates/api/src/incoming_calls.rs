//! Calls that ring: whose number is called, whether its agent can answer now, and the single-use
//! token with which the call's audio is let in. What brings the call (a carrier, a telephone system)
//! is known here by its name alone.

use std::collections::BTreeMap;
use std::time::Duration;

use offhook_store::{Answer, Idempotency, StoreError, StoredAgent, now_ms};
use serde_json::{Map, Value, json};

use crate::calls::{CallDocument, Keeping, NoPlace, PlaceAsked, UnansweredCall};
use crate::dialect::called::{CalledNumber, called_numbers};
use crate::dialect::{
    OpeningProblem, TelephoneLine, agentphone, ask_flow, for_calls, settle_telephone_call,
    trillet_calls, trillet_numbers::for_number,
};
use crate::phone_number::e164;
use crate::web_calls::{new_call_id, token_for};
use crate::{Api, Refusal, Switchboard, read_agent};

/// How long the audio of a call that was answered may take to come.
const TOKEN_LIFETIME: Duration = Duration::from_secs(60);
/// Why a callback is taken back of somebody who called in.
const CALLED_IN: &str = "called_in";
/// The variables with the two numbers.
pub(crate) const CALLER: &str = "caller_number";
pub(crate) const CALLED: &str = "called_number";

/// A call that rings.
#[derive(Debug, Clone, Copy)]
pub struct RingingCall<'c> {
    /// What brings it, such as `twilio`.
    pub carrier: &'c str,
    /// The carrier's id of it; the same call may ring more than once.
    pub id: &'c str,
    /// Who calls, as the carrier writes it.
    pub from: &'c str,
    /// Who is called.
    pub to: &'c str,
    /// Values for the agent's variables.
    pub parameters: &'c BTreeMap<String, String>,
}

/// What is to be done with a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallAnswer {
    /// Its audio is let in with this token, once, within a minute.
    Answered {
        /// The token.
        token: String,
    },
    /// Nobody answers at this number.
    NotInService,
    /// The agent cannot answer: something is wrong on this side.
    Failing,
    /// There is no place for it now.
    Busy,
    /// The agent cannot answer, and this is what its callers hear then, before they are hung up on.
    Say {
        /// The text.
        text: String,
    },
}

/// The agent that answers at a number.
struct Answering {
    /// As it is for that number's calls.
    agent: StoredAgent,
    /// Whether that is otherwise than it is for others.
    is_otherwise: bool,
}

/// Why a call is not answered.
struct Unanswered<'a> {
    reason: &'static str,
    answer: CallAnswer,
    agent: Option<&'a StoredAgent>,
    /// Only where the agent can be read it is known what of it may be kept.
    keeping: Option<Keeping>,
}

impl Api {
    /// Everybody who has the number that is called: who keeps a key of their own account with it
    /// first, then who had it first.
    ///
    /// # Errors
    /// As the database.
    pub async fn called_numbers(&self, called: &str) -> Result<Vec<CalledNumber>, Refusal> {
        match e164(called) {
            Some(number) => called_numbers(self, &number).await,
            None => Ok(Vec::new()),
        }
    }
}

impl Switchboard {
    /// Answers a call that rings at a number. What is not answered is on record; the same call,
    /// when it rings again, is answered as it was.
    pub async fn answer(&self, ringing: RingingCall<'_>, called: &CalledNumber) -> CallAnswer {
        let workspace = &called.workspace;
        let key = format!("incoming {} {}", ringing.carrier, ringing.id);
        let parties = format!("{} {}", ringing.from, ringing.to);
        match workspace.begin_idempotent(&key, &parties).await {
            Ok(Idempotency::New) => {}
            Ok(Idempotency::Done(answer)) => return CallAnswer::read(&answer.body),
            Ok(Idempotency::AtWork | Idempotency::Mismatch) => return CallAnswer::Failing,
            Err(problem) => {
                tracing::error!(%problem, "a call cannot be answered");
                return CallAnswer::Failing;
            }
        }
        let answer = self.answer_once(ringing, called).await;
        let kept = Answer {
            status: 200,
            headers: Vec::new(),
            body: answer.written(),
        };
        if let Err(problem) = workspace.finish_idempotent(&key, &kept).await {
            tracing::warn!(%problem, "how a call was answered is not kept");
        }
        answer
    }

    async fn answer_once(&self, ringing: RingingCall<'_>, called: &CalledNumber) -> CallAnswer {
        let call_id = match new_call_id() {
            Ok(id) => id,
            Err(refusal) => {
                tracing::error!(problem = refusal.message, "a call cannot be answered");
                return CallAnswer::Failing;
            }
        };
        let answering = answering(called).await;
        let promised = match &answering {
            Ok(Some(answering)) => self.promise(ringing, called, answering, &call_id).await,
            Ok(None) => Err(Unanswered::without_agent()),
            Err(refusal) => Err(Unanswered::failing(None, &refusal.message)),
        };
        promised.unwrap_or_else(|unanswered| {
            let answer = self.in_words(&unanswered, ringing);
            let known = numbers(ringing);
            let from_number = known.0.filter(|_| unanswered.keeping.is_some());
            let agent = unanswered.agent.map(|it| (it.id.as_str(), it.revision));
            let named = called.agent.as_deref().unwrap_or_default();
            self.record_unanswered(UnansweredCall {
                id: call_id,
                workspace: called.workspace.id(),
                agent: agent.unwrap_or((named, 0)),
                reason: unanswered.reason,
                document: CallDocument {
                    agent_name: unanswered.agent.map(|it| it.name().to_owned()),
                    transport: ringing.carrier.to_owned(),
                    direction: Some("inbound".into()),
                    from_number,
                    to_number: known.1,
                    node: Some(self.node.clone()),
                    other: Map::from_iter([("carrier_call_id".into(), ringing.id.into())]),
                    ..CallDocument::default()
                },
                keeping: unanswered.keeping.unwrap_or_default(),
            });
            answer
        })
    }

    /// How a call is not answered: in the words that the agent has for those whom it cannot answer,
    /// where it has any.
    fn in_words(&self, unanswered: &Unanswered<'_>, ringing: RingingCall<'_>) -> CallAnswer {
        let plain = unanswered.answer.clone();
        let Some(agent) = unanswered
            .agent
            .filter(|_| plain != CallAnswer::NotInService)
        else {
            return plain;
        };
        let Some(written) = agentphone::unanswered_message(agent) else {
            return plain;
        };
        let text = match read_agent(&agent.document, &self.api.settings().served) {
            Ok(read) => read.voicemail_message(&variables_of(ringing)),
            // Its variables cannot be told either.
            Err(_) => Some(written),
        };
        match text.filter(|it| !it.trim().is_empty()) {
            Some(text) => CallAnswer::Say { text },
            None => plain,
        }
    }

    /// Makes the token, where the agent can answer.
    async fn promise<'a>(
        &self,
        ringing: RingingCall<'_>,
        called: &CalledNumber,
        answering: &'a Answering,
        call_id: &str,
    ) -> Result<CallAnswer, Unanswered<'a>> {
        let (agent, workspace) = (&answering.agent, &called.workspace);
        let (from, to) = numbers(ringing);
        let line = TelephoneLine {
            caller_id: from.clone().unwrap_or_default(),
            called_number: to.clone().unwrap_or_default(),
            call_sid: ringing.id.to_owned(),
        };
        let api = &self.api;
        let parameters = ringing.parameters;
        // Looked at first: who cannot be served costs nobody a request.
        let keeping = self.check(agent, &called.workspace).await?;
        if !trillet_calls::takes_calls(agent) {
            return Err(Unanswered::outbound_only(agent, keeping));
        }
        let of_flow = ask_flow(api, agent, call_id, &line).await;
        let settled = settle_telephone_call(api, agent, workspace, call_id, line, parameters);
        let settled = settled.await.map_err(|problem| {
            let problem = match problem {
                OpeningProblem::Client(problem)
                | OpeningProblem::Agent(problem)
                | OpeningProblem::Webhook(problem) => problem,
            };
            tracing::warn!(agent = agent.id, problem, "an agent cannot answer a call");
            Unanswered::unusable(agent, Some(keeping))
        })?;
        let (document, settled) = settled.unzip();
        let document = document.unwrap_or_else(|| agent.document.clone());
        let is_otherwise = answering.is_otherwise || document != agent.document;
        let mut variables = settled.unwrap_or_else(|| parameters.clone());
        variables.extend(of_flow);
        with_numbers(&mut variables, (&from, &to));
        let ticket = json!({
            "agent": agent.id,
            "call": call_id,
            "variables": variables,
            "from": from,
            "to": to,
            "document": is_otherwise.then_some(document),
        });
        let lifetime_ms = i64::try_from(TOKEN_LIFETIME.as_millis()).unwrap_or(i64::MAX);
        let token = token_for(workspace, ticket, lifetime_ms).await;
        let token = token.map_err(|refusal| Unanswered::failing(Some(agent), &refusal.message))?;
        self.called_in(workspace, agent, from.as_deref()).await;
        Ok(CallAnswer::Answered { token })
    }

    /// Who calls in need not be called back.
    async fn called_in(
        &self,
        workspace: &offhook_store::Workspace,
        agent: &StoredAgent,
        from: Option<&str>,
    ) {
        let Some(from) = from else { return };
        let taken_back = workspace.cancel_promises_to(&agent.id, from, CALLED_IN, now_ms());
        if let Err(problem) = taken_back.await {
            tracing::warn!(%problem, "somebody who called in may be called back");
        }
    }

    /// Whether the agent can be read, and whether there is a place for its call now, or may be in
    /// time. None is taken: the call takes its place when its audio comes.
    async fn check<'a>(
        &self,
        agent: &'a StoredAgent,
        workspace: &offhook_store::Workspace,
    ) -> Result<Keeping, Unanswered<'a>> {
        let read = read_agent(&agent.document, &self.api.settings().served);
        let Ok(read) = read else {
            tracing::error!(agent = agent.id, "an agent cannot be used");
            return Err(Unanswered::unusable(agent, None));
        };
        let keeping = Keeping::new(read.records());
        let busy = |keeping| Unanswered {
            reason: "busy",
            answer: CallAnswer::Busy,
            agent: Some(agent),
            keeping: Some(keeping),
        };
        if self.lines.available_permits() == 0 {
            return Err(busy(keeping));
        }
        let asked = PlaceAsked {
            workspace,
            agent: &agent.id,
            limits: read.limits(),
            node: &self.node,
        };
        let may_wait = read.limits().wait_max.is_some();
        match self.api.places().take(asked).await {
            Ok(_) => Ok(keeping),
            Err(refused) if may_wait && refused.may_pass() => Ok(keeping),
            Err(NoPlace::Store(problem)) => Err(Unanswered::failing(Some(agent), &problem)),
            Err(_) => Err(busy(keeping)),
        }
    }
}

/// The agent at a number; `None` where there is none.
async fn answering(called: &CalledNumber) -> Result<Option<Answering>, Refusal> {
    let Some(id) = &called.agent else {
        return Ok(None);
    };
    let plain = match called.workspace.agent(id).await {
        Err(StoreError::NotFound(_)) => return Ok(None),
        found => for_calls(found?),
    };
    let agent = for_number(&called.workspace, plain.clone(), &called.id).await?;
    Ok(Some(Answering {
        is_otherwise: agent.document != plain.document,
        agent,
    }))
}

/// The two numbers, in E.164 where they are numbers.
fn numbers(ringing: RingingCall<'_>) -> (Option<String>, Option<String>) {
    let number = |text: &str| {
        let text = e164(text).unwrap_or_else(|| text.to_owned());
        (!text.is_empty()).then_some(text)
    };
    (number(ringing.from), number(ringing.to))
}

/// Puts the two numbers among the values of variables.
fn with_numbers(
    variables: &mut BTreeMap<String, String>,
    (from, to): (&Option<String>, &Option<String>),
) {
    for (name, number) in [(CALLER, from), (CALLED, to)] {
        let number = number.clone().unwrap_or_default();
        variables.entry(name.to_owned()).or_insert(number);
    }
}

/// What is known of a call that nobody answers.
fn variables_of(ringing: RingingCall<'_>) -> BTreeMap<String, String> {
    let (from, to) = numbers(ringing);
    let mut variables = ringing.parameters.clone();
    with_numbers(&mut variables, (&from, &to));
    variables
}

impl<'a> Unanswered<'a> {
    fn without_agent() -> Self {
        Self {
            reason: "no_agent",
            answer: CallAnswer::NotInService,
            agent: None,
            keeping: None,
        }
    }

    fn outbound_only(agent: &'a StoredAgent, keeping: Keeping) -> Self {
        Self {
            reason: "outbound_only",
            answer: CallAnswer::NotInService,
            agent: Some(agent),
            keeping: Some(keeping),
        }
    }

    fn unusable(agent: &'a StoredAgent, keeping: Option<Keeping>) -> Self {
        Self {
            reason: "agent_unusable",
            answer: CallAnswer::Failing,
            agent: Some(agent),
            keeping,
        }
    }

    fn failing(agent: Option<&'a StoredAgent>, problem: &dyn std::fmt::Display) -> Self {
        tracing::error!(%problem, "a call cannot be answered");
        Self {
            reason: "internal_error",
            answer: CallAnswer::Failing,
            agent,
            keeping: None,
        }
    }
}

impl CallAnswer {
    /// As it is kept.
    fn written(&self) -> String {
        let word = match self {
            Self::Answered { token } => return json!({ "token": token }).to_string(),
            Self::Say { text } => return json!({ "say": text }).to_string(),
            Self::NotInService => "not_in_service",
            Self::Failing => "failing",
            Self::Busy => "busy",
        };
        Value::from(word).to_string()
    }

    fn read(written: &str) -> Self {
        let written: Value = serde_json::from_str(written).unwrap_or_default();
        if let Some(text) = written["say"].as_str() {
            let text = text.to_owned();
            return Self::Say { text };
        }
        match (written["token"].as_str(), written.as_str()) {
            (Some(token), _) => Self::Answered {
                token: token.to_owned(),
            },
            (_, Some("not_in_service")) => Self::NotInService,
            (_, Some("busy")) => Self::Busy,
            _ => Self::Failing,
        }
    }
}
