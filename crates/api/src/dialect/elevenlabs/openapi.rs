//! ElevenLabs' routes as an OpenAPI document. ThreeTone's are the same below another prefix.

mod schemas;

use axum::Json;
use serde_json::{Value, json};

use crate::dialect::openapi::{
    Answer, Body, Description, Operation, Query, get, nullable, send, text,
};

pub(crate) static DESCRIPTION: Description = Description {
    title: "ElevenLabs",
    server: "/elevenlabs/v1/convai",
    security: || json!({ "type": "apiKey", "in": "header", "name": "xi-api-key" }),
    operations: OPERATIONS,
    schemas: schemas::all,
    headers: &[],
};

pub(crate) async fn show() -> Json<Value> {
    Json(DESCRIPTION.document())
}

const SIZE: Query = Query {
    name: "page_size",
    schema: || json!({ "type": "integer", "minimum": 1, "maximum": 100, "default": 30 }),
};

const CURSOR: Query = Query {
    name: "cursor",
    schema: text,
};

const SEARCH: Query = Query {
    name: "search",
    schema: text,
};

const SORT: Query = Query {
    name: "sort_by",
    schema: || json!({ "const": "created_at" }),
};

const DIRECTION: Query = Query {
    name: "sort_direction",
    schema: || json!({ "const": "desc" }),
};

const AGENT: Query = Query {
    name: "agent_id",
    schema: text,
};

const FORCE: &[Query] = &[Query {
    name: "force",
    schema: || json!({ "type": "boolean", "default": false }),
}];

const PAGE: &[Query] = &[SIZE, CURSOR, SEARCH];

const CONVERSATIONS: &[Query] = &[
    SIZE,
    CURSOR,
    SEARCH,
    AGENT,
    Query {
        name: "user_id",
        schema: text,
    },
    Query {
        name: "call_successful",
        schema: || json!({ "enum": ["success", "failure", "unknown"] }),
    },
    seconds("call_start_after_unix"),
    seconds("call_start_before_unix"),
    seconds("call_duration_min_secs"),
    seconds("call_duration_max_secs"),
];

const fn seconds(name: &'static str) -> Query {
    Query {
        name,
        schema: || json!({ "type": "integer", "minimum": 0, "maximum": 100_000_000_000_i64 }),
    }
}

const DOCUMENTS: &[Query] = &[
    SIZE,
    CURSOR,
    SEARCH,
    SORT,
    DIRECTION,
    Query {
        name: "types",
        schema: || {
            let kinds = json!({ "enum": ["url", "text", "file", "folder"] });
            json!({ "type": "array", "items": kinds })
        },
    },
    Query {
        name: "parent_folder_id",
        schema: text,
    },
    Query {
        name: "folders_first",
        schema: || json!({ "type": "boolean", "default": false }),
    },
];

const TOOLS: &[Query] = &[
    SIZE,
    CURSOR,
    SEARCH,
    SORT,
    DIRECTION,
    Query {
        name: "types",
        schema: || {
            let kinds = json!({ "enum": ["webhook", "client", "system", "mcp"] });
            json!({ "type": "array", "items": kinds })
        },
    },
    Query {
        name: "used_by_agent_id",
        schema: || nullable(text()),
    },
];

