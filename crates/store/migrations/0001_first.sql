CREATE TABLE workspaces (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    created_at_ms BIGINT NOT NULL,
    -- The workspace's data key, encrypted under the master key of that id.
    data_key TEXT NOT NULL,
    master_key_id TEXT NOT NULL
);

CREATE TABLE api_keys (
    id TEXT PRIMARY KEY,
    workspace TEXT NOT NULL REFERENCES workspaces (id),
    -- SHA-256 of the key; the key itself is nowhere.
    hash TEXT NOT NULL UNIQUE,
    prefix TEXT NOT NULL,
    dialect TEXT,
    role TEXT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    revoked_at_ms BIGINT
);

CREATE TABLE agents (
    id TEXT PRIMARY KEY,
    workspace TEXT NOT NULL REFERENCES workspaces (id),
    revision BIGINT NOT NULL,
    folded_name TEXT NOT NULL,
    document TEXT NOT NULL,
    dialects TEXT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    updated_at_ms BIGINT NOT NULL
);
CREATE INDEX agents_in_order ON agents (workspace, created_at_ms, id);
CREATE INDEX agents_by_name ON agents (workspace, folded_name);

CREATE TABLE agent_revisions (
    agent TEXT NOT NULL REFERENCES agents (id) ON DELETE CASCADE,
    revision BIGINT NOT NULL,
    document TEXT NOT NULL,
    dialects TEXT NOT NULL,
    written_at_ms BIGINT NOT NULL,
    PRIMARY KEY (agent, revision)
);

CREATE TABLE objects (
    id TEXT PRIMARY KEY,
    workspace TEXT NOT NULL REFERENCES workspaces (id),
    kind TEXT NOT NULL,
    revision BIGINT NOT NULL,
    folded_name TEXT NOT NULL,
    document TEXT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    updated_at_ms BIGINT NOT NULL
);
CREATE INDEX objects_in_order ON objects (workspace, kind, created_at_ms, id);
CREATE INDEX objects_by_name ON objects (workspace, kind, folded_name);

CREATE TABLE calls (
    id TEXT PRIMARY KEY,
    workspace TEXT NOT NULL REFERENCES workspaces (id),
    -- Calls outlive their agents.
    agent TEXT NOT NULL,
    agent_revision BIGINT NOT NULL,
    status TEXT NOT NULL,
    started_at_ms BIGINT NOT NULL,
    ended_at_ms BIGINT,
    document TEXT NOT NULL
);
CREATE INDEX calls_in_order ON calls (workspace, started_at_ms, id);
CREATE INDEX calls_of_agent ON calls (workspace, agent, started_at_ms, id);

CREATE TABLE idempotency_keys (
    workspace TEXT NOT NULL REFERENCES workspaces (id),
    idempotency_key TEXT NOT NULL,
    -- SHA-256 of the request that came with the key.
    fingerprint TEXT NOT NULL,
    -- 0 while the request is still at work; then the answer, sealed as secrets are.
    status BIGINT NOT NULL,
    answer TEXT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    PRIMARY KEY (workspace, idempotency_key)
);
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at_ms);

CREATE TABLE secrets (
    id TEXT PRIMARY KEY,
    workspace TEXT NOT NULL REFERENCES workspaces (id),
    name TEXT NOT NULL,
    -- Encrypted under the workspace's data key, bound to workspace and id.
    sealed TEXT NOT NULL,
    created_at_ms BIGINT NOT NULL
);
CREATE INDEX secrets_in_order ON secrets (workspace, created_at_ms, id);
