//! Transfers, as their carriers ask about both sides: below the address of the other side's call
//! `…/join` once it has heard what it is told, `…/caller` for the caller's call that was turned there,
//! `…/dialled` once a call is over that the carrier placed by itself, and `…/dial-status` meanwhile.
//! Each is signed by the carrier.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use offhook_api::{CallNews, CallStage, PlacedCall, TransferStep};
use offhook_carriers::{Answer, Carrier, Dial, Handover, Webhook, WebhookProblem};

use super::{BASE, Named, Told, news, stage};
use crate::serve::carriers::{stream_url, told as as_told};
use crate::serve::{Server, media_stream, refuse_as};

/// The routes of transfers.
pub(super) fn routes() -> Router<Arc<Server>> {
    Router::new()
        .route(&format!("{BASE}/join"), post(join))
        .route(&format!("{BASE}/caller"), post(caller))
        .route(&format!("{BASE}/dialled"), post(dialled))
        .route(&format!("{BASE}/dial-status"), post(dial_status))
}

/// Where the caller's call is turned to, below the address of the other side's.
pub(in crate::serve) const CALLER: &str = "caller";

async fn join(
    State(server): State<Arc<Server>>,
    named: Named,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Response> {
    let told = Told::read_as(&server, named, &uri, &headers, &body, of_address).await?;
    let (carrier, base) = (told.carrier, told.base);
    let Some((placed, _)) = told.call else {
        return Ok(document(carrier, &base, &TransferStep::HangUp));
    };
    let step = server.api.join_other_side(&placed).await;
    let step = step.map_err(|refusal| refuse_as(&refusal))?;
    Ok(document(carrier, &base, &step))
}

async fn caller(
    State(server): State<Arc<Server>>,
    named: Named,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Response> {
    let told = Told::read_as(&server, named, &uri, &headers, &body, of_address).await?;
    let (carrier, base) = (told.carrier, told.base);
    let Some((placed, _)) = told.call else {
        return Ok(document(carrier, &base, &TransferStep::HangUp));
    };
    let step = server.api.take_caller(&placed).await;
    let step = step.map_err(|refusal| refuse_as(&refusal))?;
    Ok(document(carrier, &base, &step))
}

async fn dialled(
    State(server): State<Arc<Server>>,
    named: Named,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Response> {
    let read = Carrier::dialled;
    let told = Told::read_as(&server, named, &uri, &headers, &body, read).await?;
    let (carrier, base) = (told.carrier, told.base);
    let Some((mut placed, came)) = told.call else {
        return Ok(match carrier.tells_where_it_asks() {
            // It may do already what it was told as the last thing.
            true => StatusCode::NO_CONTENT.into_response(),
            false => document(carrier, &base, &TransferStep::HangUp),
        });
    };
    if !came.is_over {
        let news = CallNews {
            id: came.id.as_deref().unwrap_or_default(),
            stage: stage(came.stage),
            answered_by: None,
            is_recording: false,
        };
        let noted = server.api.note_news(&mut placed, news).await;
        noted.map_err(|refusal| refuse_as(&refusal))?;
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let stage = stage(came.stage).unwrap_or(CallStage::Failed);
    let step = server
        .api
        .dialled_other_side(&placed, stage, came.is_caller_gone)
        .await;
    let step = step.map_err(|refusal| refuse_as(&refusal))?;
    if let TransferStep::Return { token } = &step {
        let path = media_stream::path(carrier.name());
        let answer = Answer::Stream {
            url: &stream_url(told.public_url, &path),
            token,
            call_id: "",
            audio: server.settings.telephony.audio(carrier),
        };
        return Ok(as_told(carrier.document(&answer)));
    }
    Ok(document(carrier, &base, &step))
}

/// How a call goes that the carrier called by itself.
async fn dial_status(
    State(server): State<Arc<Server>>,
    named: Named,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Response> {
    let read = Carrier::dial_progress;
    let told = Told::read_as(&server, named, &uri, &headers, &body, read).await?;
    let (carrier, is_up) = (told.carrier, told.call.is_some());
    if let Some((mut placed, progress)) = told.call {
        let noted = server.api.note_news(&mut placed, news(&progress)).await;
        noted.map_err(|refusal| refuse_as(&refusal))?;
    }
    Ok(match carrier.goes_on() {
        Some(document) if is_up => as_told(document),
        Some(_) => as_told(carrier.document(&Answer::HangUp)),
        None => StatusCode::NO_CONTENT.into_response(),
    })
}

/// What is asked in the name of the call alone: not each carrier says more.
fn of_address(_: Carrier, _: &Webhook<'_>) -> Result<(), WebhookProblem> {
    Ok(())
}

/// The other side has answered.
pub(super) async fn answer(
    server: &Server,
    carrier: Carrier,
    base: &str,
    placed: &mut PlacedCall,
    id: &str,
) -> Result<Response, Response> {
    let step = server.api.answer_other_side(placed, id).await;
    let step = step.map_err(|refusal| refuse_as(&refusal))?;
    Ok(document(carrier, base, &step))
}

/// What the carrier is told; `base` is the address of the other side's call.
fn document(carrier: Carrier, base: &str, step: &TransferStep) -> Response {
    as_told(match step {
        TransferStep::Say(text) => carrier.handover(&Handover::Say {
            text,
            next_url: &format!("{base}/join"),
        }),
        TransferStep::Join(conference) => carrier.handover(&Handover::Join { conference }),
        TransferStep::Dial {
            from,
            to,
            ring_max_s,
            duration_max_s,
        } => carrier.handover(&Handover::Dial(Dial {
            from,
            to,
            ring_max_s: *ring_max_s,
            duration_max_s: *duration_max_s,
            next_url: &format!("{base}/dialled"),
            status_url: &format!("{base}/dial-status"),
        })),
        // Who comes back is given a stream.
        TransferStep::Return { .. } | TransferStep::HangUp => carrier.document(&Answer::HangUp),
    })
}
