//! AgentPhone's log of what its webhooks were sent, and the test that sends one something.

use axum::extract::{Path, Query, State};
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use offhook_store::{
    DeliveryCount, DeliveryQuery, DeliveryStatus, PageQuery, PageStart, StoreError, StoredDelivery,
    StoredObject, new_id, now_ms,
};
use serde_json::{Map, Value, json};

use super::deliveries::{PLATFORM, delivery};
use super::webhooks::found;
use crate::dialect::agents::invalid;
use crate::dialect::field::{Field, Kind, field, text, word};
use crate::dialect::objects::ObjectKind;
use crate::dialect::problem::{Problem, ProblemKind};
use crate::dialect::query::{Fields, Paging, page};
use crate::json_body::read_json;
use crate::timestamp::rfc3339;
use crate::{Access, Api, Refusal};

const PAGING: Paging = Paging {
    limit: "limit",
    limit_default: 50,
    limit_max: 100,
    is_capped: false,
};

const HOUR_MS: i64 = 3_600_000;

/// As far back as deliveries are kept, in hours.
const HOURS_MAX: i64 = 30 * 24;

/// What a test message may say.
pub(super) static TEST: ObjectKind = ObjectKind {
    name: "agentphone.test",
    id_prefix: "test",
    title: "test",
    fields: TEST_FIELDS,
};

const TEST_FIELDS: &[Field] = &[
    field("from", Kind::Telephone),
    field("to", Kind::Telephone),
    text("message").at_most(10_000),
    word("channel", &["sms", "imessage", "mms", "whatsapp", "rcs"]),
];

type Answer = Result<Json<Value>, Refusal>;

pub(super) fn routes() -> Router<Api> {
    Router::new()
        .route("/webhooks/deliveries", get(list))
        .route("/webhooks/deliveries/stats", get(stats))
        .route("/webhooks/deliveries/all-time", get(all_time))
        .route("/webhooks/test", post(test))
        .route("/agents/{id}/webhook/deliveries", get(list_of_agent))
        .route("/agents/{id}/webhook/test", post(test_of_agent))
}

async fn list(Extension(access): Extension<Access>, Query(fields): Fields) -> Answer {
    let paging = page(&fields, &PAGING)?;
    let hours = hours(&fields)?;
    let query = DeliveryQuery {
        dialect: PLATFORM.dialect.into(),
        webhook: None,
        since_ms: hours.map_or(0, |hours| now_ms() - hours * HOUR_MS),
        limit: paging.limit,
        start: paging.start.clone(),
    };
    let page = access.workspace.deliveries(&query).await?;
    let offset = match paging.start {
        PageStart::Offset(offset) => offset,
        PageStart::First | PageStart::After(_) => 0,
    };
    Ok(Json(json!({
        "items": page.items.iter().map(shown).collect::<Vec<_>>(),
        "total": page.total,
        "offset": offset,
        "limit": paging.limit,
    })))
}

async fn list_of_agent(
    Extension(access): Extension<Access>,
    Path(agent): Path<String>,
    Query(fields): Fields,
) -> Answer {
    access.workspace.agent(&agent).await?;
    let paging = page(&fields, &PAGING)?;
    let webhook = found(&access, Some(&agent)).await?;
    let query = DeliveryQuery {
        dialect: PLATFORM.dialect.into(),
        webhook: Some(webhook.id),
        since_ms: 0,
        limit: paging.limit,
        start: paging.start,
    };
    let page = access.workspace.deliveries(&query).await?;
    Ok(Json(page.items.iter().map(shown).collect()))
}

async fn stats(Extension(access): Extension<Access>, Query(fields): Fields) -> Answer {
    let hours = hours(&fields)?.unwrap_or(24);
    let since = now_ms() - hours * HOUR_MS;
    let counts = access.workspace.count_deliveries(PLATFORM.dialect, since);
    let counts = counts.await?;
    let mut stats = totals(&counts);
    stats["pending"] = json!(sum(&counts, |it| it.status == DeliveryStatus::Pending));
    stats["byEventType"] = by(&counts, |it| it.event.clone()).into();
    let by_hour = by(&counts, |it| rfc3339(it.hour * HOUR_MS));
    let by_hour = by_hour.into_iter().map(|(hour, mut counts)| {
        counts["hour"] = json!(hour);
        counts
    });
    stats["byHour"] = by_hour.collect();
    Ok(Json(stats))
}

async fn all_time(Extension(access): Extension<Access>) -> Answer {
    let counts = access.workspace.count_deliveries(PLATFORM.dialect, 0);
    Ok(Json(totals(&counts.await?)))
}

/// The number of hours that a query names.
fn hours(fields: &[(String, String)]) -> Result<Option<i64>, Refusal> {
    let Some((_, text)) = fields.iter().find(|(name, _)| name == "hours") else {
        return Ok(None);
    };
    match text.parse() {
        Ok(hours) if (1..=HOURS_MAX).contains(&hours) => Ok(Some(hours)),
        _ => {
            let message = format!("Input should be a valid integer from 1 to {HOURS_MAX}");
            let problem = Problem::at("?hours", ProblemKind::Whole, message);
            Err(invalid(vec![problem]))
        }
    }
}

fn sum(counts: &[DeliveryCount], is_counted: impl Fn(&DeliveryCount) -> bool) -> u64 {
    let counted = counts.iter().filter(|it| is_counted(it));
    counted.map(|it| it.count).sum()
}

