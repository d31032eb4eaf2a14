//! ElevenLabs' secrets: names for texts that nobody is shown again, and who uses them.

use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Extension, Json, Router};
use offhook_store::{PageQuery, SecretText, StoredAgent, StoredObject, StoredSecret, Workspace};
use serde_json::{Value, json};

use super::listing::{agents_where, asked, dependent};
use super::numbers::NUMBER;
use super::routes::{Answer, PAGING};
use super::settings;
use crate::dialect::field::{Field, name, text};
use crate::dialect::objects::ObjectKind;
use crate::dialect::query::{Fields, page};
use crate::json_body::JsonBody;
use crate::{Access, Api, Refusal};

static SECRET: ObjectKind = ObjectKind {
    name: "elevenlabs.secret",
    id_prefix: "secret",
    title: "secret",
    fields: FIELDS,
};

pub(super) const FIELDS: &[Field] = &[name("name").required(), text("value").required()];

/// Most objects of a kind that are looked through for users of secrets.
const LOOKED_THROUGH: u32 = 1_000;

pub(super) fn routes() -> Router<Api> {
    Router::new()
        .route("/secrets", get(list).post(create))
        .route("/secrets/{id}", get(show).patch(update).delete(delete))
        .route("/secrets/{id}/dependencies/{resource}", get(dependencies))
}

async fn create(Extension(access): Extension<Access>, JsonBody(body): JsonBody) -> Answer {
    SECRET.check(&body, false)?;
    let name = body["name"].as_str().unwrap_or_default();
    let value = SecretText::new(body["value"].as_str().unwrap_or_default());
    let secret = access.workspace.create_secret(name, &value).await?;
    Ok(Json(stored(&secret.id, name)))
}

/// All of the workspace, those that agents of other dialects hold included.
async fn list(Extension(access): Extension<Access>, Query(fields): Fields) -> Answer {
    let asked_for = page(&fields, &PAGING)?;
    let search = asked_for.search.unwrap_or_default().to_lowercase();
    let after = asked(&fields, "cursor").unwrap_or_default();
    let secrets = access.workspace.secrets().await?;
    let from = match after.split_once('-') {
        Some((_, id)) => secrets
            .iter()
            .position(|it| it.id == id)
            .map_or(0, |at| at + 1),
        None => 0,
    };
    let mut found = secrets[from..]
        .iter()
        .filter(|secret| secret.name.to_lowercase().contains(&search));
    let users = Users::of(&access.workspace).await?;
    let shown: Vec<&StoredSecret> = found.by_ref().take(asked_for.limit as usize).collect();
    let next = shown.last().filter(|_| found.next().is_some());
    let next = next.map(|it| offhook_store::Cursor::after(it.created_at_ms, &it.id).to_string());
    let secrets: Vec<Value> = shown.iter().map(|it| users.shown(it)).collect();
    Ok(Json(json!({
        "secrets": secrets, "has_more": next.is_some(), "next_cursor": next
    })))
}

async fn show(Extension(access): Extension<Access>, Path(id): Path<String>) -> Answer {
    let secret = access.workspace.secret(&id).await?;
    Ok(Json(Users::of(&access.workspace).await?.shown(&secret)))
}

async fn update(
    Extension(access): Extension<Access>,
    Path(id): Path<String>,
    JsonBody(body): JsonBody,
) -> Answer {
    SECRET.check(&body, false)?;
    let value = SecretText::new(body["value"].as_str().unwrap_or_default());
    let name = body["name"].as_str().unwrap_or_default();
    access.workspace.update_secret(&id, &value).await?;
    access.workspace.rename_secret(&id, name).await?;
    Ok(Json(stored(&id, name)))
}

