//! Batches of calls: `/batches` and what is below it, as JSON or as CSV.

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use offhook_store::{BatchQuery, PageStart, PromiseQuery, StoredBatch};
use serde_json::{Map, Value, json};

use super::callbacks::{shown as shown_promise, statuses};
use super::listing::{LIMIT_DEFAULT, limit};
use super::promise_fields::{check, hours, kept_variable_problems, read_gaps, schema_of, wishes};
use crate::promised_calls::{
    BatchStatus, BatchWish, PromiseDocument, PromiseKind, RECIPIENTS_MAX, Recipient,
};
use crate::{Access, Api, Credential, Door, Problem, Refusal, guarded_beside, read_json};

/// Ten thousand recipients with their variables.
pub(super) static DOOR: Door = Door {
    credentials: &[Credential::Bearer],
    body_bytes_max: 16 << 20,
    shape: super::shape,
};

const KNOWN: [&str; 16] = [
    "name",
    "agent",
    "from",
    "recipients",
    "due_at_ms",
    "calls_per_minute",
    "concurrency_max",
    "attempts_max",
    "gaps",
    "time_zone",
    "calling_hours",
    "variables",
    "metadata",
    "duration_max_ms",
    "is_recorded",
    "note",
];
/// What the address says of a batch whose recipients come as CSV; the rest is JSON's alone.
const IN_ADDRESS: [&str; 9] = [
    "name",
    "agent",
    "from",
    "due_at_ms",
    "calls_per_minute",
    "concurrency_max",
    "attempts_max",
    "time_zone",
    "calling_hours",
];
const NAME_CHARS_MAX: usize = 200;
const PER_MINUTE_MAX: u64 = 6_000;
const CONCURRENCY_MAX: u64 = 10_000;
/// Problems of a refusal, at most.
const PROBLEMS_MAX: usize = 50;

type Fields = Query<Vec<(String, String)>>;

/// The routes, which take more than others.
pub(super) fn routes(api: &Api) -> Router<Api> {
    let routes = Router::new()
        .route("/batches", get(list).post(create))
        .route("/batches/{id}", get(show).delete(delete))
        .route("/batches/{id}/recipients", get(recipients))
        .route("/batches/{id}/cancel", post(cancel))
        .route("/batches/{id}/retry", post(retry))
        .layer(DefaultBodyLimit::disable());
    guarded_beside(routes, api, &DOOR)
}

async fn create(
    State(api): State<Api>,
    Extension(access): Extension<Access>,
    Query(fields): Fields,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    let body = match is_csv(&headers) {
        true => of_csv(fields, &body)?,
        false => read_json(&headers, &body)?,
    };
    let mut problems = check(&body, &["agent", "recipients"], &KNOWN);
    problems.extend(own_problems(&body));
    problems.truncate(PROBLEMS_MAX);
    if !problems.is_empty() {
        return Err(Refusal::invalid(problems));
    }
    let text = |name: &str| body[name].as_str().map(str::to_owned);
    let agent = access
        .workspace
        .agent(&text("agent").unwrap_or_default())
        .await?;
    let listed = body["recipients"].as_array().into_iter().flatten();
    let wish = BatchWish {
        name: text("name").unwrap_or_else(|| agent.name().to_owned()),
        from_ms: body["due_at_ms"].as_i64().unwrap_or(0),
        per_minute: body["calls_per_minute"].as_u64(),
        concurrency_max: body["concurrency_max"].as_u64(),
        attempts_max: body["attempts_max"].as_i64().unwrap_or(1),
        document: PromiseDocument {
            kind: PromiseKind::Batch,
            gaps: read_gaps(&body["gaps"]).unwrap_or_default(),
            time_zone: text("time_zone"),
            hours: hours(&body),
            wishes: wishes(&body),
            note: text("note"),
            is_kept: true,
            own: Value::Null,
        },
        recipients: listed.map(recipient).collect(),
        fields: ("to", "from"),
        own: Value::Null,
        agent,
    };
    let made = api.create_batch(&access.workspace, wish).await?;
    let place = [(header::LOCATION, format!("/offhook/v1/batches/{}", made.id))];
    Ok((StatusCode::CREATED, place, Json(shown(&made))).into_response())
}

fn recipient(value: &Value) -> Recipient {
    Recipient {
        to: value["to"].as_str().unwrap_or_default().to_owned(),
        variables: value["variables"].as_object().cloned().unwrap_or_default(),
        ..Recipient::default()
    }
}

