//! ElevenLabs' webhooks of a workspace: where what happens in it is sent. Which of them is told of
//! calls, and what, the settings say, or an agent's own.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, patch};
use axum::{Extension, Json, Router};
use offhook_store::{StoredObject, Workspace, now_ms};
use serde_json::{Value, json};

use super::deliveries::{PLATFORM, POST_CALL};
use super::listing::agents_where;
use super::routes::Answer;
use super::{DIALECT, settings};
use crate::deliveries::{Health, health};
use crate::dialect::agents::{invalid, stored};
use crate::dialect::field::{
    Acts, Field, LISTED, NAMES, field, flag, list, map, name, section, word,
};
use crate::dialect::objects::ObjectKind;
use crate::dialect::problem::{Problem, ProblemKind};
use crate::dialect::{path, webhook};
use crate::json_body::JsonBody;
use crate::{Access, Api, Refusal};

/// As it is stored. Its address is `url`, as every platform's here.
pub(super) static WEBHOOK: ObjectKind = ObjectKind {
    name: "elevenlabs.webhook",
    id_prefix: "wh",
    title: "webhook",
    fields: STORED,
};

const STORED: &[Field] = &[
    name("name").required(),
    field("url", webhook::URL).required(),
    map("request_headers").or_null(),
    flag("is_disabled"),
    flag("retry_enabled"),
];

/// What a client sends to make one.
static NEW: ObjectKind = ObjectKind {
    name: "elevenlabs.new_webhook",
    fields: NEW_FIELDS,
    ..WEBHOOK
};

const SENT: Acts = Acts::Shown(
    "sends what is told of calls there, signed",
    "crates/api/tests/dialects/post_call.rs::a_workspaces_webhook_is_told_what_was_said",
);

pub(super) const NEW_FIELDS: &[Field] = &[
    section("settings").required(),
    word("settings.auth_type", &["hmac"]).required().acts(SENT),
    name("settings.name").required().acts(LISTED),
    field("settings.webhook_url", webhook::URL)
        .required()
        .acts(SENT),
    map("settings.request_headers").or_null().acts(SENT),
];

static CHANGE: ObjectKind = ObjectKind {
    name: "elevenlabs.webhook_change",
    fields: CHANGE_FIELDS,
    ..WEBHOOK
};

pub(super) const CHANGE_FIELDS: &[Field] = &[
    flag("is_disabled").required(),
    name("name").required(),
    flag("retry_enabled").or_null(),
    map("request_headers").or_null(),
    list("events", &NAMES).or_null(),
];

/// Below `/v1`, beside `/convai`.
pub(super) fn routes() -> Router<Api> {
    Router::new()
        .route("/webhooks", get(list_all).post(create))
        .route("/webhooks/{id}", patch(update).delete(delete))
}

async fn create(
    State(api): State<Api>,
    Extension(access): Extension<Access>,
    JsonBody(body): JsonBody,
) -> Answer {
    NEW.check(&body, false)?;
    let asked = &body["settings"];
    texts(&asked["request_headers"], "settings.request_headers")?;
    let new = json!({
        "name": asked["name"],
        "url": asked["webhook_url"],
        "request_headers": asked["request_headers"],
    });
    webhook::check_address(&api, "settings.webhook_url", &asked["webhook_url"])?;
    let (made, secret) = webhook::create(&api, &access.workspace, &WEBHOOK, new).await?;
    Ok(Json(
        json!({ "webhook_id": made.id, "webhook_secret": secret }),
    ))
}

/// Refuses headers that are no texts.
fn texts(headers: &Value, path: &str) -> Result<(), Refusal> {
    let headers = headers.as_object().into_iter().flatten();
    let wrong = headers.filter(|(name, value)| !is_header(name, value));
    let problems: Vec<Problem> = wrong
        .map(|(name, _)| {
            let message = "Input should be a header's name and a text without line breaks";
            Problem::at(&format!("{path}.{name}"), ProblemKind::Form, message)
        })
        .collect();
    if problems.is_empty() {
        Ok(())
    } else {
        Err(invalid(problems))
    }
}

