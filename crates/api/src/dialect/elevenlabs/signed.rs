//! Addresses and tokens that let somebody without a key begin one conversation.

use axum::extract::Query;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::routing::get;
use axum::{Extension, Json, Router};
use serde_json::json;

use super::admission;
use super::listing::{asked, is_asked};
use super::routes::Answer;
use crate::dialect::agents::invalid;
use crate::dialect::problem::{Problem, ProblemKind};
use crate::dialect::query::Fields;
use crate::{Access, Api, Refusal};
use axum::extract::OriginalUri;

pub(super) fn routes() -> Router<Api> {
    Router::new()
        .route("/conversation/get-signed-url", get(signed_url))
        .route("/conversation/get_signed_url", get(signed_url))
        .route("/conversation/token", get(token))
}

/// The address of the WebSocket, as it is reached from where this request came, with a token.
async fn signed_url(
    Extension(access): Extension<Access>,
    Query(fields): Fields,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
) -> Answer {
    let agent = agent_in(&fields)?;
    let (token, conversation) = admission::issue(&access, agent).await?;
    let mut address = format!(
        "{}?agent_id={agent}&conversation_signature={token}",
        socket(&uri, &headers)?
    );
    if is_asked(&fields, "include_conversation_id") {
        address.push_str(&format!("&conversation_id={conversation}"));
    }
    Ok(Json(json!({ "signed_url": address })))
}

/// A token by itself: for the same WebSocket, as its `token`. There is no WebRTC here.
async fn token(Extension(access): Extension<Access>, Query(fields): Fields) -> Answer {
    let (token, conversation) = admission::issue(&access, agent_in(&fields)?).await?;
    Ok(Json(
        json!({ "token": token, "conversation_id": conversation }),
    ))
}

fn agent_in(fields: &[(String, String)]) -> Result<&str, Refusal> {
    asked(fields, "agent_id")
        .filter(|id| !id.is_empty())
        .ok_or_else(|| {
            let problem = Problem::at("?agent_id", ProblemKind::Missing, "Field required");
            invalid(vec![problem])
        })
}

/// `wss` where a proxy in front says that it was reached by `https`.
fn socket(uri: &Uri, headers: &HeaderMap) -> Result<String, Refusal> {
    let text = |name: &str| headers.get(name).and_then(|it| it.to_str().ok());
    let host = text("x-forwarded-host").or_else(|| text(header::HOST.as_str()));
    let host = host.or_else(|| uri.authority().map(|it| it.as_str()));
    let Some(host) = host else {
        let message = "the request names no Host, which the address would lead to";
        return Err(Refusal::new(StatusCode::BAD_REQUEST, "malformed", message));
    };
    let is_secure = text("x-forwarded-proto").is_some_and(|it| it.starts_with("https"));
    let scheme = if is_secure { "wss" } else { "ws" };
    let path = uri.path().rsplit_once('/').map_or("", |(path, _)| path);
    Ok(format!("{scheme}://{host}{path}"))
}
