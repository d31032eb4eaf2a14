//! AgentPhone's webhooks: one for the project, and one for each agent that has its own.

use axum::extract::{Path, State};
use axum::routing::post;
use axum::{Extension, Json, Router};
use offhook_store::StoredObject;
use serde_json::{Value, json};

use crate::dialect::field::{Acts, Field, SESSIONS, field, name, whole};
use crate::dialect::objects::{ObjectKind, filled};
use crate::dialect::{path, webhook};
use crate::json_body::JsonBody;
use crate::timestamp::rfc3339;
use crate::{Access, Api, Refusal};

pub(super) static WEBHOOK: ObjectKind = ObjectKind {
    name: "agentphone.webhook",
    id_prefix: "wh",
    title: "webhook",
    fields: FIELDS,
};

const FIELDS: &[Field] = &[
    field("url", webhook::URL)
        .required()
        .acts(Acts::Here("where events of calls are sent")),
    whole("contextLimit", 0.0, 50.0)
        .null_is_absent()
        .default("10")
        .acts(SESSIONS),
    whole("timeout", 5.0, 120.0)
        .null_is_absent()
        .default("30")
        .acts(Acts::Here("how long the receiver may take")),
    name("agentId")
        .or_null()
        .acts(Acts::Here("the agent whose events are sent")),
];

pub(super) fn routes() -> Router<Api> {
    Router::new()
        .route("/webhooks", post(create).get(show).delete(delete))
        .route(
            "/agents/{id}/webhook",
            post(create_of_agent)
                .get(show_of_agent)
                .delete(delete_of_agent),
        )
}

type Answer = Result<Json<Value>, Refusal>;

async fn create(
    State(api): State<Api>,
    Extension(access): Extension<Access>,
    JsonBody(body): JsonBody,
) -> Answer {
    put(&api, &access, None, body).await
}

/// Null where there is none.
async fn show(Extension(access): Extension<Access>) -> Answer {
    match of(&access, None).await? {
        Some(webhook) => shown(&access, webhook).await,
        None => Ok(Json(Value::Null)),
    }
}

async fn delete(Extension(access): Extension<Access>) -> Answer {
    remove(&access, None).await
}

async fn create_of_agent(
    State(api): State<Api>,
    Extension(access): Extension<Access>,
    Path(agent): Path<String>,
    JsonBody(body): JsonBody,
) -> Answer {
    access.workspace.agent(&agent).await?;
    put(&api, &access, Some(&agent), body).await
}

async fn show_of_agent(Extension(access): Extension<Access>, Path(agent): Path<String>) -> Answer {
    access.workspace.agent(&agent).await?;
    match of(&access, Some(&agent)).await? {
        Some(webhook) => shown(&access, webhook).await,
        None => Ok(Json(Value::Null)),
    }
}

async fn delete_of_agent(
    Extension(access): Extension<Access>,
    Path(agent): Path<String>,
) -> Answer {
    remove(&access, Some(&agent)).await
}

/// A webhook takes the place of the one before it, and has a new secret.
async fn put(api: &Api, access: &Access, agent: Option<&str>, mut body: Value) -> Answer {
    WEBHOOK.check(&body, false)?;
    body["agentId"] = json!(agent);
    let workspace = &access.workspace;
    let written = match of(access, agent).await? {
        Some(before) => webhook::replace(api, workspace, &WEBHOOK, &before, body).await?,
        None => webhook::create(api, workspace, &WEBHOOK, body).await?.0,
    };
    shown(access, written).await
}

async fn remove(access: &Access, agent: Option<&str>) -> Answer {
    let before = found(access, agent).await?;
    webhook::delete(&access.workspace, &WEBHOOK, &before.id).await?;
    Ok(Json(json!({ "success": true, "id": before.id })))
}

async fn of(access: &Access, agent: Option<&str>) -> Result<Option<StoredObject>, Refusal> {
    let webhooks = WEBHOOK.all(&access.workspace).await?.into_iter();
    let mut webhooks = webhooks.filter(|it| it.document["agentId"] == json!(agent));
    Ok(webhooks.next())
}

pub(super) async fn found(access: &Access, agent: Option<&str>) -> Result<StoredObject, Refusal> {
    let webhook = of(access, agent).await?;
    webhook.ok_or_else(|| Refusal::not_found(WEBHOOK.title))
}

async fn shown(access: &Access, webhook: StoredObject) -> Answer {
    let mut shown = filled(&WEBHOOK, &webhook);
    path::take(&mut shown, "agentId");
    shown["secret"] = json!(webhook::secret(&access.workspace, &webhook).await?);
    shown["id"] = json!(webhook.id);
    shown["status"] = json!("active");
    shown["createdAt"] = json!(rfc3339(webhook.created_at_ms));
    Ok(Json(shown))
}
