//! Calls from web pages: a token and an address for one call with an agent.

use axum::Extension;
use axum::Json;
use axum::body::Bytes;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};

use crate::web_calls::{self, WebCallWishes};
use crate::{Access, Problem, Refusal, read_json};

/// What may be asked of the call.
const FIELDS: [&str; 4] = ["variables", "metadata", "from", "to"];
/// Longest number or address of a party.
const PARTY_CHARS_MAX: usize = 256;

pub(super) async fn create(
    Extension(access): Extension<Access>,
    Path(agent): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    let body = match body.is_empty() {
        true => json!({}),
        false => read_json(&headers, &body)?,
    };
    check(&body)?;
    let wishes = WebCallWishes {
        variables: body["variables"].as_object(),
        metadata: body["metadata"].as_object(),
        numbers: [body["from"].as_str(), body["to"].as_str()],
        lifetime_ms: None,
    };
    let promised = web_calls::promise(&access, &agent, &wishes, &headers).await?;
    let shown = json!({
        "call_id": promised.call_id,
        "token": promised.token,
        "uuid": promised.uuid,
        "url": promised.url,
        "expires_at_ms": promised.expires_at_ms,
    });
    Ok((StatusCode::CREATED, Json(shown)).into_response())
}

fn check(body: &Value) -> Result<(), Refusal> {
    let Some(fields) = body.as_object() else {
        return Err(Refusal::invalid(vec![Problem::new("", "a JSON object")]));
    };
    let mut problems = Vec::new();
    for (name, value) in fields {
        if !FIELDS.contains(&name.as_str()) {
            let message = "unknown; known here: variables, metadata, from, to";
            problems.push(Problem::new(name, message));
        } else if matches!(name.as_str(), "from" | "to") {
            let is_party = value
                .as_str()
                .is_some_and(|it| it.chars().count() <= PARTY_CHARS_MAX);
            if !is_party {
                problems.push(Problem::new(name, "a text of at most 256 characters"));
            }
        } else if !value.is_object() {
            problems.push(Problem::new(name, "an object"));
        }
    }
    problems.extend(variable_problems(&body["variables"]));
    match problems.is_empty() {
        true => Ok(()),
        false => Err(Refusal::invalid(problems)),
    }
}

/// What is wrong with the values of an agent's variables.
pub(super) fn variable_problems(variables: &Value) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (name, value) in variables.as_object().into_iter().flatten() {
        let place = format!("variables.{name}");
        if !offhook_agent::is_variable_name(name) {
            problems.push(Problem::new(&place, "a name of letters, digits and _"));
        } else if value.is_array() || value.is_object() || value.is_null() {
            problems.push(Problem::new(&place, "a text, a number, true or false"));
        }
    }
    problems
}
