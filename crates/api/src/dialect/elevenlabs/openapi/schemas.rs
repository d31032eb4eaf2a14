//! What is sent to ElevenLabs' routes, and what they answer.

use serde_json::{Value, json};

use crate::dialect::elevenlabs::{
    DIALECT, batches, conversations, document, knowledge, numbers, outbound, secrets, settings,
    simulation, tools, webhooks,
};
use crate::dialect::openapi::{nullable, object, of_table, reference, text, with};

pub(super) fn all() -> Vec<(&'static str, Value)> {
    [
        agents(),
        hold_audio(),
        calls(),
        knowledge_base(),
        numbers_and_tools(),
        secrets_and_settings(),
        webhooks(),
        super::dictionaries::schemas(),
        vec![
            ("Done", json!({ "type": "object", "maxProperties": 0 })),
            ("Nothing", json!({ "type": "null" })),
            ("ById", json!({ "type": "object" })),
            ("Refusal", object(&[("detail", json!({}))])),
        ],
    ]
    .concat()
}

fn whole() -> Value {
    json!({ "type": "integer" })
}

fn flag() -> Value {
    json!({ "type": "boolean" })
}

fn array(items: &Value) -> Value {
    json!({ "type": "array", "items": items })
}

/// A page of what `name` lists.
fn page(name: &str, schema: &str) -> Value {
    object(&[
        (name, array(&reference(schema))),
        ("has_more", flag()),
        ("next_cursor", nullable(text())),
    ])
}

fn access() -> Value {
    object(&[
        ("is_creator", flag()),
        ("creator_name", text()),
        ("creator_email", text()),
        ("role", text()),
    ])
}

fn hold_audio() -> Vec<(&'static str, Value)> {
    vec![
        (
            "NewHoldAudio",
            object(&[(
                "hold_audio_file",
                json!({ "type": "string", "format": "binary" }),
            )]),
        ),
        (
            "HoldAudio",
            object(&[
                ("agent_id", text()),
                ("hold_audio", json!({ "type": "object" })),
            ]),
        ),
    ]
}

fn agents() -> Vec<(&'static str, Value)> {
    let dates = object(&[
        ("created_at_unix_secs", whole()),
        ("updated_at_unix_secs", whole()),
    ]);
    let agent = with(
        of_table((DIALECT.fields)(), true),
        &[
            ("agent_id", text()),
            ("name", text()),
            ("metadata", dates),
            ("access_info", access()),
            ("phone_numbers", array(&json!({ "type": "object" }))),
        ],
    );
    let line = object(&[
        ("agent_id", text()),
        ("name", text()),
        ("tags", array(&text())),
        ("created_at_unix_secs", whole()),
        ("updated_at_unix_secs", whole()),
        ("access_info", access()),
        ("archived", flag()),
    ]);
    vec![
        ("NewAgent", of_table((DIALECT.fields)(), false)),
        ("AgentChange", of_table((DIALECT.fields)(), true)),
        ("Agent", agent),
        ("AgentLine", line),
        ("AgentList", page("agents", "AgentLine")),
        ("AgentId", object(&[("agent_id", text())])),
        ("Duplicate", maybe(&[("name", nullable(text()))])),
        (
            "Link",
            object(&[("agent_id", text()), ("token", nullable(text()))]),
        ),
        (
            "Widget",
            object(&[
                ("agent_id", text()),
                ("widget_config", json!({ "type": "object" })),
            ]),
        ),
        ("NewSimulation", of_table(simulation::FIELDS, false)),
        (
            "Simulation",
            object(&[
                (
                    "simulated_conversation",
                    array(&json!({ "type": "object" })),
                ),
                ("analysis", json!({ "type": "object" })),
            ]),
        ),
        (
            "Size",
            object(&[("number_of_pages", json!({ "type": "number" }))]),
        ),
    ]
}

/// An object that may have these fields.
fn maybe(fields: &[(&str, Value)]) -> Value {
    let mut schema = object(fields);
    crate::dialect::path::take(&mut schema, "required");
    schema
}

