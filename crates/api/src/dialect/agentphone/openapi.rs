//! AgentPhone's routes as an OpenAPI document.

use axum::Json;
use serde_json::{Value, json};

use super::webhooks::WEBHOOK;
use crate::dialect::openapi::{
    Answer, Body, Description, Operation, Query, get, nullable, object, of_table, reference, send,
    text, with,
};

pub(crate) static DESCRIPTION: Description = Description {
    title: "AgentPhone",
    server: "/agentphone/v1",
    security: || json!({ "type": "http", "scheme": "bearer" }),
    operations: &[OPERATIONS],
    schemas,
    headers: &["X-Sub-Account-Id"],
};

const PAGE: &[Query] = &[LIMIT, OFFSET];

const LIMIT: Query = Query {
    name: "limit",
    schema: || json!({ "type": "integer", "minimum": 1, "maximum": 100 }),
};

const OFFSET: Query = Query {
    name: "offset",
    schema: || json!({ "type": "integer", "minimum": 0, "default": 0 }),
};

const HOURS: Query = Query {
    name: "hours",
    schema: || json!({ "type": "integer", "minimum": 1, "maximum": 720 }),
};

const MESSAGE_LIMIT: Query = Query {
    name: "message_limit",
    schema: || json!({ "type": "integer", "minimum": 1, "maximum": 200, "default": 50 }),
};

const CALLS: &[Query] = &[
    LIMIT,
    OFFSET,
    Query {
        name: "status",
        schema: || json!({ "type": "string", "enum": ["completed", "in-progress", "failed"] }),
    },
    Query {
        name: "direction",
        schema: || json!({ "type": "string", "enum": ["inbound", "outbound"] }),
    },
    Query {
        name: "type",
        schema: || json!({ "type": "string", "enum": ["pstn", "web"] }),
    },
    Query {
        name: "search",
        schema: text,
    },
];

const AGENT: Query = Query {
    name: "agentId",
    schema: text,
};

