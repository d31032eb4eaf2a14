//! The door of a set of routes: who may come in, how often and with how much; how what is refused
//! is answered; and one line of log for each request, with nothing in it that is personal.

use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};

use crate::rate_limit::Allowance;
use crate::{Access, Api, Credential, Refusal, RequestId, idempotent};

/// How long a body may take to arrive.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a request may take to begin its answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// How an API lets requests in and answers those that it refuses.
#[derive(Debug)]
pub struct Door {
    /// Where its clients put their key; the first that a request has counts.
    pub credentials: &'static [Credential],
    /// The largest body, in bytes.
    pub body_bytes_max: usize,
    /// Gives a refusal the API's own shape: status, headers, body.
    pub shape: fn(&Refusal, &RequestId) -> Response,
}

#[derive(Debug, Clone)]
struct Doorway {
    api: Api,
    door: &'static Door,
}

/// Puts a door before routes that stand beside others, which answer what is not found here.
pub fn guarded_beside(routes: Router<Api>, api: &Api, door: &'static Door) -> Router<Api> {
    let doorway = Doorway {
        api: api.clone(),
        door,
    };
    routes.layer(middleware::from_fn_with_state(doorway, pass))
}

/// Puts a door before `routes`. Behind it a request has extensions [`Access`] and [`RequestId`] and
/// all of its body, and a response that is a [`Refusal`] gets its shape on the way out.
pub fn guarded(routes: Router<Api>, api: &Api, door: &'static Door) -> Router<Api> {
    let routes = routes
        .fallback(async || Refusal::not_found("address"))
        .method_not_allowed_fallback(async || {
            let message = "this address does not take this method";
            Refusal::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "method_not_allowed",
                message,
            )
        });
    guarded_beside(routes, api, door)
}

async fn pass(State(doorway): State<Doorway>, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let id = RequestId::of(request.headers());
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let mut visit = Visit::default();
    let answer = doorway.answer(request, next, &id, &mut visit).await;
    let mut response = answer.unwrap_or_else(Refusal::into_response);
    if let Some(refusal) = refusal_in(&mut response) {
        let mut kept = std::mem::take(response.headers_mut());
        kept.remove(header::CONTENT_LENGTH);
        response = shaped(doorway.door, &refusal, &id);
        response.headers_mut().extend(kept);
    }
    let headers = response.headers_mut();
    headers.extend(id.header().map(|it| (RequestId::HEADER, it)));
    if let Some(allowance) = visit.allowance {
        tell_allowance(headers, &allowance);
    }
    let workspace = visit.access.as_ref().map(|it| it.workspace.id().as_str());
    tracing::info!(
        request_id = id.as_str(),
        %method,
        // The pattern, without the ids that stand in the path.
        route = route.as_ref().map_or("none", MatchedPath::as_str),
        status = response.status().as_u16(),
        duration_ms = began.elapsed().as_millis() as u64,
        workspace,
        key = visit.access.as_ref().and_then(|it| it.key.as_deref()),
        "request"
    );
    response
}

/// What is known of a request once it is answered.
#[derive(Default)]
struct Visit {
    access: Option<Access>,
    allowance: Option<Allowance>,
}

