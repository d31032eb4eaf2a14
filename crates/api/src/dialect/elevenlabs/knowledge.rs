//! ElevenLabs' knowledge base: what agents may look things up in. Texts and files are kept with
//! all that they hold. Nothing is fetched from the addresses of `url` documents, no text is taken
//! out of PDF and the like, and nothing is looked up in calls yet.

use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use offhook_store::{StoredAgent, StoredObject, Workspace};
use serde_json::{Value, json};

use super::document::{self, Content, DOCUMENT, kind_of};
use super::listing::{
    agents_where, all_asked, asked, check_order, dependents, filtered, is_asked, names,
};
use super::routes::{Answer, access_info};
use super::{DIALECT, tools};
use crate::dialect::agents;
use crate::dialect::field::{Field, NAMES, flag, list, name};
use crate::dialect::objects::ObjectKind;
use crate::dialect::path;
use crate::dialect::query::Fields;
use crate::json_body::JsonBody;
use crate::{Access, Api, Refusal};

/// Where agents name the documents that they know.
const USED: &str = "conversation_config.agent.prompt.knowledge_base";

static MOVE: ObjectKind = ObjectKind {
    name: "elevenlabs.move",
    id_prefix: "move",
    title: "move",
    fields: MOVE_FIELDS,
};

pub(super) const MOVE_FIELDS: &[Field] = &[name("move_to").or_null()];

static SEVERAL: ObjectKind = ObjectKind {
    name: "elevenlabs.documents",
    id_prefix: "documents",
    title: "documents",
    fields: SEVERAL_FIELDS,
};

pub(super) const SEVERAL_FIELDS: &[Field] = &[
    list("document_ids", &NAMES).required().at_most(100),
    name("move_to").or_null(),
    flag("force"),
];

pub(super) fn routes() -> Router<Api> {
    let create = |kind: &'static str| {
        post(
            move |Extension(access): Extension<Access>, JsonBody(body): JsonBody| async move {
                document::create(&access.workspace, kind, body).await
            },
        )
    };
    Router::new()
        .route("/knowledge-base", get(show_list))
        .route("/knowledge-base/url", create("url"))
        .route("/knowledge-base/text", create("text"))
        .route("/knowledge-base/folder", create("folder"))
        .route("/knowledge-base/bulk-move", post(move_several))
        .route("/knowledge-base/bulk-delete", post(delete_several))
        .route(
            "/knowledge-base/{id}",
            get(show).patch(update).delete(delete),
        )
        .route("/knowledge-base/{id}/content", get(content))
        .route(
            "/knowledge-base/{id}/dependent-agents",
            get(show_dependents),
        )
        .route("/knowledge-base/{id}/move", post(move_one))
        .route("/agent/{id}/knowledge-base/size", get(size))
}

async fn show_list(Extension(access): Extension<Access>, Query(fields): Fields) -> Answer {
    check_order(&fields)?;
    let types = all_asked(&fields, "types");
    let parent = asked(&fields, "parent_folder_id");
    let keep = |it: &StoredObject| {
        (types.is_empty() || types.contains(&kind_of(it)))
            && parent.is_none_or(|parent| it.document["parent_folder_id"] == parent)
    };
    let mut listed = filtered(&access.workspace, &DOCUMENT, &fields, keep).await?;
    if is_asked(&fields, "folders_first") {
        listed.items.sort_by_key(|it| kind_of(it) != "folder");
    }
    let users = agents_where(&access.workspace, knows_any).await?;
    let mut documents = Vec::new();
    for item in &listed.items {
        let mut line = summary(&access.workspace, item).await?;
        let users = users.iter().filter(|agent| names(agent, USED, &item.id));
        line["dependent_agents"] = users.map(super::listing::dependent).collect();
        documents.push(line);
    }
    let next = listed.next;
    Ok(Json(json!({
        "documents": documents, "has_more": next.is_some(), "next_cursor": next
    })))
}

