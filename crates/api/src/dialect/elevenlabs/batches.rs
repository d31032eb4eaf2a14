//! ElevenLabs' batch calls: many recipients of one agent, submitted, watched, taken back and tried
//! again.

use std::time::Duration;

use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use offhook_agent::is_only_for_headers;
use offhook_store::{
    BatchQuery, PageStart, PromiseQuery, PromiseStatus, StoredBatch, StoredPromise,
};
use serde_json::{Map, Value, json};

use super::listing::asked;
use super::numbers::NUMBER;
use super::outbound::{as_platform, check_number, opening, own};
use super::routes::Answer;
use crate::calls::ACTIVE;
use crate::dialect::agents::invalid;
use crate::dialect::field::Kind;
use crate::dialect::field::{Acts, Field, field, map, name, objects, section, text, whole};
use crate::dialect::objects::{ObjectKind, filled};
use crate::dialect::problem::{Problem, ProblemKind};
use crate::dialect::query::{Fields, Paging, page};
use crate::json_body::JsonBody;
use crate::promised_calls::{
    BatchStatus, BatchWish, KeptWishes, PromiseDocument, PromiseKind, Recipient,
};
use crate::{Access, Api, Refusal};

static BATCH: ObjectKind = ObjectKind {
    name: "elevenlabs.batch",
    id_prefix: "btcal",
    title: "batch",
    fields: BATCH_FIELDS,
};

/// What a batch is submitted with.
const BATCHED: Acts = Acts::Shown(
    "shapes the calls of the batch",
    "crates/api/tests/promised/batches.rs::elevenlabs_batches_are_submitted_and_watched",
);

pub(super) const BATCH_FIELDS: &[Field] = &[
    text("call_name").required().acts(BATCHED),
    name("agent_id").required().acts(BATCHED),
    objects("recipients", RECIPIENT)
        .required()
        .at_most(10_000)
        .acts(BATCHED),
    whole("scheduled_time_unix", 0.0, 1e11)
        .or_null()
        .acts(BATCHED),
    name("agent_phone_number_id").or_null().acts(BATCHED),
    name("timezone").or_null().acts(BATCHED),
    section("telephony_call_config").or_null(),
    whole("telephony_call_config.ringing_timeout_secs", 1.0, 600.0)
        .or_null()
        .acts(BATCHED),
    whole("target_concurrency_limit", 1.0, 10_000.0)
        .or_null()
        .acts(BATCHED),
];

const RECIPIENT: &[Field] = &[
    name("id").or_null().acts(BATCHED),
    field("phone_number", Kind::Telephone)
        .required()
        .acts(BATCHED),
    map("conversation_initiation_client_data")
        .or_null()
        .acts(BATCHED),
];

const PAGING: Paging = Paging {
    limit: "limit",
    limit_default: 100,
    limit_max: 1_000,
    is_capped: true,
};
/// How long a call rings where nothing else is said, in seconds.
const RINGING_S: u64 = 60;

pub(super) fn routes() -> Router<Api> {
    let submit = post(submit).layer(DefaultBodyLimit::disable());
    Router::new()
        .route("/batch-calling/submit", submit)
        .route("/batch-calling/workspace", get(list))
        .route("/batch-calling/{id}", get(show).delete(delete))
        .route("/batch-calling/{id}/cancel", post(cancel))
        .route("/batch-calling/{id}/retry", post(retry))
}

