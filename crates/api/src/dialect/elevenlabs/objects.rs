//! ElevenLabs' objects beside agents: tools, secrets, telephone numbers.

use axum::body::Bytes;
use axum::extract::Path;
use axum::http::HeaderMap;
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use offhook_store::{SecretText, StoredObject};
use serde_json::{Value, json};

use crate::dialect::field::{Field, field, name, section, text, word};
use crate::dialect::field::{Kind, TELEPHONY, TOOLS};
use crate::dialect::objects::ObjectKind;
use crate::dialect::path;
use crate::json_body::JsonBody;
use crate::{Access, Api, Refusal, read_json};

static TOOL: ObjectKind = ObjectKind {
    name: "elevenlabs.tool",
    id_prefix: "tool",
    title: "tool",
    fields: TOOL_FIELDS,
};

const TOOL_FIELDS: &[Field] = &[
    section("tool_config").required(),
    word("tool_config.type", &["webhook", "client", "system", "mcp"]).acts(TOOLS),
    name("tool_config.name").required().acts(TOOLS),
    text("tool_config.description").acts(TOOLS),
    field("tool_config.api_schema", Kind::Map { entries_max: 50 })
        .or_null()
        .acts(TOOLS),
];

static SECRET: ObjectKind = ObjectKind {
    name: "elevenlabs.secret",
    id_prefix: "secret",
    title: "secret",
    fields: &[name("name").required(), text("value").required()],
};

static NUMBER: ObjectKind = ObjectKind {
    name: "elevenlabs.phone-number",
    id_prefix: "phnum",
    title: "phone number",
    fields: NUMBER_FIELDS,
};

const NUMBER_FIELDS: &[Field] = &[
    name("phone_number").required().acts(TELEPHONY),
    text("label").required().acts(TELEPHONY),
    word("provider", &["twilio", "sip_trunk", "exotel"])
        .default("\"twilio\"")
        .acts(TELEPHONY),
    name("sid").acts(TELEPHONY),
    name("token").acts(TELEPHONY),
    name("agent_id").or_null().acts(TELEPHONY),
];

pub(super) fn routes() -> Router<Api> {
    Router::new()
        .route("/tools", post(create_tool).get(list_tools))
        .route(
            "/tools/{id}",
            get(show_tool).patch(update_tool).delete(delete_tool),
        )
        .route("/secrets", post(create_secret).get(list_secrets))
        .route(
            "/secrets/{id}",
            axum::routing::patch(update_secret).delete(delete_secret),
        )
        .route("/phone-numbers", post(create_number).get(list_numbers))
        .route(
            "/phone-numbers/{id}",
            get(show_number).patch(update_number).delete(delete_number),
        )
}

type Answer = Result<Json<Value>, Refusal>;

async fn create_tool(Extension(access): Extension<Access>, JsonBody(body): JsonBody) -> Answer {
    let tool = TOOL.create(&access.workspace, body).await?;
    Ok(Json(shown_tool(tool)))
}

async fn list_tools(Extension(access): Extension<Access>) -> Answer {
    let tools = TOOL.all(&access.workspace).await?.into_iter();
    let tools: Vec<Value> = tools.map(shown_tool).collect();
    Ok(Json(
        json!({ "tools": tools, "has_more": false, "next_cursor": null }),
    ))
}

async fn show_tool(Extension(access): Extension<Access>, Path(id): Path<String>) -> Answer {
    let tool = TOOL.find(&access.workspace, &id).await?;
    Ok(Json(shown_tool(tool)))
}

async fn update_tool(
    Extension(access): Extension<Access>,
    Path(id): Path<String>,
    JsonBody(body): JsonBody,
) -> Answer {
    let tool = TOOL.update(&access.workspace, &id, &body).await?;
    Ok(Json(shown_tool(tool)))
}

async fn delete_tool(Extension(access): Extension<Access>, Path(id): Path<String>) -> Answer {
    TOOL.delete(&access.workspace, &id).await?;
    Ok(Json(json!({})))
}

fn shown_tool(tool: StoredObject) -> Value {
    let mut shown = tool.document;
    shown["id"] = json!(tool.id);
    shown["access_info"] = super::routes::access_info();
    shown["usage_stats"] = json!({ "total_calls": 0, "avg_latency_secs": 0.0 });
    shown
}

