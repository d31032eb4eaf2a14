//! ElevenLabs' routes as an OpenAPI document. ThreeTone's are the same below another prefix.

mod dictionaries;
mod queries;
mod schemas;

use axum::Json;
use serde_json::{Value, json};

use queries::{
    AGENT, CONVERSATIONS, CURSOR, DIRECTION, DOCUMENTS, FORCE, FORMAT, LAST, LIMIT, PAGE, SEARCH,
    SIGNED, SIZE, SORT, TOOLS,
};

use crate::dialect::openapi::{Answer, Body, Description, Operation, get, send};

pub(crate) static DESCRIPTION: Description = Description {
    title: "ElevenLabs",
    server: "/elevenlabs/v1",
    security: || json!({ "type": "apiKey", "in": "header", "name": "xi-api-key" }),
    operations: &[OPERATIONS, dictionaries::OPERATIONS],
    schemas: schemas::all,
    headers: &[],
};

pub(crate) async fn show() -> Json<Value> {
    Json(DESCRIPTION.document())
}

const FILES: &[&str] = &[
    "text/plain",
    "text/markdown",
    "text/html",
    "application/pdf",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/epub+zip",
];

const OPERATIONS: &[Operation] = &[
    send(
        "POST /convai/agents/create",
        "createAgent",
        "Create an agent",
        "NewAgent",
        "AgentId",
    ),
    get(
        "GET /convai/agents",
        "listAgents",
        "List agents",
        "AgentList",
    )
    .asked_by(PAGE),
    get(
        "GET /convai/agents/{id}",
        "readAgent",
        "Get an agent",
        "Agent",
    ),
    send(
        "PATCH /convai/agents/{id}",
        "patchAgent",
        "Update an agent",
        "AgentChange",
        "Agent",
    ),
    get(
        "DELETE /convai/agents/{id}",
        "deleteAgent",
        "Delete an agent",
        "Done",
    ),
    get(
        "POST /convai/agents/{id}/duplicate",
        "duplicateAgent",
        "Duplicate an agent",
        "AgentId",
    )
    .sent(Body::MaybeJson("Duplicate")),
    get(
        "POST /convai/agents/{id}/hold-audio",
        "setHoldAudio",
        "Set what callers hear who wait for an agent",
        "HoldAudio",
    )
    .sent(Body::Form("NewHoldAudio")),
    get(
        "DELETE /convai/agents/{id}/hold-audio",
        "removeHoldAudio",
        "Have callers who wait hear a tone again",
        "AgentId",
    ),
    get(
        "GET /convai/agents/{id}/link",
        "linkAgent",
        "Get where an agent is talked to",
        "Link",
    ),
    get(
        "GET /convai/agents/{id}/widget",
        "readWidget",
        "Get an agent's widget",
        "Widget",
    ),
    send(
        "POST /convai/agents/{id}/simulate-conversation",
        "simulate",
        "Simulate a conversation",
        "NewSimulation",
        "Simulation",
    ),
    send(
        "POST /convai/agents/{id}/simulate-conversation/stream",
        "simulateLive",
        "Simulate a conversation, line by line",
        "NewSimulation",
        "Simulation",
    )
    .answered(Answer::Bytes(&["application/x-ndjson"])),
    get(
        "GET /convai/agent/{id}/knowledge-base/size",
        "sizeKnowledge",
        "Get how many pages an agent knows",
        "Size",
    ),
    get(
        "GET /convai/conversations",
        "listConversations",
        "List conversations",
        "ConversationList",
    )
    .asked_by(CONVERSATIONS),
    get(
        "GET /convai/conversations/{id}",
        "readConversation",
        "Get a conversation",
        "Conversation",
    )
    .asked_by(FORMAT),
    get(
        "DELETE /convai/conversations/{id}",
        "deleteConversation",
        "Delete a conversation",
        "Done",
    ),
    get(
        "GET /convai/conversations/{id}/audio",
        "readAudio",
        "Get a conversation's recording",
        "Done",
    )
    .answered(Answer::Bytes(&["audio/wav"])),
    send(
        "POST /convai/conversations/{id}/feedback",
        "sendFeedback",
        "Say what somebody thinks of a conversation",
        "Feedback",
        "Done",
    ),
    get(
        "GET /convai/conversation/get-signed-url",
        "signUrl",
        "Get a signed URL",
        "SignedUrl",
    )
    .asked_by(SIGNED),
    get(
        "GET /convai/conversation/token",
        "makeToken",
        "Get a token for one conversation",
        "Token",
    )
    .asked_by(&[AGENT]),
    get(
        "GET /convai/knowledge-base",
        "listDocuments",
        "List documents",
        "DocumentList",
    )
    .asked_by(DOCUMENTS),
    send(
        "POST /convai/knowledge-base/url",
        "addUrl",
        "Add a web page",
        "NewUrl",
        "Added",
    ),
    send(
        "POST /convai/knowledge-base/text",
        "addText",
        "Add a text",
        "NewText",
        "Added",
    ),
    get(
        "POST /convai/knowledge-base/file",
        "addFile",
        "Add a file",
        "Added",
    )
    .sent(Body::Form("NewFile")),
    send(
        "POST /convai/knowledge-base/folder",
        "addFolder",
        "Add a folder",
        "NewFolder",
        "Added",
    ),
    send(
        "POST /convai/knowledge-base/bulk-move",
        "moveDocuments",
        "Move documents",
        "Several",
        "Nothing",
    ),
    send(
        "POST /convai/knowledge-base/bulk-delete",
        "deleteDocuments",
        "Delete documents",
        "Several",
        "ById",
    ),
    get(
        "GET /convai/knowledge-base/{id}",
        "readDocument",
        "Get a document",
        "Document",
    ),
    send(
        "PATCH /convai/knowledge-base/{id}",
        "patchDocument",
        "Update a document",
        "DocumentChange",
        "Document",
    ),
    get(
        "DELETE /convai/knowledge-base/{id}",
        "deleteDocument",
        "Delete a document",
        "Done",
    )
    .asked_by(FORCE),
    get(
        "GET /convai/knowledge-base/{id}/content",
        "readContent",
        "Get what a document holds",
        "Done",
    )
    .answered(Answer::Bytes(FILES)),
    get(
        "GET /convai/knowledge-base/{id}/dependent-agents",
        "listReaders",
        "List the agents that know a document",
        "Dependents",
    ),
    send(
        "POST /convai/knowledge-base/{id}/move",
        "moveDocument",
        "Move a document",
        "Move",
        "Nothing",
    ),
    send(
        "POST /convai/phone-numbers",
        "createNumber",
        "Import a phone number",
        "NewNumber",
        "NumberId",
    ),
    get(
        "GET /convai/phone-numbers",
        "listNumbers",
        "List phone numbers",
        "Numbers",
    )
    .asked_by(&[AGENT]),
    get(
        "GET /convai/v2/phone-numbers",
        "pageNumbers",
        "List phone numbers in pages",
        "NumberList",
    )
    .asked_by(&[SIZE, CURSOR, SEARCH, SORT, DIRECTION, AGENT]),
    get(
        "GET /convai/phone-numbers/{id}",
        "readNumber",
        "Get a phone number",
        "Number",
    ),
    send(
        "PATCH /convai/phone-numbers/{id}",
        "patchNumber",
        "Update a phone number",
        "NumberChange",
        "Number",
    ),
    get(
        "DELETE /convai/phone-numbers/{id}",
        "deleteNumber",
        "Delete a phone number",
        "Done",
    ),
    send(
        "POST /convai/tools",
        "createTool",
        "Add a tool",
        "NewTool",
        "Tool",
    ),
    get("GET /convai/tools", "listTools", "List tools", "ToolList").asked_by(TOOLS),
    get("GET /convai/tools/{id}", "readTool", "Get a tool", "Tool"),
    send(
        "PATCH /convai/tools/{id}",
        "patchTool",
        "Update a tool",
        "ToolChange",
        "Tool",
    ),
    get(
        "DELETE /convai/tools/{id}",
        "deleteTool",
        "Delete a tool",
        "Done",
    )
    .asked_by(FORCE),
    get(
        "GET /convai/tools/{id}/dependent-agents",
        "listUsers",
        "List the agents that use a tool",
        "Dependents",
    ),
    send(
        "POST /convai/secrets",
        "createSecret",
        "Add a secret",
        "NewSecret",
        "StoredSecret",
    ),
    get(
        "GET /convai/secrets",
        "listSecrets",
        "List secrets",
        "SecretList",
    )
    .asked_by(PAGE),
    get(
        "GET /convai/secrets/{id}",
        "readSecret",
        "Get a secret",
        "Secret",
    ),
    send(
        "PATCH /convai/secrets/{id}",
        "patchSecret",
        "Update a secret",
        "NewSecret",
        "StoredSecret",
    ),
    get(
        "DELETE /convai/secrets/{id}",
        "deleteSecret",
        "Delete a secret",
        "Done",
    ),
    get(
        "GET /convai/secrets/{id}/dependencies/{resource}",
        "listDependencies",
        "List what uses a secret",
        "Dependencies",
    ),
    get(
        "GET /convai/settings",
        "readSettings",
        "Get the workspace's settings",
        "Settings",
    ),
    send(
        "PATCH /convai/settings",
        "patchSettings",
        "Update the workspace's settings",
        "SettingsChange",
        "Settings",
    ),
    get(
        "GET /workspace/webhooks",
        "listWebhooks",
        "List webhooks",
        "WebhookList",
    ),
    send(
        "POST /workspace/webhooks",
        "createWebhook",
        "Add a webhook",
        "NewWebhook",
        "CreatedWebhook",
    ),
    send(
        "PATCH /workspace/webhooks/{id}",
        "patchWebhook",
        "Update a webhook",
        "WebhookChange",
        "Status",
    ),
    get(
        "DELETE /workspace/webhooks/{id}",
        "deleteWebhook",
        "Delete a webhook",
        "Status",
    ),
    send(
        "POST /convai/twilio/outbound-call",
        "callByTwilio",
        "Place a call over Twilio",
        "NewCall",
        "PlacedCall",
    ),
    refused(
        "POST /convai/sip-trunk/outbound-call",
        "callBySip",
        "NewCall",
    ),
    refused(
        "POST /convai/exotel/outbound-call",
        "callByExotel",
        "NewCall",
    ),
    refused(
        "POST /convai/twilio/register-call",
        "registerCall",
        "Registration",
    ),
    send(
        "POST /convai/batch-calling/submit",
        "submitBatch",
        "Submit a batch of calls",
        "NewBatch",
        "Batch",
    ),
    get(
        "GET /convai/batch-calling/{id}",
        "getBatch",
        "A batch with its recipients",
        "Batch",
    ),
    get(
        "DELETE /convai/batch-calling/{id}",
        "deleteBatch",
        "Delete a batch",
        "Done",
    ),
    get(
        "POST /convai/batch-calling/{id}/cancel",
        "cancelBatch",
        "Take a batch back",
        "Batch",
    ),
    get(
        "POST /convai/batch-calling/{id}/retry",
        "retryBatch",
        "Try again whoever was not reached",
        "Batch",
    ),
    get(
        "GET /convai/batch-calling/workspace",
        "listBatches",
        "List batch calls",
        "BatchList",
    )
    .asked_by(&[LIMIT, LAST, AGENT]),
];

/// Something that needs a carrier.
const fn refused(line: &'static str, id: &'static str, body: &'static str) -> Operation {
    let summary = "Place calls, which needs a carrier";
    send(line, id, summary, body, "Done").answered(Answer::Refused)
}
