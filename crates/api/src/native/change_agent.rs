//! Another agent in a call that is up: `POST /calls/{id}/change-agent`.

use axum::Extension;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::{Value, json};

use super::calls::taken;
use super::orders::SAID_CHARS_MAX;
use super::web_calls::variable_problems;
use crate::calls::{OpensWith, SuccessorWishes};
use crate::{Access, Api, Problem, Refusal, read_json};

/// What the other agent can say first.
const OPENINGS: [(&str, OpensWith); 3] = [
    ("greeting", OpensWith::Greeting),
    ("reply", OpensWith::Reply),
    ("nothing", OpensWith::Nothing),
];

pub(super) async fn create(
    State(api): State<Api>,
    Extension(access): Extension<Access>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    let wishes = wishes_of(&read_json(&headers, &body)?)?;
    api.hand_over_call(&access.workspace, &id, wishes).await?;
    Ok(taken(&id))
}

pub(super) fn wishes_of(body: &Value) -> Result<SuccessorWishes, Refusal> {
    let Some(fields) = body.as_object() else {
        return Err(Refusal::invalid(vec![Problem::new("", "a JSON object")]));
    };
    let mut problems = Vec::new();
    if !fields.contains_key("agent") {
        problems.push(Problem::new("agent", "it has to be given"));
    }
    for (name, value) in fields {
        let is_left_out = value.is_null();
        let is_said = is_left_out || value.as_str().is_some_and(is_sayable);
        let problem = match name.as_str() {
            "agent" if value.as_str().is_none_or(str::is_empty) => "the id of an agent",
            "message" if !is_said => "a text of 1 to 4000 characters, and not of spaces",
            "opens_with" if !is_left_out && opening(value).is_none() => {
                "greeting, reply or nothing"
            }
            "variables" if !is_left_out && !value.is_object() => "an object",
            "agent" | "message" | "opens_with" | "variables" => continue,
            _ => "unknown; known here: agent, message, opens_with, variables",
        };
        problems.push(Problem::new(name, problem));
    }
    problems.extend(variable_problems(&body["variables"]));
    if !problems.is_empty() {
        return Err(Refusal::invalid(problems));
    }
    let text = |name: &str| body[name].as_str().map(str::to_owned);
    Ok(SuccessorWishes {
        agent: text("agent").unwrap_or_default(),
        message: text("message"),
        variables: body["variables"].as_object().cloned().unwrap_or_default(),
        opens_with: opening(&body["opens_with"]).unwrap_or_default(),
    })
}

fn is_sayable(text: &str) -> bool {
    !text.trim().is_empty() && text.chars().count() <= SAID_CHARS_MAX
}

fn opening(value: &Value) -> Option<OpensWith> {
    let name = value.as_str()?;
    let found = OPENINGS.iter().find(|(known, _)| *known == name);
    found.map(|(_, opens_with)| *opens_with)
}

/// The fields of what is sent.
pub(super) fn fields() -> Value {
    let openings = OPENINGS.map(|(name, _)| json!(name));
    let openings: Vec<Value> = openings.into_iter().chain([Value::Null]).collect();
    json!({
        "agent": {
            "type": "string", "minLength": 1,
            "description": "The id of the agent that takes over",
        },
        "message": {
            "type": ["string", "null"], "minLength": 1, "maxLength": SAID_CHARS_MAX,
            "description": "What the agent that is says before",
        },
        "opens_with": {
            "enum": openings,
            "description": "What the other agent says first; left out, its greeting where it has one \
                            that it says first, else a reply",
        },
        "variables": {
            "type": ["object", "null"],
            "description": "Values for its variables, beside those that the call has: texts, \
                            numbers, booleans",
            "propertyNames": { "pattern": "^[A-Za-z_][A-Za-z0-9_]*$" },
            "additionalProperties": { "type": ["string", "number", "boolean"] },
        },
    })
}
