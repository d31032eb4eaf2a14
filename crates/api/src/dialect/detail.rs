//! The error shape that two platforms share: `detail` with places, messages and kinds where fields
//! are wrong, else with one sentence.

use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};

use super::problem::{Step, steps};
use crate::{Refusal, RequestId};

/// `{"detail": [{"loc": [...], "msg": "...", "type": "..."}]}` for problems with fields.
fn problems(refusal: &Refusal) -> Value {
    let problems = refusal.problems.iter().map(|problem| {
        let (source, place) = match problem.path.strip_prefix('?') {
            Some(name) => ("query", name),
            None => ("body", problem.path.as_str()),
        };
        let mut loc = vec![json!(source)];
        loc.extend(steps(place).into_iter().map(|step| match step {
            Step::Name(name) => json!(name),
            Step::Index(index) => json!(index),
        }));
        json!({ "loc": loc, "msg": problem.message, "type": problem.kind })
    });
    json!({ "detail": problems.collect::<Vec<_>>() })
}

/// The whole answer, with one sentence where no field is wrong.
pub(crate) fn shape(refusal: &Refusal, _: &RequestId) -> Response {
    let body = if refusal.problems.is_empty() {
        json!({ "detail": refusal.message })
    } else {
        problems(refusal)
    };
    (refusal.status, axum::Json(body)).into_response()
}