const OPERATIONS: &[Operation] = &[
    send(
        "POST /agents",
        "createAgent",
        "Create an agent",
        "NewAgent",
        "Agent",
    ),
    get("GET /agents", "listAgents", "List agents", "AgentList").asked_by(PAGE),
    get("GET /agents/voices", "listVoices", "List voices", "Voices"),
    get("GET /agents/{id}", "readAgent", "Get an agent", "Agent"),
    send(
        "PATCH /agents/{id}",
        "updateAgent",
        "Update an agent",
        "AgentChange",
        "Agent",
    ),
    get(
        "DELETE /agents/{id}",
        "deleteAgent",
        "Delete an agent",
        "Done",
    ),
    send(
        "POST /agents/{id}/numbers",
        "attachNumber",
        "Attach a number to an agent",
        "Attachment",
        "Attached",
    ),
    get(
        "DELETE /agents/{id}/numbers/{number}",
        "detachNumber",
        "Detach a number from an agent",
        "Done",
    ),
    get(
        "GET /agents/{id}/conversations",
        "listAgentConversations",
        "List an agent's conversations",
        "List",
    )
    .asked_by(PAGE),
    send(
        "POST /numbers",
        "enterNumber",
        "Enter a number",
        "NewNumber",
        "Number",
    ),
    get("GET /numbers", "listNumbers", "List numbers", "List").asked_by(PAGE),
    get("GET /numbers/{id}", "readNumber", "Get a number", "Number"),
    get(
        "DELETE /numbers/{id}",
        "deleteNumber",
        "Delete a number",
        "Done",
    ),
    send(
        "POST /webhooks",
        "setWebhook",
        "Set the webhook",
        "NewWebhook",
        "Webhook",
    ),
    get(
        "GET /webhooks",
        "readWebhook",
        "Get the webhook",
        "MaybeWebhook",
    ),
    get(
        "DELETE /webhooks",
        "deleteWebhook",
        "Remove the webhook",
        "Done",
    ),
    get(
        "GET /webhooks/deliveries",
        "listDeliveries",
        "List what webhooks were sent",
        "Deliveries",
    )
    .asked_by(&[LIMIT, OFFSET, HOURS]),
    get(
        "GET /webhooks/deliveries/stats",
        "deliveryStats",
        "Count them",
        "Stats",
    )
    .asked_by(&[HOURS]),
    get(
        "GET /webhooks/deliveries/all-time",
        "allTimeStats",
        "Count all of them",
        "Totals",
    ),
    get(
        "POST /webhooks/test",
        "testWebhook",
        "Send a test",
        "Tested",
    )
    .asked_by(&[AGENT])
    .sent(Body::MaybeJson("Test")),
    send(
        "POST /agents/{id}/webhook",
        "setAgentWebhook",
        "Set an agent's webhook",
        "NewWebhook",
        "Webhook",
    ),
    get(
        "GET /agents/{id}/webhook",
        "readAgentWebhook",
        "Get it",
        "MaybeWebhook",
    ),
    get(
        "DELETE /agents/{id}/webhook",
        "deleteAgentWebhook",
        "Remove it",
        "Done",
    ),
    get(
        "GET /agents/{id}/webhook/deliveries",
        "listAgentDeliveries",
        "List what it was sent",
        "DeliveryArray",
    )
    .asked_by(&[LIMIT]),
    get(
        "POST /agents/{id}/webhook/test",
        "testAgentWebhook",
        "Send it a test",
        "Tested",
    )
    .sent(Body::MaybeJson("Test")),
    get(
        "GET /agents/{id}/calls",
        "listAgentCalls",
        "List an agent's calls",
        "CallList",
    )
    .asked_by(CALLS),
    get("GET /calls", "listCalls", "List calls", "CallList").asked_by(CALLS),
    send(
        "POST /calls",
        "placeCall",
        "Call a number",
        "NewCall",
        "Call",
    ),
    send(
        "POST /calls/web",
        "webCall",
        "Call from a browser",
        "NewWebCall",
        "WebCall",
    ),
    get("GET /calls/{id}", "readCall", "Get a call", "Call"),
    get("POST /calls/{id}/end", "endCall", "End a call", "Ending"),
    get(
        "GET /calls/{id}/recording",
        "readRecording",
        "Get a recording",
        "Call",
    )
    .answered(Answer::Bytes(&["audio/wav"])),
    get(
        "GET /calls/{id}/transcript",
        "readTranscript",
        "Get a transcript",
        "Transcript",
    ),
    get(
        "GET /calls/{id}/transcript/stream",
        "streamTranscript",
        "Follow one",
        "Transcript",
    )
    .answered(Answer::Bytes(&["text/event-stream"])),
    get(
        "GET /conversations",
        "listConversations",
        "List conversations",
        "List",
    )
    .asked_by(PAGE),
    get(
        "GET /conversations/{id}",
        "readConversation",
        "Get a conversation",
        "Done",
    )
    .asked_by(&[MESSAGE_LIMIT]),
];

pub(crate) async fn show() -> Json<Value> {
    Json(DESCRIPTION.document())
}

fn page_of(item: &Value) -> Value {
    object(&[
        ("data", json!({ "type": "array", "items": item })),
        ("hasMore", json!({ "type": "boolean" })),
        ("total", json!({ "type": "integer" })),
    ])
}

