//! `offhook serve`: the APIs of agents, WebSocket sessions on `/v1/session?agent=NAME|ID`, and media
//! streams of carriers.

mod admission;
mod answering;
mod asterisk;
mod audio_socket;
mod brought;
mod carriers;
mod dialling;
mod echo;
mod media_stream;
mod node;
mod placed_calls;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use axum::extract::State;
use axum::extract::ws::WebSocketUpgrade;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use offhook_agent::{Agent, ServedModels};
use offhook_api::calls::{
    CallDocument, CallPlace, HostedCall, Keeping, NewCall, RunningCall, RunningRecording,
};
use offhook_api::{
    Api, ApiSettings, PlacedCall, Refusal, RequestThreads, SharedPaths, Switchboard,
};
use offhook_call::recording::Recorder;
use offhook_call::{Brought, CallSetup, Providers, Session};
use offhook_contract::{LegDescription, leg};
use offhook_store::{CallWriter, Store, Workspace};
use offhook_transport::websocket::wire::SessionRequest;
use offhook_transport::websocket::{
    OpenedSession, SessionRefusal, SessionStart, serve_session, without_delay,
};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::arguments::ServeArguments;
use crate::check::{read_agent, read_served_agent};
use crate::outcome::{Complaint, Outcome, chain};
use crate::settings::{PlatformDocument, Settings};
use crate::stack::{ModelTable, OwnServers, Stack};
use admission::{Admitted, Settled, admit, take_place};
use carriers::CarrierKeys;
use node::Node;

/// Recordings of calls are in this folder of the data folder.
const RECORDINGS: &str = "recordings";
/// Records of calls that the database cannot take now wait in this file of the data folder.
const SPILL: &str = "calls.spill.jsonl";
/// What carries a session.
const TRANSPORT: &str = "websocket";
/// What a caller is told for whom there is no line.
const EVERY_LINE_BUSY: &str = "every line is busy";
/// How long calls may take to end when the server does.
const ENDING_MAX: Duration = Duration::from_secs(3);
/// How long what calls have left may take to be written at the end.
const WRITING_MAX: Duration = Duration::from_secs(5);
/// What every request sees.
struct Server {
    settings: Settings,
    models: ModelTable,
    calls: Arc<Semaphore>,
    api: Api,
    records: CallWriter,
    recorder: Recorder,
    node: Node,
    carrier_keys: CarrierKeys,
}

impl Server {
    /// What sessions need of this process.
    fn switchboard(&self) -> Switchboard {
        Switchboard {
            api: self.api.clone(),
            records: self.records.clone(),
            recorder: self.recorder.clone(),
            node: self.node.name.clone(),
            lead: self.settings.lead,
            limits: self.settings.limits,
            lines: self.calls.clone(),
        }
    }
}

