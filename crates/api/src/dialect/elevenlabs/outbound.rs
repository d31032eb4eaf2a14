//! ElevenLabs' calls to somebody. Those over Twilio are placed; what needs a SIP trunk or another
//! carrier is checked in full and refused, and nothing is stored of it.

use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Extension, Json, Router};
use serde_json::{Value, json};

use super::conversations::OWN;
use super::numbers::NUMBER;
use super::opening::Wishes;
use super::routes::Answer;
use crate::dialect::agents::invalid;
use crate::dialect::calling::CallerWish;
use crate::dialect::field::Kind;
use crate::dialect::field::{
    Acts, Field, PLACED, TELEPHONY, field, flag, map, name, section, whole,
};
use crate::dialect::objects::{ObjectKind, filled};
use crate::dialect::problem::{Problem, ProblemKind};
use crate::json_body::JsonBody;
use crate::outgoing_calls::{CallWishes, PlaceProblem};
use crate::{Access, Api, Refusal};

static CALL: ObjectKind = ObjectKind {
    name: "elevenlabs.outbound-call",
    id_prefix: "call",
    title: "call",
    fields: CALL_FIELDS,
};

pub(super) const CALL_FIELDS: &[Field] = &[
    name("agent_id").required().acts(PLACED),
    name("agent_phone_number_id").required().acts(PLACED),
    field("to_number", Kind::Telephone).required().acts(PLACED),
    map("conversation_initiation_client_data")
        .or_null()
        .acts(PLACED),
    flag("call_recording_enabled").or_null().acts(PLACED),
    section("telephony_call_config").or_null(),
    whole("telephony_call_config.ringing_timeout_secs", 1.0, 600.0)
        .or_null()
        .acts(PLACED),
    flag("telephony_call_config.twilio_call_recording_enabled")
        .or_null()
        .acts(Acts::Here(
            "kept: it asks for a recording of the carrier's own; `call_recording_enabled` is this server's",
        )),
    map("telephony_call_config.twilio_machine_detection")
        .or_null()
        .acts(PLACED),
];

static REGISTERED: ObjectKind = ObjectKind {
    name: "elevenlabs.registered-call",
    id_prefix: "call",
    title: "call",
    fields: REGISTERED_FIELDS,
};

pub(super) const REGISTERED_FIELDS: &[Field] = &[
    name("agent_id").required().acts(TELEPHONY),
    name("from_number").required().acts(TELEPHONY),
    name("to_number").required().acts(TELEPHONY),
];

pub(super) fn routes() -> Router<Api> {
    let by = |provider: &'static str| {
        post(
            move |Extension(access): Extension<Access>, JsonBody(body): JsonBody| async move {
                call(&access, provider, &body).await
            },
        )
    };
    Router::new()
        .route("/twilio/outbound-call", post(place))
        .route("/sip-trunk/outbound-call", by("sip_trunk"))
        .route("/exotel/outbound-call", by("exotel"))
        .route("/twilio/register-call", post(register))
}

/// What is missing, whatever is asked for.
fn no_carrier(provider: &str) -> Refusal {
    let message = format!(
        "this server places no calls over {provider}; single calls from numbers of its carriers \
         are placed, and sessions over WebSocket work"
    );
    Refusal::new(StatusCode::BAD_REQUEST, "telephony_not_configured", message)
}