async fn submit(
    State(api): State<Api>,
    Extension(access): Extension<Access>,
    JsonBody(body): JsonBody,
) -> Answer {
    BATCH.check(&body, false)?;
    let listed = body["recipients"].as_array();
    let Some(listed) = listed.filter(|it| !it.is_empty()) else {
        let message = "List should have at least 1 item";
        let problem = Problem::at("recipients", ProblemKind::TooShort, message);
        return Err(invalid(vec![problem]));
    };
    let zone = body["timezone"].as_str();
    if zone.is_some_and(|zone| !offhook_agent::is_time_zone(zone)) {
        let message = "Input should be a time zone, such as Europe/Berlin";
        let problem = Problem::at("timezone", ProblemKind::Value, message);
        return Err(invalid(vec![problem]));
    }
    let workspace = &access.workspace;
    let agent = body["agent_id"].as_str().unwrap_or_default();
    let agent = workspace.agent(agent).await?;
    let number = body["agent_phone_number_id"].as_str();
    if let Some(number) = number {
        check_number(&access, number, None).await?;
    }
    let secrets: Vec<Problem> = listed.iter().enumerate().flat_map(secrets_of).collect();
    if !secrets.is_empty() {
        return Err(invalid(secrets));
    }
    let recipients: Result<Vec<Recipient>, Refusal> = listed.iter().map(recipient).collect();
    let config = &body["telephony_call_config"];
    let ringing = config["ringing_timeout_secs"].as_u64();
    let ring_max = Duration::from_secs(ringing.unwrap_or(RINGING_S));
    let scheduled = body["scheduled_time_unix"].as_i64();
    let wish = BatchWish {
        name: body["call_name"].as_str().unwrap_or_default().to_owned(),
        from_ms: scheduled.unwrap_or(0).saturating_mul(1_000),
        per_minute: None,
        concurrency_max: body["target_concurrency_limit"].as_u64(),
        attempts_max: 1,
        document: PromiseDocument {
            kind: PromiseKind::Batch,
            gaps: Vec::new(),
            time_zone: zone.map(str::to_owned),
            hours: Vec::new(),
            wishes: KeptWishes {
                from_id: number.map(str::to_owned),
                ring_max_ms: Some(ring_max.as_millis() as u64),
                ..KeptWishes::default()
            },
            note: None,
            is_kept: true,
            own: Value::Null,
        },
        recipients: recipients?,
        fields: ("phone_number", "agent_phone_number_id"),
        own: json!({
            "number": number,
            "timezone": zone,
            "limit": body["target_concurrency_limit"],
            "ringing_timeout_secs": ring_max.as_secs(),
        }),
        agent,
    };
    let made = api.create_batch(workspace, wish).await;
    let made = made.map_err(as_platform)?;
    Ok(Json(shown(&access, &made).await?))
}

/// Secrets among the variables of a recipient: they are not kept for a later call.
fn secrets_of((at, value): (usize, &Value)) -> Vec<Problem> {
    let client = "conversation_initiation_client_data";
    let variables = value[client]["dynamic_variables"].as_object();
    let names = variables.into_iter().flat_map(Map::keys);
    let secrets = names.filter(|name| is_only_for_headers(name));
    let wrong = secrets.map(|name| {
        let place = format!("recipients.{at}.{client}.dynamic_variables.{name}");
        let message = "A secret is not kept for a later call; the agent can name it instead";
        Problem::at(&place, ProblemKind::Value, message)
    });
    wrong.collect()
}

fn recipient(value: &Value) -> Result<Recipient, Refusal> {
    let client = &value["conversation_initiation_client_data"];
    let wishes = opening(client)?;
    Ok(Recipient {
        to: value["phone_number"]
            .as_str()
            .unwrap_or_default()
            .to_owned(),
        variables: Map::from_iter(wishes.variables),
        overrides: wishes.overrides,
        extra_body: wishes.extra_body,
        record: own(client),
        own: json!({ "id": value["id"], "client": client }),
    })
}

async fn list(Extension(access): Extension<Access>, Query(fields): Fields) -> Answer {
    let mut query = page(&fields, &PAGING)?;
    if let Some(last) = asked(&fields, "last_doc").filter(|it| !it.is_empty()) {
        let cursor = last.parse().map_err(|_| {
            let message = "no next_doc that a list has given";
            invalid(vec![Problem::at("last_doc", ProblemKind::Value, message)])
        })?;
        query.start = PageStart::After(cursor);
    }
    let query = BatchQuery {
        agent: asked(&fields, "agent_id").map(str::to_owned),
        limit: query.limit,
        start: query.start,
    };
    let page = access.workspace.batches(&query).await?;
    let mut batches = Vec::new();
    for batch in &page.items {
        batches.push(shown(&access, batch).await?);
    }
    let next = page.next.map(|it| it.to_string());
    Ok(Json(json!({
        "batch_calls": batches,
        "has_more": next.is_some(),
        "next_doc": next,
    })))
}

