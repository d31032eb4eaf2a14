//! The part of the document that is about calls and what happens in them.

use serde_json::{Map, Value, json};

use super::orders::orders;
use super::{answer, body, object, operation, parameter, reference};
use crate::native::calls::{NAME_CHARS_MAX, NOTE_CHARS_MAX, WAIT_MS_MAX};
use crate::native::listing::{LIMIT_DEFAULT, LIMIT_MAX};
use crate::native::placed_calls;

/// The addresses of calls and events.
pub(super) fn paths() -> Map<String, Value> {
    let of_call = |methods: Value| {
        let mut item = json!({ "parameters": [parameter("id")] });
        if let (Some(item), Value::Object(methods)) = (item.as_object_mut(), methods) {
            item.extend(methods);
        }
        item
    };
    let paths = [
        (
            "/agents/{id}/web-calls",
            of_call(json!({ "post": web_call() })),
        ),
        ("/calls", json!({ "get": list(), "post": place() })),
        (
            "/calls/{id}",
            of_call(json!({
                "get": operation("readCall", "Read a call", &[("200", answer("The call", "Call"))]),
                "delete": delete(),
            })),
        ),
        (
            "/calls/{id}/recording",
            of_call(json!({ "get": recording() })),
        ),
        (
            "/calls/{id}/events",
            of_call(json!({ "get": events("followCall", "Follow a call", true) })),
        ),
        (
            "/calls/{id}/end",
            of_call(json!({ "post": order("endCall", "End a call") })),
        ),
        (
            "/calls/{id}/skip-turn",
            of_call(json!({ "post": skip_turn() })),
        ),
        ("/calls/{id}/note", of_call(json!({ "post": note() }))),
        (
            "/events",
            json!({ "get": events("followCalls", "Follow all calls of the workspace", false) }),
        ),
    ];
    let paths = paths.map(|(path, item)| (path.to_owned(), item));
    let orders = orders().map(|(name, order)| {
        let path = format!("/calls/{{id}}/{name}");
        (path, of_call(json!({ "post": order })))
    });
    paths.into_iter().chain(orders).collect()
}

fn list() -> Value {
    let mut list = operation(
        "listCalls",
        "List calls, the latest first",
        &[("200", answer("A page of calls", "CallPage"))],
    );
    let text = json!({ "type": "string" });
    let moment = json!({ "type": "integer", "minimum": 0 });
    let limit = json!({
        "type": "integer",
        "minimum": 1,
        "maximum": LIMIT_MAX,
        "default": LIMIT_DEFAULT,
    });
    let query = |name: &str, description: &str, schema: &Value| json!({ "name": name, "in": "query", "description": description, "schema": schema });
    list["parameters"] = json!([
        query("agent", "The id of the agent that answered", &text),
        query(
            "status",
            "`queued`, `ringing`, `active`, `ended`, `failed`, `busy`, `no_answer` or `cancelled`",
            &text
        ),
        query("direction", "`inbound` or `outbound`", &text),
        query(
            "search",
            "A part of the id, the numbers or the agent's name",
            &text
        ),
        query(
            "from_ms",
            "Answered at this time or later, in ms since 1970",
            &moment
        ),
        query(
            "to_ms",
            "Answered before this time, in ms since 1970",
            &moment
        ),
        query("limit", "Calls on a page", &limit),
        query("cursor", "`next_cursor` of the page before", &text),
    ]);
    list
}

fn place() -> Value {
    let made = [("201", answer("The call, as it stands now", "Call"))];
    let mut place = operation("placeCall", "Have an agent call a number", &made);
    place["parameters"] = json!([parameter("idempotencyKey")]);
    place["requestBody"] = body("application/json", &placed_calls::schema());
    let refused = place["responses"]["4XX"].clone();
    place["responses"]["502"] = match refused {
        Value::Null => json!({ "description": "The carrier did not take the call" }),
        refused => refused,
    };
    place
}

fn delete() -> Value {
    let done = [(
        "204",
        json!({ "description": "It is deleted, and its recording" }),
    )];
    let mut delete = operation("deleteCall", "Delete a call that is over", &done);
    delete["parameters"] = json!([parameter("idempotencyKey")]);
    delete
}

fn recording() -> Value {
    let content = json!({ "audio/wav": { "schema": { "type": "string", "format": "binary" } } });
    let whole = json!({
        "description": "A WAV file, the caller left and the agent right",
        "content": content,
    });
    let part = json!({ "description": "The part that `Range` asks for", "content": content });
    let mut recording = operation(
        "readRecording",
        "The recording of a call",
        &[("200", whole), ("206", part)],
    );
    recording["responses"]["416"] = json!({ "description": "There is no such part" });
    recording
}

