//! Wordcab's objects beside agents: voices and webhooks.

use axum::extract::{Path, Query, State};
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use offhook_store::StoredObject;
use serde_json::{Value, json};

use super::routes::{PAGING, envelope};
use crate::dialect::field::{Acts, Field, Kind, field, list, text};
use crate::dialect::objects::{ObjectKind, filled};
use crate::dialect::query::{Fields, page};
use crate::dialect::{path, webhook};
use crate::json_body::JsonBody;
use crate::{Access, Api, Refusal};

pub(super) static WEBHOOK: ObjectKind = ObjectKind {
    name: "wordcab.webhook",
    id_prefix: "wh",
    title: "webhook",
    fields: WEBHOOK_FIELDS,
};

const EVENT: Kind = Kind::Word(&[
    "transcript.completed",
    "call.started",
    "call.completed",
    "call.failed",
    "experiment.finished",
]);

const WEBHOOK_FIELDS: &[Field] = &[
    field("url", webhook::URL)
        .required()
        .acts(Acts::Here("where events of calls are sent")),
    list("events", &EVENT)
        .required()
        .acts(Acts::Here("which events are sent")),
    text("description").or_null().default("null"),
];

/// Built-in voices of the platform; the embedded voices stand in for them.
const VOICES: [&str; 6] = ["ember", "slate", "marin", "onyx", "brook", "ash"];

pub(super) fn routes() -> Router<Api> {
    Router::new()
        .route("/voices", get(voices))
        .route("/webhooks", post(create).get(all))
        .route("/webhooks/{id}", get(show).delete(delete))
}

/// The voices that may be named.
pub(super) fn voice_ids() -> impl Iterator<Item = &'static str> {
    let embedded = &crate::dialect::voices::EMBEDDED;
    VOICES.iter().chain(embedded).copied()
}

async fn voices() -> Json<Value> {
    let data: Vec<Value> = voice_ids()
        .map(|id| json!({ "id": id, "object": "voice", "name": id, "type": "built_in" }))
        .collect();
    Json(json!({ "object": "list", "data": data, "has_more": false, "next_cursor": null }))
}

type Answer = Result<Json<Value>, Refusal>;

/// The only answer that holds the secret.
async fn create(
    State(api): State<Api>,
    Extension(access): Extension<Access>,
    JsonBody(body): JsonBody,
) -> Answer {
    let (created, secret) = webhook::create(&api, &access.workspace, &WEBHOOK, body).await?;
    let mut shown = whole(&created);
    shown["secret"] = json!(secret);
    Ok(Json(shown))
}

async fn all(Extension(access): Extension<Access>, Query(fields): Fields) -> Answer {
    let query = page(&fields, &PAGING)?;
    let page = access.workspace.objects(WEBHOOK.name, &query).await?;
    Ok(Json(envelope(page.map(|webhook| whole(&webhook)))))
}

async fn show(Extension(access): Extension<Access>, Path(id): Path<String>) -> Answer {
    let found = WEBHOOK.find(&access.workspace, &id).await?;
    Ok(Json(whole(&found)))
}

async fn delete(Extension(access): Extension<Access>, Path(id): Path<String>) -> Answer {
    webhook::delete(&access.workspace, &WEBHOOK, &id).await?;
    Ok(Json(
        json!({ "id": id, "object": "webhook", "deleted": true }),
    ))
}

fn whole(webhook: &StoredObject) -> Value {
    let mut shown = filled(&WEBHOOK, webhook);
    path::take(&mut shown, "secret");
    shown["id"] = json!(webhook.id);
    shown["object"] = json!("webhook");
    shown["created"] = json!(webhook.created_at_ms / 1_000);
    shown
}
