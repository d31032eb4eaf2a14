//! ElevenLabs' settings of a workspace: one object, kept from its first change on.

use axum::routing::get;
use axum::{Extension, Json, Router};
use offhook_store::{PageQuery, StoredObject, Workspace};
use serde_json::{Value, json};

use super::platform::ASKED;
use super::routes::Answer;
use crate::dialect::field::{
    Acts, Field, KNOWLEDGE, Kind, SESSIONS, TOOLS, flag, list, map, name, section, text, whole,
    word,
};
use crate::dialect::mapping;
use crate::dialect::objects::ObjectKind;
use crate::json_body::JsonBody;
use crate::{Access, Api, Refusal};

pub(super) static SETTINGS: ObjectKind = ObjectKind {
    name: "elevenlabs.settings",
    id_prefix: "settings",
    title: "settings",
    fields: FIELDS,
};

/// What webhooks are told when a conversation is over.
pub(super) const TOLD: Acts = Acts::Shown(
    "says which webhook is told when a conversation is over, and what",
    "crates/api/tests/dialects/post_call.rs::a_workspaces_webhook_is_told_what_was_said",
);
pub(super) const TRACED: Acts = Acts::Shown(
    "sends what was said as an OpenTelemetry trace instead",
    "crates/api/tests/dialects/post_call.rs::an_agents_own_webhook_gets_a_trace",
);
pub(super) const ENCLOSED: Acts = Acts::Shown(
    "sends the recording too, as a WAV file",
    "crates/api/tests/dialects/post_call.rs::a_recording_is_sent_once",
);
pub(super) const EVENTS: Kind = Kind::Word(&[
    "transcript",
    "audio",
    "call_initiation_failure",
    "answering_machine_detection",
    "unredacted_transcript",
    "unredacted_audio",
]);
pub(super) const SENT: Acts = Acts::Shown(
    "`transcript` and `audio` are sent; of what is redacted nothing else is kept that could be sent; \
     of the others `call_initiation_failure` is sent wherever a webhook is named",
    "crates/api/tests/dialects/post_call.rs::a_recording_is_sent_once",
);

pub(super) const FIELDS: &[Field] = &[
    section("conversation_initiation_client_data_webhook")
        .or_null()
        .default("null"),
    text("conversation_initiation_client_data_webhook.url")
        .required()
        .acts(ASKED),
    map("conversation_initiation_client_data_webhook.request_headers")
        .default("{}")
        .acts(ASKED),
    section("webhooks").default("{}"),
    name("webhooks.post_call_webhook_id")
        .or_null()
        .default("null")
        .acts(TOLD),
    list("webhooks.events", &EVENTS)
        .default("[\"transcript\"]")
        .acts(SENT),
    word("webhooks.transcript_format", &["json", "opentelemetry"])
        .default("\"json\"")
        .acts(TRACED),
    flag("webhooks.send_audio").or_null().acts(ENCLOSED),
    flag("webhooks.exclude_transcript").or_null().acts(TOLD),
    flag("can_use_mcp_servers").default("false").acts(TOOLS),
    whole("rag_retention_period_days", 1.0, 30.0)
        .default("10")
        .acts(KNOWLEDGE),
    whole("conversation_embedding_retention_days", 1.0, 30.0)
        .or_null()
        .default("null")
        .acts(KNOWLEDGE),
    word("default_livekit_stack", &["standard", "static"])
        .default("\"standard\"")
        .acts(SESSIONS),
];

pub(super) fn routes() -> Router<Api> {
    Router::new().route("/settings", get(show).patch(update))
}

async fn show(Extension(access): Extension<Access>) -> Answer {
    let mut document = stored(&access.workspace).await?;
    mapping::fill(FIELDS, &mut document);
    Ok(Json(document))
}

async fn update(Extension(access): Extension<Access>, JsonBody(body): JsonBody) -> Answer {
    SETTINGS.check(&body, true)?;
    let workspace = &access.workspace;
    let mut object = oldest(workspace).await?;
    if object.is_none() {
        // Of two that are made at the same moment the older one counts.
        let made = SETTINGS.create(workspace, json!({})).await?;
        object = oldest(workspace).await?;
        if object.as_ref().is_some_and(|it| it.id != made.id) {
            SETTINGS.delete(workspace, &made.id).await?;
        }
    }
    let object = object.ok_or_else(|| Refusal::not_found("settings"))?;
    let mut document = SETTINGS
        .update(workspace, &object.id, &body)
        .await?
        .document;
    mapping::fill(FIELDS, &mut document);
    Ok(Json(document))
}

/// What is stored of a workspace's settings, without defaults.
pub(super) async fn stored(workspace: &Workspace) -> Result<Value, Refusal> {
    let object = oldest(workspace).await?;
    Ok(object.map_or_else(|| json!({}), |object| object.document))
}

async fn oldest(workspace: &Workspace) -> Result<Option<StoredObject>, Refusal> {
    let query = PageQuery::default();
    let mut all = workspace.objects(SETTINGS.name, &query).await?.items;
    Ok(all.pop())
}