/// What is wrong with the fields that batches alone have.
fn own_problems(body: &Value) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut whole = |name: &str, most: u64| {
        let value = &body[name];
        let is_right = value.as_u64().is_some_and(|it| (1..=most).contains(&it));
        if body.get(name).is_some() && !is_right {
            problems.push(Problem::new(
                name,
                format!("a whole number from 1 to {most}"),
            ));
        }
    };
    whole("calls_per_minute", PER_MINUTE_MAX);
    whole("concurrency_max", CONCURRENCY_MAX);
    let is_name = |it: &str| (1..=NAME_CHARS_MAX).contains(&it.chars().count());
    if body.get("name").is_some() && !body["name"].as_str().is_some_and(is_name) {
        problems.push(Problem::new("name", "a text of 1 to 200 characters"));
    }
    let Some(listed) = body["recipients"].as_array() else {
        if body.get("recipients").is_some() {
            problems.push(Problem::new("recipients", "a list of objects"));
        }
        return problems;
    };
    if !(1..=RECIPIENTS_MAX).contains(&listed.len()) {
        let message = format!("1 to {RECIPIENTS_MAX} of them");
        problems.push(Problem::new("recipients", message));
        return problems;
    }
    let wrong = listed.iter().enumerate().flat_map(recipient_problems);
    problems.extend(wrong.take(PROBLEMS_MAX));
    problems
}

fn recipient_problems((at, value): (usize, &Value)) -> Vec<Problem> {
    let place = |name: &str| format!("recipients[{at}].{name}");
    let Some(fields) = value.as_object() else {
        let message = "an object with to, and variables";
        return vec![Problem::new(format!("recipients[{at}]"), message)];
    };
    let mut problems = Vec::new();
    if value["to"].as_str().is_none_or(str::is_empty) {
        problems.push(Problem::new(place("to"), "a number in E.164"));
    }
    for (name, value) in fields {
        match name.as_str() {
            "to" => {}
            "variables" if value.is_object() => {
                let wrong = kept_variable_problems(value).into_iter();
                problems.extend(wrong.map(|it| Problem::new(place(&it.path), it.message)));
            }
            "variables" => problems.push(Problem::new(place(name), "an object")),
            _ => problems.push(Problem::new(
                place(name),
                "unknown; known here: to, variables",
            )),
        }
    }
    problems
}

fn is_csv(headers: &HeaderMap) -> bool {
    let declared = headers.get(header::CONTENT_TYPE);
    let declared = declared.and_then(|it| it.to_str().ok()).unwrap_or("");
    let kind = declared.split(';').next().unwrap_or("").trim();
    kind.eq_ignore_ascii_case("text/csv")
}

/// The same as JSON: the address says what all have alike, and each row is one recipient. Its first
/// row names the columns: `to`, or `phone_number`, and variables of the agent.
fn of_csv(fields: Vec<(String, String)>, body: &[u8]) -> Result<Value, Refusal> {
    let mut batch = Map::new();
    for (name, value) in fields {
        let number = value.parse::<u64>().ok();
        let read = match (name.as_str(), number) {
            (name, _) if !IN_ADDRESS.contains(&name) => {
                let message = format!("unknown; known here: {}", IN_ADDRESS.join(", "));
                return Err(Refusal::invalid(vec![Problem::new(name, message)]));
            }
            ("calling_hours", _) => json!(value.split(';').map(str::trim).collect::<Vec<_>>()),
            ("due_at_ms" | "calls_per_minute" | "concurrency_max" | "attempts_max", Some(it)) => {
                json!(it)
            }
            _ => json!(value),
        };
        batch.insert(name, read);
    }
    batch.insert("recipients".into(), Value::Array(rows(body)?));
    Ok(Value::Object(batch))
}

fn rows(body: &[u8]) -> Result<Vec<Value>, Refusal> {
    let malformed = |problem: &csv::Error| {
        let message = format!("the body is no CSV: {problem}");
        Refusal::new(StatusCode::BAD_REQUEST, "malformed", message)
    };
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .from_reader(body);
    let columns = reader.headers().map_err(|it| malformed(&it))?.clone();
    let is_number = |name: &str| name == "to" || name == "phone_number";
    if columns.iter().filter(|name| is_number(name)).count() != 1 {
        let message = "the first row has to name one column \"to\", or \"phone_number\"";
        return Err(Refusal::invalid(vec![Problem::new("recipients", message)]));
    }
    let mut rows = Vec::new();
    for row in reader.records() {
        let row = row.map_err(|it| malformed(&it))?;
        let mut to = Value::Null;
        let mut variables = Map::new();
        for (name, value) in columns.iter().zip(&row) {
            match is_number(name) {
                true => to = json!(value),
                false => drop(variables.insert(name.to_owned(), json!(value))),
            }
        }
        rows.push(json!({ "to": to, "variables": variables }));
        if rows.len() > RECIPIENTS_MAX {
            break;
        }
    }
    Ok(rows)
}

