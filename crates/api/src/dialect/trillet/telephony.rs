//! Trillet's calls to somebody, and the configuration of telephone numbers, which is kept.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::routing::{post, put};
use axum::{Extension, Json, Router};
use serde_json::{Value, json};

use super::routes::check_workspace;
use crate::dialect::agentphone;
use crate::dialect::agents::invalid;
use crate::dialect::field::{
    Field, Kind, LISTED, PLACED, TELEPHONY, field, flag, map, name, text, whole, word,
};
use crate::dialect::objects::{ObjectKind, filled};
use crate::dialect::problem::{Problem, ProblemKind};
use crate::outgoing_calls::CallWishes;
use crate::{Access, Api, Refusal, read_json};

pub(super) static CALL: ObjectKind = kind("trillet.call", "call", CALL_FIELDS);

/// Its older form has other names for the same.
const CALL_FIELDS: &[Field] = &[
    field("to", Kind::Telephone).acts(PLACED),
    field("toNumber", Kind::Telephone).acts(PLACED),
    name("call_agent_id").acts(PLACED),
    name("agentId").acts(PLACED),
    field("callback_url", Kind::Https { max: 2_048 })
        .or_null()
        .acts(TELEPHONY),
    map("dynamic_variables").or_null().acts(PLACED),
    map("metadata").or_null().acts(PLACED),
];

pub(super) static NUMBER: ObjectKind = kind("trillet.number", "number", NUMBER_FIELDS);

/// How a number is to be answered. It is kept beside the number, which any dialect may have made.
const NUMBER_FIELDS: &[Field] = &[
    name("agentId").or_null().acts(TELEPHONY),
    whole("maxCallDuration", 1.0, 86_400.0)
        .or_null()
        .acts(TELEPHONY),
    flag("recordingEnabled").or_null().acts(TELEPHONY),
    map("officeHours").or_null().acts(TELEPHONY),
    word("transferCallerIdMode", &["agent", "customer"])
        .or_null()
        .acts(TELEPHONY),
    field("metadataTags", Kind::Any).acts(LISTED),
    text("label").at_most(1_000).or_null().acts(LISTED),
];

pub(super) const fn kind(
    name: &'static str,
    title: &'static str,
    fields: &'static [Field],
) -> ObjectKind {
    ObjectKind {
        name,
        id_prefix: "num",
        title,
        fields,
    }
}

type Answer = Result<Json<Value>, Refusal>;

pub(super) fn routes() -> Router<Api> {
    Router::new()
        .route("/call", post(call))
        .route("/calls/call", post(call))
        .route(
            "/twilio/phone-numbers/{id}/config",
            put(configure).get(configuration),
        )
}

/// The first of two names that a body has, and that something has to have.
pub(super) fn needed<'a>(body: &'a Value, names: [&str; 2]) -> Result<&'a str, Refusal> {
    let found = names.iter().find_map(|name| body[*name].as_str());
    found.ok_or_else(|| {
        let message = format!("{} is required", names[0]);
        invalid(vec![Problem::at(names[0], ProblemKind::Missing, message)])
    })
}

/// Calls a number; the answer has the names of both forms.
async fn call(
    State(api): State<Api>,
    Extension(access): Extension<Access>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    check_workspace(&access, &headers)?;
    let body = read_json(&headers, &body)?;
    CALL.check(&body, false)?;
    let to = needed(&body, ["to", "toNumber"])?;
    let to_field = if body["to"].is_string() {
        "to"
    } else {
        "toNumber"
    };
    let agent = needed(&body, ["call_agent_id", "agentId"])?;
    let agent = access.workspace.agent(agent).await?;
    let shown = json!({ "_id": agent.id, "name": agent.name() });
    let wishes = CallWishes {
        metadata: body["metadata"].as_object().cloned().unwrap_or_default(),
        ..CallWishes::new(agent, (to_field, to))
    };
    let wishes = wishes.with_variables(&body["dynamic_variables"]);
    let call = api.place_call(&access, wishes).await?;
    Ok(Json(json!({
        "status": "success",
        "message": "Call initiated",
        "call_id": call.id,
        "callId": call.id,
        "roomName": call.id,
        "fromNumber": call.document.from_number,
        "toNumber": call.document.to_number,
        "agent": shown,
    })))
}

async fn configure(
    Extension(access): Extension<Access>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    check_workspace(&access, &headers)?;
    let body = read_json(&headers, &body)?;
    NUMBER.check(&body, true)?;
    let workspace = &access.workspace;
    if let Some(agent) = body["agentId"].as_str() {
        workspace.agent(agent).await?;
    }
    agentphone::numbers::NUMBER.find(workspace, &id).await?;
    if let Some(agent) = body.get("agentId") {
        agentphone::numbers::assign(workspace, &id, agent).await?;
    }
    let before = NUMBER.all(workspace).await?.into_iter();
    let mut before = before.filter(|it| it.document["numberId"] == json!(id));
    match before.next() {
        Some(before) => {
            NUMBER.update(workspace, &before.id, &body).await?;
        }
        None => {
            let mut whole = body;
            whole["numberId"] = json!(id);
            NUMBER.create(workspace, whole).await?;
        }
    }
    Ok(Json(json!({ "success": true })))
}

/// The configuration with the number that it is of.
async fn configuration(
    Extension(access): Extension<Access>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Answer {
    check_workspace(&access, &headers)?;
    let workspace = &access.workspace;
    let number = agentphone::numbers::NUMBER.find(workspace, &id).await?;
    let found = NUMBER.all(workspace).await?.into_iter();
    let mut found = found.filter(|it| it.document["numberId"] == json!(id));
    let mut shown = found
        .next()
        .map_or_else(|| json!({}), |it| filled(&NUMBER, &it));
    shown["_id"] = json!(id);
    shown["numberId"] = json!(id);
    shown["phoneNumber"] = number.document["phoneNumber"].clone();
    shown["agentId"] = number.document["agentId"].clone();
    Ok(Json(shown))
}
