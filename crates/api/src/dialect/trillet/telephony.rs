//! Trillet's calls to somebody, and the configuration of telephone numbers.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::routing::{post, put};
use axum::{Extension, Json, Router};
use serde_json::{Map, Value, json};

use super::routes::check_workspace;
use super::{callback, number_config, numbers, office_hours};
use crate::dialect::agents::invalid;
use crate::dialect::field::{
    Acts, CALLED, Field, Kind, LISTED, PLACED, field, flag, map, name, text, whole, word,
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
    field(callback::FIELD, Kind::Text { min: 0, max: 2_048 })
        .or_null()
        .acts(CALLBACK),
    map("dynamic_variables").or_null().acts(PLACED),
    map("metadata").or_null().acts(PLACED),
];

pub(super) static NUMBER: ObjectKind = kind("trillet.number", "number", NUMBER_FIELDS);

/// How a number is to be answered. It is kept beside the number, which any dialect may have made.
const NUMBER_FIELDS: &[Field] = &[
    name("agentId").or_null().acts(CALLED),
    whole("maxCallDuration", 1.0, 86_400.0)
        .or_null()
        .acts(LIMITS),
    flag("recordingEnabled").or_null().acts(RECORDS),
    map(office_hours::FIELD).or_null().acts(HOURS),
    word("transferCallerIdMode", &["agent", "customer"])
        .or_null()
        .acts(SHOWN),
    field("metadataTags", Kind::Any).acts(LISTED),
    text("label").at_most(1_000).or_null().acts(LISTED),
];

const CALLBACK: Acts = Acts::Shown(
    "told of the call, in place of the webhook of the agent's flow, unless the agent has nothing stored \
     of its calls; the answer has the secret that signs what is sent, as `callback_secret`",
    "crates/api/tests/outgoing/trillet.rs::an_address_that_a_call_names_is_told_of_it",
);
const LIMITS: Acts = Acts::Shown(
    "calls at the number and from it last no longer, nor longer than their agent lets them",
    "crates/api/tests/incoming/trillet.rs::a_number_s_configuration_holds_for_its_calls",
);
const RECORDS: Acts = Acts::Shown(
    "whether calls at the number and from it are recorded, whatever their agent says",
    "crates/api/tests/incoming/trillet.rs::a_number_s_configuration_holds_for_its_calls",
);
const HOURS: Acts = Acts::Shown(
    "when calls at the number are taken, and any placed from it, in place of the agent's opening hours",
    "crates/api/tests/outgoing/trillet.rs::a_number_s_configuration_holds_for_calls_from_it",
);
const SHOWN: Acts = Acts::Shown(
    "`customer`: whom a call is transferred to blind sees the number of the caller; a conference shows \
     the agent's, because carriers place calls from numbers of their customers alone",
    "crates/api/tests/transfers/flows.rs::a_number_says_whose_number_is_shown",
);

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
    let told = body[callback::FIELD].as_str().filter(|it| !it.is_empty());
    let (own, secret) = match told {
        Some(url) => {
            let (own, secret) = callback::for_url(&api, &access.workspace, url).await?;
            (own, Some(secret))
        }
        None => (Map::new(), None),
    };
    let wishes = CallWishes {
        own,
        metadata: body["metadata"].as_object().cloned().unwrap_or_default(),
        ..CallWishes::new(agent, (to_field, to))
    };
    let wishes = wishes.with_variables(&body["dynamic_variables"]);
    let call = api.place_call(&access, wishes).await?;
    let mut answer = json!({
        "status": "success",
        "message": "Call initiated",
        "call_id": call.id,
        "callId": call.id,
        "roomName": call.id,
        "fromNumber": call.document.from_number,
        "toNumber": call.document.to_number,
        "agent": shown,
    });
    if let Some(secret) = secret {
        answer["callback_secret"] = json!(secret);
    }
    Ok(Json(answer))
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
    let problems = office_hours::problems(&body[office_hours::FIELD]);
    if !problems.is_empty() {
        return Err(invalid(problems));
    }
    let workspace = &access.workspace;
    if let Some(agent) = body["agentId"].as_str() {
        workspace.agent(agent).await?;
    }
    let number = numbers::EnteredNumber::find(workspace, &id).await?;
    if let Some(agent) = body.get("agentId") {
        number.give(workspace, agent.as_str()).await?;
    }
    match number_config::of(workspace, &id).await? {
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
    let number = numbers::EnteredNumber::find(workspace, &id).await?;
    let found = number_config::of(workspace, &id).await?;
    let mut shown = found.map_or_else(|| json!({}), |it| filled(&NUMBER, &it));
    shown["_id"] = json!(id);
    shown["numberId"] = json!(id);
    shown["phoneNumberId"] = json!(id);
    shown["phoneNumber"] = json!(number.number);
    shown["agentId"] = json!(number.agent);
    shown["recording"] = shown["recordingEnabled"].clone();
    Ok(Json(shown))
}
