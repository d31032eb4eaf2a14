//! ElevenLabs' routes below `/v1/convai`, and ThreeTone's below `/v1/voiceai`.

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use offhook_store::{NewAgent, StoredAgent};
use serde_json::{Value, json};

use super::hold_audio;
use super::{
    DIALECT, batches, conversations, document, knowledge, monitor, numbers, outbound,
    pronunciations, secrets, settings, signed, simulation, tools, webhooks, widget,
};
use crate::dialect::agents::{self, shown};
use crate::dialect::query::{Fields, Paging, page};
use crate::dialect::{detail, path};
use crate::json_body::JsonBody;
use crate::{Access, Api, Credential, Door, Refusal, RequestId, guarded, read_json};

/// Where clients put their key.
pub(super) const CREDENTIALS: [Credential; 3] = [
    Credential::Header("xi-api-key"),
    Credential::Header("x-api-key"),
    Credential::Bearer,
];

static DOOR: Door = Door {
    credentials: &CREDENTIALS,
    // Files; the framework itself takes no more than 2 MB of JSON.
    body_bytes_max: 21 << 20,
    shape,
};

pub(super) const PAGING: Paging = Paging {
    limit: "page_size",
    limit_default: 30,
    limit_max: 100,
    is_capped: false,
};

/// The routes below the prefix.
pub(crate) fn routes(api: &Api) -> Router<Api> {
    let routes = Router::new()
        .route("/agents/create", post(create))
        .route("/agents", get(list))
        .route("/agents/{id}", get(show).patch(update).delete(delete))
        .route("/agents/{id}/duplicate", post(duplicate))
        .route("/agents/{id}/link", get(link))
        .route("/conversations/{id}/monitor", get(monitor::monitor))
        .merge(batches::routes())
        .merge(conversations::routes())
        .merge(knowledge::routes())
        .merge(numbers::routes())
        .merge(outbound::routes())
        .merge(secrets::routes())
        .merge(settings::routes())
        .merge(signed::routes())
        .merge(simulation::routes())
        .merge(tools::routes())
        .merge(widget::routes());
    let uploads = Router::new()
        .route("/knowledge-base/file", post(document::upload))
        .layer(DefaultBodyLimit::disable())
        .merge(hold_audio::routes());
    guarded(routes.merge(uploads), api, &DOOR)
}

/// The routes of the workspace, below `/v1/workspace`.
pub(crate) fn workspace_routes(api: &Api) -> Router<Api> {
    guarded(webhooks::routes(), api, &DOOR)
}

/// The routes of pronunciation dictionaries, below `/v1/pronunciation-dictionaries`.
pub(crate) fn dictionary_routes(api: &Api) -> Router<Api> {
    guarded(pronunciations::routes(), api, &DOOR)
}

/// What most routes answer.
pub(super) type Answer = Result<Json<Value>, Refusal>;

async fn create(
    State(api): State<Api>,
    Extension(access): Extension<Access>,
    JsonBody(body): JsonBody,
) -> Result<Json<Value>, Refusal> {
    let agent = agents::create(&api, &access, &DIALECT, &body).await?;
    Ok(Json(json!({ "agent_id": agent.id })))
}

async fn list(
    Extension(access): Extension<Access>,
    Query(fields): Fields,
) -> Result<Json<Value>, Refusal> {
    let page = access.workspace.agents(&page(&fields, &PAGING)?).await?;
    let agents: Vec<Value> = page.items.iter().map(line).collect();
    let next = page.next.map(|cursor| cursor.to_string());
    Ok(Json(json!({
        "agents": agents,
        "has_more": next.is_some(),
        "next_cursor": next,
    })))
}

async fn show(
    Extension(access): Extension<Access>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Refusal> {
    Ok(Json(whole(access.workspace.agent(&id).await?)))
}

async fn update(
    State(api): State<Api>,
    Extension(access): Extension<Access>,
    Path(id): Path<String>,
    JsonBody(body): JsonBody,
) -> Result<Json<Value>, Refusal> {
    let agent = agents::update(&api, &access, &DIALECT, &id, &body).await?;
    Ok(Json(whole(agent)))
}

async fn delete(
    Extension(access): Extension<Access>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Refusal> {
    agents::delete(&access.workspace, &DIALECT, &id).await?;
    Ok(Json(json!({})))
}

/// Another agent with the same documents, in every dialect.
async fn duplicate(
    State(api): State<Api>,
    Extension(access): Extension<Access>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, Refusal> {
    let body = if body.is_empty() {
        json!({})
    } else {
        read_json(&headers, &body)?
    };
    let agent = access.workspace.agent(&id).await?;
    let name = body["name"].as_str().map(str::to_owned);
    let name = name.unwrap_or_else(|| format!("{} (copy)", agent.name()));
    let stored = agents::stored(agent);
    let change = json!({ "name": name });
    let draft = DIALECT
        .read(&change, Some(&stored))
        .map_err(agents::invalid)?;
    let mut dialects = stored.dialects;
    dialects.insert(DIALECT.name.to_owned(), draft.own);
    let new = NewAgent {
        document: draft.document,
        dialects,
    };
    crate::read_agent(&new.document, &api.settings().served)?;
    let copy = access.workspace.create_agent(new).await?;
    Ok(Json(json!({ "agent_id": copy.id })))
}

/// Where a public agent is talked to; a token is only for agents that ask for one.
async fn link(
    Extension(access): Extension<Access>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Refusal> {
    let agent = access.workspace.agent(&id).await?;
    Ok(Json(json!({ "agent_id": agent.id, "token": null })))
}

/// An agent as it stands in a list.
fn line(agent: &StoredAgent) -> Value {
    let own = agent.dialects.get(DIALECT.name);
    let own = |field: &str| own.and_then(|own| path::at(own, field)).cloned();
    json!({
        "agent_id": agent.id,
        "name": agent.name(),
        "voice_id": own("conversation_config.tts.voice_id")
            .unwrap_or_else(|| agent.document["voice"]["id"].clone()),
        "tags": own("tags").filter(Value::is_array).unwrap_or(json!([])),
        "created_at_unix_secs": agent.created_at_ms / 1_000,
        "updated_at_unix_secs": agent.updated_at_ms / 1_000,
        "access_info": access_info(),
        "last_call_time_unix_secs": null,
        "archived": own("platform_settings.archived").unwrap_or(json!(false)),
    })
}

/// An agent in full.
fn whole(agent: StoredAgent) -> Value {
    let (id, name) = (agent.id.clone(), agent.name().to_owned());
    let metadata = json!({
        "created_at_unix_secs": agent.created_at_ms / 1_000,
        "updated_at_unix_secs": agent.updated_at_ms / 1_000,
    });
    let mut shown = shown(&DIALECT, agent);
    shown["agent_id"] = json!(id);
    if shown["name"].is_null() {
        shown["name"] = json!(name);
    }
    shown["metadata"] = metadata;
    shown["access_info"] = access_info();
    shown["phone_numbers"] = json!([]);
    shown
}

pub(super) fn access_info() -> Value {
    json!({
        "is_creator": true,
        "creator_name": "workspace",
        "creator_email": "",
        "role": "admin",
    })
}

/// Problems with fields as a list; anything else as a status word and a message.
fn shape(refusal: &Refusal, id: &RequestId) -> Response {
    if !refusal.problems.is_empty() {
        return detail::shape(refusal, id);
    }
    let status = match refusal.code {
        "unauthorized" => "invalid_api_key",
        "not_found" => "document_not_found",
        code => code,
    };
    let body = json!({ "detail": { "status": status, "message": refusal.message } });
    (refusal.status, Json(body)).into_response()
}