impl Doorway {
    async fn answer(
        &self,
        request: Request,
        next: Next,
        id: &RequestId,
        visit: &mut Visit,
    ) -> Result<Response, Refusal> {
        let (mut head, body) = request.into_parts();
        let access = self
            .api
            .access(self.door.credentials, &head.uri, &head.headers);
        let access = visit.access.insert(access.await?).clone();
        let allowance = self.api.rates().take(access.rate_key(), Instant::now());
        visit.allowance = Some(allowance);
        if !allowance.is_granted {
            let message = "too many requests with this key";
            let refusal = Refusal::new(StatusCode::TOO_MANY_REQUESTS, "rate_limited", message);
            return Err(refusal.after(allowance.next_in));
        }
        access.check(&head.method)?;
        let body = self.whole_body(&head.headers, body).await?;
        let request_of = |head, body: Bytes| Request::from_parts(head, Body::from(body));
        head.extensions.insert(access.clone());
        head.extensions.insert(id.clone());
        let key = idempotent::key(&head.method, &head.headers)?;
        let answer = async {
            match key {
                None => Ok(next.run(request_of(head, body)).await),
                Some(key) => {
                    let fingerprint = idempotent::fingerprint(&head.method, &head.uri, &body);
                    let work = next.run(request_of(head, body));
                    idempotent::once(&access.workspace, &key, &fingerprint, work).await
                }
            }
        };
        tokio::time::timeout(ANSWER_TIMEOUT, answer)
            .await
            .unwrap_or_else(|_| {
                let message = "the server took too long";
                let status = StatusCode::SERVICE_UNAVAILABLE;
                Err(Refusal::new(status, "timed_out", message).after(Duration::from_secs(1)))
            })
    }

    async fn whole_body(&self, headers: &HeaderMap, body: Body) -> Result<Bytes, Refusal> {
        let max = self.door.body_bytes_max;
        let too_large = || {
            let message = format!("the body is larger than {max} bytes");
            Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", message)
        };
        let declared = headers.get(header::CONTENT_LENGTH);
        let declared = declared.and_then(|it| it.to_str().ok()?.parse::<usize>().ok());
        if declared.is_some_and(|declared| declared > max) {
            return Err(too_large());
        }
        match tokio::time::timeout(BODY_TIMEOUT, to_bytes(body, max)).await {
            Ok(Ok(body)) => Ok(body),
            Ok(Err(problem)) if is_length_limit(&problem) => Err(too_large()),
            Ok(Err(_)) => {
                let message = "the body broke off";
                Err(Refusal::new(StatusCode::BAD_REQUEST, "malformed", message))
            }
            Err(_) => {
                let message = "the body took too long to arrive";
                Err(Refusal::new(
                    StatusCode::REQUEST_TIMEOUT,
                    "timed_out",
                    message,
                ))
            }
        }
    }
}

/// The limit hides behind the error that wraps it.
fn is_length_limit(problem: &axum::Error) -> bool {
    let mut cause = std::error::Error::source(problem);
    while let Some(problem) = cause {
        if problem.to_string().contains("length limit exceeded") {
            return true;
        }
        cause = problem.source();
    }
    false
}

/// What a response refuses: in our words, or in the framework's own, which come as plain text.
fn refusal_in(response: &mut Response) -> Option<Refusal> {
    if let Some(refusal) = response.extensions_mut().remove::<Refusal>() {
        return Some(refusal);
    }
    let kind = response.headers().get(header::CONTENT_TYPE);
    let is_plain = kind.is_some_and(|it| it.as_bytes().starts_with(b"text/plain"));
    let status = response.status();
    if !(is_plain && status.is_client_error()) {
        return None;
    }
    response.headers_mut().clear();
    Some(Refusal::new(
        status,
        "malformed",
        "the request is malformed",
    ))
}

/// What is refused, in the shape of its API, with the headers that every API has.
fn shaped(door: &Door, refusal: &Refusal, id: &RequestId) -> Response {
    let mut response = (door.shape)(refusal, id);
    let headers = response.headers_mut();
    if let Some(after) = refusal.retry_after {
        headers.insert(header::RETRY_AFTER, whole_seconds(after).into());
    }
    if refusal.status == StatusCode::UNAUTHORIZED {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

fn tell_allowance(headers: &mut HeaderMap, allowance: &Allowance) {
    headers.insert("x-ratelimit-limit", allowance.limit.into());
    headers.insert("x-ratelimit-remaining", allowance.remaining.into());
    headers.insert("x-ratelimit-reset", whole_seconds(allowance.full_in).into());
}

/// Rounded up: who waits that long does not come too early.
fn whole_seconds(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}