fn totals(counts: &[DeliveryCount]) -> Value {
    let success = sum(counts, |it| it.status == DeliveryStatus::Delivered);
    let failed = sum(counts, |it| it.status == DeliveryStatus::Failed);
    let done = success + failed;
    // In per cent, of those that are over; where none is, none has failed.
    let rate = if done == 0 {
        100.0
    } else {
        (success as f64 * 1_000.0 / done as f64).round() / 10.0
    };
    json!({
        "total": sum(counts, |_| true),
        "success": success,
        "failed": failed,
        "successRate": rate,
    })
}

/// The counts of each key, by how the deliveries stand.
fn by(counts: &[DeliveryCount], key: impl Fn(&DeliveryCount) -> String) -> Map<String, Value> {
    let mut by: Map<String, Value> = Map::new();
    for count in counts {
        let none = json!({ "total": 0, "success": 0, "failed": 0, "pending": 0 });
        let of_key = by.entry(key(count)).or_insert(none);
        for name in ["total", word_for(count.status)] {
            of_key[name] = json!(of_key[name].as_u64().unwrap_or(0) + count.count);
        }
    }
    by
}

const fn word_for(status: DeliveryStatus) -> &'static str {
    match status {
        DeliveryStatus::Pending => "pending",
        DeliveryStatus::Delivered => "success",
        DeliveryStatus::Failed => "failed",
    }
}

fn shown(delivery: &StoredDelivery) -> Value {
    let body: Value = serde_json::from_str(&delivery.of.body).unwrap_or_default();
    let is_pending = delivery.status == DeliveryStatus::Pending;
    json!({
        "id": delivery.id,
        "messageId": body["data"].get("messageId"),
        "eventType": delivery.of.event,
        "channel": body["channel"],
        "status": word_for(delivery.status),
        "httpStatus": delivery.http_status,
        "errorMessage": delivery.error,
        "responseBody": delivery.response,
        "attemptCount": delivery.attempts,
        "lastAttemptAt": delivery.last_attempt_at_ms.map(rfc3339),
        "nextRetryAt": is_pending.then(|| rfc3339(delivery.next_attempt_at_ms)),
        "createdAt": rfc3339(delivery.created_at_ms),
    })
}

/// Sends the project's webhook a message that nobody wrote, of the agent that the query names or of
/// the newest.
async fn test(
    State(api): State<Api>,
    Extension(access): Extension<Access>,
    Query(fields): Fields,
    headers: axum::http::HeaderMap,
    body: axum::body::Bytes,
) -> Answer {
    let named = fields.iter().find(|(name, _)| name == "agentId");
    let agent = match named {
        Some((_, id)) => Some(access.workspace.agent(id).await?.id),
        None => {
            let one = PageQuery {
                limit: 1,
                ..PageQuery::default()
            };
            let newest = access.workspace.agents(&one);
            newest.await?.items.pop().map(|agent| agent.id)
        }
    };
    let webhook = found(&access, None).await?;
    let wanted = asked(&headers, &body)?;
    send(&api, &access, &webhook, agent.as_deref(), &wanted).await
}

async fn test_of_agent(
    State(api): State<Api>,
    Extension(access): Extension<Access>,
    Path(agent): Path<String>,
    headers: axum::http::HeaderMap,
    body: axum::body::Bytes,
) -> Answer {
    access.workspace.agent(&agent).await?;
    let webhook = found(&access, Some(&agent)).await?;
    let wanted = asked(&headers, &body)?;
    send(&api, &access, &webhook, Some(&agent), &wanted).await
}

/// What a test is to say; clients may send no body at all.
fn asked(headers: &axum::http::HeaderMap, body: &[u8]) -> Result<Value, Refusal> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(json!({}));
    }
    let wanted = read_json(headers, body)?;
    TEST.check(&wanted, true)?;
    Ok(wanted)
}

async fn send(
    api: &Api,
    access: &Access,
    webhook: &StoredObject,
    agent: Option<&str>,
    wanted: &Value,
) -> Answer {
    let now = rfc3339(now_ms());
    let said = |name: &str, otherwise: &str| {
        let said = wanted[name].as_str().unwrap_or(otherwise);
        json!(said)
    };
    let message = new_id("msg").map_err(StoreError::from)?;
    let body = json!({
        "event": "agent.message",
        "channel": said("channel", "sms"),
        "timestamp": now,
        "agentId": agent,
        "data": {
            "messageId": message,
            "from": said("from", "+15550100000"),
            "to": said("to", "+15550100001"),
            "message": said("message", "This is a test message."),
            "direction": "inbound",
            "receivedAt": now,
        },
        "conversationState": null,
        "recentHistory": [],
        "test": true,
    });
    let event_id = new_id("evt").map_err(StoreError::from)?;
    let of = ("agent.message", event_id, "test".to_owned());
    let new = delivery(access.workspace.id().clone(), webhook, of, &body);
    let made = api.deliveries().make_now(new).await?;
    let is_delivered = made.status == DeliveryStatus::Delivered;
    let message = match &made.error {
        None => "the webhook has the test message".to_owned(),
        Some(problem) => format!("the webhook has not got the test message: {problem}"),
    };
    Ok(Json(json!({
        "success": is_delivered,
        "message": message,
        "httpStatus": made.http_status,
        "delivery": shown(&made),
    })))
}
