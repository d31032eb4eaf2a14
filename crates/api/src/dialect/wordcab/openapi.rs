//! Wordcab's routes as an OpenAPI document.

use axum::Json;
use serde_json::{Value, json};

use super::audio::SPEECH;
use super::chat_request::CHAT;
use super::objects::WEBHOOK;
use crate::dialect::openapi::{
    Answer, Body, Description, Operation, Query, get, nullable, object, of_table, reference, send,
    text, with,
};

pub(crate) static DESCRIPTION: Description = Description {
    title: "Wordcab",
    server: "/wordcab/v1",
    security: || json!({ "type": "http", "scheme": "bearer" }),
    operations: &[OPERATIONS],
    schemas,
    headers: &[],
};

const PAGE: &[Query] = &[LIMIT, CURSOR];

const LIMIT: Query = Query {
    name: "limit",
    schema: || json!({ "type": "integer", "minimum": 1, "default": 25 }),
};

const CURSOR: Query = Query {
    name: "cursor",
    schema: text,
};

const CALLS: &[Query] = &[
    LIMIT,
    CURSOR,
    Query {
        name: "status",
        schema: || json!({ "type": "string", "enum": super::calls::status_words() }),
    },
    Query {
        name: "created_after",
        schema: || json!({ "type": "integer", "description": "Seconds since 1970" }),
    },
    Query {
        name: "created_before",
        schema: || json!({ "type": "integer", "description": "Seconds since 1970" }),
    },
];

const AUDIO: &[&str] = &["audio/wav", "audio/pcm", "audio/basic", "audio/ogg"];

const OPERATIONS: &[Operation] = &[
    send(
        "POST /agents",
        "createAgent",
        "Create an agent",
        "NewAgent",
        "Agent",
    ),
    get("GET /agents", "listAgents", "List agents", "AgentList").asked_by(PAGE),
    get(
        "GET /agents/{id}",
        "readAgent",
        "Retrieve an agent",
        "Agent",
    ),
    send(
        "PATCH /agents/{id}",
        "patchAgent",
        "Update an agent",
        "AgentChange",
        "Agent",
    ),
    get(
        "DELETE /agents/{id}",
        "deleteAgent",
        "Delete an agent",
        "Deleted",
    ),
    get(
        "GET /agents/{id}/calls",
        "listAgentCalls",
        "List an agent's calls",
        "CallList",
    )
    .asked_by(CALLS),
    send(
        "POST /agents/{id}/calls",
        "placeCall",
        "Place a call",
        "NewCall",
        "Call",
    ),
    get("GET /calls", "listCalls", "List calls", "CallList").asked_by(CALLS),
    get("GET /calls/{id}", "readCall", "Retrieve a call", "Call"),
    get("POST /calls/{id}/end", "endCall", "End a call", "Call"),
    get(
        "GET /transcripts/{id}",
        "readTranscript",
        "Retrieve a transcript",
        "Transcript",
    ),
    send(
        "POST /webhooks",
        "createWebhook",
        "Register a webhook",
        "NewWebhook",
        "Webhook",
    ),
    get(
        "GET /webhooks",
        "listWebhooks",
        "List webhooks",
        "WebhookList",
    )
    .asked_by(PAGE),
    get(
        "GET /webhooks/{id}",
        "readWebhook",
        "Retrieve a webhook",
        "Webhook",
    ),
    get(
        "DELETE /webhooks/{id}",
        "deleteWebhook",
        "Delete a webhook",
        "Deleted",
    ),
    get("GET /voices", "listVoices", "List voices", "List"),
    get("GET /models", "listModels", "List models", "List"),
    send(
        "POST /audio/speech",
        "speak",
        "Text to speech",
        "Speech",
        "List",
    )
    .answered(Answer::Bytes(AUDIO)),
    get(
        "POST /audio/transcriptions",
        "transcribe",
        "Speech to text",
        "Transcription",
    )
    .sent(Body::Form("Recording")),
    send(
        "POST /chat/completions",
        "chat",
        "Chat completion",
        "Chat",
        "Completion",
    )
    .answered(Answer::JsonOrEvents("Completion")),
];