fn knows_any(agent: &StoredAgent) -> bool {
    let own = agent.dialects.get(DIALECT.name);
    own.and_then(|own| path::at(own, USED)).is_some()
}

async fn show(Extension(access): Extension<Access>, Path(id): Path<String>) -> Answer {
    let object = DOCUMENT.find(&access.workspace, &id).await?;
    Ok(Json(whole(&access.workspace, &object).await?))
}

/// A document without what it holds.
async fn summary(workspace: &Workspace, object: &StoredObject) -> Result<Value, Refusal> {
    let document = &object.document;
    let kind = kind_of(object);
    let mut shown = json!({
        "id": object.id,
        "type": kind,
        "name": document["name"],
        "metadata": {
            "created_at_unix_secs": object.created_at_ms / 1_000,
            "last_updated_at_unix_secs": object.updated_at_ms / 1_000,
            "size_bytes": document["size_bytes"].as_u64().unwrap_or(0),
        },
        "supported_usages": ["prompt", "auto"],
        "access_info": access_info(),
        "folder_parent_id": document["parent_folder_id"],
        "folder_path": document::folders_of(workspace, object).await?,
    });
    match kind {
        "url" => shown["url"] = document["url"].clone(),
        "file" => shown["filename"] = document["filename"].clone(),
        "folder" => {
            let inside = document::inside(workspace, &object.id).await?;
            let documents = inside.iter().filter(|it| kind_of(it) != "folder").count();
            shown["children_count"] = json!(inside.len());
            shown["document_count"] = json!(documents);
        }
        _ => {}
    }
    Ok(shown)
}

/// A document with what is known of its text; what nothing has read yet is empty.
async fn whole(workspace: &Workspace, object: &StoredObject) -> Result<Value, Refusal> {
    let mut shown = summary(workspace, object).await?;
    if kind_of(object) != "folder" {
        let content = Content::of(workspace, object).await?;
        shown["extracted_inner_html"] = json!(content.map_or("".into(), Content::text));
        shown["content_format"] = json!("html");
    }
    Ok(shown)
}

