//! Calls that agents place: `POST /calls`.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use serde_json::{Value, json};

use super::calls::shown;
use super::web_calls::variable_problems;
use crate::dialect::calling::CallerWish;
use crate::outgoing_calls::CallWishes;
use crate::{Access, Api, Problem, Refusal, read_json};

/// What may be asked of the call.
const FIELDS: [&str; 7] = [
    "agent",
    "to",
    "from",
    "variables",
    "metadata",
    "duration_max_ms",
    "is_recorded",
];
/// Shortest and longest call that may be asked for, in milliseconds.
pub(super) const DURATION_MS: std::ops::RangeInclusive<u64> = 10_000..=86_400_000;

pub(super) async fn create(
    State(api): State<Api>,
    Extension(access): Extension<Access>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    let body = read_json(&headers, &body)?;
    check(&body)?;
    let text = |name: &str| body[name].as_str();
    let agent = access
        .workspace
        .agent(text("agent").unwrap_or_default())
        .await?;
    let from = text("from").map_or(CallerWish::OfAgent, CallerWish::Number);
    let wishes = CallWishes {
        from: ("from", from),
        metadata: body["metadata"].as_object().cloned().unwrap_or_default(),
        duration_max: body["duration_max_ms"].as_u64().map(Duration::from_millis),
        is_recorded: body["is_recorded"].as_bool(),
        ..CallWishes::new(agent, ("to", text("to").unwrap_or_default()))
    };
    let wishes = wishes.with_variables(&body["variables"]);
    let call = api.place_call(&access, wishes).await?;
    let place = [(header::LOCATION, format!("/offhook/v1/calls/{}", call.id))];
    Ok((StatusCode::CREATED, place, Json(shown(&call))).into_response())
}

fn check(body: &Value) -> Result<(), Refusal> {
    let Some(fields) = body.as_object() else {
        return Err(Refusal::invalid(vec![Problem::new("", "a JSON object")]));
    };
    let mut problems = Vec::new();
    for name in ["agent", "to"] {
        if !fields.contains_key(name) {
            problems.push(Problem::new(name, "it has to be given"));
        }
    }
    for (name, value) in fields {
        let is_text = value.as_str().is_some_and(|it| !it.is_empty());
        let problem = match name.as_str() {
            "agent" if !is_text => "the id of an agent",
            "to" if !is_text => "a number in E.164, such as +14155550100",
            "from" if !is_text => "a number of this workspace in E.164",
            "variables" | "metadata" if !value.is_object() => "an object",
            "duration_max_ms" if !value.as_u64().is_some_and(|it| DURATION_MS.contains(&it)) => {
                "a whole number from 10000 to 86400000"
            }
            "is_recorded" if !value.is_boolean() => "true or false",
            name if !FIELDS.contains(&name) => {
                "unknown; known here: agent, to, from, variables, metadata, duration_max_ms, \
                 is_recorded"
            }
            _ => continue,
        };
        problems.push(Problem::new(name, problem));
    }
    problems.extend(variable_problems(&body["variables"]));
    match problems.is_empty() {
        true => Ok(()),
        false => Err(Refusal::invalid(problems)),
    }
}

/// The schema of what is sent.
pub(super) fn schema() -> Value {
    json!({
        "type": "object",
        "properties": {
            "agent": { "type": "string", "minLength": 1, "description": "The id of the agent that calls" },
            "to": {
                "type": "string", "minLength": 1,
                "description": "Who is called: a number in E.164 that `[telephony]` of the server's \
                                settings allows",
            },
            "from": {
                "type": "string", "minLength": 1,
                "description": "Who calls: a number of the workspace; left out, the agent's own",
            },
            "variables": {
                "type": "object",
                "description": "Values for the agent's variables: texts, numbers, booleans",
                "propertyNames": { "pattern": "^[A-Za-z_][A-Za-z0-9_]*$" },
                "additionalProperties": { "type": ["string", "number", "boolean"] },
            },
            "metadata": {
                "type": "object",
                "description": "Kept with the call; the agent does not read it",
            },
            "duration_max_ms": {
                "type": "integer",
                "minimum": DURATION_MS.start(),
                "maximum": DURATION_MS.end(),
                "description": "How long the call may last, where that is less than the agent's own \
                                and the server's limit",
            },
            "is_recorded": { "type": "boolean", "description": "Left out: as the agent says" },
        },
        "required": ["agent", "to"],
        "additionalProperties": false,
    })
}