pub(crate) async fn show() -> Json<Value> {
    Json(DESCRIPTION.document())
}

fn list_of(schema: &str) -> Value {
    object(&[
        ("object", json!({ "const": "list" })),
        (
            "data",
            json!({ "type": "array", "items": reference(schema) }),
        ),
        ("has_more", json!({ "type": "boolean" })),
        ("next_cursor", nullable(text())),
    ])
}

fn schemas() -> Vec<(&'static str, Value)> {
    let whole = json!({ "type": "integer" });
    let agent = with(
        of_table(super::FIELDS, true),
        &[
            ("id", text()),
            ("object", json!({ "const": "agent" })),
            ("created", whole.clone()),
        ],
    );
    let webhook = with(
        of_table(WEBHOOK.fields, true),
        &[
            ("id", text()),
            ("object", json!({ "const": "webhook" })),
            ("created", whole),
        ],
    );
    let anything = json!({ "type": "object" });
    let items = json!({ "type": "array", "items": anything });
    vec![
        ("NewAgent", of_table(super::FIELDS, false)),
        ("AgentChange", of_table(super::FIELDS, true)),
        ("Agent", agent),
        ("AgentList", list_of("Agent")),
        ("NewWebhook", of_table(WEBHOOK.fields, false)),
        ("Webhook", webhook),
        ("WebhookList", list_of("Webhook")),
        ("NewCall", of_table(super::calls::NEW_CALL.fields, false)),
        ("Call", call()),
        ("CallList", list_of("Call")),
        (
            "Transcript",
            object(&[
                ("id", text()),
                ("object", json!({ "const": "transcript" })),
                ("call_id", text()),
                ("turns", items),
            ]),
        ),
        ("Speech", of_table(SPEECH.fields, false)),
        ("Recording", recording()),
        (
            "Transcription",
            json!({ "anyOf": [object(&[("text", text())]), text()] }),
        ),
        ("Chat", of_table(CHAT.fields, false)),
        ("Completion", completion()),
        (
            "List",
            object(&[
                ("object", json!({ "const": "list" })),
                (
                    "data",
                    json!({ "type": "array", "items": { "type": "object" } }),
                ),
            ]),
        ),
        (
            "Deleted",
            object(&[
                ("id", text()),
                ("object", text()),
                ("deleted", json!({ "const": true })),
            ]),
        ),
        ("Refusal", refusal()),
    ]
}

fn call() -> Value {
    let seconds = json!({ "type": "integer" });
    object(&[
        ("id", text()),
        ("object", json!({ "const": "call" })),
        ("agent_id", text()),
        ("direction", nullable(text())),
        ("phone_number", nullable(text())),
        ("caller_id", nullable(text())),
        (
            "status",
            json!({ "type": "string", "enum": super::calls::status_words() }),
        ),
        ("started_at", seconds.clone()),
        ("ended_at", nullable(seconds.clone())),
        ("duration", nullable(seconds)),
        ("transcript_id", nullable(text())),
        ("recording_url", nullable(text())),
        ("context", json!({ "type": "object" })),
        ("metadata", json!({ "type": "object" })),
    ])
}

fn recording() -> Value {
    json!({
        "type": "object",
        "properties": {
            "file": { "type": "string", "format": "binary", "description": "A WAV file" },
            "model": { "type": "string" },
            "language": { "type": "string", "default": "en" },
            "response_format": { "type": "string", "enum": ["json", "text", "verbose_json"] },
        },
        "required": ["file"],
    })
}

fn completion() -> Value {
    object(&[
        ("id", text()),
        ("object", json!({ "const": "chat.completion" })),
        ("created", json!({ "type": "integer" })),
        ("model", text()),
        (
            "choices",
            json!({ "type": "array", "items": { "type": "object" } }),
        ),
        ("usage", json!({ "type": ["object", "null"] })),
    ])
}

fn refusal() -> Value {
    let error = object(&[
        ("type", text()),
        ("code", text()),
        ("message", text()),
        ("param", nullable(text())),
        ("request_id", text()),
    ]);
    object(&[("error", error)])
}
