//! The part of the document that is about callbacks and batches.

use serde_json::{Map, Value, json};

use super::{answer, body, object, operation, parameter, reference};
use crate::native::listing::{LIMIT_DEFAULT, LIMIT_MAX};
use crate::native::{batches, callbacks};

/// The addresses of callbacks and batches.
pub(super) fn paths() -> Map<String, Value> {
    let of_one = |methods: Value| {
        let mut item = json!({ "parameters": [parameter("id")] });
        if let (Some(item), Value::Object(methods)) = (item.as_object_mut(), methods) {
            item.extend(methods);
        }
        item
    };
    let read = |id: &str, summary: &str, schema: &str| {
        operation(id, summary, &[("200", answer("As it stands now", schema))])
    };
    let act = |id: &str, summary: &str, schema: &str| {
        let mut act = read(id, summary, schema);
        act["parameters"] = json!([parameter("idempotencyKey")]);
        act
    };
    let mut edit = act("changeCallback", "Change a callback that waits", "Callback");
    edit["requestBody"] = body("application/json", &callbacks::edit_schema());
    let gone = [(
        "204",
        json!({ "description": "It is deleted; its calls stay" }),
    )];
    let mut delete = operation(
        "deleteBatch",
        "Delete a batch, taking back what is left",
        &gone,
    );
    delete["parameters"] = json!([parameter("idempotencyKey")]);
    let paths = [
        (
            "/callbacks",
            json!({ "get": list_callbacks(), "post": promise() }),
        ),
        (
            "/callbacks/{id}",
            of_one(json!({
                "get": read("readCallback", "Read a callback, with its calls", "Callback"),
                "patch": edit,
            })),
        ),
        (
            "/callbacks/{id}/cancel",
            of_one(json!({ "post": act("cancelCallback", "Take a callback back", "Callback") })),
        ),
        ("/batches", json!({ "get": list_batches(), "post": make() })),
        (
            "/batches/{id}",
            of_one(json!({
                "get": read("readBatch", "Read a batch and how far it is", "Batch"),
                "delete": delete,
            })),
        ),
        (
            "/batches/{id}/recipients",
            of_one(json!({ "get": recipients() })),
        ),
        (
            "/batches/{id}/cancel",
            of_one(json!({ "post": act("cancelBatch", "Take a batch back", "Batch") })),
        ),
        (
            "/batches/{id}/retry",
            of_one(json!({
                "post": act("retryBatch", "Try again whoever was not reached", "Batch"),
            })),
        ),
    ];
    let paths = paths.map(|(path, item)| (path.to_owned(), item));
    paths.into_iter().collect()
}

/// A list that is narrowed by these fields of its address.
fn list(id: &str, summary: &str, schema: &str, narrowed: &[(&str, &str)]) -> Value {
    let mut list = operation(id, summary, &[("200", answer("A page of them", schema))]);
    let text = json!({ "type": "string" });
    let limit = json!({
        "type": "integer", "minimum": 1, "maximum": LIMIT_MAX, "default": LIMIT_DEFAULT,
    });
    let query = |name: &str, description: &str, schema: &Value| json!({ "name": name, "in": "query", "description": description, "schema": schema });
    let narrowed = narrowed.iter().map(|(name, what)| query(name, what, &text));
    let paged = [
        query("limit", "How many on a page", &limit),
        query("cursor", "`next_cursor` of the page before", &text),
    ];
    list["parameters"] = narrowed.chain(paged).collect();
    list
}

const STATUSES: &str = "`waiting`, `calling`, `kept`, `given_up` or `cancelled`";

fn list_callbacks() -> Value {
    let narrowed = [
        ("agent", "The id of the agent that calls"),
        ("to", "The number that is called, in E.164"),
        ("status", STATUSES),
    ];
    let summary = "List callbacks, the latest first";
    list("listCallbacks", summary, "CallbackPage", &narrowed)
}

fn list_batches() -> Value {
    let narrowed = [("agent", "The id of the agent that calls")];
    list(
        "listBatches",
        "List batches, the latest first",
        "BatchPage",
        &narrowed,
    )
}

fn recipients() -> Value {
    let summary = "List whom a batch calls";
    list(
        "listRecipients",
        summary,
        "RecipientPage",
        &[("status", STATUSES)],
    )
}

