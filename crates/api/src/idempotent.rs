//! `Idempotency-Key`: a write that is sent twice is done once, and answered twice.

use std::future::Future;

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::Response;
use offhook_store::{Answer, Idempotency, Workspace};
use sha2::{Digest as _, Sha256};

use crate::Refusal;

const KEY_CHARS_MAX: usize = 255;

/// Answers above this size are given once and not kept.
const ANSWER_BYTES_MAX: usize = 4 << 20;

/// Headers that belong to what is answered; the others belong to the exchange.
const KEPT: [header::HeaderName; 3] = [header::CONTENT_TYPE, header::ETAG, header::LOCATION];

/// The key of a write that has one.
pub(crate) fn key(method: &Method, headers: &HeaderMap) -> Result<Option<String>, Refusal> {
    let is_write = matches!(
        *method,
        Method::POST | Method::PUT | Method::PATCH | Method::DELETE
    );
    let Some(key) = headers.get("idempotency-key").filter(|_| is_write) else {
        return Ok(None);
    };
    match key.to_str() {
        Ok(key) if (1..=KEY_CHARS_MAX).contains(&key.len()) => Ok(Some(key.to_owned())),
        _ => {
            let message = "an Idempotency-Key has 1 to 255 characters of ASCII";
            Err(Refusal::new(StatusCode::BAD_REQUEST, "malformed", message))
        }
    }
}

/// Tells this request from any other.
pub(crate) fn fingerprint(method: &Method, uri: &Uri, body: &[u8]) -> String {
    let mut digest = Sha256::new();
    digest.update(format!("{method} {uri}\n"));
    digest.update(body);
    digest
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Does `work` unless the request was done before. What failed on our side may be tried again.
pub(crate) async fn once(
    workspace: &Workspace,
    key: &str,
    fingerprint: &str,
    work: impl Future<Output = Response>,
) -> Result<Response, Refusal> {
    match workspace.begin_idempotent(key, fingerprint).await? {
        Idempotency::New => {}
        Idempotency::Done(answer) => return replayed(answer),
        Idempotency::AtWork => {
            let message = "a request with this Idempotency-Key is at work";
            let refusal = Refusal::new(StatusCode::CONFLICT, "at_work", message);
            return Err(refusal.after(std::time::Duration::from_secs(1)));
        }
        Idempotency::Mismatch => {
            let message = "another request had this Idempotency-Key";
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            return Err(Refusal::new(status, "idempotency_mismatch", message));
        }
    }
    let response = work.await;
    if is_stream(&response) {
        give_up(workspace, key).await;
        return Ok(response);
    }
    // A refusal has no body yet: what is wrong with the request will be found wrong again.
    let is_final = response.status().is_success();
    let (head, body) = response.into_parts();
    let body = to_bytes(body, ANSWER_BYTES_MAX).await.map_err(|_| {
        let message = "the answer cannot be kept under its Idempotency-Key";
        Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", message)
    })?;
    let text = std::str::from_utf8(&body).ok().filter(|_| is_final);
    let kept = match text {
        Some(text) => {
            let answer = Answer {
                status: head.status.as_u16(),
                headers: kept_headers(&head.headers),
                body: text.to_owned(),
            };
            workspace.finish_idempotent(key, &answer).await
        }
        None => workspace.give_up_idempotent(key).await,
    };
    if let Err(problem) = kept {
        tracing::warn!(%problem, "an answer is not kept under its idempotency key");
    }
    Ok(Response::from_parts(head, Body::from(body)))
}

/// Whether an answer comes in pieces, or is sound: such a one is given once and not kept, and what
/// asked for it changed nothing.
fn is_stream(response: &Response) -> bool {
    let kind = response.headers().get(header::CONTENT_TYPE);
    let kind = kind.map_or(&b""[..], HeaderValue::as_bytes);
    kind.starts_with(b"text/event-stream") || kind.starts_with(b"audio/")
}

async fn give_up(workspace: &Workspace, key: &str) {
    if let Err(problem) = workspace.give_up_idempotent(key).await {
        tracing::warn!(%problem, "an idempotency key stays taken");
    }
}

fn kept_headers(headers: &HeaderMap) -> Vec<(String, String)> {
    let kept = KEPT.iter().filter_map(|name| {
        let value = headers.get(name)?.to_str().ok()?;
        Some((name.to_string(), value.to_owned()))
    });
    kept.collect()
}

fn replayed(answer: Answer) -> Result<Response, Refusal> {
    let mut response = Response::builder().status(answer.status);
    for (name, value) in &answer.headers {
        response = response.header(name, value);
    }
    response
        .header("idempotent-replayed", HeaderValue::from_static("true"))
        .body(Body::from(answer.body))
        .map_err(|problem| {
            tracing::error!(%problem, "an answer that was kept cannot be given");
            let message = "the answer that was kept cannot be given";
            Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", message)
        })
}