/// The content as it came.
async fn content(
    Extension(access): Extension<Access>,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let object = DOCUMENT.find(&access.workspace, &id).await?;
    let Some(content) = Content::of(&access.workspace, &object).await? else {
        let message = match kind_of(&object) {
            "folder" => "a folder has no content of its own",
            _ => "this server has not fetched the page of this address",
        };
        return Err(Refusal::new(StatusCode::BAD_REQUEST, "no_content", message));
    };
    let headers = [
        (header::CONTENT_TYPE, content.media_type.clone()),
        // Whatever was sent here is for reading, not for running in this server's name.
        (header::CONTENT_SECURITY_POLICY, "sandbox".to_owned()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
    ];
    Ok((headers, content.bytes).into_response())
}

async fn update(
    Extension(access): Extension<Access>,
    Path(id): Path<String>,
    JsonBody(body): JsonBody,
) -> Answer {
    let object = document::update(&access.workspace, &id, &body).await?;
    Ok(Json(whole(&access.workspace, &object).await?))
}

async fn delete(
    State(api): State<Api>,
    Extension(access): Extension<Access>,
    Path(id): Path<String>,
    Query(fields): Fields,
) -> Answer {
    remove(&api, &access, &id, is_asked(&fields, "force")).await?;
    Ok(Json(json!({})))
}

/// A document that agents use, and a folder that is not empty, go only by force: out of these
/// agents, and with all that is inside.
async fn remove(api: &Api, access: &Access, id: &str, is_forced: bool) -> Result<(), Refusal> {
    let workspace = &access.workspace;
    let first = DOCUMENT.find(workspace, id).await?;
    let mut going = vec![first];
    let mut at = 0;
    while at < going.len() {
        if kind_of(&going[at]) == "folder" {
            let inside = document::inside(workspace, &going[at].id).await?;
            going.extend(inside);
        }
        at += 1;
    }
    if going.len() > 1 && !is_forced {
        let message = "the folder is not empty; delete it with force=true";
        return Err(Refusal::new(StatusCode::BAD_REQUEST, "in_use", message));
    }
    for object in going.iter().rev() {
        let users = agents_where(workspace, |agent| names(agent, USED, &object.id)).await?;
        if !users.is_empty() && !is_forced {
            return Err(tools::in_use("document", users.len()));
        }
        for agent in users {
            forget_in(api, access, &agent, &object.id).await?;
        }
        document::delete(workspace, object).await?;
    }
    Ok(())
}

async fn forget_in(
    api: &Api,
    access: &Access,
    agent: &StoredAgent,
    id: &str,
) -> Result<(), Refusal> {
    let own = agent.dialects.get(DIALECT.name);
    let known = own.and_then(|own| path::at(own, USED)?.as_array());
    let left = known.into_iter().flatten().filter(|it| it["id"] != id);
    let mut change = json!({});
    path::put(&mut change, USED, left.cloned().collect());
    agents::update(api, access, &DIALECT, &agent.id, &change).await?;
    Ok(())
}

async fn show_dependents(Extension(access): Extension<Access>, Path(id): Path<String>) -> Answer {
    DOCUMENT.find(&access.workspace, &id).await?;
    let users = agents_where(&access.workspace, |agent| names(agent, USED, &id)).await?;
    Ok(Json(dependents(&users)))
}

async fn move_one(
    Extension(access): Extension<Access>,
    Path(id): Path<String>,
    JsonBody(body): JsonBody,
) -> Answer {
    MOVE.check(&body, false)?;
    document::put_into(&access.workspace, &id, &body["move_to"]).await?;
    Ok(Json(Value::Null))
}

async fn move_several(Extension(access): Extension<Access>, JsonBody(body): JsonBody) -> Answer {
    SEVERAL.check(&body, false)?;
    for id in ids_in(&body) {
        document::put_into(&access.workspace, id, &body["move_to"]).await?;
    }
    Ok(Json(Value::Null))
}

/// Each by itself: what became of it stands by its id.
async fn delete_several(
    State(api): State<Api>,
    Extension(access): Extension<Access>,
    JsonBody(body): JsonBody,
) -> Answer {
    SEVERAL.check(&body, false)?;
    let is_forced = body["force"] == true;
    let mut told = json!({});
    for id in ids_in(&body) {
        told[id] = match remove(&api, &access, id, is_forced).await {
            Ok(()) => json!({ "status": "success", "data": { "id": id } }),
            Err(refusal) if refusal.status.is_server_error() => return Err(refusal),
            Err(refusal) => json!({
                "status": "failure",
                "error_code": refusal.status.as_u16(),
                "error_status": refusal.code,
                "error_message": refusal.message,
            }),
        };
    }
    Ok(Json(told))
}

fn ids_in(body: &Value) -> impl Iterator<Item = &str> {
    let ids = body["document_ids"].as_array();
    ids.into_iter().flatten().filter_map(Value::as_str)
}

/// Characters on a page as the platform counts them, more or less.
const PAGE_CHARS: f64 = 2_000.0;

/// How many pages an agent knows, by the bytes of its documents.
async fn size(Extension(access): Extension<Access>, Path(id): Path<String>) -> Answer {
    let agent = access.workspace.agent(&id).await?;
    let own = agent.dialects.get(DIALECT.name);
    let known = own.and_then(|own| path::at(own, USED)?.as_array());
    let mut bytes = 0.0;
    for id in known
        .into_iter()
        .flatten()
        .filter_map(|it| it["id"].as_str())
    {
        if let Ok(object) = DOCUMENT.find(&access.workspace, id).await {
            bytes += object.document["size_bytes"].as_f64().unwrap_or(0.0);
        }
    }
    Ok(Json(json!({ "number_of_pages": bytes / PAGE_CHARS })))
}
