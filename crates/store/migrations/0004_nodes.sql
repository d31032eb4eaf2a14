-- The server processes that share the database, and when each was last seen: calls of one that is
-- gone are not up any more, whatever their rows say.
CREATE TABLE nodes (
    name TEXT PRIMARY KEY,
    seen_at_ms BIGINT NOT NULL
);
CREATE INDEX calls_up ON calls (workspace, agent, node) WHERE ended_at_ms IS NULL;
