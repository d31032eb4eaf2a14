//! Calls that agents have placed, as their carriers ask and tell of them: `POST
//! /v1/carriers/NAME/calls/WORKSPACE/ORDER/answer` once somebody answers, and `…/status` for how the
//! call goes. Both are signed by the carrier.

mod transfers;

use std::sync::Arc;
use std::time::SystemTime;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use axum::routing::post;
use offhook_agent::{Agent, CallVariables};
use offhook_api::calls::CallDocument;
use offhook_api::{CallNews, CallStage, PlacedAnswer, PlacedCall};
use offhook_call::Persona;
use offhook_carriers::{Answer, AnsweredBy, Carrier, Progress, Stage, Webhook, WebhookProblem};
use offhook_store::now_ms;

use super::admission::Settled;
use super::carriers::{NotSigned, pairs, served, stream_url, told};
use super::{Server, media_stream, refuse, refuse_as};

pub(super) use transfers::CALLER;

/// A carrier, a workspace and an order, as an address names them.
type Named = Path<(String, String, String)>;

/// The address of a call that was placed.
const BASE: &str = "/v1/carriers/{carrier}/calls/{workspace}/{order}";

/// The routes of calls that were placed.
pub(super) fn routes() -> Router<Arc<Server>> {
    Router::new()
        .route(&format!("{BASE}/answer"), post(answer))
        .route(&format!("{BASE}/status"), post(status))
        .merge(transfers::routes())
}

async fn answer(
    State(server): State<Arc<Server>>,
    named: Named,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Response> {
    let asked = Told::read(&server, named, &uri, &headers, &body).await?;
    let (carrier, public_url) = (asked.carrier, asked.public_url);
    let Some((mut placed, progress)) = asked.call else {
        return Ok(told(carrier.document(&Answer::HangUp)));
    };
    if placed.is_transfer() {
        let id = &progress.id;
        return transfers::answer(&server, carrier, &asked.base, &mut placed, id).await;
    }
    let answered = server.api.answer_placed(&mut placed, &progress.id).await;
    let answered = answered.map_err(|refusal| refuse_as(&refusal))?;
    let url = stream_url(public_url, &media_stream::path(carrier.name()));
    Ok(told(carrier.document(&match &answered {
        PlacedAnswer::Talk { token } => Answer::Stream {
            url: &url,
            token,
            call_id: &progress.id,
            audio: server.settings.telephony.audio(carrier),
        },
        PlacedAnswer::HangUp => Answer::HangUp,
    })))
}

async fn status(
    State(server): State<Arc<Server>>,
    named: Named,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, Response> {
    let read = |carrier: Carrier, webhook: &Webhook<'_>| match carrier.is_of_stream(webhook) {
        true => Ok(None),
        false => carrier.progress(webhook).map(Some),
    };
    let told = Told::read_as(&server, named, &uri, &headers, &body, read).await?;
    if let Some((mut placed, Some(progress))) = told.call {
        let noted = server.api.note_news(&mut placed, news(&progress)).await;
        noted.map_err(|refusal| refuse_as(&refusal))?;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// What a carrier tells, for the record.
pub(super) fn news(progress: &Progress) -> CallNews<'_> {
    CallNews {
        id: &progress.id,
        stage: progress.stage.and_then(stage),
        answered_by: progress.answered_by.map(|it| it.name()),
        is_recording: progress.answered_by == Some(AnsweredBy::MachineRecording),
    }
}

/// What may change the record of a call.
const fn stage(stage: Stage) -> Option<CallStage> {
    Some(match stage {
        Stage::Queued => return None,
        Stage::Answered => CallStage::Answered,
        Stage::Ringing => CallStage::Ringing,
        Stage::Completed => CallStage::Completed,
        Stage::Busy => CallStage::Busy,
        Stage::NoAnswer => CallStage::NoAnswer,
        Stage::Failed => CallStage::Failed,
        Stage::Cancelled => CallStage::Cancelled,
    })
}

/// What a carrier has told, signed.
struct Told<'s, T = Progress> {
    carrier: Carrier,
    public_url: &'s str,
    /// The address of the call.
    base: String,
    /// `None` where the call is over: nothing is done then, whoever asks.
    call: Option<(PlacedCall, T)>,
}

impl<'s> Told<'s> {
    /// Reads how a call goes.
    async fn read(
        server: &'s Server,
        named: Named,
        uri: &Uri,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<Self, Response> {
        Self::read_as(server, named, uri, headers, body, Carrier::progress).await
    }
}

impl<'s, T> Told<'s, T> {
    /// Reads what `read` reads.
    async fn read_as(
        server: &'s Server,
        Path((carrier, workspace, order)): Named,
        uri: &Uri,
        headers: &HeaderMap,
        body: &[u8],
        read: impl Fn(Carrier, &Webhook<'_>) -> Result<T, WebhookProblem>,
    ) -> Result<Self, Response> {
        let (carrier, public_url) =
            served(server, &carrier).map_err(|(status, problem)| refuse(status, problem))?;
        let path = uri.path_and_query().map_or("/", |it| it.as_str());
        let webhook = Webhook {
            url: &format!("{public_url}{path}"),
            headers: &pairs(headers),
            body,
            now_s: now_ms() / 1_000,
        };
        let placed = server.api.placed_call(&workspace, &order).await;
        let placed = placed.map_err(|refusal| refuse_as(&refusal))?;
        let placed = placed.filter(|it| it.carrier() == carrier.name());
        let call = match placed {
            None => None,
            Some(placed) => {
                let key = server.api.account_key(&placed).await;
                let key = key.map_err(|refusal| refuse_as(&refusal))?;
                server
                    .carrier_keys
                    .verify(carrier, key.as_ref(), &webhook)
                    .map_err(NotSigned::response)?;
                let progress = read(carrier, &webhook)
                    .map_err(|problem| refuse(StatusCode::BAD_REQUEST, &problem.to_string()))?;
                Some((placed, progress))
            }
        };
        let base = BASE
            .replace("{carrier}", carrier.name())
            .replace("{workspace}", &workspace)
            .replace("{order}", &order);
        Ok(Self {
            base: format!("{public_url}{base}"),
            carrier,
            public_url,
            call,
        })
    }
}

/// A call that an agent has placed is its carrier's, whatever brings its audio.
pub(super) fn name_carrier(carried: &mut CallDocument, settled: Option<&Settled>) {
    if let Some((_, known)) = settled.and_then(|it| it.placed.as_ref()) {
        carried.transport.clone_from(&known.transport);
    }
}

/// A call that an agent has placed goes on: what is known of it stays. Gives its order.
pub(super) fn carry_on(
    carried: &mut CallDocument,
    placed: Option<(PlacedCall, CallDocument)>,
) -> Option<PlacedCall> {
    let (placed, known) = placed?;
    carried.direction = Some("outbound".into());
    carried.requested_at_ms = known.requested_at_ms;
    carried.ringing_at_ms = known.ringing_at_ms;
    carried.answered_by = known.answered_by;
    carried.other.extend(known.other);
    Some(placed)
}

/// The agent in a call that it has placed, or that somebody else has.
pub(super) fn persona(agent: Agent, variables: CallVariables, is_placed: bool) -> Persona {
    let persona = Persona::new(Arc::new(agent), variables).at(SystemTime::now());
    match is_placed {
        true => persona.calling(),
        false => persona,
    }
}
