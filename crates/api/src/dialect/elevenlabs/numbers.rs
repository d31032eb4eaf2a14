//! ElevenLabs' telephone numbers, each with the carrier's account or the SIP trunk that it is
//! reached by. What opens these is kept as a secret.

use axum::extract::{Path, Query};
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use offhook_store::StoredObject;
use serde_json::{Value, json};

use super::listing::{asked, check_order, filtered};
use super::routes::Answer;
use crate::dialect::agents::invalid;
use crate::dialect::field::NAMES;
use crate::dialect::field::{
    CALLED, Field, LISTED, PLACED, TELEPHONY, flag, list, map, name, section, text, word,
};
use crate::dialect::objects::{ObjectKind, filled};
use crate::dialect::problem::{Problem, ProblemKind};
use crate::dialect::query::Fields;
use crate::dialect::{path, secret};
use crate::json_body::JsonBody;
use crate::{Access, Api, Refusal};

pub(crate) static NUMBER: ObjectKind = ObjectKind {
    name: "elevenlabs.phone-number",
    id_prefix: "phnum",
    title: "phone number",
    fields: FIELDS,
};

const ENCRYPTION: &[&str] = &["disabled", "allowed", "required"];
const TRANSPORTS: &[&str] = &["auto", "udp", "tcp", "tls"];

pub(super) const FIELDS: &[Field] = &[
    name("phone_number").required().acts(CALLED),
    text("label").required().acts(LISTED),
    word("provider", &["twilio", "sip_trunk", "exotel"])
        .default("\"twilio\"")
        .acts(CALLED),
    flag("supports_inbound").default("true").acts(CALLED),
    flag("supports_outbound").default("true").acts(PLACED),
    name("agent_id").or_null().acts(CALLED),
    name("sid").acts(PLACED),
    name("token").secret().acts(CALLED),
    name("account_auth_token")
        .or_null()
        .secret()
        .acts(TELEPHONY),
    name("account_sid").acts(TELEPHONY),
    name("api_key").secret().acts(TELEPHONY),
    name("api_token").secret().acts(TELEPHONY),
    section("inbound_trunk_config").or_null().default("null"),
    list("inbound_trunk_config.allowed_addresses", &NAMES)
        .or_null()
        .acts(TELEPHONY),
    list("inbound_trunk_config.allowed_numbers", &NAMES)
        .or_null()
        .acts(TELEPHONY),
    word("inbound_trunk_config.media_encryption", ENCRYPTION)
        .default("\"allowed\"")
        .acts(TELEPHONY),
    section("inbound_trunk_config.credentials").or_null(),
    name("inbound_trunk_config.credentials.username")
        .required()
        .acts(TELEPHONY),
    name("inbound_trunk_config.credentials.password")
        .or_null()
        .secret()
        .acts(TELEPHONY),
    list("inbound_trunk_config.remote_domains", &NAMES)
        .or_null()
        .acts(TELEPHONY),
    section("outbound_trunk_config").or_null().default("null"),
    name("outbound_trunk_config.address")
        .required()
        .acts(TELEPHONY),
    word("outbound_trunk_config.transport", TRANSPORTS)
        .default("\"auto\"")
        .acts(TELEPHONY),
    word("outbound_trunk_config.media_encryption", ENCRYPTION)
        .default("\"allowed\"")
        .acts(TELEPHONY),
    map("outbound_trunk_config.headers")
        .default("{}")
        .acts(TELEPHONY),
    section("outbound_trunk_config.credentials").or_null(),
    name("outbound_trunk_config.credentials.username")
        .required()
        .acts(TELEPHONY),
    name("outbound_trunk_config.credentials.password")
        .or_null()
        .secret()
        .acts(TELEPHONY),
    word("livekit_stack", &["standard", "static"])
        .default("\"standard\"")
        .acts(TELEPHONY),
    flag("store_sip_messages").default("false").acts(TELEPHONY),
];

/// What each provider has to know before a number can be used.
const NEEDED: [(&str, &[&str]); 2] = [
    ("twilio", &["sid", "token"]),
    ("exotel", &["account_sid", "api_key", "api_token"]),
];

pub(super) fn routes() -> Router<Api> {
    Router::new()
        .route("/phone-numbers", post(create).get(list_all))
        .route("/v2/phone-numbers", get(list_page))
        .route(
            "/phone-numbers/{id}",
            get(show).patch(update).delete(delete),
        )
}

async fn create(Extension(access): Extension<Access>, JsonBody(mut body): JsonBody) -> Answer {
    NUMBER.check(&body, false)?;
    check_account(&body)?;
    check_agent(&access, &body).await?;
    let kept = secret::keep(&access.workspace, FIELDS, &body, None).await?;
    kept.enter(&mut body);
    let made = access
        .workspace
        .create_object(NUMBER.name, NUMBER.id_prefix, body);
    let number = made.await?;
    Ok(Json(json!({ "phone_number_id": number.id })))
}