async fn create_secret(Extension(access): Extension<Access>, JsonBody(body): JsonBody) -> Answer {
    SECRET.check(&body, false)?;
    let name = body["name"].as_str().unwrap_or_default();
    let value = SecretText::new(body["value"].as_str().unwrap_or_default());
    let secret = access.workspace.create_secret(name, &value).await?;
    Ok(Json(stored_secret(&secret.id, name)))
}

/// All of the workspace, those that agents of other dialects hold included.
async fn list_secrets(Extension(access): Extension<Access>) -> Answer {
    let secrets = access.workspace.secrets().await?.into_iter();
    let secrets: Vec<Value> = secrets
        .map(|secret| {
            let mut shown = stored_secret(&secret.id, &secret.name);
            let nobody = json!({ "tools": [], "agents": [], "others": [], "phone_numbers": [] });
            shown["used_by"] = nobody;
            shown
        })
        .collect();
    Ok(Json(
        json!({ "secrets": secrets, "has_more": false, "next_cursor": null }),
    ))
}

async fn update_secret(
    Extension(access): Extension<Access>,
    Path(id): Path<String>,
    JsonBody(body): JsonBody,
) -> Answer {
    SECRET.check(&body, false)?;
    let value = SecretText::new(body["value"].as_str().unwrap_or_default());
    let workspace = &access.workspace;
    workspace.update_secret(&id, &value).await?;
    let name = body["name"].as_str().unwrap_or_default();
    Ok(Json(stored_secret(&id, name)))
}

async fn delete_secret(Extension(access): Extension<Access>, Path(id): Path<String>) -> Answer {
    access.workspace.delete_secret(&id).await?;
    Ok(Json(json!({})))
}

fn stored_secret(id: &str, name: &str) -> Value {
    json!({ "type": "stored", "secret_id": id, "name": name })
}

/// The carrier's token goes to the place for secrets.
async fn create_number(
    Extension(access): Extension<Access>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    let mut body = read_json(&headers, &body)?;
    NUMBER.check(&body, false)?;
    if let Some(token) = path::take(&mut body, "token") {
        let token = SecretText::new(token.as_str().unwrap_or_default());
        let secret = access
            .workspace
            .create_secret("phone number", &token)
            .await?;
        body["token_secret"] = json!(secret.id);
    }
    let number = NUMBER.create(&access.workspace, body).await?;
    Ok(Json(json!({ "phone_number_id": number.id })))
}

async fn list_numbers(Extension(access): Extension<Access>) -> Answer {
    let mut numbers = Vec::new();
    for number in NUMBER.all(&access.workspace).await? {
        numbers.push(shown_number(&access, number).await);
    }
    Ok(Json(json!(numbers)))
}

async fn show_number(Extension(access): Extension<Access>, Path(id): Path<String>) -> Answer {
    let number = NUMBER.find(&access.workspace, &id).await?;
    Ok(Json(shown_number(&access, number).await))
}

/// Assigns the number to an agent of the workspace, or to none.
async fn update_number(
    Extension(access): Extension<Access>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    let mut body = read_json(&headers, &body)?;
    path::take(&mut body, "token");
    if let Some(agent) = body["agent_id"].as_str() {
        access.workspace.agent(agent).await?;
    }
    let number = NUMBER.update(&access.workspace, &id, &body).await?;
    Ok(Json(shown_number(&access, number).await))
}

async fn delete_number(Extension(access): Extension<Access>, Path(id): Path<String>) -> Answer {
    let number = NUMBER.delete(&access.workspace, &id).await?;
    if let Some(secret) = number.document["token_secret"].as_str() {
        access.workspace.delete_secret(secret).await?;
    }
    Ok(Json(json!({})))
}

async fn shown_number(access: &Access, number: StoredObject) -> Value {
    let mut shown = crate::dialect::objects::filled(&NUMBER, &number);
    path::take(&mut shown, "token_secret");
    let assigned = path::take(&mut shown, "agent_id");
    let agent = match assigned.as_ref().and_then(Value::as_str) {
        Some(id) => access.workspace.agent(id).await.ok(),
        None => None,
    };
    shown["phone_number_id"] = json!(number.id);
    shown["supports_inbound"] = json!(true);
    shown["supports_outbound"] = json!(true);
    shown["assigned_agent"] = agent.map_or(
        Value::Null,
        |agent| json!({ "agent_id": agent.id, "agent_name": agent.name() }),
    );
    shown
}
