//! Trillet's routes as an OpenAPI document.

use axum::Json;
use serde_json::{Value, json};

use super::flow;
use super::telephony::{CALL, NUMBER};
use super::web::WEB_CALL;
use crate::dialect::openapi::{
    Description, Operation, Query, get, nullable, object, of_table, reference, send, text, with,
};

pub(crate) static DESCRIPTION: Description = Description {
    title: "Trillet",
    server: "/trillet",
    security: || json!({ "type": "apiKey", "in": "header", "name": "x-api-key" }),
    operations: &[OPERATIONS],
    schemas,
    headers: &["x-workspace-id"],
};

const PAGE: &[Query] = &[NUMBER_OF_PAGE, LIMIT];

const NUMBER_OF_PAGE: Query = Query {
    name: "page",
    schema: || json!({ "type": "integer", "minimum": 1, "default": 1 }),
};

const LIMIT: Query = Query {
    name: "limit",
    schema: || json!({ "type": "integer", "minimum": 1 }),
};

const OPERATIONS: &[Operation] = &[
    send(
        "POST /v1/api/agents",
        "createAgent",
        "Create a call agent",
        "NewAgent",
        "Agent",
    ),
    get("GET /v1/api/agents", "listAgents", "List agents", "Agents").asked_by(PAGE),
    get(
        "GET /v1/api/agents/{id}",
        "readAgent",
        "Get an agent",
        "Agent",
    ),
    send(
        "PUT /v1/api/agents/{id}",
        "updateAgent",
        "Update an agent",
        "AgentChange",
        "Agent",
    ),
    send(
        "PATCH /v1/api/agents/{id}",
        "patchAgent",
        "Update an agent",
        "AgentChange",
        "Agent",
    ),
    get(
        "DELETE /v1/api/agents/{id}",
        "deleteAgent",
        "Delete an agent",
        "Done",
    ),
    send(
        "POST /v1/api/call-flows",
        "createFlow",
        "Create a call flow",
        "NewFlow",
        "Flow",
    ),
    get(
        "GET /v1/api/call-flows",
        "listFlows",
        "List call flows",
        "Flows",
    )
    .asked_by(PAGE),
    get(
        "GET /v1/api/call-flows/{id}",
        "readFlow",
        "Get a call flow",
        "Flow",
    ),
    send(
        "PUT /v1/api/call-flows/{id}",
        "updateFlow",
        "Update a call flow",
        "FlowChange",
        "Flow",
    ),
    get(
        "DELETE /v1/api/call-flows/{id}",
        "deleteFlow",
        "Delete a call flow",
        "Done",
    ),
    get(
        "GET /v2/api/call-history",
        "listCalls",
        "List calls",
        "Calls",
    )
    .asked_by(CALLS),
    get(
        "GET /v2/api/call-history/{id}",
        "readCall",
        "Get a call",
        "Call",
    ),
    send(
        "POST /v1/api/call",
        "placeCall",
        "Call somebody",
        "NewCall",
        "PlacedCall",
    ),
    send(
        "POST /v1/api/calls/web/connect",
        "webCall",
        "Call from a browser",
        "WebCall",
        "PromisedCall",
    ),
    send(
        "POST /v1/api/web-call/public",
        "publicWebCall",
        "The same in public",
        "WebCall",
        "PromisedCall",
    ),
    send(
        "PUT /v1/api/twilio/phone-numbers/{id}/config",
        "configureNumber",
        "Configure a phone number",
        "NumberConfiguration",
        "Done",
    ),
    get(
        "GET /v1/api/twilio/phone-numbers/{id}/config",
        "readNumberConfiguration",
        "Get a phone number's configuration",
        "Done",
    ),
];