/// Serves until the process is told to stop; calls that are up then end with it.
pub(crate) async fn run(arguments: ServeArguments) -> anyhow::Result<Outcome> {
    let mut settings = Settings::read(&arguments.config)?;
    crate::start_log(&settings.log_level.to_string(), settings.is_log_json);
    settings.listen = arguments.listen.unwrap_or(settings.listen);
    if arguments.echo {
        return echo::run(&settings).await;
    }
    if let Some(name) = &arguments.chat_model {
        settings.models.fix_chat(name)?;
    }
    let served = settings.models.served()?;
    settings.data = arguments.data.unwrap_or(settings.data);
    settings.database = arguments.database.or(settings.database);
    check_agents(&settings.agents, &served)?;
    let store = open_store(&settings).await?;
    let (records, writing) = CallWriter::start(store.clone(), &settings.data.join(SPILL))
        .context("the file of calls that wait for the database cannot be opened")?;
    let node = claim_node(&settings, &store).await?;
    let recordings = settings.data.join(RECORDINGS);
    let recorder = Recorder::start(&recordings).context("recordings cannot be made")?;
    let directory = settings.models_directory.clone();
    let own = OwnServers::reached(settings.api.private_webhooks)?;
    let load = move || Stack::load(served, directory, own);
    let stack = tokio::task::spawn_blocking(load)
        .await
        .context("loading the models panicked")??;
    let listener = TcpListener::bind(settings.listen)
        .await
        .map_err(|problem| {
            Complaint::bad_input(format!("cannot listen on {}: {problem}", settings.listen))
        })?;
    println!(
        "listening on ws://{}/v1/session?agent=NAME (models loaded in {:.2} s, chat model {})",
        listener.local_addr()?,
        stack.load_time.as_secs_f64(),
        stack.chat_model()
    );
    let api = api_settings(&settings, stack.models.served(), recordings);
    let api = Api::with_providers(store.clone(), api, stack.models.clone());
    let requests = RequestThreads::start().context("no threads for requests")?;
    requests.handle().spawn(api.deliveries().clone().run());
    let node_name = node.name.clone();
    let noting = tokio::spawn(store.clone().keep_node(node_name.clone()));
    let calls = Arc::new(Semaphore::new(settings.calls_max));
    dialling::connect(&api, &settings, &node.name, &calls)?;
    look_after_calls(&api, requests.handle(), node_name.clone());
    let server = Arc::new(Server {
        settings,
        models: stack.models,
        calls,
        api: api.clone(),
        records,
        recorder,
        node,
        carrier_keys: CarrierKeys::of_environment(),
    });
    let sockets = match server.settings.audio_socket {
        Some(address) => Some(audio_socket::start(server.clone(), address).await?),
        None => None,
    };
    serve_until_told(listener, router(server, &requests), api).await?;
    if let Some(sockets) = sockets {
        sockets.abort();
    }
    let _ = tokio::time::timeout(WRITING_MAX, writing).await;
    noting.abort();
    leave(&store, &node_name).await;
    Ok(Outcome::Done)
}

/// Deletes what is due of calls, fails those that are overdue, and places those that were promised.
fn look_after_calls(api: &Api, handle: &tokio::runtime::Handle, node_name: String) {
    handle.spawn(api.clone().delete_when_due(node_name));
    handle.spawn(api.clone().watch_placed());
    handle.spawn(api.clone().keep_promises());
}

/// How the API is set.
fn api_settings(settings: &Settings, served: &ServedModels, recordings: PathBuf) -> ApiSettings {
    ApiSettings {
        served: served.clone(),
        is_loopback: settings.listen.ip().is_loopback(),
        requests_per_minute: settings.api.requests_per_minute,
        burst: settings.api.burst,
        allows_private_webhooks: settings.api.private_webhooks,
        shared_paths: match settings.api.shared_paths {
            PlatformDocument::AgentPhone => SharedPaths::AgentPhone,
            PlatformDocument::Wordcab => SharedPaths::Wordcab,
        },
        recordings: Some(recordings),
        workspace_calls_max: settings.workspace_calls_max,
    }
}

/// The calls of this process count for nobody any more.
async fn leave(store: &Store, node_name: &str) {
    // A name that stays is taken for gone a little later.
    let _ = tokio::time::timeout(WRITING_MAX, store.forget_node(node_name)).await;
    store.close().await;
}

/// Everything that is answered; what is no call's, on the threads for requests.
fn router(server: Arc<Server>, requests: &RequestThreads) -> Router {
    let carriers = carriers::routes().with_state(server.clone());
    let api = offhook_api::router(server.api.clone()).merge(carriers);
    let api = requests.carry(api);
    let sessions = offhook_api::sessions(server.switchboard());
    Router::new()
        .route("/v1/session", get(session))
        .merge(media_stream::routes())
        .route("/healthz", get(|| async { "ok\n" }))
        .with_state(server)
        .merge(sessions)
        .merge(api)
}

/// Serves until the process is told to stop, and gives the calls that are up time to end. What they
/// have left is handed over then.
async fn serve_until_told(listener: TcpListener, router: Router, api: Api) -> anyhow::Result<()> {
    let live = api.live().clone();
    let stopping = async move {
        told_to_stop().await;
        live.stop();
    };
    axum::serve(without_delay(listener), router)
        .with_graceful_shutdown(stopping)
        .await?;
    let _ = tokio::time::timeout(ENDING_MAX, api.live().all_over()).await;
    Ok(())
}