async fn show(
    State(api): State<Api>,
    Extension(access): Extension<Access>,
    Path(id): Path<String>,
) -> Answer {
    let batch = access.workspace.batch(&id).await?;
    let mut whole = shown(&access, &batch).await?;
    let mut query = PromiseQuery {
        batch: Some(batch.id),
        limit: 1_000,
        ..PromiseQuery::default()
    };
    let mut recipients = Vec::new();
    loop {
        let page = access.workspace.promises(&query).await?;
        for promise in &page.items {
            recipients.push(shown_recipient(&api, &access, promise).await?);
        }
        match page.next {
            Some(next) => query.start = PageStart::After(next),
            None => break,
        }
    }
    whole["recipients"] = Value::Array(recipients);
    Ok(Json(whole))
}

async fn cancel(
    State(api): State<Api>,
    Extension(access): Extension<Access>,
    Path(id): Path<String>,
) -> Answer {
    let batch = api.cancel_batch(&access.workspace, &id).await?;
    Ok(Json(shown(&access, &batch).await?))
}

async fn retry(
    State(api): State<Api>,
    Extension(access): Extension<Access>,
    Path(id): Path<String>,
) -> Answer {
    let batch = api.retry_batch(&access.workspace, &id).await?;
    Ok(Json(shown(&access, &batch).await?))
}

async fn delete(
    State(api): State<Api>,
    Extension(access): Extension<Access>,
    Path(id): Path<String>,
) -> Answer {
    api.cancel_batch(&access.workspace, &id).await?;
    access.workspace.delete_batch(&id).await?;
    Ok(Json(json!({})))
}

async fn shown(access: &Access, batch: &StoredBatch) -> Result<Value, Refusal> {
    let own = &batch.document["own"];
    let provider = match own["number"].as_str() {
        None => Value::Null,
        Some(id) => match NUMBER.find(&access.workspace, id).await {
            Ok(number) => filled(&NUMBER, &number)["provider"].clone(),
            // Deleted since.
            Err(_) => Value::Null,
        },
    };
    let progress = &batch.progress;
    let from_ms = batch.document["from_ms"]
        .as_i64()
        .unwrap_or(batch.created_at_ms);
    let ringing = own["ringing_timeout_secs"].as_u64().unwrap_or(RINGING_S);
    Ok(json!({
        "id": batch.id,
        "phone_number_id": own["number"],
        "phone_provider": provider,
        "whatsapp_params": null,
        "name": batch.document["name"],
        "agent_id": batch.agent,
        "branch_id": null,
        "environment": null,
        "created_at_unix": batch.created_at_ms / 1_000,
        "scheduled_time_unix": from_ms / 1_000,
        "timezone": own["timezone"],
        "total_calls_dispatched": progress.total() - progress.waiting - progress.cancelled,
        "total_calls_scheduled": progress.total(),
        "total_calls_finished": progress.over(),
        "last_updated_at_unix": batch.updated_at_ms / 1_000,
        "status": BatchStatus::of(batch).as_str(),
        "retry_count": batch.retries,
        "telephony_call_config": { "ringing_timeout_secs": ringing },
        "target_concurrency_limit": own["limit"],
        "agent_name": batch.document["agent_name"],
        "branch_name": null,
    }))
}

async fn shown_recipient(
    api: &Api,
    access: &Access,
    promise: &StoredPromise,
) -> Result<Value, Refusal> {
    let document = PromiseDocument::of(promise)?;
    let status = match promise.status {
        PromiseStatus::Waiting => "pending",
        PromiseStatus::Claimed => "dispatched",
        PromiseStatus::Begun => {
            let call = promise.call.as_deref().unwrap_or_default();
            let call = api.call(&access.workspace, call).await;
            match call.is_ok_and(|it| it.status == ACTIVE) {
                true => "in_progress",
                false => "initiated",
            }
        }
        PromiseStatus::Kept => "completed",
        PromiseStatus::GivenUp if promise.reason.as_deref() == Some("voicemail") => "voicemail",
        PromiseStatus::GivenUp => "failed",
        PromiseStatus::Cancelled => "cancelled",
    };
    let given = document.own["id"].as_str().unwrap_or(&promise.id);
    Ok(json!({
        "id": given,
        "phone_number": promise.of.to_number,
        "whatsapp_user_id": null,
        "status": status,
        "created_at_unix": promise.created_at_ms / 1_000,
        "updated_at_unix": promise.updated_at_ms / 1_000,
        "conversation_id": promise.call,
        "conversation_initiation_client_data": document.own["client"],
    }))
}
