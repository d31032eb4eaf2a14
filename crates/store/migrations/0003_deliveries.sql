CREATE TABLE deliveries (
    id TEXT PRIMARY KEY,
    workspace TEXT NOT NULL REFERENCES workspaces (id),
    -- The object that says where to and with which secret; it may be gone by now.
    webhook TEXT NOT NULL,
    -- Whose words the body is in.
    dialect TEXT NOT NULL,
    event TEXT NOT NULL,
    -- What receivers know a repetition by.
    event_id TEXT NOT NULL,
    -- What it is about, such as the end of a call.
    subject TEXT NOT NULL,
    body TEXT NOT NULL,
    timeout_ms BIGINT NOT NULL,
    -- pending, delivered or failed
    status TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    next_attempt_at_ms BIGINT NOT NULL,
    last_attempt_at_ms BIGINT,
    http_status BIGINT,
    error TEXT,
    response TEXT,
    created_at_ms BIGINT NOT NULL,
    UNIQUE (webhook, event_id)
);
CREATE INDEX deliveries_due ON deliveries (status, next_attempt_at_ms);
CREATE INDEX deliveries_in_order ON deliveries (workspace, dialect, created_at_ms, id);
CREATE INDEX deliveries_by_subject ON deliveries (subject);
CREATE INDEX calls_by_end ON calls (ended_at_ms);