fn schemas() -> Vec<(&'static str, Value)> {
    let time = json!({ "type": "string", "format": "date-time" });
    let agent = [
        ("id", text()),
        ("createdAt", time.clone()),
        (
            "numbers",
            json!({ "type": "array", "items": number_of_agent() }),
        ),
    ];
    let webhook = [
        ("id", text()),
        ("secret", text()),
        ("status", text()),
        ("createdAt", time),
    ];
    let webhook = with(of_table(WEBHOOK.fields, true), &webhook);
    let anything = json!({ "type": "object" });
    vec![
        ("NewAgent", of_table(super::FIELDS, false)),
        ("AgentChange", of_table(super::FIELDS, true)),
        ("Agent", with(of_table(super::FIELDS, true), &agent)),
        ("AgentList", page_of(&reference("Agent"))),
        ("List", page_of(&anything.clone())),
        (
            "Voices",
            object(&[("data", json!({ "type": "array", "items": anything }))]),
        ),
        ("NewNumber", of_table(super::numbers::NUMBER.fields, false)),
        ("Number", number()),
        ("Attachment", object(&[("numberId", text())])),
        (
            "Attached",
            object(&[("agentId", text()), ("number", reference("Number"))]),
        ),
        ("Call", call()),
        ("CallList", page_of(&reference("Call"))),
        ("NewCall", of_table(super::calls::OUTBOUND.fields, false)),
        ("NewWebCall", of_table(super::calls::WEB.fields, false)),
        ("WebCall", web_call()),
        ("Ending", object(&[("id", text()), ("status", text())])),
        (
            "Transcript",
            object(&[("transcript", json!({ "type": "array", "items": anything }))]),
        ),
        ("NewWebhook", of_table(WEBHOOK.fields, false)),
        ("MaybeWebhook", nullable(webhook.clone())),
        ("Webhook", webhook),
        ("Delivery", delivery()),
        (
            "DeliveryArray",
            json!({ "type": "array", "items": reference("Delivery") }),
        ),
        ("Deliveries", deliveries()),
        ("Totals", totals()),
        ("Stats", totals()),
        ("Test", of_table(super::webhook_log::TEST.fields, true)),
        (
            "Tested",
            object(&[
                ("success", json!({ "type": "boolean" })),
                ("message", text()),
                ("httpStatus", json!({ "type": ["integer", "null"] })),
                ("delivery", reference("Delivery")),
            ]),
        ),
        ("Done", json!({ "type": "object" })),
        ("Refusal", refusal()),
    ]
}

fn web_call() -> Value {
    object(&[
        ("id", text()),
        ("callId", text()),
        ("agentId", text()),
        ("accessToken", text()),
        ("expiresAt", text()),
        ("status", json!({ "const": "registered" })),
        ("websocketUrl", text()),
        ("metadata", json!({ "type": ["object", "null"] })),
    ])
}

fn call() -> Value {
    object(&[
        ("id", text()),
        ("agentId", nullable(text())),
        ("fromNumber", text()),
        ("toNumber", text()),
        ("direction", text()),
        ("status", text()),
        ("startedAt", text()),
        ("endedAt", nullable(text())),
        ("durationSeconds", json!({ "type": ["integer", "null"] })),
        ("lastTranscriptSnippet", nullable(text())),
        ("recordingUrl", nullable(text())),
        ("recordingAvailable", json!({ "type": "boolean" })),
    ])
}

fn number() -> Value {
    object(&[
        ("id", text()),
        ("phoneNumber", text()),
        ("country", nullable(text())),
        ("status", text()),
        ("type", text()),
        ("agentId", nullable(text())),
        (
            "createdAt",
            json!({ "type": "string", "format": "date-time" }),
        ),
    ])
}

fn number_of_agent() -> Value {
    object(&[
        ("id", text()),
        ("phoneNumber", text()),
        ("status", text()),
        ("type", text()),
    ])
}

fn delivery() -> Value {
    object(&[
        ("id", text()),
        ("messageId", nullable(text())),
        ("eventType", nullable(text())),
        ("channel", nullable(text())),
        (
            "status",
            json!({ "type": "string", "enum": ["pending", "success", "failed"] }),
        ),
        ("httpStatus", json!({ "type": ["integer", "null"] })),
        ("errorMessage", nullable(text())),
        ("responseBody", nullable(text())),
        ("attemptCount", json!({ "type": "integer" })),
        ("lastAttemptAt", nullable(text())),
        ("nextRetryAt", nullable(text())),
        ("createdAt", text()),
    ])
}

fn deliveries() -> Value {
    let whole = json!({ "type": "integer" });
    object(&[
        (
            "items",
            json!({ "type": "array", "items": reference("Delivery") }),
        ),
        ("total", whole.clone()),
        ("offset", whole.clone()),
        ("limit", whole),
    ])
}

fn totals() -> Value {
    let whole = json!({ "type": "integer" });
    object(&[
        ("total", whole.clone()),
        ("success", whole.clone()),
        ("failed", whole),
        ("successRate", json!({ "type": "number" })),
    ])
}

fn refusal() -> Value {
    let problem = object(&[
        (
            "loc",
            json!({ "type": "array", "items": { "type": ["string", "integer"] } }),
        ),
        ("msg", text()),
        ("type", text()),
    ]);
    let problems = json!({ "type": "array", "items": problem });
    object(&[("detail", json!({ "anyOf": [text(), problems] }))])
}
