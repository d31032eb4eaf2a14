//! Conversations between an agent and a user whom the chat model plays, in writing. Nothing judges
//! them: whether one was successful is unknown.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use axum::{Extension, Json, Router};
use futures::stream;
use offhook_call::{Persona, Providers};
use offhook_contract::{
    ChatCall, ChatEvent, ChatMessage, ChatOptions, ChatRequest, ProviderError, Role,
};
use offhook_turn_taking::Line;
use serde_json::{Value, json};
use tokio::time::{Instant, timeout_at};

use super::admission::{Admitted, TelephoneLine};
use super::opening::{OpeningProblem, Wishes};
use super::routes::Answer;
use crate::dialect::agents::invalid;
use crate::dialect::field::{Acts, Field, Kind, field, list, map, section, text, whole, word};
use crate::dialect::objects::ObjectKind;
use crate::dialect::path;
use crate::dialect::problem::{Problem, ProblemKind};
use crate::json_body::JsonBody;
use crate::{Access, Api, Refusal};

static SIMULATION: ObjectKind = ObjectKind {
    name: "elevenlabs.simulation",
    id_prefix: "sim",
    title: "simulation",
    fields: FIELDS,
};

const HERE: Acts = Acts::Here("shapes the simulated conversation");
const LATER: Acts = Acts::Later("call analysis");

pub(super) const FIELDS: &[Field] = &[
    section("simulation_specification").required(),
    section("simulation_specification.simulated_user_config").required(),
    text("simulation_specification.simulated_user_config.first_message")
        .or_null()
        .acts(HERE),
    section("simulation_specification.simulated_user_config.prompt").or_null(),
    text("simulation_specification.simulated_user_config.prompt.prompt").acts(HERE),
    map("simulation_specification.dynamic_variables")
        .or_null()
        .acts(HERE),
    crate::dialect::field::objects(
        "simulation_specification.partial_conversation_history",
        HISTORY,
    )
    .or_null()
    .acts(HERE),
    list("extra_evaluation_criteria", &Kind::Any)
        .or_null()
        .acts(LATER),
    whole("new_turns_limit", 1.0, 100_000.0)
        .or_null()
        .acts(HERE),
];

const HISTORY: &[Field] = &[
    word("role", &["user", "agent"]).required().acts(HERE),
    field(
        "message",
        Kind::Text {
            min: 0,
            max: 100_000,
        },
    )
    .or_null()
    .acts(HERE),
];

/// Turns of a simulation, whatever its limit.
const TURNS_MAX: u64 = 100;
/// How long a simulation that is answered at once may take; what was said by then is the answer.
const AT_ONCE_MAX: Duration = Duration::from_secs(24);
/// What the simulated user writes when it has no more to say.
const END: &str = "[END]";

pub(super) fn routes() -> Router<Api> {
    Router::new()
        .route("/agents/{id}/simulate-conversation", post(simulate))
        .route(
            "/agents/{id}/simulate-conversation/stream",
            post(simulate_live),
        )
}

async fn simulate(
    State(api): State<Api>,
    Extension(access): Extension<Access>,
    Path(id): Path<String>,
    JsonBody(body): JsonBody,
) -> Answer {
    let deadline = Instant::now() + AT_ONCE_MAX;
    let mut simulation = Simulation::open(&api, access, &id, &body).await?;
    let mut turns = Vec::new();
    while let Ok(turn) = timeout_at(deadline, simulation.turn()).await {
        match turn? {
            Some(turn) => turns.push(turn),
            None => break,
        }
    }
    Ok(Json(
        json!({ "simulated_conversation": turns, "analysis": analysis() }),
    ))
}

/// The same as it is written: lines of JSON, each with what was said since the one before; the last
/// has the analysis.
async fn simulate_live(
    State(api): State<Api>,
    Extension(access): Extension<Access>,
    Path(id): Path<String>,
    JsonBody(body): JsonBody,
) -> Result<Response, Refusal> {
    let simulation = Simulation::open(&api, access, &id, &body).await?;
    let lines = stream::unfold(Some(simulation), |simulation| async {
        let mut simulation = simulation?;
        let (line, rest) = match simulation.turn().await {
            Ok(Some(turn)) => (
                json!({ "simulated_conversation": [turn] }),
                Some(simulation),
            ),
            Ok(None) => (json!({ "analysis": analysis() }), None),
            Err(refusal) => {
                let told = json!({ "status": refusal.code, "message": refusal.message });
                (json!({ "detail": told }), None)
            }
        };
        let line = Bytes::from(format!("{line}\n"));
        Some((Ok::<_, std::convert::Infallible>(line), rest))
    });
    let kind = [(header::CONTENT_TYPE, "application/x-ndjson")];
    Ok((kind, Body::from_stream(lines)).into_response())
}

/// Nobody has judged the conversation.
fn analysis() -> Value {
    json!({
        "call_successful": "unknown",
        "transcript_summary": "",
        "evaluation_criteria_results": {},
        "data_collection_results": {},
    })
}

/// Who speaks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Agent,
    User,
}

/// A conversation that is being simulated.
struct Simulation {
    /// The agent's model, and the one that plays the user.
    models: [Box<dyn ChatCall>; 2],
    systems: [String; 2],
    options: ChatOptions,
    said: Vec<(Side, String)>,
    /// What is said without asking a model.
    ready: Vec<(Side, String)>,
    left: u64,
    began: Instant,
}