async fn list(
    Extension(access): Extension<Access>,
    Query(fields): Fields,
) -> Result<Json<Value>, Refusal> {
    let mut query = BatchQuery {
        limit: LIMIT_DEFAULT,
        ..BatchQuery::default()
    };
    paged(fields, "agent", |name, value| match name {
        "agent" => {
            query.agent = Some(value.to_owned());
            Ok(())
        }
        "limit" => limit(value).map(|it| query.limit = it),
        _ => start(value).map(|it| query.start = it),
    })?;
    let page = access.workspace.batches(&query).await?;
    let next = page.next.as_ref().map(ToString::to_string);
    let batches: Vec<Value> = page.items.iter().map(shown).collect();
    Ok(Json(
        json!({ "batches": batches, "total": page.total, "next_cursor": next }),
    ))
}

async fn recipients(
    Extension(access): Extension<Access>,
    Path(id): Path<String>,
    Query(fields): Fields,
) -> Result<Json<Value>, Refusal> {
    let batch = access.workspace.batch(&id).await?;
    let mut query = PromiseQuery {
        batch: Some(batch.id),
        limit: LIMIT_DEFAULT,
        ..PromiseQuery::default()
    };
    paged(fields, "status", |name, value| match name {
        "status" => statuses(value).map(|it| query.statuses = it),
        "limit" => limit(value).map(|it| query.limit = it),
        _ => start(value).map(|it| query.start = it),
    })?;
    let page = access.workspace.promises(&query).await?;
    let next = page.next.as_ref().map(ToString::to_string);
    let recipients: Result<Vec<Value>, Refusal> = page.items.iter().map(shown_promise).collect();
    Ok(Json(
        json!({ "recipients": recipients?, "total": page.total, "next_cursor": next }),
    ))
}

fn start(value: &str) -> Result<PageStart, String> {
    let cursor = value.parse().map_err(|problem| format!("{problem}"));
    cursor.map(PageStart::After)
}

/// Reads the address of a list.
fn paged(
    fields: Vec<(String, String)>,
    own: &str,
    mut read: impl FnMut(&str, &str) -> Result<(), String>,
) -> Result<(), Refusal> {
    let mut problems = Vec::new();
    for (name, value) in fields {
        let result = match name.as_str() {
            name if name == own || name == "limit" || name == "cursor" => read(name, &value),
            _ => Err(format!("unknown; known here: {own}, limit, cursor")),
        };
        problems.extend(result.err().map(|message| Problem::new(name, message)));
    }
    match problems.is_empty() {
        true => Ok(()),
        false => Err(Refusal::invalid(problems)),
    }
}

async fn show(
    Extension(access): Extension<Access>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Refusal> {
    Ok(Json(shown(&access.workspace.batch(&id).await?)))
}

async fn cancel(
    State(api): State<Api>,
    Extension(access): Extension<Access>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Refusal> {
    Ok(Json(shown(
        &api.cancel_batch(&access.workspace, &id).await?,
    )))
}

async fn retry(
    State(api): State<Api>,
    Extension(access): Extension<Access>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Refusal> {
    Ok(Json(shown(&api.retry_batch(&access.workspace, &id).await?)))
}

/// Deletes a batch that is over, and who was called; calls stay.
async fn delete(
    State(api): State<Api>,
    Extension(access): Extension<Access>,
    Path(id): Path<String>,
) -> Result<StatusCode, Refusal> {
    api.cancel_batch(&access.workspace, &id).await?;
    access.workspace.delete_batch(&id).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn shown(batch: &StoredBatch) -> Value {
    let progress = &batch.progress;
    json!({
        "id": batch.id,
        "name": batch.document["name"],
        "agent": batch.agent,
        "status": BatchStatus::of(batch).as_str(),
        "due_at_ms": batch.document["from_ms"],
        "calls_per_minute": batch.document["per_minute"],
        "concurrency_max": batch.concurrency_max,
        "retries": batch.retries,
        "progress": {
            "total": progress.total(),
            "waiting": progress.waiting,
            "calling": progress.calling,
            "kept": progress.kept,
            "given_up": progress.given_up,
            "cancelled": progress.cancelled,
            "attempts": progress.attempts,
        },
        "created_at_ms": batch.created_at_ms,
        "updated_at_ms": batch.updated_at_ms,
    })
}

/// The schema of what is sent to make a batch.
pub(super) fn schema() -> Value {
    let whole = |most: u64| json!({ "type": "integer", "minimum": 1, "maximum": most });
    let mut fields = super::promise_fields::schemas();
    let variables = fields.remove("variables").unwrap_or_default();
    let recipient = json!({
        "type": "object",
        "properties": {
            "to": { "type": "string", "minLength": 1, "description": "A number in E.164" },
            "variables": variables,
        },
        "required": ["to"],
        "additionalProperties": false,
    });
    let own = json!({
        "name": { "type": "string", "minLength": 1, "maxLength": NAME_CHARS_MAX },
        "recipients": {
            "type": "array", "minItems": 1, "maxItems": RECIPIENTS_MAX, "items": recipient,
        },
        "calls_per_minute": whole(PER_MINUTE_MAX),
        "concurrency_max": whole(CONCURRENCY_MAX),
    });
    schema_of(&KNOWN, &["agent", "recipients"], own)
}
