//! Whoever watches a conversation while it runs, on `…/conversations/{id}/monitor`: its events as
//! they happen, and commands to it. For holders of a key that may write, where the agent allows it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Path, State};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use futures::stream::StreamExt as _;
use offhook_call::report::{CallEvent, InterruptionStage, TranscriptRole, TranscriptTurn};
use offhook_call::{Control, OrderedWords, Side, SpokenOrder};
use offhook_store::Workspace;
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

use super::{DIALECT, system_tools};
use crate::dialect::{agents, path};
use crate::live::{Followed, LiveCall};
use crate::{Access, Api, Refusal, TransferWishes};

/// What a watcher can command.
const COMMANDS: [&str; 6] = [
    "end_call",
    "contextual_update",
    "enable_human_takeover",
    "send_human_message",
    "disable_human_takeover",
    "transfer_to_number",
];
/// Events of before that whoever comes later is told.
const HISTORY_MAX: usize = 100;
/// How often a silent socket shows that it is there.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// The longest command of a watcher.
const COMMAND_BYTES_MAX: usize = 64 * 1024;
/// The longest text that a watcher may let the agent know, in characters.
const NOTE_CHARS_MAX: usize = 20_000;

type Upgrade = Result<WebSocketUpgrade, WebSocketUpgradeRejection>;

pub(super) async fn monitor(
    State(api): State<Api>,
    Extension(access): Extension<Access>,
    Path(id): Path<String>,
    upgrade: Upgrade,
) -> Result<Response, Refusal> {
    // Whoever may watch may also end the conversation.
    access.check(&Method::POST)?;
    let call = running(&api, &access, &id).await?;
    let agent = access.workspace.agent(call.agent()).await?;
    let shown = DIALECT.show(&agents::stored(agent));
    let conversation = path::at(&shown, "conversation_config.conversation");
    let conversation = conversation.cloned().unwrap_or_default();
    if conversation["monitoring_enabled"] != true {
        let message = "the agent of this conversation does not allow monitoring";
        return Err(Refusal::new(StatusCode::FORBIDDEN, "forbidden", message));
    }
    let events = conversation["monitoring_events"].as_array();
    let events = events.into_iter().flatten().filter_map(Value::as_str);
    let tool = path::at(&shown, system_tools::TRANSFER);
    let monitored = Monitored {
        events: events.map(str::to_owned).collect(),
        can_transfer: tool.is_some_and(Value::is_object),
        transfer: None,
        workspace: access.workspace.clone(),
        api,
        call,
    };
    let upgrade = upgrade.map_err(|_| {
        let message = "this address answers WebSocket requests";
        Refusal::new(StatusCode::UPGRADE_REQUIRED, "malformed", message)
    })?;
    let upgrade = upgrade.max_message_size(COMMAND_BYTES_MAX);
    Ok(upgrade.on_upgrade(move |socket| monitored.run(socket)))
}

async fn running(api: &Api, access: &Access, id: &str) -> Result<Arc<LiveCall>, Refusal> {
    if let Some(call) = api.live().call(access.workspace.id(), id) {
        return Ok(call);
    }
    let is_up = api.call(&access.workspace, id).await?.is_active();
    let message = if is_up {
        "the conversation does not run in this process"
    } else {
        "the conversation is over"
    };
    Err(Refusal::new(StatusCode::CONFLICT, "not_active", message))
}

/// A conversation that somebody watches.
struct Monitored {
    api: Api,
    workspace: Workspace,
    call: Arc<LiveCall>,
    events: BTreeSet<String>,
    /// Whether its agent has the tool without which nobody transfers it.
    can_transfer: bool,
    /// A transfer that is being asked for: it goes on where the watcher is gone.
    transfer: Option<JoinHandle<Result<(), String>>>,
}