fn calls() -> Vec<(&'static str, Value)> {
    let states = json!({ "enum": ["in-progress", "done", "failed"] });
    let line = object(&[
        ("conversation_id", text()),
        ("agent_id", text()),
        ("start_time_unix_secs", whole()),
        ("call_duration_secs", whole()),
        ("message_count", whole()),
        ("status", states.clone()),
        ("termination_reason", text()),
        ("call_successful", json!({ "const": "unknown" })),
    ]);
    let turn = object(&[
        ("role", json!({ "enum": ["user", "agent"] })),
        ("message", text()),
        ("interrupted", flag()),
        ("time_in_call_secs", whole()),
        ("tool_calls", array(&json!({}))),
        ("tool_results", array(&json!({}))),
    ]);
    let conversation = object(&[
        ("conversation_id", text()),
        ("agent_id", text()),
        ("status", states),
        ("transcript", array(&turn)),
        ("metadata", json!({ "type": "object" })),
        ("has_audio", flag()),
        ("has_user_audio", flag()),
        ("has_response_audio", flag()),
    ]);
    vec![
        ("ConversationLine", line),
        (
            "ConversationList",
            page("conversations", "ConversationLine"),
        ),
        ("Conversation", conversation),
        ("Feedback", of_table(conversations::FEEDBACK_FIELDS, false)),
        ("SignedUrl", object(&[("signed_url", text())])),
        (
            "Token",
            object(&[("token", text()), ("conversation_id", text())]),
        ),
        ("NewCall", of_table(outbound::CALL_FIELDS, false)),
        (
            "PlacedCall",
            object(&[
                ("success", json!({ "type": "boolean" })),
                ("message", text()),
                ("conversation_id", nullable(text())),
                ("callSid", nullable(text())),
            ]),
        ),
        ("Registration", of_table(outbound::REGISTERED_FIELDS, false)),
        ("NewBatch", of_table(batches::BATCH_FIELDS, false)),
        ("Batch", batch()),
        (
            "BatchList",
            object(&[
                ("batch_calls", array(&reference("Batch"))),
                ("next_doc", nullable(text())),
                ("has_more", json!({ "type": "boolean" })),
            ]),
        ),
    ]
}

fn batch() -> Value {
    let count = || json!({ "type": "integer", "minimum": 0 });
    let status = json!({ "enum": ["pending", "in_progress", "completed", "failed", "cancelled"] });
    object(&[
        ("id", text()),
        ("name", text()),
        ("agent_id", text()),
        ("agent_name", nullable(text())),
        ("phone_number_id", nullable(text())),
        ("phone_provider", nullable(text())),
        ("created_at_unix", count()),
        ("scheduled_time_unix", count()),
        ("last_updated_at_unix", count()),
        ("timezone", nullable(text())),
        ("total_calls_dispatched", count()),
        ("total_calls_scheduled", count()),
        ("total_calls_finished", count()),
        ("status", status),
        ("retry_count", count()),
    ])
}

fn knowledge_base() -> Vec<(&'static str, Value)> {
    let new = |needed: &[&str]| {
        let mut schema = of_table(document::FIELDS, false);
        schema["required"] = json!(needed);
        schema
    };
    let described = &[
        ("id", text()),
        ("type", json!({ "enum": ["url", "text", "file", "folder"] })),
        ("name", text()),
        (
            "metadata",
            object(&[
                ("created_at_unix_secs", whole()),
                ("last_updated_at_unix_secs", whole()),
                ("size_bytes", whole()),
            ]),
        ),
        ("access_info", access()),
        ("folder_parent_id", nullable(text())),
        ("folder_path", array(&json!({ "type": "object" }))),
    ];
    let mut line = object(described);
    line["properties"]["dependent_agents"] = array(&reference("Dependent"));
    let file = json!({
        "type": "object",
        "properties": {
            "file": { "type": "string", "format": "binary" },
            "name": { "type": "string", "minLength": 1, "maxLength": 1_000 },
            "parent_folder_id": { "type": "string", "minLength": 1, "maxLength": 1_000 },
        },
        "required": ["file"],
    });
    vec![
        ("NewUrl", new(&["url"])),
        ("NewText", new(&["text"])),
        ("NewFolder", new(&["name"])),
        ("NewFile", file),
        ("DocumentChange", of_table(document::FIELDS, true)),
        (
            "Added",
            object(&[
                ("id", text()),
                ("name", text()),
                ("folder_path", array(&json!({ "type": "object" }))),
            ]),
        ),
        ("Document", object(described)),
        ("DocumentLine", line),
        ("DocumentList", page("documents", "DocumentLine")),
        ("Move", of_table(knowledge::MOVE_FIELDS, false)),
        ("Several", of_table(knowledge::SEVERAL_FIELDS, false)),
        (
            "Dependent",
            object(&[("type", text()), ("id", text()), ("name", text())]),
        ),
        ("Dependents", page("agents", "Dependent")),
    ]
}