const SIGNED: &[Query] = &[
    AGENT,
    Query {
        name: "include_conversation_id",
        schema: || json!({ "type": "boolean", "default": false }),
    },
];

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
        "POST /agents/create",
        "createAgent",
        "Create an agent",
        "NewAgent",
        "AgentId",
    ),
    get("GET /agents", "listAgents", "List agents", "AgentList").asked_by(PAGE),
    get("GET /agents/{id}", "readAgent", "Get an agent", "Agent"),
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
        "Done",
    ),
    get(
        "POST /agents/{id}/duplicate",
        "duplicateAgent",
        "Duplicate an agent",
        "AgentId",
    )
    .sent(Body::MaybeJson("Duplicate")),
    get(
        "GET /agents/{id}/link",
        "linkAgent",
        "Get where an agent is talked to",
        "Link",
    ),
    get(
        "GET /agents/{id}/widget",
        "readWidget",
        "Get an agent's widget",
        "Widget",
    ),
    send(
        "POST /agents/{id}/simulate-conversation",
        "simulate",
        "Simulate a conversation",
        "NewSimulation",
        "Simulation",
    ),
    send(
        "POST /agents/{id}/simulate-conversation/stream",
        "simulateLive",
        "Simulate a conversation, line by line",
        "NewSimulation",
        "Simulation",
    )
    .answered(Answer::Bytes(&["application/x-ndjson"])),
    get(
        "GET /agent/{id}/knowledge-base/size",
        "sizeKnowledge",
        "Get how many pages an agent knows",
        "Size",
    ),
    get(
        "GET /conversations",
        "listConversations",
        "List conversations",
        "ConversationList",
    )
    .asked_by(CONVERSATIONS),
    get(
        "GET /conversations/{id}",
        "readConversation",
        "Get a conversation",
        "Conversation",
    ),
    get(
        "DELETE /conversations/{id}",
        "deleteConversation",
        "Delete a conversation",
        "Done",
    ),
    get(
        "GET /conversations/{id}/audio",
        "readAudio",
        "Get a conversation's recording",
        "Done",
    )
    .answered(Answer::Bytes(&["audio/wav"])),
    send(
        "POST /conversations/{id}/feedback",
        "sendFeedback",
        "Say what somebody thinks of a conversation",
        "Feedback",
        "Done",
    ),
    get(
        "GET /conversation/get-signed-url",
        "signUrl",
        "Get a signed URL",
        "SignedUrl",
    )
    .asked_by(SIGNED),
    get(
        "GET /conversation/token",
        "makeToken",
        "Get a token for one conversation",
        "Token",
    )
    .asked_by(&[AGENT]),
    get(
        "GET /knowledge-base",
        "listDocuments",
        "List documents",
        "DocumentList",
    )
    .asked_by(DOCUMENTS),
    send(
        "POST /knowledge-base/url",
        "addUrl",
        "Add a web page",
        "NewUrl",
        "Added",
    ),
    send(
        "POST /knowledge-base/text",
        "addText",
        "Add a text",
        "NewText",
        "Added",
    ),
    get(
        "POST /knowledge-base/file",
        "addFile",
        "Add a file",
        "Added",
    )
    .sent(Body::Form("NewFile")),
    send(
        "POST /knowledge-base/folder",
        "addFolder",
        "Add a folder",
        "NewFolder",
        "Added",
    ),
    send(
        "POST /knowledge-base/bulk-move",
        "moveDocuments",
        "Move documents",
        "Several",
        "Nothing",
    ),
    send(
        "POST /knowledge-base/bulk-delete",
        "deleteDocuments",
        "Delete documents",
        "Several",
        "ById",
    ),
    get(
        "GET /knowledge-base/{id}",
        "readDocument",
        "Get a document",
        "Document",
    ),
    send(
        "PATCH /knowledge-base/{id}",
        "patchDocument",
        "Update a document",
        "DocumentChange",
        "Document",
    ),
    get(
        "DELETE /knowledge-base/{id}",
        "deleteDocument",
        "Delete a document",
        "Done",
    )
    .asked_by(FORCE),
    get(
        "GET /knowledge-base/{id}/content",
        "readContent",
        "Get what a document holds",
        "Done",
    )
    .answered(Answer::Bytes(FILES)),
    get(
        "GET /knowledge-base/{id}/dependent-agents",
        "listReaders",
        "List the agents that know a document",
        "Dependents",
    ),
    send(
        "POST /knowledge-base/{id}/move",
        "moveDocument",
        "Move a document",
        "Move",
        "Nothing",
    ),
    send(
        "POST /phone-numbers",
        "createNumber",
        "Import a phone number",
        "NewNumber",
        "NumberId",
    ),
    get(
        "GET /phone-numbers",
        "listNumbers",
        "List phone numbers",
        "Numbers",
    )
    .asked_by(&[AGENT]),
    get(
        "GET /v2/phone-numbers",
        "pageNumbers",
        "List phone numbers in pages",
        "NumberList",
    )
    .asked_by(&[SIZE, CURSOR, SEARCH, SORT, DIRECTION, AGENT]),
    get(
        "GET /phone-numbers/{id}",
        "readNumber",
        "Get a phone number",
        "Number",
    ),
    send(
        "PATCH /phone-numbers/{id}",
        "patchNumber",
        "Update a phone number",
        "NumberChange",
        "Number",
    ),
    get(
        "DELETE /phone-numbers/{id}",
        "deleteNumber",
        "Delete a phone number",
        "Done",
    ),
    send("POST /tools", "createTool", "Add a tool", "NewTool", "Tool"),
    get("GET /tools", "listTools", "List tools", "ToolList").asked_by(TOOLS),
    get("GET /tools/{id}", "readTool", "Get a tool", "Tool"),
    send(
        "PATCH /tools/{id}",
        "patchTool",
        "Update a tool",
        "ToolChange",
        "Tool",
    ),
    get("DELETE /tools/{id}", "deleteTool", "Delete a tool", "Done").asked_by(FORCE),
    get(
        "GET /tools/{id}/dependent-agents",
        "listUsers",
        "List the agents that use a tool",
        "Dependents",
    ),
    send(
        "POST /secrets",
        "createSecret",
        "Add a secret",
        "NewSecret",
        "StoredSecret",
    ),
    get("GET /secrets", "listSecrets", "List secrets", "SecretList").asked_by(PAGE),
    get("GET /secrets/{id}", "readSecret", "Get a secret", "Secret"),
    send(
        "PATCH /secrets/{id}",
        "patchSecret",
        "Update a secret",
        "NewSecret",
        "StoredSecret",
    ),
    get(
        "DELETE /secrets/{id}",
        "deleteSecret",
        "Delete a secret",
        "Done",
    ),
    get(
        "GET /secrets/{id}/dependencies/{resource}",
        "listDependencies",
        "List what uses a secret",
        "Dependencies",
    ),
    get(
        "GET /settings",
        "readSettings",
        "Get the workspace's settings",
        "Settings",
    ),
    send(
        "PATCH /settings",
        "patchSettings",
        "Update the workspace's settings",
        "SettingsChange",
        "Settings",
    ),
    refused("POST /twilio/outbound-call", "callByTwilio", "NewCall"),
    refused("POST /sip-trunk/outbound-call", "callBySip", "NewCall"),
    refused("POST /exotel/outbound-call", "callByExotel", "NewCall"),
    refused("POST /twilio/register-call", "registerCall", "Registration"),
    refused("POST /batch-calling/submit", "submitBatch", "NewBatch"),
    get(
        "GET /batch-calling/workspace",
        "listBatches",
        "List batch calls",
        "BatchList",
    )
    .asked_by(&[SIZE, CURSOR]),
];

/// Something that needs a carrier.
const fn refused(line: &'static str, id: &'static str, body: &'static str) -> Operation {
    let summary = "Place calls, which needs a carrier";
    send(line, id, summary, body, "Done").answered(Answer::Refused)
}
