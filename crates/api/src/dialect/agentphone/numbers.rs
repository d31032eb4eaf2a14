//! AgentPhone's numbers: entered by their owner, attached to agents and detached from them. None is
//! bought here.

use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use offhook_store::{StoredObject, Workspace};
use serde_json::{Value, json};

use super::routes::PAGING;
use crate::dialect::field::{CALLED, Field, Kind, LISTED, field, name};
use crate::dialect::objects::{ObjectKind, filled};
use crate::dialect::query::{Fields, page};
use crate::json_body::JsonBody;
use crate::timestamp::rfc3339;
use crate::{Access, Api, Refusal};

pub(crate) static NUMBER: ObjectKind = ObjectKind {
    name: "agentphone.number",
    id_prefix: "num",
    title: "number",
    fields: FIELDS,
};

const FIELDS: &[Field] = &[
    field("phoneNumber", Kind::Telephone)
        .required()
        .acts(CALLED),
    name("country").or_null().default("null").acts(LISTED),
    name("agentId").or_null().default("null").acts(CALLED),
];

/// What a number is attached by.
static ATTACHMENT: ObjectKind = ObjectKind {
    name: "agentphone.attachment",
    id_prefix: "num",
    title: "number",
    fields: &[name("numberId").required()],
};

pub(super) fn routes() -> Router<Api> {
    Router::new()
        .route("/numbers", post(create).get(list))
        .route("/numbers/{id}", get(show).delete(delete))
        .route("/agents/{id}/numbers", post(attach))
        .route(
            "/agents/{id}/numbers/{number}",
            axum::routing::delete(detach),
        )
}

type Answer = Result<Json<Value>, Refusal>;

async fn create(Extension(access): Extension<Access>, JsonBody(body): JsonBody) -> Answer {
    NUMBER.check(&body, false)?;
    if let Some(agent) = body["agentId"].as_str() {
        access.workspace.agent(agent).await?;
    }
    let number = NUMBER.create(&access.workspace, body).await?;
    Ok(Json(whole(&number)))
}

async fn list(Extension(access): Extension<Access>, Query(fields): Fields) -> Answer {
    let query = page(&fields, &PAGING)?;
    let page = access.workspace.objects(NUMBER.name, &query).await?;
    let has_more = page.next.is_some();
    let total = page.total;
    let data: Vec<Value> = page.items.iter().map(whole).collect();
    Ok(Json(
        json!({ "data": data, "hasMore": has_more, "total": total }),
    ))
}

async fn show(Extension(access): Extension<Access>, Path(id): Path<String>) -> Answer {
    let number = NUMBER.find(&access.workspace, &id).await?;
    Ok(Json(whole(&number)))
}

async fn delete(Extension(access): Extension<Access>, Path(id): Path<String>) -> Answer {
    NUMBER.delete(&access.workspace, &id).await?;
    Ok(Json(json!({ "success": true, "id": id })))
}

async fn attach(
    Extension(access): Extension<Access>,
    Path(agent): Path<String>,
    JsonBody(body): JsonBody,
) -> Answer {
    ATTACHMENT.check(&body, false)?;
    access.workspace.agent(&agent).await?;
    let number = body["numberId"].as_str().unwrap_or_default();
    let number = assign(&access.workspace, number, &json!(agent)).await?;
    Ok(Json(json!({ "agentId": agent, "number": whole(&number) })))
}

async fn detach(
    Extension(access): Extension<Access>,
    Path((agent, number)): Path<(String, String)>,
) -> Answer {
    let found = NUMBER.find(&access.workspace, &number).await?;
    if found.document["agentId"] != json!(agent) {
        let message = "the number is not attached to this agent";
        return Err(Refusal::new(StatusCode::NOT_FOUND, "not_found", message));
    }
    assign(&access.workspace, &number, &Value::Null).await?;
    Ok(Json(
        json!({ "success": true, "agentId": agent, "numberId": number }),
    ))
}

/// Gives a number to an agent, or to none.
pub(crate) async fn assign(
    workspace: &Workspace,
    number: &str,
    agent: &Value,
) -> Result<StoredObject, Refusal> {
    let change = json!({ "agentId": agent });
    NUMBER.update(workspace, number, &change).await
}

/// Every number of the workspace.
pub(super) async fn all(workspace: &Workspace) -> Result<Vec<Value>, Refusal> {
    let numbers = NUMBER.all(workspace).await?;
    Ok(numbers.iter().map(whole).collect())
}

/// A number as its agent shows it.
pub(super) fn of_agent(number: &Value) -> Value {
    json!({
        "id": number["id"],
        "phoneNumber": number["phoneNumber"],
        "status": number["status"],
        "type": number["type"],
    })
}

/// The numbers of a deleted agent are free.
pub(super) async fn detach_all(workspace: &Workspace, agent: &str) -> Result<(), Refusal> {
    for number in NUMBER.all(workspace).await? {
        if number.document["agentId"] == json!(agent) {
            assign(workspace, &number.id, &Value::Null).await?;
        }
    }
    Ok(())
}

fn whole(number: &StoredObject) -> Value {
    let mut shown = filled(&NUMBER, number);
    shown["id"] = json!(number.id);
    shown["status"] = json!("active");
    shown["type"] = json!("voice");
    shown["createdAt"] = json!(rfc3339(number.created_at_ms));
    shown
}