/// A secret that something uses stays.
async fn delete(Extension(access): Extension<Access>, Path(id): Path<String>) -> Answer {
    access.workspace.secret(&id).await?;
    let users = Users::of(&access.workspace).await?;
    if users.any(&id) {
        let message = "this secret is in use; take it out of what uses it first";
        return Err(Refusal::new(StatusCode::BAD_REQUEST, "in_use", message));
    }
    access.workspace.delete_secret(&id).await?;
    Ok(Json(json!({})))
}

async fn dependencies(
    Extension(access): Extension<Access>,
    Path((id, resource)): Path<(String, String)>,
) -> Answer {
    access.workspace.secret(&id).await?;
    let users = Users::of(&access.workspace).await?.used_by(&id);
    let Some(dependencies) = users.get(&resource) else {
        return Err(Refusal::not_found("kind of resource"));
    };
    Ok(Json(
        json!({ "dependencies": dependencies, "next_cursor": null }),
    ))
}

fn stored(id: &str, name: &str) -> Value {
    json!({ "type": "stored", "secret_id": id, "name": name })
}

/// Everything that may use a secret.
struct Users {
    agents: Vec<StoredAgent>,
    tools: Vec<StoredObject>,
    numbers: Vec<StoredObject>,
    settings: Value,
}

/// Whether a document names an id.
fn holds(document: &Value, id: &str) -> bool {
    match document {
        Value::String(text) => text == id,
        Value::Array(items) => items.iter().any(|item| holds(item, id)),
        Value::Object(fields) => fields.values().any(|field| holds(field, id)),
        _ => false,
    }
}

impl Users {
    async fn of(workspace: &Workspace) -> Result<Self, Refusal> {
        let query = PageQuery {
            limit: LOOKED_THROUGH,
            ..PageQuery::default()
        };
        Ok(Self {
            agents: agents_where(workspace, |_| true).await?,
            tools: workspace.objects("elevenlabs.tool", &query).await?.items,
            numbers: workspace.objects(NUMBER.name, &query).await?.items,
            settings: settings::stored(workspace).await?,
        })
    }

    fn shown(&self, secret: &StoredSecret) -> Value {
        let mut shown = stored(&secret.id, &secret.name);
        shown["used_by"] = self.used_by(&secret.id);
        shown
    }

    fn any(&self, id: &str) -> bool {
        self.agents.iter().any(|agent| uses(agent, id))
            || self.tools.iter().any(|tool| holds(&tool.document, id))
            || self.numbers.iter().any(|it| holds(&it.document, id))
            || holds(&self.settings, id)
    }

    fn used_by(&self, id: &str) -> Value {
        let agents = self.agents.iter().filter(|agent| uses(agent, id));
        let tools = self.tools.iter().filter(|it| holds(&it.document, id));
        let numbers = self.numbers.iter().filter(|it| holds(&it.document, id));
        let others: &[&str] = if holds(&self.settings, id) {
            &["conversation_initiation_webhook"]
        } else {
            &[]
        };
        json!({
            "agents": agents.map(dependent).collect::<Vec<_>>(),
            "agents_has_more": false,
            "tools": tools.map(tool).collect::<Vec<_>>(),
            "tools_has_more": false,
            "phone_numbers": numbers.map(number).collect::<Vec<_>>(),
            "phone_numbers_has_more": false,
            "mcp_servers": [],
            "others": others,
        })
    }
}

fn uses(agent: &StoredAgent, id: &str) -> bool {
    holds(&agent.document, id) || agent.dialects.values().any(|own| holds(own, id))
}

fn tool(tool: &StoredObject) -> Value {
    json!({
        "type": "available",
        "id": tool.id,
        "name": tool.document["tool_config"]["name"],
        "created_at_unix_secs": tool.created_at_ms / 1_000,
        "access_level": "admin",
    })
}

fn number(number: &StoredObject) -> Value {
    json!({
        "phone_number_id": number.id,
        "phone_number": number.document["phone_number"],
        "label": number.document["label"],
        "provider": number.document.get("provider").unwrap_or(&json!("twilio")),
    })
}