fn is_header(name: &str, value: &Value) -> bool {
    let is_name = axum::http::HeaderName::try_from(name).is_ok();
    let value = value.as_str();
    is_name && value.is_some_and(|text| axum::http::HeaderValue::from_str(text).is_ok())
}

async fn list_all(Extension(access): Extension<Access>) -> Answer {
    let workspace = &access.workspace;
    let mut shown = Vec::new();
    for object in WEBHOOK.all(workspace).await? {
        let health = health(workspace, PLATFORM.dialect, &object).await?;
        let usage = usage(workspace, &object.id).await?;
        shown.push(whole(&object, &health, &usage));
    }
    Ok(Json(json!({ "webhooks": shown })))
}

fn whole(object: &StoredObject, health: &Health, usage: &[&str]) -> Value {
    let document = &object.document;
    let usage = usage.iter().map(|it| json!({ "usage_type": it }));
    json!({
        "name": document["name"],
        "webhook_id": object.id,
        "webhook_url": document["url"],
        "is_disabled": document["is_disabled"] == true,
        "is_auto_disabled": health.is_given_up,
        "retry_enabled": document["retry_enabled"] == true,
        "request_headers": document["request_headers"],
        "created_at_unix": object.created_at_ms / 1_000,
        "auth_type": "hmac",
        "usage": usage.collect::<Vec<_>>(),
        "events": [],
        "most_recent_failure_error_code": health.last_failure.and_then(|it| it.http_status),
        "most_recent_failure_timestamp": health.last_failure.map(|it| it.at_ms / 1_000),
    })
}

/// Puts another name and other ways in the place of a webhook's; one that is turned on is tried
/// again.
async fn update(
    Extension(access): Extension<Access>,
    Path(id): Path<String>,
    JsonBody(body): JsonBody,
) -> Answer {
    CHANGE.check(&body, false)?;
    texts(&body["request_headers"], "request_headers")?;
    let mut change = json!({ "is_disabled": body["is_disabled"], "name": body["name"] });
    for name in ["retry_enabled", "request_headers"] {
        if let Some(value) = body.get(name).filter(|it| !it.is_null()) {
            change[name] = value.clone();
        }
    }
    if body["is_disabled"] == false {
        change["enabled_at_ms"] = json!(now_ms());
    }
    WEBHOOK.lay_over(&access.workspace, &id, &change).await?;
    Ok(Json(json!({ "status": "ok" })))
}

/// One that is told of calls stays.
async fn delete(Extension(access): Extension<Access>, Path(id): Path<String>) -> Answer {
    WEBHOOK.find(&access.workspace, &id).await?;
    if !usage(&access.workspace, &id).await?.is_empty() {
        let message = "this webhook is in use; take it out of the settings and agents first";
        return Err(Refusal::new(StatusCode::BAD_REQUEST, "in_use", message));
    }
    webhook::delete(&access.workspace, &WEBHOOK, &id).await?;
    Ok(Json(json!({ "status": "ok" })))
}

/// What names a webhook, in the platform's words.
async fn usage(workspace: &Workspace, id: &str) -> Result<Vec<&'static str>, Refusal> {
    let mut usage = Vec::new();
    let settings = settings::stored(workspace).await?;
    if settings["webhooks"][POST_CALL] == id {
        usage.push("ConvAI Settings");
    }
    let names = |own: &Value| {
        let own = path::at(own, "platform_settings.workspace_overrides.webhooks");
        own.is_some_and(|own| own[POST_CALL] == id)
    };
    let agents = agents_where(workspace, |agent| {
        names(&DIALECT.show(&stored(agent.clone())))
    })
    .await?;
    if !agents.is_empty() {
        usage.push("ConvAI Agent Settings");
    }
    Ok(usage)
}