impl Simulation {
    async fn open(api: &Api, access: Access, id: &str, body: &Value) -> Result<Self, Refusal> {
        SIMULATION.check(body, false)?;
        let specification = &body["simulation_specification"];
        let agent = access.workspace.agent(id).await?;
        let admitted = Admitted {
            agent,
            workspace: access.workspace,
            conversation_id: None,
            line: TelephoneLine::default(),
        };
        let workspace = admitted.workspace.clone();
        let variables = specification["dynamic_variables"].as_object();
        let wishes = Wishes {
            variables: variables.cloned().unwrap_or_default().into_iter().collect(),
            ..Wishes::default()
        };
        let opening = admitted.open(api, "simulation", &wishes).map_err(refused)?;
        let providers = &api
            .providers_of(&workspace, opening.agent.models(), opening.brought())
            .await?;
        let persona = Persona::new(Arc::new(opening.agent), opening.variables);
        let persona = persona.at(SystemTime::now());
        let user = &specification["simulated_user_config"];
        let systems = [persona.system_prompt(&*providers.voice), user_prompt(user)];
        let history = history(specification);
        let mut ready = Vec::new();
        if history.is_empty() {
            ready.push((Side::Agent, persona.line(Line::Greeting)));
            let opening = user["first_message"].as_str().unwrap_or_default();
            ready.push((Side::User, opening.to_owned()));
        }
        ready.retain(|(_, text)| !text.trim().is_empty());
        ready.reverse();
        let wanted = body["new_turns_limit"].as_u64().unwrap_or(TURNS_MAX);
        Ok(Self {
            models: [
                model(providers, &systems[0]).await?,
                model(providers, &systems[1]).await?,
            ],
            systems,
            options: persona.chat_options(),
            said: history,
            ready,
            left: wanted.min(TURNS_MAX),
            began: Instant::now(),
        })
    }

    /// What is said next; `None` at the end.
    async fn turn(&mut self) -> Result<Option<Value>, Refusal> {
        if self.left == 0 {
            return Ok(None);
        }
        let (side, text) = match self.ready.pop() {
            Some(ready) => ready,
            None => {
                let side = match self.said.last() {
                    Some((Side::User, _)) => Side::Agent,
                    _ => Side::User,
                };
                (side, self.written(side).await?)
            }
        };
        let is_over = side == Side::User && text.contains(END);
        let text = text.replace(END, "").trim().to_owned();
        self.left = if is_over { 0 } else { self.left - 1 };
        if text.is_empty() {
            return Ok(None);
        }
        let shown = json!({
            "role": if side == Side::Agent { "agent" } else { "user" },
            "message": text,
            "time_in_call_secs": self.began.elapsed().as_secs(),
            "interrupted": false,
            "tool_calls": [],
            "tool_results": [],
            "source_medium": "text",
        });
        self.said.push((side, text));
        Ok(Some(shown))
    }

    /// What the model of a side writes next.
    async fn written(&self, side: Side) -> Result<String, Refusal> {
        let mut messages = vec![ChatMessage::new(
            Role::System,
            &*self.systems[side as usize],
        )];
        messages.extend(self.said.iter().map(|(who, text)| {
            let role = if *who == side {
                Role::Agent
            } else {
                Role::Caller
            };
            ChatMessage::new(role, text.as_str())
        }));
        if self.said.is_empty() {
            messages.push(ChatMessage::new(Role::Caller, "Hello?"));
        }
        let mut reply = self.models[side as usize].reply(ChatRequest {
            messages: messages.into(),
            options: self.options.clone(),
        });
        let mut text = String::new();
        while let Some(event) = reply.recv().await {
            match event {
                ChatEvent::Text(piece) => text.push_str(&piece),
                ChatEvent::Failed(problem) => return Err(failed(&problem)),
                _ => {}
            }
        }
        Ok(text)
    }
}

async fn model(providers: &Providers, system: &str) -> Result<Box<dyn ChatCall>, Refusal> {
    let messages = Arc::from([ChatMessage::new(Role::System, system)]);
    let opened = providers.chat.open(messages).await;
    opened.map_err(|problem| failed(&problem))
}

fn failed(problem: &ProviderError) -> Refusal {
    tracing::warn!(%problem, "a simulation has no model");
    let message = "the chat model cannot answer now";
    Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "model_failed", message)
        .after(Duration::from_secs(1))
}

fn refused(problem: OpeningProblem) -> Refusal {
    match problem {
        OpeningProblem::Client(problem) => {
            let place = "simulation_specification.dynamic_variables";
            invalid(vec![Problem::at(place, ProblemKind::Value, problem)])
        }
        OpeningProblem::Agent(problem) => {
            let message = format!("the agent cannot answer: {problem}");
            Refusal::new(StatusCode::BAD_REQUEST, "agent_not_ready", message)
        }
        OpeningProblem::Webhook(problem) => {
            Refusal::new(StatusCode::BAD_GATEWAY, "webhook_failed", problem)
        }
    }
}

/// How the model plays the user.
fn user_prompt(user: &Value) -> String {
    let own = path::at(user, "prompt.prompt").and_then(Value::as_str);
    let own = own.unwrap_or("You are a friendly person who wants to know what the agent can do.");
    format!(
        "You play a person who talks with a voice agent on the telephone. {own}\nWrite only what \
         this person says next, in one or two short sentences. Once the person has what they want, \
         or the conversation is over, write {END}."
    )
}

fn history(specification: &Value) -> Vec<(Side, String)> {
    let items = specification["partial_conversation_history"].as_array();
    let items = items.into_iter().flatten();
    items
        .filter_map(|item| {
            let side = match item["role"].as_str()? {
                "agent" => Side::Agent,
                _ => Side::User,
            };
            Some((side, item["message"].as_str()?.to_owned()))
        })
        .filter(|(_, text)| !text.trim().is_empty())
        .collect()
}