const CALLS: &[Query] = &[
    NUMBER_OF_PAGE,
    LIMIT,
    Query {
        name: "agentId",
        schema: text,
    },
    Query {
        name: "status",
        schema: || json!({ "type": "string", "enum": ["in-progress", "completed", "failed"] }),
    },
    Query {
        name: "direction",
        schema: || json!({ "type": "string", "enum": ["inbound", "outbound"] }),
    },
    Query {
        name: "callType",
        schema: || json!({ "type": "string", "enum": ["sip", "web"] }),
    },
    Query {
        name: "search",
        schema: text,
    },
    Query {
        name: "callIds",
        schema: text,
    },
    Query {
        name: "dateRange",
        schema: text,
    },
];

pub(crate) async fn show() -> Json<Value> {
    Json(DESCRIPTION.document())
}

fn schemas() -> Vec<(&'static str, Value)> {
    let time = json!({ "type": "string", "format": "date-time" });
    let list_of = |name| json!({ "type": "array", "items": reference(name) });
    let agent = [
        ("_id", text()),
        ("workspaceId", text()),
        ("userId", text()),
        (
            "activeSessions",
            json!({ "type": "array", "items": text() }),
        ),
        ("currentNode", nullable(text())),
        (
            "status",
            json!({ "type": "string", "enum": ["pending", "ready", "error"] }),
        ),
        ("statusReason", text()),
        ("createdAt", time.clone()),
        ("updatedAt", time.clone()),
    ];
    let flow_fields = [
        ("_id", text()),
        ("workspaceId", text()),
        ("createdAt", time.clone()),
        ("updatedAt", time),
    ];
    vec![
        ("NewAgent", of_table(super::FIELDS, false)),
        ("AgentChange", of_table(super::FIELDS, true)),
        ("Agent", with(of_table(super::FIELDS, true), &agent)),
        ("Agents", list_of("Agent")),
        ("NewFlow", of_table(flow::FIELDS, false)),
        ("FlowChange", of_table(flow::FIELDS, true)),
        ("Flow", with(of_table(flow::FIELDS, true), &flow_fields)),
        ("Flows", list_of("Flow")),
        ("Call", call()),
        ("Calls", calls()),
        ("NewCall", of_table(CALL.fields, false)),
        ("WebCall", of_table(WEB_CALL.fields, false)),
        (
            "PlacedCall",
            object(&[
                ("status", json!({ "const": "success" })),
                ("message", text()),
                ("call_id", text()),
                ("callId", text()),
                ("roomName", text()),
                ("fromNumber", nullable(text())),
                ("toNumber", nullable(text())),
                ("agent", json!({ "type": "object" })),
            ]),
        ),
        (
            "PromisedCall",
            object(&[
                ("token", text()),
                ("roomName", text()),
                ("callId", text()),
                ("agent", json!({ "type": "object" })),
                ("url", text()),
            ]),
        ),
        ("NumberConfiguration", of_table(NUMBER.fields, true)),
        ("Done", json!({ "type": "object" })),
        ("Refusal", refusal()),
    ]
}

fn call() -> Value {
    object(&[
        ("_id", text()),
        ("workspaceId", text()),
        ("agentId", text()),
        ("direction", nullable(text())),
        ("fromPhoneNumber", nullable(text())),
        ("toPhoneNumber", nullable(text())),
        ("status", text()),
        ("startTime", text()),
        ("endTime", nullable(text())),
        (
            "transcript",
            json!({ "type": "array", "items": { "type": "object" } }),
        ),
        ("metadata", json!({ "type": "object" })),
        ("variables", json!({ "type": "object" })),
    ])
}

fn calls() -> Value {
    let whole = json!({ "type": "integer" });
    object(&[
        (
            "data",
            json!({ "type": "array", "items": reference("Call") }),
        ),
        ("page", whole.clone()),
        ("limit", whole.clone()),
        ("total", whole.clone()),
        ("totalPages", whole),
    ])
}

fn refusal() -> Value {
    let problem = object(&[("field", text()), ("message", text())]);
    object(&[
        ("status", json!({ "const": "error" })),
        ("statusCode", json!({ "type": "integer" })),
        ("error", text()),
        ("message", text()),
        ("errors", json!({ "type": "array", "items": problem })),
    ])
}
