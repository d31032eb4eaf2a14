//! Trillet's calls from a browser: those that the holder of a key asks for, and those that anybody may
//! begin with an agent whose flow is open to the public.

use std::time::Instant;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use axum::{Extension, Json, Router};
use offhook_store::{Role, StoreError};
use serde_json::{Value, json};

use super::routes::{DOOR, check_workspace};
use super::telephony::{kind, needed};
use super::{DIALECT, calls};
use crate::dialect::field::{Acts, Field, Kind, field, map, name, word};
use crate::dialect::objects::ObjectKind;
use crate::web_calls::{self, WebCallWishes};
use crate::{Access, Api, Refusal, RequestId, read_json};

const SESSIONS: Acts = Acts::Later("browser calls");
const WEB: Acts = Acts::Here("shapes the call that a page may begin");
/// What a page elsewhere may send.
const CROSS_ORIGIN: [(HeaderName, HeaderValue); 3] = [
    (
        header::ACCESS_CONTROL_ALLOW_ORIGIN,
        HeaderValue::from_static("*"),
    ),
    (
        header::ACCESS_CONTROL_ALLOW_METHODS,
        HeaderValue::from_static("POST"),
    ),
    (
        header::ACCESS_CONTROL_ALLOW_HEADERS,
        HeaderValue::from_static("content-type, x-workspace-id, x-api-key"),
    ),
];

pub(super) static WEB_CALL: ObjectKind = kind("trillet.web-call", "call", WEB_CALL_FIELDS);

const WEB_CALL_FIELDS: &[Field] = &[
    name("agentId").acts(WEB),
    name("call_agent_id").acts(WEB),
    word("mode", &["voice", "text"])
        .default("\"voice\"")
        .acts(SESSIONS),
    map("dynamic_variables").or_null().acts(WEB),
    field("callback_url", Kind::Https { max: 2_048 })
        .or_null()
        .acts(SESSIONS),
];

type Answer = Result<Json<Value>, Refusal>;

pub(super) fn routes() -> Router<Api> {
    Router::new().route("/calls/web/connect", post(connect))
}

/// The route that no key is needed for, which therefore stands before the door.
pub(super) fn public_routes() -> Router<Api> {
    let preflight = async || (StatusCode::NO_CONTENT, CROSS_ORIGIN);
    Router::new().route("/web-call/public", post(public).options(preflight))
}

async fn connect(Extension(access): Extension<Access>, headers: HeaderMap, body: Bytes) -> Answer {
    check_workspace(&access, &headers)?;
    let body = asked(&headers, &body)?;
    promise(&access, &body, &headers).await
}

async fn public(State(api): State<Api>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let answer = promise_in_public(&api, &uri, &headers, &body).await;
    let shaped = |refusal: Refusal| (DOOR.shape)(&refusal, &RequestId::of(&headers));
    let mut response = answer.map_or_else(shaped, Json::into_response);
    response.headers_mut().extend(CROSS_ORIGIN);
    response
}

async fn promise_in_public(api: &Api, uri: &Uri, headers: &HeaderMap, body: &Bytes) -> Answer {
    let body = asked(headers, body)?;
    let access = match api.access(DOOR.credentials, uri, headers).await {
        Ok(access) => {
            check_workspace(&access, headers)?;
            access.check(&Method::POST)?;
            access
        }
        Err(refusal) => public_access(api, &body).await?.ok_or(refusal)?,
    };
    let allowance = api.rates().take(access.rate_key(), Instant::now());
    if !allowance.is_granted {
        let message = "too many calls are asked for";
        let refusal = Refusal::new(StatusCode::TOO_MANY_REQUESTS, "rate_limited", message);
        return Err(refusal.after(allowance.next_in));
    }
    check_workspace(&access, headers)?;
    promise(&access, &body, headers).await
}

/// What anybody may do with the agent that the body names; `None` where that is nothing.
async fn public_access(api: &Api, body: &Value) -> Result<Option<Access>, Refusal> {
    let id = needed(body, AGENT)?;
    let workspace = match api.store().workspace_of_agent(id).await {
        Ok(workspace) => workspace,
        Err(StoreError::NotFound(_)) => return Ok(None),
        Err(problem) => return Err(problem.into()),
    };
    let is_public = calls::is_public(&workspace.agent(id).await?);
    Ok(is_public.then(|| Access {
        workspace,
        role: Role::Editor,
        key: Some(format!("public {id}")),
        dialect: Some(DIALECT.name.to_owned()),
    }))
}

/// Names of the field for the agent.
const AGENT: [&str; 2] = ["call_agent_id", "agentId"];

fn asked(headers: &HeaderMap, body: &Bytes) -> Result<Value, Refusal> {
    let body = read_json(headers, body)?;
    WEB_CALL.check(&body, false)?;
    Ok(body)
}

/// The call waits for the raw WebSocket at `url`: there is no room of `WebRTC`.
async fn promise(access: &Access, body: &Value, headers: &HeaderMap) -> Answer {
    let agent = needed(body, AGENT)?;
    let wishes = WebCallWishes {
        variables: body["dynamic_variables"].as_object(),
        ..WebCallWishes::default()
    };
    let promised = web_calls::promise(access, agent, &wishes, headers).await?;
    Ok(Json(json!({
        "token": promised.token,
        "roomName": promised.call_id,
        "callId": promised.call_id,
        "agent": { "_id": promised.agent.id, "name": promised.agent.name() },
        "url": promised.url,
    })))
}
