//! Our own API, under `/offhook/v1`: the canonical documents as they are, with their revisions.

mod agents;
mod batches;
mod callbacks;
mod calls;
mod change_agent;
mod events;
mod listing;
mod live_orders;
mod openapi;
mod orders;
mod placed_calls;
mod precondition;
mod promise_fields;
mod transfers;
mod web_calls;

use axum::Router;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};

use crate::{Api, Credential, Door, Refusal, RequestId, guarded};

static DOOR: Door = Door {
    credentials: &[Credential::Bearer],
    body_bytes_max: 1 << 20,
    shape,
};

/// The routes below `/offhook/v1`.
pub(crate) fn routes(api: &Api) -> Router<Api> {
    let routes = Router::new()
        .route("/agents", get(agents::list).post(agents::create))
        .route(
            "/agents/{id}",
            get(agents::show)
                .put(agents::replace)
                .patch(agents::patch)
                .delete(agents::delete),
        )
        .route("/agents/{id}/revisions", get(agents::revisions))
        .route("/agents/{id}/revisions/{revision}", get(agents::revision))
        .route("/agents/{id}/web-calls", post(web_calls::create))
        .route("/callbacks", get(callbacks::list).post(callbacks::create))
        .route(
            "/callbacks/{id}",
            get(callbacks::show).patch(callbacks::edit),
        )
        .route("/callbacks/{id}/cancel", post(callbacks::cancel))
        .route("/calls", get(calls::list).post(placed_calls::create))
        .route("/calls/{id}", get(calls::show).delete(calls::delete))
        .route("/calls/{id}/recording", get(calls::recording))
        .route("/calls/{id}/events", get(events::of_call))
        .route("/calls/{id}/end", post(calls::end))
        .route("/calls/{id}/change-agent", post(change_agent::create))
        .route("/calls/{id}/transfer", post(transfers::create))
        .route("/events", get(events::of_workspace));
    let routes = orders::routes().fold(routes, |routes, (name, order)| {
        routes.route(&format!("/calls/{{id}}/{name}"), order)
    });
    guarded(routes, api, &DOOR).merge(batches::routes(api))
}

/// What programs can know of the API, without a key.
pub(crate) async fn openapi() -> axum::Json<Value> {
    axum::Json(openapi::document())
}

fn shape(refusal: &Refusal, id: &RequestId) -> Response {
    let body = json!({ "error": error(refusal), "request_id": id.as_str() });
    (refusal.status, axum::Json(body)).into_response()
}

/// What is wrong, as programs read it.
fn error(refusal: &Refusal) -> Value {
    let problems = refusal.problems.iter();
    let problems: Vec<_> = problems
        .map(|problem| json!({ "path": problem.path, "message": problem.message }))
        .collect();
    json!({ "code": refusal.code, "message": refusal.message, "problems": problems })
}
