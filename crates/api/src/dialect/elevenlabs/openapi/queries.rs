//! What ElevenLabs' addresses may ask for behind their path.

use serde_json::json;

use crate::dialect::openapi::{Query, nullable, text};

pub(super) const SIZE: Query = Query {
    name: "page_size",
    schema: || json!({ "type": "integer", "minimum": 1, "maximum": 100, "default": 30 }),
};

pub(super) const LIMIT: Query = Query {
    name: "limit",
    schema: || json!({ "type": "integer", "minimum": 1, "maximum": 1000, "default": 100 }),
};

pub(super) const LAST: Query = Query {
    name: "last_doc",
    schema: text,
};

pub(super) const CURSOR: Query = Query {
    name: "cursor",
    schema: text,
};

pub(super) const SEARCH: Query = Query {
    name: "search",
    schema: text,
};

pub(super) const SORT: Query = Query {
    name: "sort_by",
    schema: || json!({ "const": "created_at" }),
};

pub(super) const DIRECTION: Query = Query {
    name: "sort_direction",
    schema: || json!({ "const": "desc" }),
};

pub(super) const AGENT: Query = Query {
    name: "agent_id",
    schema: text,
};

pub(super) const FORCE: &[Query] = &[Query {
    name: "force",
    schema: || json!({ "type": "boolean", "default": false }),
}];

pub(super) const PAGE: &[Query] = &[SIZE, CURSOR, SEARCH];

pub(super) const CONVERSATIONS: &[Query] = &[
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

pub(super) const FORMAT: &[Query] = &[Query {
    name: "format",
    schema: || json!({ "enum": ["json", "opentelemetry"], "default": "json" }),
}];

pub(super) const DOCUMENTS: &[Query] = &[
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

pub(super) const TOOLS: &[Query] = &[
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

pub(super) const SIGNED: &[Query] = &[
    AGENT,
    Query {
        name: "include_conversation_id",
        schema: || json!({ "type": "boolean", "default": false }),
    },
];