impl Monitored {
    async fn run(mut self, mut socket: WebSocket) {
        let mut watched = self.call.watch();
        let told: Vec<Value> = watched
            .history
            .drain(..)
            .flat_map(|told| self.told(&told.event))
            .collect();
        let skipped = told.len().saturating_sub(HISTORY_MAX);
        for event in told.into_iter().skip(skipped) {
            if send(&mut socket, &event).await.is_err() {
                return;
            }
        }
        let mut events = watched.follow(self.api.live());
        let mut beats = interval(HEARTBEAT);
        beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let answers = tokio::select! {
                followed = events.next() => match followed {
                    Some(Followed::Event(told)) => self.told(&told.event),
                    Some(Followed::Missed(_)) => Vec::new(),
                    None => break,
                },
                received = socket.recv() => match received {
                    Some(Ok(Message::Text(text))) => {
                        self.command(text.as_str()).err().map(|it| problem(&it)).into_iter().collect()
                    }
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                    Some(Ok(_)) => Vec::new(),
                },
                asked = asked_for(&mut self.transfer) => {
                    self.transfer = None;
                    asked.err().map(|it| problem(&it)).into_iter().collect()
                }
                _ = beats.tick() => {
                    let beat = Message::Ping(Default::default());
                    if socket.send(beat).await.is_err() {
                        return;
                    }
                    Vec::new()
                }
            };
            for answer in &answers {
                if send(&mut socket, answer).await.is_err() {
                    return;
                }
            }
        }
        let close = CloseFrame {
            code: 1000,
            reason: "the conversation is over".into(),
        };
        let _ = socket.send(Message::Close(Some(close))).await;
    }

    /// An event in the platform's words; what the agent does not show is left out.
    fn told(&self, event: &CallEvent) -> Vec<Value> {
        let told = match event {
            CallEvent::Turn { turn } => of_turn(turn),
            CallEvent::Interim { text } => vec![(
                "tentative_user_transcript",
                "tentative_user_transcription_event",
                json!({ "user_transcript": text }),
            )],
            CallEvent::Interruption {
                stage: InterruptionStage::Committed,
                ..
            } => vec![("interruption", "interruption_event", json!({}))],
            _ => Vec::new(),
        };
        told.into_iter()
            .filter(|(kind, ..)| self.events.contains(*kind))
            .map(|(kind, field, event)| json!({ "type": kind, field: event }))
            .collect()
    }

    /// Carries out a command; what cannot be is told to the watcher.
    fn command(&mut self, text: &str) -> Result<(), String> {
        let command: Value = serde_json::from_str(text).map_err(|_| "it is no JSON".to_owned())?;
        let parameters = &command["parameters"];
        let over = |_| "the conversation is over".to_owned();
        match command["command_type"].as_str() {
            Some("end_call") => self.call.hang_up("ended_by_api").map_err(over),
            Some("contextual_update") => {
                let text = parameters["contextual_update"].as_str();
                let text = text.filter(|text| !text.trim().is_empty());
                let text = text.ok_or("parameters.contextual_update is no text")?;
                if text.chars().count() > NOTE_CHARS_MAX {
                    let most = format!("at most {NOTE_CHARS_MAX} characters");
                    return Err(format!("parameters.contextual_update may have {most}"));
                }
                let note = Control::Note {
                    text: text.to_owned(),
                    name: None,
                };
                self.call.order(note).map_err(over)
            }
            Some(name @ ("enable_human_takeover" | "disable_human_takeover")) => {
                let order = Control::Mute {
                    side: Side::Agent,
                    is_on: name == "enable_human_takeover",
                };
                self.call.order(order).map_err(over)
            }
            Some("send_human_message") => {
                let order = Control::Speak(SpokenOrder {
                    words: OrderedWords::Text(human_message(parameters)?),
                    is_urgent: true,
                    is_interruptible: true,
                    ends_call: false,
                });
                self.call.order(order).map_err(over)
            }
            Some("transfer_to_number") => self.begin_transfer(parameters),
            _ => Err(format!("command_type is one of {}", COMMANDS.join(", "))),
        }
    }

    /// Has the call transferred, as the agent's tool says of that number; nobody waits for it here.
    fn begin_transfer(&mut self, parameters: &Value) -> Result<(), String> {
        if !self.can_transfer {
            let problem = "the agent of this conversation has no built-in tool transfer_to_number";
            return Err(problem.to_owned());
        }
        let to = parameters["phone_number"].as_str();
        let to = to.filter(|it| !it.trim().is_empty());
        let to = to.ok_or("parameters.phone_number is no text")?;
        if self.transfer.is_some() {
            return Err("a transfer is being asked for already".to_owned());
        }
        let wishes = TransferWishes {
            to: Some(to.to_owned()),
            ..TransferWishes::default()
        };
        let (api, workspace) = (self.api.clone(), self.workspace.clone());
        let call = self.call.clone();
        self.transfer = Some(tokio::spawn(async move {
            let asked = api.transfer_call(&workspace, call.id(), wishes).await;
            asked.map(|_| ()).map_err(|refusal| why(&refusal))
        }));
        Ok(())
    }
}

/// What came of a transfer that was asked for; never comes where none is.
async fn asked_for(transfer: &mut Option<JoinHandle<Result<(), String>>>) -> Result<(), String> {
    match transfer {
        Some(task) => {
            let asked = task.await;
            asked.unwrap_or_else(|_| Err("the transfer broke off".to_owned()))
        }
        None => std::future::pending().await,
    }
}

/// Why a transfer is refused, in the names of the command's parameters.
fn why(refusal: &Refusal) -> String {
    match refusal.problems.as_slice() {
        [one] if one.path == "to" => format!("parameters.phone_number: {}", one.message),
        _ => refusal.message.clone(),
    }
}

/// What the human says, by any of the names that clients have for it.
fn human_message(parameters: &Value) -> Result<String, String> {
    let mut named = ["text", "message", "human_message"].into_iter();
    let text = named.find_map(|name| parameters[name].as_str());
    let text = text.filter(|text| !text.trim().is_empty());
    let text = text.ok_or("parameters.text is no text")?;
    match text.chars().count() <= NOTE_CHARS_MAX {
        true => Ok(text.to_owned()),
        false => Err(format!(
            "parameters.text may have at most {NOTE_CHARS_MAX} characters"
        )),
    }
}

type Told = (&'static str, &'static str, Value);

/// What was said: of the agent what it meant to say, and what was heard of it where it was cut.
fn of_turn(turn: &TranscriptTurn) -> Vec<Told> {
    if turn.role == TranscriptRole::Caller {
        return vec![(
            "user_transcript",
            "user_transcription_event",
            json!({ "user_transcript": turn.text }),
        )];
    }
    let written = turn.original_text.as_ref().unwrap_or(&turn.text);
    let mut told = vec![(
        "agent_response",
        "agent_response_event",
        json!({ "agent_response": written }),
    )];
    if turn.interrupted && *written != turn.text {
        let correction = json!({
            "original_agent_response": written,
            "corrected_agent_response": turn.text,
        });
        let field = "agent_response_correction_event";
        told.push(("agent_response_correction", field, correction));
    }
    told
}

fn problem(message: &str) -> Value {
    json!({
        "type": "error",
        "error_event": { "code": 1008, "error_type": "invalid_command", "message": message }
    })
}

async fn send(socket: &mut WebSocket, event: &Value) -> Result<(), axum::Error> {
    socket.send(Message::text(event.to_string())).await
}
