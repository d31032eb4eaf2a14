//! Conversations over ElevenLabs' WebSocket, on `…/conversation?agent_id=ID` below every prefix of
//! that dialect: from who asks to a session that runs.

use std::error::Error;
use std::sync::Arc;
use std::time::SystemTime;

use axum::Router;
use axum::extract::State;
use axum::extract::ws::WebSocketUpgrade;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use axum::routing::get;
use offhook_agent::{Agent, CallVariables};
use offhook_call::{CallSetup, EntryKind, LogEntry, Persona, Providers, Session, WrittenVoice};
use offhook_contract::{LegDescription, leg};
use offhook_media::SoundLoop;
use offhook_store::{Workspace, new_id};
use offhook_transport::convai::{
    AudioFormat, ConversationRefusal, Initiation, Opened, OpenedConversation, Order, ReplyNews,
    WaitingConversation, serve_conversation,
};
use offhook_transport::websocket::SocketLimits;
use offhook_turn_taking::Fact;
use serde_json::{Map, Value, json};
use tokio::sync::mpsc;

use super::admission::Admitted;
use super::conversations::OWN;
use super::hold_audio;
use super::opening::{Opening, OpeningProblem, Wishes};
use crate::calls::{
    CallDocument, CallPlace, HostedCall, Keeping, NewCall, NoPlace, PlaceAsked, RunningRecording,
};
use crate::{Api, Refusal, Switchboard};

/// What carries a conversation.
const TRANSPORT: &str = "convai";
/// Where the dialect's conversations are.
const PREFIXES: [&str; 4] = [
    "/v1/convai",
    "/v1/voiceai",
    "/elevenlabs/v1/convai",
    "/elevenlabs/v1/voiceai",
];
/// Longest message of a client: some seconds of audio as base64.
const MESSAGE_BYTES_MAX: usize = 512 * 1024;
/// What may wait for a client that reads slowly; then it misses some.
const NEWS_QUEUE: usize = 1_024;
/// How the platform closes the socket of a client that waited for a place in vain.
const WAITED_IN_VAIN: u16 = 4300;
/// Orders of a client that may wait.
const ORDER_QUEUE: usize = 64;

/// The routes of conversations, with no door before them: who may come in is decided here.
pub(crate) fn routes(switchboard: Switchboard) -> Router {
    let routes = PREFIXES.iter().fold(Router::new(), |routes, prefix| {
        routes.route(&format!("{prefix}/conversation"), get(conversation))
    });
    routes.with_state(switchboard)
}

async fn conversation(
    State(board): State<Switchboard>,
    uri: Uri,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    let admitted = board.api.admit_conversation(&uri, &headers).await;
    let limits = SocketLimits {
        message_bytes_max: MESSAGE_BYTES_MAX,
        ..board.limits
    };
    // Clients in browsers are told nothing of a request that is not upgraded: what is refused is
    // refused by how the socket closes.
    serve_conversation(upgrade, limits, async move |initiation: Initiation| {
        let admitted = admitted.map_err(|refusal| refused(&refusal))?;
        open(board, admitted, initiation).await
    })
}

fn refused(refusal: &Refusal) -> ConversationRefusal {
    let code = match refusal.status.as_u16() {
        429 | 503 => 1013,
        500.. => 1011,
        _ => 1008,
    };
    ConversationRefusal {
        code,
        message: refusal.message.clone(),
    }
}

/// An error with all that caused it.
fn chain(problem: &dyn Error) -> String {
    let causes = std::iter::successors(problem.source(), |cause| (*cause).source());
    causes.fold(problem.to_string(), |text, cause| {
        format!("{text}: {cause}")
    })
}

fn failed(problem: &str) -> ConversationRefusal {
    tracing::error!(problem, "a conversation cannot begin");
    ConversationRefusal {
        code: 1011,
        message: "the conversation cannot begin now; see the server's log".to_owned(),
    }
}

fn busy() -> ConversationRefusal {
    ConversationRefusal {
        code: 1013,
        message: "every line is busy".to_owned(),
    }
}

/// Refuses a conversation for which there is no place, as the platform does: one that has waited
/// for it has a code of its own.
fn without_place(problem: NoPlace) -> ConversationRefusal {
    let has_waited = matches!(problem, NoPlace::TimedOut(_));
    let refusal = refused(&problem.into());
    if has_waited {
        ConversationRefusal {
            code: WAITED_IN_VAIN,
            ..refusal
        }
    } else {
        refusal
    }
}

