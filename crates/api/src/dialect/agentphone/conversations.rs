//! AgentPhone's conversations: threads of text messages, kept as objects. This server carries voice
//! alone, so it begins none and sends nothing; what is kept is listed, shown and labelled.

use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use offhook_store::{PageQuery, PageStart, StoredObject};
use serde_json::{Value, json};

use super::routes::PAGING;
use crate::dialect::field::{Acts, Field, LISTED, field, map, text};
use crate::dialect::field::{Kind, name};
use crate::dialect::objects::{ObjectKind, filled};
use crate::dialect::query::{Fields, Paging, page};
use crate::json_body::JsonBody;
use crate::timestamp::rfc3339;
use crate::{Access, Api, Refusal};

static CONVERSATION: ObjectKind = ObjectKind {
    name: "agentphone.conversation",
    id_prefix: "conv",
    title: "conversation",
    fields: FIELDS,
};

/// What a conversation is.
const FIELDS: &[Field] = &[
    name("agentId").or_null().default("null").acts(LISTED),
    name("phoneNumberId").acts(LISTED),
    field("phoneNumber", Kind::Telephone).acts(LISTED),
    field("participant", Kind::Telephone).acts(LISTED),
    field("messages", Kind::Any).acts(LISTED),
    map("metadata").or_null().default("null").acts(LISTED),
    text("groupName").or_null().default("null").acts(LISTED),
];

/// What may be changed of one.
static CHANGE: ObjectKind = ObjectKind {
    name: "agentphone.conversation",
    id_prefix: "conv",
    title: "conversation",
    fields: &[
        map("metadata").or_null().acts(Acts::Here("shown")),
        text("group_name")
            .at_most(1_000)
            .or_null()
            .acts(Acts::Here("shown")),
    ],
};

const MESSAGES: Paging = Paging {
    limit: "limit",
    limit_default: 50,
    limit_max: 200,
    is_capped: false,
};

const MESSAGES_OF_ONE: Paging = Paging {
    limit: "message_limit",
    ..MESSAGES
};

type Answer = Result<Json<Value>, Refusal>;

pub(super) fn routes() -> Router<Api> {
    Router::new()
        .route("/conversations", get(list))
        .route("/conversations/{id}", get(show).patch(update))
        .route("/conversations/{id}/messages", get(messages))
        .route("/conversations/{id}/typing", post(no_messaging))
        .route(
            "/conversations/{id}/background",
            post(no_messaging).delete(no_messaging),
        )
        .route("/agents/{id}/conversations", get(list_of_agent))
}

async fn list(Extension(access): Extension<Access>, Query(fields): Fields) -> Answer {
    let query = page(&fields, &PAGING)?;
    let page = access.workspace.objects(CONVERSATION.name, &query).await?;
    let data: Vec<Value> = page.items.iter().map(summary).collect();
    Ok(Json(
        json!({ "data": data, "hasMore": page.next.is_some(), "total": page.total }),
    ))
}

async fn list_of_agent(
    Extension(access): Extension<Access>,
    Path(agent): Path<String>,
    Query(fields): Fields,
) -> Answer {
    access.workspace.agent(&agent).await?;
    let PageQuery { limit, start, .. } = page(&fields, &PAGING)?;
    let mut all = CONVERSATION.all(&access.workspace).await?;
    all.retain(|it| it.document["agentId"] == json!(agent));
    let total = all.len();
    let skipped = match start {
        PageStart::Offset(offset) => usize::try_from(offset).unwrap_or(usize::MAX),
        PageStart::First | PageStart::After(_) => 0,
    };
    let page = all.iter().skip(skipped).take(limit as usize);
    let data: Vec<Value> = page.map(summary).collect();
    let has_more = skipped.saturating_add(data.len()) < total;
    Ok(Json(
        json!({ "data": data, "hasMore": has_more, "total": total }),
    ))
}

async fn show(
    Extension(access): Extension<Access>,
    Path(id): Path<String>,
    Query(fields): Fields,
) -> Answer {
    let limit = page(&fields, &MESSAGES_OF_ONE)?.limit;
    let conversation = CONVERSATION.find(&access.workspace, &id).await?;
    Ok(Json(whole(&conversation, limit)))
}

async fn update(
    Extension(access): Extension<Access>,
    Path(id): Path<String>,
    JsonBody(body): JsonBody,
) -> Answer {
    CHANGE.check(&body, true)?;
    let mut change = json!({});
    for (theirs, ours) in [("metadata", "metadata"), ("group_name", "groupName")] {
        if let Some(value) = body.get(theirs) {
            change[ours] = value.clone();
        }
    }
    let changed = CONVERSATION.update(&access.workspace, &id, &change).await?;
    Ok(Json(whole(&changed, MESSAGES.limit_default)))
}

async fn messages(
    Extension(access): Extension<Access>,
    Path(id): Path<String>,
    Query(fields): Fields,
) -> Answer {
    let limit = page(&fields, &MESSAGES)?.limit;
    let moment = |wanted: &str| {
        let found = fields.iter().find(|(name, _)| name == wanted);
        found.map(|(_, value)| value.clone())
    };
    let (before, after) = (moment("before"), moment("after"));
    let conversation = CONVERSATION.find(&access.workspace, &id).await?;
    let mut found = all_messages(&conversation);
    found.retain(|message| {
        // Times are written alike, so that texts are in the order of the times.
        let at = message["receivedAt"].as_str().unwrap_or_default();
        before.as_deref().is_none_or(|before| at < before)
            && after.as_deref().is_none_or(|after| at > after)
    });
    let has_more = found.len() > limit as usize;
    found.truncate(limit as usize);
    Ok(Json(json!({ "data": found, "hasMore": has_more })))
}

async fn no_messaging(Extension(access): Extension<Access>, Path(id): Path<String>) -> Answer {
    CONVERSATION.find(&access.workspace, &id).await?;
    let message = "this server carries voice alone: it sends no text messages";
    let status = StatusCode::NOT_IMPLEMENTED;
    Err(Refusal::new(status, "not_implemented", message))
}

fn all_messages(conversation: &StoredObject) -> Vec<Value> {
    let messages = conversation.document["messages"].as_array();
    messages.cloned().unwrap_or_default()
}

fn summary(conversation: &StoredObject) -> Value {
    let mut shown = filled(&CONVERSATION, conversation);
    let messages = all_messages(conversation);
    let last = messages.last();
    let at = last.map(|it| it["receivedAt"].clone());
    let fields = shown.as_object_mut();
    fields.map(|fields| fields.remove("messages"));
    shown["id"] = json!(conversation.id);
    shown["createdAt"] = json!(rfc3339(conversation.created_at_ms));
    shown["messageCount"] = json!(messages.len());
    shown["lastMessageAt"] = at.unwrap_or(json!(rfc3339(conversation.created_at_ms)));
    shown["lastMessagePreview"] = last.map_or(json!(""), |it| it["body"].clone());
    shown
}

fn whole(conversation: &StoredObject, limit: u32) -> Value {
    let mut messages = all_messages(conversation);
    let skipped = messages.len().saturating_sub(limit as usize);
    let mut shown = summary(conversation);
    shown["messages"] = messages.split_off(skipped).into();
    shown
}