fn check_account(body: &Value) -> Result<(), Refusal> {
    let provider = body["provider"].as_str().unwrap_or("twilio");
    let needed = NEEDED.iter().find(|(name, _)| *name == provider);
    let missing = needed.into_iter().flat_map(|(_, fields)| *fields);
    let missing: Vec<Problem> = missing
        .filter(|field| body.get(**field).is_none())
        .map(|field| Problem::at(field, ProblemKind::Missing, "Field required"))
        .collect();
    if missing.is_empty() {
        Ok(())
    } else {
        Err(invalid(missing))
    }
}

async fn check_agent(access: &Access, body: &Value) -> Result<(), Refusal> {
    if let Some(agent) = body["agent_id"].as_str() {
        access.workspace.agent(agent).await?;
    }
    Ok(())
}

async fn list_all(Extension(access): Extension<Access>, Query(fields): Fields) -> Answer {
    let mut shown = Vec::new();
    for number in NUMBER.all(&access.workspace).await? {
        if is_meant(&number, &fields) {
            shown.push(whole(&access, number).await);
        }
    }
    Ok(Json(json!(shown)))
}

async fn list_page(Extension(access): Extension<Access>, Query(fields): Fields) -> Answer {
    check_order(&fields)?;
    let keep = |number: &StoredObject| is_meant(number, &fields);
    let listed = filtered(&access.workspace, &NUMBER, &fields, keep).await?;
    let mut numbers = Vec::new();
    for number in listed.items {
        numbers.push(whole(&access, number).await);
    }
    let next = listed.next;
    Ok(Json(json!({
        "phone_numbers": numbers, "has_more": next.is_some(), "next_cursor": next
    })))
}

fn is_meant(number: &StoredObject, fields: &[(String, String)]) -> bool {
    let number = filled(&NUMBER, number);
    let same = |name: &str| {
        asked(fields, name).is_none_or(|wanted| match &number[name] {
            Value::Bool(flag) => wanted.eq_ignore_ascii_case(&flag.to_string()),
            value => value == wanted,
        })
    };
    [
        "provider",
        "agent_id",
        "label",
        "phone_number",
        "supports_outbound",
    ]
    .into_iter()
    .all(same)
}

async fn show(Extension(access): Extension<Access>, Path(id): Path<String>) -> Answer {
    let number = NUMBER.find(&access.workspace, &id).await?;
    Ok(Json(whole(&access, number).await))
}

/// Assigns the number to an agent of the workspace or to none, and changes its trunks.
async fn update(
    Extension(access): Extension<Access>,
    Path(id): Path<String>,
    JsonBody(mut body): JsonBody,
) -> Answer {
    NUMBER.check(&body, true)?;
    check_agent(&access, &body).await?;
    let workspace = &access.workspace;
    let before = NUMBER.find(workspace, &id).await?.document;
    let kept = secret::keep(workspace, FIELDS, &body, Some(&before)).await?;
    kept.enter(&mut body);
    let number = NUMBER.lay_over(workspace, &id, &body).await?;
    kept.forget_replaced(workspace).await?;
    Ok(Json(whole(&access, number).await))
}

async fn delete(Extension(access): Extension<Access>, Path(id): Path<String>) -> Answer {
    let number = NUMBER.delete(&access.workspace, &id).await?;
    secret::forget(&access.workspace, FIELDS, &number.document).await?;
    Ok(Json(json!({})))
}

/// Whether calls to a number are answered, and calls from it can be placed, is for its carrier.
async fn whole(access: &Access, number: StoredObject) -> Value {
    let id = number.id.clone();
    let mut shown = filled(&NUMBER, &number);
    for field in FIELDS.iter().filter(|field| field.is_secret) {
        path::take(&mut shown, field.path);
    }
    let assigned = path::take(&mut shown, "agent_id");
    let agent = match assigned.as_ref().and_then(Value::as_str) {
        Some(id) => access.workspace.agent(id).await.ok(),
        None => None,
    };
    if shown["provider"] == "sip_trunk" {
        show_trunks(&mut shown);
    } else {
        for field in [
            "livekit_stack",
            "store_sip_messages",
            "inbound_trunk_config",
            "outbound_trunk_config",
        ] {
            path::take(&mut shown, field);
        }
    }
    shown["phone_number_id"] = json!(id);
    shown["assigned_agent"] = agent.map_or(
        Value::Null,
        |agent| json!({ "agent_id": agent.id, "agent_name": agent.name() }),
    );
    shown
}

fn show_trunks(shown: &mut Value) {
    let trunk = |config: Option<Value>| {
        let mut config = config.filter(Value::is_object)?;
        let credentials = path::take(&mut config, "credentials");
        let credentials = credentials.filter(Value::is_object);
        config["has_auth_credentials"] = json!(credentials.is_some());
        config["username"] = credentials.map_or(Value::Null, |it| it["username"].clone());
        Some(config)
    };
    let inbound = trunk(path::take(shown, "inbound_trunk_config"));
    let outbound = trunk(path::take(shown, "outbound_trunk_config"));
    if let Some(mut inbound) = inbound {
        if !inbound["allowed_addresses"].is_array() {
            inbound["allowed_addresses"] = json!([]);
        }
        shown["inbound_trunk"] = inbound;
    }
    if let Some(mut outbound) = outbound {
        outbound["has_outbound_trunk"] = json!(true);
        shown["provider_config"] = outbound.clone();
        shown["outbound_trunk"] = outbound;
    }
}