/// Opens the session of a client that has begun, or has it wait for a place.
async fn open(
    board: Switchboard,
    admitted: Admitted,
    initiation: Initiation,
) -> Result<Opened, ConversationRefusal> {
    let promised = admitted.conversation_id.clone();
    let id = promised.map_or_else(|| new_id("conv"), Ok);
    let id = id.map_err(|problem| failed(&problem.to_string()))?;
    let mut opening = opening(&board.api, &admitted, &id, &initiation).await?;
    let taught = board.api.teach(&admitted.workspace, &mut opening.agent);
    taught.await.map_err(|refusal| failed(&refusal.message))?;
    let conversation = Conversation {
        output: format(&opening.output_format)?,
        input: format(&opening.input_format)?,
        board,
        admitted,
        initiation,
        id,
        opening,
    };
    let places = conversation.board.api.places();
    let refused = match places.take(conversation.asked()).await {
        Ok(place) => {
            let opened = conversation.start(place).await?;
            return Ok(Opened::Now(Box::new(opened)));
        }
        Err(refused) => refused,
    };
    match conversation.opening.agent.limits().wait_max {
        // The platform has nobody wait who does not hear that.
        Some(_) if refused.may_pass() && !conversation.opening.is_text_only => {
            let (admitted, agent) = (&conversation.admitted, &conversation.admitted.agent.id);
            let hold = hold_audio::sound_of(&admitted.workspace, agent).await;
            let hold = hold
                .inspect_err(|problem| tracing::warn!(message = problem.message, "no hold audio"));
            let hold = hold.ok().flatten();
            Ok(Opened::Waiting(conversation.waiting(hold)))
        }
        _ => Err(without_place(refused)),
    }
}

/// A conversation that is about to begin.
struct Conversation {
    board: Switchboard,
    admitted: Admitted,
    initiation: Initiation,
    id: String,
    opening: Opening,
    output: AudioFormat,
    input: AudioFormat,
}

impl Conversation {
    fn asked(&self) -> PlaceAsked<'_> {
        PlaceAsked {
            workspace: &self.admitted.workspace,
            agent: &self.admitted.agent.id,
            limits: self.opening.agent.limits(),
            node: &self.board.node,
        }
    }

    fn waiting(self, hold: Option<SoundLoop>) -> WaitingConversation {
        WaitingConversation {
            hold,
            conversation_id: self.id.clone(),
            output: self.output,
            input: self.input,
            events: self.opening.events.clone(),
            admission: Box::pin(async move {
                let place = self.board.api.places().take_or_wait(self.asked()).await;
                self.start(place.map_err(without_place)?).await
            }),
        }
    }

    /// Begins the call in its place.
    async fn start(self, place: CallPlace) -> Result<OpenedConversation, ConversationRefusal> {
        let Self {
            board,
            admitted,
            initiation,
            id,
            mut opening,
            output,
            input,
        } = self;
        let permit = board.lines.clone().try_acquire_owned();
        let permit = permit.map_err(|_| busy())?;
        let (near, far_end) = leg(LegDescription {
            transport: TRANSPORT.into(),
            rate: output.rate(),
            lead: board.lead,
        });
        let new = NewCall {
            id: id.clone(),
            workspace: admitted.workspace.id().clone(),
            agent: admitted.agent.id.clone(),
            agent_revision: admitted.agent.revision,
            document: document(&board, &opening, initiation),
            place,
            keeping: Keeping::new(opening.agent.records()),
        };
        let is_recorded = opening.agent.is_recorded() && !opening.is_text_only;
        let (mut hosted, lines) = HostedCall::new(&board.api, board.records.clone(), new);
        hosted.close_outside_hours(&mut opening.agent, &opening.variables);
        let providers = providers(&board.api, &admitted.workspace, &opening).await?;
        let (news, to_tell) = mpsc::channel(NEWS_QUEUE);
        let (log, entries) = mpsc::channel(NEWS_QUEUE);
        tokio::spawn(tell(entries, lines.log, news));
        let setup = CallSetup {
            call_id: id.clone(),
            persona: persona(opening.agent, opening.variables, opening.is_changed),
            leg: near,
            providers,
            log: Some(log),
            control: lines.control,
        };
        let mut session = Session::open(setup)
            .await
            .map_err(|problem| failed(&chain(&problem)))?;
        let recording = is_recorded.then(|| recorded(&board, &mut session, &id, output));
        let call = hosted.begin(session, recording);
        tokio::spawn(async move {
            let _permit = permit;
            call.hold().await;
        });
        let (orders, to_order) = mpsc::channel(ORDER_QUEUE);
        let api = board.api.clone();
        tokio::spawn(carry_out(api, admitted.workspace, id.clone(), to_order));
        let mut events = opening.events;
        if opening.is_text_only {
            events.remove("audio");
        }
        Ok(OpenedConversation {
            conversation_id: id,
            output,
            input,
            events,
            far_end,
            news: to_tell,
            orders,
        })
    }
}

/// The agent as it takes this call. What a client changed is so in this call only.
fn persona(agent: Agent, variables: CallVariables, is_changed: bool) -> Persona {
    let persona = Persona::new(Arc::new(agent), variables).at(SystemTime::now());
    match is_changed {
        true => persona.of_this_call(),
        false => persona,
    }
}

