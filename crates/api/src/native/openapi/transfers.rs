//! The part of the document that is about transfers.

use serde_json::{Map, Value, json};

use super::{answer, object, operation, parameter, reference};
use crate::native::transfers;

/// The addresses of transfers.
pub(super) fn paths() -> Map<String, Value> {
    let taken = answer(
        "It has begun: the call's document and its events tell the rest",
        "TakenTransfer",
    );
    let mut transfer = operation(
        "transferCall",
        "Hand a call to somebody else",
        &[("202", taken)],
    );
    transfer["parameters"] = json!([parameter("idempotencyKey")]);
    transfer["requestBody"] =
        json!({ "content": { "application/json": { "schema": transfers::schema() } } });
    let item = json!({ "parameters": [parameter("id")], "post": transfer });
    Map::from_iter([("/calls/{id}/transfer".to_owned(), item)])
}

/// The schemas of transfers.
pub(super) fn schemas() -> Map<String, Value> {
    let text = json!({ "type": "string" });
    let moment = json!({ "type": "integer", "description": "Milliseconds since 1970" });
    let mut transfer = object(&[
        (
            "id",
            json!({ "type": "string", "description": "That of the other side's call, too" }),
        ),
        ("type", json!({ "enum": ["conference", "blind"] })),
        (
            "status",
            json!({ "enum": ["ringing", "answered", "busy", "no_answer", "failed", "cancelled"] }),
        ),
        ("at_ms", moment.clone()),
    ]);
    transfer["properties"]["to"] = text.clone();
    transfer["properties"]["answered_by"] = text.clone();
    transfer["properties"]["settled_at_ms"] = moment;
    let taken = object(&[("id", text), ("transfer", reference("Transfer"))]);
    let schemas = [("Transfer", transfer), ("TakenTransfer", taken)];
    let schemas = schemas.map(|(name, schema)| (name.to_owned(), schema));
    schemas.into_iter().collect()
}