fn promise() -> Value {
    let made = [("201", answer("The callback", "Callback"))];
    let mut promise = operation("promiseCallback", "Promise somebody a call", &made);
    promise["parameters"] = json!([parameter("idempotencyKey")]);
    promise["requestBody"] = body("application/json", &callbacks::schema());
    promise
}

fn make() -> Value {
    let made = [("201", answer("The batch", "Batch"))];
    let mut make = operation("createBatch", "Have an agent call many numbers", &made);
    make["description"] = json!(
        "As JSON; or as CSV, whose first row names the columns `to` and variables of the agent, \
         with the other fields in the address (`calling_hours` separated by semicolons)."
    );
    make["parameters"] = json!([parameter("idempotencyKey")]);
    make["requestBody"] = body("application/json", &batches::schema());
    make["requestBody"]["content"]["text/csv"] = json!({ "schema": { "type": "string" } });
    make
}

/// The schemas of callbacks and batches.
pub(super) fn schemas() -> Map<String, Value> {
    let list = |of: &str| json!({ "type": "array", "items": reference(of) });
    let page = |name: &str, of: &str| {
        object(&[
            (name, list(of)),
            ("total", json!({ "type": "integer", "minimum": 0 })),
            ("next_cursor", json!({ "type": ["string", "null"] })),
        ])
    };
    let schemas = [
        ("Callback", callback()),
        ("CallbackPage", page("callbacks", "Callback")),
        ("RecipientPage", page("recipients", "Callback")),
        ("Batch", batch()),
        ("BatchPage", page("batches", "Batch")),
    ];
    let schemas = schemas.map(|(name, schema)| (name.to_owned(), schema));
    schemas.into_iter().collect()
}

fn callback() -> Value {
    let text = json!({ "type": "string" });
    let maybe_text = json!({ "type": ["string", "null"] });
    let count = json!({ "type": "integer", "minimum": 0 });
    let moment = json!({ "type": "integer", "description": "Milliseconds since 1970" });
    let maybe_moment = json!({ "type": ["integer", "null"] });
    let any = json!({ "type": "object" });
    let gap = object(&[
        ("days", count.clone()),
        ("hours", count.clone()),
        ("minutes", count.clone()),
    ]);
    let attempt = object(&[
        ("number", count.clone()),
        ("call", text.clone()),
        ("begun_at_ms", moment.clone()),
        ("ended_at_ms", maybe_moment.clone()),
        ("outcome", maybe_text.clone()),
    ]);
    let mut callback = object(&[
        ("id", text.clone()),
        ("agent", text.clone()),
        ("to", text.clone()),
        ("from", maybe_text.clone()),
        ("kind", json!({ "enum": ["missed", "asked", "batch"] })),
        (
            "status",
            json!({ "enum": ["waiting", "calling", "kept", "given_up", "cancelled"] }),
        ),
        ("reason", maybe_text.clone()),
        ("due_at_ms", maybe_moment),
        ("attempts", count.clone()),
        ("attempts_max", count),
        ("gaps", json!({ "type": "array", "items": gap })),
        ("time_zone", maybe_text.clone()),
        ("calling_hours", json!({ "type": "array", "items": text })),
        ("variables", any.clone()),
        ("metadata", any),
        ("note", maybe_text.clone()),
        ("last_call", maybe_text),
        ("created_at_ms", moment.clone()),
        ("updated_at_ms", moment),
    ]);
    callback["properties"]["calls"] = json!({
        "type": "array", "items": attempt,
        "description": "What was tried, where one callback is read; 0 is the call before it",
    });
    callback
}

fn batch() -> Value {
    let text = json!({ "type": "string" });
    let count = json!({ "type": "integer", "minimum": 0 });
    let moment = json!({ "type": "integer", "description": "Milliseconds since 1970" });
    let counted = [
        "total",
        "waiting",
        "calling",
        "kept",
        "given_up",
        "cancelled",
        "attempts",
    ];
    let progress = object(&counted.map(|name| (name, count.clone())));
    object(&[
        ("id", text.clone()),
        ("name", text.clone()),
        ("agent", text),
        (
            "status",
            json!({ "enum": ["pending", "in_progress", "completed", "cancelled"] }),
        ),
        ("due_at_ms", moment.clone()),
        ("calls_per_minute", json!({ "type": ["integer", "null"] })),
        ("concurrency_max", count.clone()),
        ("retries", count),
        ("progress", progress),
        ("created_at_ms", moment.clone()),
        ("updated_at_ms", moment),
    ])
}