/// The agent as the client wishes it, where it may.
async fn opening(
    api: &Api,
    admitted: &Admitted,
    id: &str,
    initiation: &Initiation,
) -> Result<Opening, ConversationRefusal> {
    let wishes = Wishes {
        overrides: initiation.overrides.clone(),
        extra_body: initiation.extra_body.clone(),
        variables: initiation.variables.clone(),
    };
    let wishes = admitted.ask_webhook(api, id, wishes).await;
    let opening = wishes.and_then(|wishes| admitted.open(api, id, &wishes));
    opening.map_err(|problem| match problem {
        OpeningProblem::Client(problem) => ConversationRefusal::policy(problem),
        OpeningProblem::Agent(problem) => failed(&problem),
        OpeningProblem::Webhook(problem) => {
            tracing::warn!(problem, "the webhook of a conversation failed");
            ConversationRefusal {
                code: 1011,
                message: format!("the conversation's webhook failed: {problem}"),
            }
        }
    })
}

/// Has the session recorded.
fn recorded(
    board: &Switchboard,
    session: &mut Session,
    id: &str,
    output: AudioFormat,
) -> RunningRecording {
    let file = format!("{id}.wav");
    let (tape, done) = board.recorder.tape(&file, output.rate());
    session.record_on(tape);
    RunningRecording { file, done }
}

fn format(name: &str) -> Result<AudioFormat, ConversationRefusal> {
    AudioFormat::named(name).map_err(|problem| failed(&problem.to_string()))
}

/// The models of a conversation; one that is only written needs no voice.
async fn providers(
    api: &Api,
    workspace: &Workspace,
    opening: &Opening,
) -> Result<Providers, ConversationRefusal> {
    let providers = api.providers_of(workspace, opening.agent.models(), opening.brought());
    let providers = providers.await;
    let mut providers = providers.map_err(|refusal| failed(&refusal.message))?;
    if opening.is_text_only {
        providers.voice = Arc::new(WrittenVoice);
    }
    Ok(providers)
}

/// What is known of a conversation when it begins.
fn document(board: &Switchboard, opening: &Opening, initiation: Initiation) -> CallDocument {
    let own = json!({
        "user_id": initiation.user_id,
        "overrides": initiation.overrides,
        "extra_body": initiation.extra_body,
        "source_info": initiation.source_info,
        "text_only": opening.is_text_only,
    });
    CallDocument {
        agent_name: Some(opening.agent.name().to_owned()),
        transport: TRANSPORT.into(),
        direction: Some("inbound".into()),
        node: Some(board.node.clone()),
        variables: initiation.variables.into_iter().collect(),
        other: Map::from_iter([(OWN.to_owned(), own)]),
        ..CallDocument::default()
    }
}

/// Hands the session's log on, and tells the client what it says of replies.
async fn tell(
    mut entries: mpsc::Receiver<LogEntry>,
    log: mpsc::Sender<LogEntry>,
    news: mpsc::Sender<ReplyNews>,
) {
    while let Some(entry) = entries.recv().await {
        if let Some(told) = news_of(&entry.kind) {
            // A client that does not read misses it.
            news.try_send(told).ok();
        }
        log.send(entry).await.ok();
    }
}

fn news_of(kind: &EntryKind) -> Option<ReplyNews> {
    Some(match kind {
        EntryKind::ReplyText { turn, text } => ReplyNews::Written {
            turn: *turn,
            text: text.clone(),
        },
        EntryKind::Fact(Fact::PlayoutStarted { turn } | Fact::FillerStarted { turn }) => {
            ReplyNews::Begun { turn: *turn }
        }
        EntryKind::Fact(Fact::ReplyReady { turn }) => ReplyNews::Complete { turn: *turn },
        EntryKind::ReplyHeard {
            turn,
            heard_text,
            is_interrupted,
        } => ReplyNews::Ended {
            turn: *turn,
            heard: heard_text.clone(),
            is_interrupted: *is_interrupted,
        },
        _ => return None,
    })
}

/// Carries out what the client orders beside the call itself.
async fn carry_out(api: Api, workspace: Workspace, id: String, mut orders: mpsc::Receiver<Order>) {
    while let Some(order) = orders.recv().await {
        match order {
            Order::Context { text, id: name } => {
                if let Some(call) = api.live().call(workspace.id(), &id) {
                    // A call that is over needs to know nothing more.
                    call.order(offhook_call::Control::Note { text, name }).ok();
                }
            }
            Order::Feedback { is_like, .. } => {
                let feedback = match is_like {
                    Some(true) => json!("like"),
                    Some(false) => json!("dislike"),
                    None => Value::Null,
                };
                let feedback = json!({ "feedback": feedback });
                let noted = api.note_on_call(&workspace, &id, "feedback", feedback);
                if let Err(refusal) = noted.await {
                    tracing::warn!(refusal = refusal.message, "feedback is lost");
                }
            }
        }
    }
}