fn numbers_and_tools() -> Vec<(&'static str, Value)> {
    let number = object(&[
        ("phone_number_id", text()),
        ("phone_number", text()),
        ("label", text()),
        (
            "provider",
            json!({ "enum": ["twilio", "sip_trunk", "exotel"] }),
        ),
        ("supports_inbound", flag()),
        ("supports_outbound", flag()),
        ("assigned_agent", json!({ "type": ["object", "null"] })),
    ]);
    let tool = with(
        of_table(tools::FIELDS, true),
        &[
            ("id", text()),
            ("tool_config", json!({ "type": "object" })),
            ("access_info", access()),
            ("usage_stats", json!({ "type": "object" })),
        ],
    );
    vec![
        ("NewNumber", of_table(numbers::FIELDS, false)),
        ("NumberChange", of_table(numbers::FIELDS, true)),
        ("Number", number),
        ("NumberId", object(&[("phone_number_id", text())])),
        ("Numbers", array(&reference("Number"))),
        ("NumberList", page("phone_numbers", "Number")),
        ("NewTool", of_table(tools::FIELDS, false)),
        ("ToolChange", of_table(tools::FIELDS, true)),
        ("Tool", tool),
        ("ToolList", page("tools", "Tool")),
    ]
}

fn secrets_and_settings() -> Vec<(&'static str, Value)> {
    let stored = &[
        ("type", json!({ "const": "stored" })),
        ("secret_id", text()),
        ("name", text()),
    ];
    let secret = with(object(stored), &[("used_by", json!({ "type": "object" }))]);
    vec![
        ("NewSecret", of_table(secrets::FIELDS, false)),
        ("StoredSecret", object(stored)),
        ("Secret", secret),
        ("SecretList", page("secrets", "Secret")),
        (
            "Dependencies",
            object(&[
                ("dependencies", array(&json!({}))),
                ("next_cursor", nullable(text())),
            ]),
        ),
        ("SettingsChange", of_table(settings::FIELDS, true)),
        ("Settings", of_table(settings::FIELDS, true)),
    ]
}

fn webhooks() -> Vec<(&'static str, Value)> {
    let webhook = object(&[
        ("name", text()),
        ("webhook_id", text()),
        ("webhook_url", text()),
        ("is_disabled", flag()),
        ("is_auto_disabled", flag()),
        ("created_at_unix", whole()),
        ("auth_type", json!({ "const": "hmac" })),
        ("usage", array(&object(&[("usage_type", text())]))),
        ("most_recent_failure_error_code", nullable(whole())),
        ("most_recent_failure_timestamp", nullable(whole())),
    ]);
    let created = [("webhook_id", text()), ("webhook_secret", text())];
    vec![
        ("NewWebhook", of_table(webhooks::NEW_FIELDS, false)),
        ("WebhookChange", of_table(webhooks::CHANGE_FIELDS, false)),
        ("CreatedWebhook", object(&created)),
        ("Webhook", webhook),
        (
            "WebhookList",
            object(&[("webhooks", array(&reference("Webhook")))]),
        ),
        ("Status", object(&[("status", json!({ "const": "ok" }))])),
    ]
}
