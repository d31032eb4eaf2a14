//! The part of the document that is about orders to calls that are up.

use serde_json::{Value, json};

use super::calls::order;
use crate::native::change_agent;
use crate::native::orders::{HOLD_SOUNDS, KEYS_MAX, SAID_CHARS_MAX};

/// The addresses below `/calls/{id}`, with what is posted there.
pub(super) fn orders() -> [(&'static str, Value); 8] {
    [
        ("say", say()),
        ("respond", respond()),
        ("keys", keys()),
        ("hold", hold()),
        ("unhold", unhold()),
        ("mute", mute("muteCall", "Mute one side of a call")),
        (
            "unmute",
            mute("unmuteCall", "Let a muted side be heard again"),
        ),
        ("change-agent", change_agent()),
    ]
}

/// An order with these fields; `required` names the one that has to be there.
fn with_fields(id: &str, summary: &str, fields: &Value, required: Option<&str>) -> Value {
    let mut order = order(id, summary);
    let schema = json!({
        "type": "object",
        "properties": fields,
        "required": required.into_iter().collect::<Vec<_>>(),
        "additionalProperties": false,
    });
    order["requestBody"] = json!({
        "required": required.is_some(),
        "content": { "application/json": { "schema": schema } },
    });
    order
}

fn words(description: &str) -> Value {
    json!({
        "type": ["string", "null"], "minLength": 1, "maxLength": SAID_CHARS_MAX,
        "description": description,
    })
}

fn flag(default: bool, description: &str) -> Value {
    json!({ "type": ["boolean", "null"], "default": default, "description": description })
}

fn urgent() -> Value {
    flag(
        false,
        "At once, whoever speaks; else once nobody does and the caller's turn is answered",
    )
}

fn say() -> Value {
    let text = json!({ "type": "string", "minLength": 1, "maxLength": SAID_CHARS_MAX });
    let fields = json!({
        "text": text,
        "urgent": urgent(),
        "interruptible": {
            "type": ["boolean", "null"],
            "description": "Whether the caller can interrupt it; left out, where nothing ends after it",
        },
        "hang_up": flag(false, "Whether the agent hangs up after it"),
    });
    with_fields(
        "sayInCall",
        "Have the agent say something",
        &fields,
        Some("text"),
    )
}

fn respond() -> Value {
    let fields = json!({
        "note": words("What the agent should know before it speaks"),
        "urgent": urgent(),
        "hang_up": flag(false, "Whether the agent hangs up after it"),
    });
    let summary = "Have the agent say what there is to say, as the conversation stands";
    with_fields("respondInCall", summary, &fields, None)
}

fn keys() -> Value {
    let keys = json!({
        "type": "string", "minLength": 1, "maxLength": KEYS_MAX, "pattern": "^[0-9*#A-DwW]+$",
        "description": "`w` and `W` are pauses of half a second and a second",
    });
    let fields = json!({ "keys": keys, "urgent": urgent() });
    with_fields(
        "pressKeys",
        "Play the tones of a telephone's keys",
        &fields,
        Some("keys"),
    )
}

fn hold() -> Value {
    let sounds = HOLD_SOUNDS.map(|(name, _)| json!(name));
    let sounds: Vec<Value> = sounds.into_iter().chain([Value::Null]).collect();
    let fields = json!({
        "message": words("What the agent says before it"),
        "sound": {
            "enum": sounds, "default": HOLD_SOUNDS[0].0,
            "description": "What the caller hears meanwhile; null for silence",
        },
    });
    with_fields("holdCall", "Put the caller on hold", &fields, None)
}

fn unhold() -> Value {
    let fields = json!({ "message": words("What the agent says after it") });
    with_fields("unholdCall", "Take the caller off hold", &fields, None)
}

fn change_agent() -> Value {
    let fields = change_agent::fields();
    let summary = "Have another agent take the call over";
    with_fields("changeAgent", summary, &fields, Some("agent"))
}

fn mute(id: &str, summary: &str) -> Value {
    let fields = json!({
        "side": { "enum": ["agent", "caller", null], "default": "agent" },
    });
    with_fields(id, summary, &fields, None)
}