/// Places a call. What the carrier says is wrong is told as the platform does, with success false.
async fn place(
    State(api): State<Api>,
    Extension(access): Extension<Access>,
    JsonBody(body): JsonBody,
) -> Answer {
    CALL.check(&body, false)?;
    let text = |name: &str| body[name].as_str().unwrap_or_default();
    let agent = access.workspace.agent(text("agent_id")).await?;
    let number = text("agent_phone_number_id");
    check_number(&access, number, Some("twilio")).await?;
    let client = &body["conversation_initiation_client_data"];
    let config = &body["telephony_call_config"];
    let ring_max = config["ringing_timeout_secs"].as_u64();
    let detects = config["twilio_machine_detection"].is_object();
    let wishes = CallWishes {
        from: ("agent_phone_number_id", CallerWish::Id(number)),
        opening: opening(client)?,
        is_recorded: body["call_recording_enabled"].as_bool(),
        ring_max: ring_max.map(Duration::from_secs),
        detects_machines: detects.then_some(true),
        own: own(client),
        ..CallWishes::new(agent, ("to_number", text("to_number")))
    };
    let (call, problem) = match api.place_call(&access, wishes).await {
        Ok(call) => (call, None),
        Err(PlaceProblem::NotTaken(call, problem)) => (*call, Some(problem)),
        Err(problem) => return Err(as_platform(problem.into())),
    };
    let message = problem
        .as_ref()
        .map_or_else(|| "Success".to_owned(), ToString::to_string);
    Ok(Json(json!({
        "success": problem.is_none(),
        "message": message,
        "conversation_id": call.id,
        "callSid": call.document.other.get("carrier_call_id"),
    })))
}

/// What is not set up is a bad request on this platform.
pub(super) fn as_platform(refusal: Refusal) -> Refusal {
    match refusal.code {
        "telephony_not_configured" => Refusal {
            status: StatusCode::BAD_REQUEST,
            ..refusal
        },
        _ => refusal,
    }
}

/// What the conversation's record keeps of its beginning.
pub(super) fn own(client: &Value) -> serde_json::Map<String, Value> {
    let own = json!({
        "user_id": client["user_id"],
        "overrides": client["conversation_config_override"],
        "extra_body": client["custom_llm_extra_body"],
        "source_info": client["source_info"],
    });
    serde_json::Map::from_iter([(OWN.to_owned(), own)])
}

pub(super) fn opening(client: &Value) -> Result<Wishes, Refusal> {
    let object = |name: &str| match &client[name] {
        Value::Null => Ok(serde_json::Map::new()),
        Value::Object(fields) => Ok(fields.clone()),
        _ => {
            let place = format!("conversation_initiation_client_data.{name}");
            let message = "Input should be a valid dictionary";
            Err(invalid(vec![Problem::at(
                &place,
                ProblemKind::Object,
                message,
            )]))
        }
    };
    Ok(Wishes {
        overrides: object("conversation_config_override")?,
        extra_body: object("custom_llm_extra_body")?,
        variables: object("dynamic_variables")?.into_iter().collect(),
    })
}

async fn call(access: &Access, provider: &str, body: &Value) -> Answer {
    CALL.check(body, false)?;
    let text = |name: &str| body[name].as_str().unwrap_or_default();
    access.workspace.agent(text("agent_id")).await?;
    check_number(access, text("agent_phone_number_id"), Some(provider)).await?;
    Err(no_carrier(provider))
}

/// Refuses a number that this workspace does not have, or has with another provider.
pub(super) async fn check_number(
    access: &Access,
    id: &str,
    provider: Option<&str>,
) -> Result<(), Refusal> {
    let number = NUMBER.find(&access.workspace, id).await?;
    let number = filled(&NUMBER, &number);
    let wrong = match provider {
        Some(provider) if number["provider"] != provider => {
            format!("This number is of another provider than {provider}")
        }
        _ if number["supports_outbound"] == false => {
            "This number is for incoming calls only".to_owned()
        }
        _ => return Ok(()),
    };
    let field = "agent_phone_number_id";
    Err(invalid(vec![Problem::at(field, ProblemKind::Value, wrong)]))
}

/// A call that the client's own carrier has on its line.
async fn register(Extension(access): Extension<Access>, JsonBody(body): JsonBody) -> Answer {
    REGISTERED.check(&body, false)?;
    let agent = body["agent_id"].as_str().unwrap_or_default();
    access.workspace.agent(agent).await?;
    Err(no_carrier("twilio"))
}