/// Opens the store; without a key in it only this machine may ask for anything.
async fn open_store(settings: &Settings) -> anyhow::Result<Store> {
    let store = Store::open_in(&settings.data, settings.database.as_deref())
        .await
        .map_err(|problem| Complaint::bad_input(chain(&problem)))?;
    if !settings.listen.ip().is_loopback() && !store.has_keys().await? {
        return Err(Complaint::bad_input(format!(
            "listen: {} can be reached from outside, and there is no API key yet; make one with \
             `offhook keys create --workspace NAME --data {}`, or listen on 127.0.0.1",
            settings.listen,
            settings.data.display()
        )));
    }
    Ok(store)
}

/// Takes a name for this process, and notes of the calls that an earlier one of that name left when
/// it died that they failed.
async fn claim_node(settings: &Settings, store: &Store) -> anyhow::Result<Node> {
    let node = Node::claim(&settings.data).context("the data folder cannot be used")?;
    let failed = store.fail_calls_of(&node.name, "server_died").await?;
    if failed > 0 {
        tracing::warn!(calls = failed, "the server died while calls were up");
    }
    Ok(node)
}

/// Refuses to serve agents that name models which are not loaded, all at once. Documents with other
/// problems are refused where they are called.
fn check_agents(folder: &Path, served: &ServedModels) -> anyhow::Result<()> {
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let files = files.map(|entry| entry.path());
    let mut agents: Vec<PathBuf> = files
        .filter(|file| file.extension().is_some_and(|ending| ending == "json"))
        .filter(|file| read_agent(file).is_ok())
        .collect();
    agents.sort();
    let problems: Vec<String> = agents
        .iter()
        .filter_map(|file| read_served_agent(file, served).err())
        .map(|problem| problem.to_string())
        .collect();
    if problems.is_empty() {
        return Ok(());
    }
    Err(Complaint::bad_input(problems.join("\n")))
}

/// Comes with the first SIGINT or SIGTERM. Without a handler the process ends on the signal itself.
async fn told_to_stop() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        let _ = tokio::signal::ctrl_c().await;
        return;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}

/// Answers a request for a session.
async fn session(
    State(server): State<Arc<Server>>,
    uri: Uri,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    let request = match SessionRequest::from_uri(&uri) {
        Ok(request) => request,
        Err(problem) => return refuse(StatusCode::BAD_REQUEST, &problem.to_string()),
    };
    let admitted = match admit(&server, &request.target, &uri, &headers).await {
        Ok(admitted) => admitted,
        Err(refused) => return refused,
    };
    let (agent, place) = match take_place(&server, &admitted).await {
        Ok(taken) => taken,
        Err(refusal) => return refuse_as(&refusal),
    };
    let Ok(permit) = server.calls.clone().try_acquire_owned() else {
        let status = StatusCode::SERVICE_UNAVAILABLE;
        let busy = Refusal::new(status, "busy", EVERY_LINE_BUSY);
        return refuse_as(&busy.after(Duration::from_secs(5)));
    };
    let limits = server.settings.limits;
    let rate = request.rate;
    serve_session(upgrade, rate, limits, move |start| {
        let asked = Asked {
            admitted,
            agent,
            place,
            rate,
            lead: server.settings.lead,
            permit,
            carried: CallDocument {
                transport: TRANSPORT.into(),
                ..CallDocument::default()
            },
        };
        open(server, asked, start)
    })
}

/// A session that was asked for and let in.
struct Asked {
    admitted: Admitted,
    agent: Agent,
    place: CallPlace,
    rate: offhook_media::SampleRate,
    lead: Duration,
    permit: OwnedSemaphorePermit,
    /// What is known of what carries it.
    carried: CallDocument,
}