fn events(id: &str, summary: &str, is_resumed: bool) -> Value {
    let description = "Server-sent events, each with an `Event` as its data; a comment each 15 s \
                       where nothing happens. A request that asks for an upgrade gets the same \
                       over a WebSocket, an event in each text message.";
    let stream = json!({
        "description": description,
        "content": { "text/event-stream": {} },
    });
    let mut events = operation(id, summary, &[("200", stream)]);
    if is_resumed {
        events["parameters"] = json!([{
            "name": "Last-Event-ID",
            "in": "header",
            "description": "The number of the last event that was read: what follows it comes",
            "schema": { "type": "string" },
        }]);
    }
    events
}

pub(super) fn order(id: &str, summary: &str) -> Value {
    let taken = [("202", answer("The call carries it out at once", "Taken"))];
    let mut order = operation(id, summary, &taken);
    order["parameters"] = json!([parameter("idempotencyKey")]);
    order
}

fn web_call() -> Value {
    let made = [("201", answer("A call that a web page may begin", "WebCall"))];
    let summary = "Promise a web page one call with an agent";
    let mut operation = operation("createWebCall", summary, &made);
    operation["parameters"] = json!([parameter("idempotencyKey")]);
    let variables = json!({
        "type": "object",
        "description": "Values for the agent's variables: texts, numbers, booleans",
        "propertyNames": { "pattern": "^[A-Za-z_][A-Za-z0-9_]*$" },
        "additionalProperties": { "type": ["string", "number", "boolean"] },
    });
    let metadata = json!({
        "type": "object",
        "description": "Kept with the call; the agent does not read it",
    });
    let schema = json!({
        "type": "object",
        "properties": {
            "variables": variables, "metadata": metadata,
            "from": party("Who calls, where a telephone system brings the call"),
            "to": party("Who is called"),
        },
        "additionalProperties": false,
    });
    operation["requestBody"] = json!({ "content": { "application/json": { "schema": schema } } });
    operation
}

fn party(description: &str) -> Value {
    json!({ "type": "string", "maxLength": 256, "description": description })
}

fn skip_turn() -> Value {
    let summary = "Have the agent say nothing until the caller speaks";
    let mut skip = order("skipTurn", summary);
    let wait = json!({
        "type": ["integer", "null"],
        "minimum": 0,
        "maximum": WAIT_MS_MAX,
        "description": "For how long at most, in milliseconds; null for as long as it takes",
    });
    let schema = json!({
        "type": "object",
        "properties": { "wait_ms": wait },
        "additionalProperties": false,
    });
    skip["requestBody"] = json!({ "content": { "application/json": { "schema": schema } } });
    skip
}

fn note() -> Value {
    let mut note = order(
        "noteCall",
        "Let the agent know something from its next reply on",
    );
    let text = json!({
        "type": "string",
        "minLength": 1,
        "maxLength": NOTE_CHARS_MAX,
        "description": "What; it is no reason to speak",
    });
    let name = json!({
        "type": ["string", "null"],
        "minLength": 1,
        "maxLength": NAME_CHARS_MAX,
        "description": "What was noted under the same name before is forgotten",
    });
    let schema = json!({
        "type": "object",
        "properties": { "text": text, "name": name },
        "required": ["text"],
        "additionalProperties": false,
    });
    note["requestBody"] = body("application/json", &schema);
    note
}

/// The schemas of calls and events.
pub(super) fn schemas() -> Map<String, Value> {
    let schemas = [
        ("CallInList", call_in_list()),
        ("Call", call()),
        ("CallPage", page()),
        ("Turn", turn()),
        ("WebCall", promised()),
        ("Taken", object(&[("id", json!({ "type": "string" }))])),
        ("Event", event()),
        ("AgentChange", agent_change()),
    ];
    let schemas = schemas.map(|(name, schema)| (name.to_owned(), schema));
    schemas.into_iter().collect()
}

fn agent_change() -> Value {
    let text = json!({ "type": "string" });
    let at = json!({ "type": "integer", "minimum": 0, "description": "Since the answer" });
    object(&[("agent", text.clone()), ("name", text), ("at_ms", at)])
}

fn promised() -> Value {
    let text = json!({ "type": "string" });
    object(&[
        ("call_id", text.clone()),
        (
            "token",
            json!({ "type": "string", "description": "Opens one call" }),
        ),
        (
            "uuid",
            json!({
                "type": "string", "format": "uuid",
                "description": "Opens the same call, for a telephone system over AudioSocket",
            }),
        ),
        (
            "url",
            json!({ "type": "string", "description": "Its WebSocket, with the token" }),
        ),
        (
            "expires_at_ms",
            json!({ "type": "integer", "description": "Milliseconds since 1970" }),
        ),
    ])
}