/// Opens the session of a client that has begun.
async fn open(
    server: Arc<Server>,
    mut asked: Asked,
    mut start: SessionStart,
) -> Result<OpenedSession, SessionRefusal> {
    let Admitted {
        agent: answering,
        workspace,
        settled,
    } = asked.admitted;
    let mut agent = asked.agent;
    let (near, far_end) = leg(LegDescription {
        transport: asked.carried.transport.clone(),
        rate: asked.rate,
        lead: asked.lead,
    });
    let settled = settled.map_or_else(Settled::anew, Ok);
    let settled = settled.map_err(|problem| cannot_begin(&problem.to_string()))?;
    let call_id = settled.call_id.clone();
    // What was settled is not for the page to change.
    start.variables.extend(settled.variables);
    let (from, to) = settled.numbers;
    asked.carried.from_number = from.or(asked.carried.from_number);
    asked.carried.to_number = to.or(asked.carried.to_number);
    let placed = placed_calls::carry_on(&mut asked.carried, settled.placed);
    let (agent_id, agent_revision) = answering.identity();
    let tenant = server.api.store().workspace(&workspace);
    let taught = server.api.teach(&tenant, &mut agent).await;
    taught.map_err(|refusal| cannot_begin(&refusal.message))?;
    let new = NewCall {
        id: call_id.clone(),
        workspace,
        agent: agent_id.to_owned(),
        agent_revision,
        place: asked.place,
        document: CallDocument {
            metadata: settled.metadata,
            ..document(&server, agent.name(), &start, asked.carried)
        },
        keeping: Keeping::new(agent.records()),
    };
    let is_recorded = agent.is_recorded();
    let providers = stages(&server, &tenant, &agent, &start).await?;
    let (mut hosted, lines) = HostedCall::new(&server.api, server.records.clone(), new);
    hosted.close_outside_hours(&mut agent, &start.variables);
    let setup = CallSetup {
        call_id: call_id.clone(),
        persona: placed_calls::persona(agent, start.variables, placed.is_some()),
        leg: near,
        providers,
        log: Some(lines.log),
        control: lines.control,
    };
    let session = Session::open(setup).await;
    let mut session = session.map_err(|problem| cannot_begin(&chain(&problem)))?;
    session.expect_legs(lines.legs);
    let recording = is_recorded.then(|| {
        let file = format!("{call_id}.wav");
        let (tape, done) = server.recorder.tape(&file, asked.rate);
        session.record_on(tape);
        RunningRecording { file, done }
    });
    let call = hosted.begin(session, recording);
    tokio::spawn(hold(server, call, asked.permit, placed));
    Ok(OpenedSession {
        call_id,
        lead: asked.lead,
        far_end,
    })
}

/// The stages of a call with the agent.
async fn stages(
    server: &Server,
    tenant: &Workspace,
    agent: &Agent,
    start: &SessionStart,
) -> Result<Providers, SessionRefusal> {
    let brought = Brought::to(agent, &start.variables);
    let providers = server.api.providers_of(tenant, agent.models(), brought);
    let providers = providers.await;
    providers.map_err(|refusal| cannot_begin(&refusal.message))
}

/// What is wrong is for the log; who calls is told no more than that.
fn cannot_begin(problem: &str) -> SessionRefusal {
    tracing::error!(problem, "a call cannot begin");
    SessionRefusal::Unavailable("the call cannot begin now; see the server's log".to_owned())
}

/// Runs a call to its end; its line is free then, and a carrier that was asked for it ends it too.
async fn hold(
    server: Arc<Server>,
    call: RunningCall,
    line: OwnedSemaphorePermit,
    placed: Option<PlacedCall>,
) {
    let record = call.hold().await;
    drop(line);
    if let Some(placed) = placed {
        server.api.end_placed(&placed).await;
    }
    let Some(record) = record else { return };
    tracing::info!(
        call_id = record.call_id,
        duration_ms = record.duration.as_millis() as u64,
        turns = record.turns.len(),
        underruns = record.pacing.underruns,
        ended = record.ended_name(),
        "a call ended"
    );
}

/// What is known of a session's call when it begins.
fn document(
    server: &Server,
    agent_name: &str,
    start: &SessionStart,
    carried: CallDocument,
) -> CallDocument {
    let variables = start.variables.iter();
    CallDocument {
        agent_name: Some(agent_name.to_owned()),
        direction: carried.direction.clone().or(Some("inbound".into())),
        node: Some(server.node.name.clone()),
        variables: variables
            .map(|(name, value)| (name.clone(), Value::from(value.as_str())))
            .collect(),
        ..carried
    }
}

fn refuse_as(refusal: &Refusal) -> Response {
    let mut response = refuse(refusal.status, &refusal.message);
    if let Some(after) = refusal.retry_after {
        let seconds = after.as_secs_f64().ceil() as u64;
        response.headers_mut().insert("retry-after", seconds.into());
    }
    response
}

fn refuse(status: StatusCode, problem: &str) -> Response {
    let body = serde_json::json!({ "error": { "code": status.as_u16(), "message": problem } });
    (status, axum::Json(body)).into_response()
}