fn call_in_list() -> Value {
    let text = json!({ "type": "string" });
    let maybe = json!({ "type": ["string", "null"] });
    let time = json!({ "type": "integer", "description": "Milliseconds since 1970" });
    object(&[
        ("id", text.clone()),
        ("agent", text.clone()),
        ("agent_revision", json!({ "type": "integer", "minimum": 0 })),
        ("agent_name", maybe.clone()),
        ("status", text.clone()),
        ("ended_reason", maybe.clone()),
        ("transport", text),
        ("direction", maybe.clone()),
        ("from_number", maybe.clone()),
        ("to_number", maybe),
        ("started_at_ms", time),
        ("ended_at_ms", json!({ "type": ["integer", "null"] })),
        ("has_recording", json!({ "type": "boolean" })),
        ("turn_count", json!({ "type": "integer", "minimum": 0 })),
    ])
}

fn call() -> Value {
    let any_object = json!({ "type": "object" });
    let deleted = json!({
        "type": ["integer", "null"],
        "description": "Milliseconds since 1970 when the agent's `records.retention` had it deleted",
    });
    let recording = object(&[
        ("duration_ms", json!({ "type": "integer", "minimum": 0 })),
        ("is_whole", json!({ "type": "boolean" })),
    ]);
    let maybe = json!({ "type": ["string", "null"] });
    let moment = json!({
        "type": ["integer", "null"],
        "description": "Milliseconds since 1970, where the call was placed",
    });
    let more = object(&[
        ("requested_at_ms", moment.clone()),
        ("ringing_at_ms", moment),
        (
            "answered_by",
            json!({ "type": ["string", "null"], "description": "`human`, `machine`, `fax` or `unknown`, where the carrier listened for that" }),
        ),
        ("carrier_call_id", maybe),
        ("variables", any_object.clone()),
        ("metadata", any_object),
        (
            "turns",
            json!({ "type": "array", "items": reference("Turn") }),
        ),
        (
            "agent_changes",
            json!({ "type": "array", "items": reference("AgentChange") }),
        ),
        (
            "transfers",
            json!({ "type": "array", "items": reference("Transfer") }),
        ),
        (
            "transfer_of",
            json!({ "type": ["string", "null"], "description": "The call for which somebody was called" }),
        ),
        (
            "recording",
            json!({ "oneOf": [recording, { "type": "null" }] }),
        ),
        ("feedback", json!(true)),
        ("report", json!({ "type": ["object", "null"] })),
        ("transcript_deleted_at_ms", deleted.clone()),
        ("recording_deleted_at_ms", deleted),
    ]);
    json!({ "allOf": [reference("CallInList"), more] })
}

fn page() -> Value {
    object(&[
        (
            "calls",
            json!({ "type": "array", "items": reference("CallInList") }),
        ),
        ("total", json!({ "type": "integer", "minimum": 0 })),
        ("next_cursor", json!({ "type": ["string", "null"] })),
    ])
}

fn turn() -> Value {
    let figure = json!({ "type": ["number", "null"] });
    let latency = object(&[
        ("voice_to_voice_ms", figure.clone()),
        ("end_of_turn_ms", figure.clone()),
        ("recognition_ms", figure.clone()),
        ("chat_first_token_ms", figure.clone()),
        ("chat_first_sentence_ms", figure.clone()),
        ("voice_first_audio_ms", figure),
    ]);
    let mut turn = object(&[
        ("role", json!({ "enum": ["caller", "agent"] })),
        (
            "text",
            json!({ "type": "string", "description": "As it was heard" }),
        ),
        ("interrupted", json!({ "type": "boolean" })),
        (
            "at_ms",
            json!({ "type": "integer", "description": "Since the call was answered" }),
        ),
    ]);
    turn["properties"]["original_text"] = json!({
        "type": "string",
        "description": "All that was made, where not all of it was heard",
    });
    turn["properties"]["latency"] = latency;
    turn
}

/// An event; which fields it has beside these is said by its type.
fn event() -> Value {
    let types = [
        "state",
        "interim",
        "turn",
        "interruption",
        "decision",
        "key",
        "answered",
        "transfer",
        "agent_changed",
        "problem",
        "ended",
        "missed",
    ];
    let mut event = object(&[("type", json!({ "enum": types }))]);
    let text = json!({ "type": "string" });
    let whole = json!({ "type": "integer", "minimum": 0 });
    event["properties"]["call_id"] = text.clone();
    event["properties"]["agent"] = text;
    event["properties"]["number"] = whole.clone();
    event["properties"]["at_ms"] = whole;
    event["properties"]["turn"] = reference("Turn");
    event
}
