-- Calls that were promised to somebody: tried again after nobody answered, asked for at a time, or
-- one of many.
CREATE TABLE promised_calls (
    id TEXT PRIMARY KEY,
    workspace TEXT NOT NULL REFERENCES workspaces (id),
    agent TEXT NOT NULL,
    -- Empty where it is not one of many.
    batch TEXT NOT NULL,
    to_number TEXT NOT NULL,
    -- waiting, claimed, begun, kept, given_up or cancelled
    status TEXT NOT NULL,
    -- When it is to be tried.
    due_at_ms BIGINT NOT NULL,
    -- When a server looks at it next: of a claimed one when the claim is over, of a begun one when
    -- the carrier is asked what became of it.
    wake_at_ms BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    attempts_max BIGINT NOT NULL,
    -- Counts claims: whoever was overtaken begins nothing.
    claims BIGINT NOT NULL,
    -- The call of the last attempt.
    call TEXT,
    -- Why there is no further attempt.
    reason TEXT,
    document TEXT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    updated_at_ms BIGINT NOT NULL
);
CREATE INDEX promised_calls_due ON promised_calls (status, wake_at_ms);
CREATE INDEX promised_calls_in_order ON promised_calls (workspace, batch, created_at_ms, id);
CREATE INDEX promised_calls_of_number ON promised_calls (workspace, agent, to_number);
CREATE INDEX promised_calls_of_batch ON promised_calls (batch, status, wake_at_ms);

-- An attempt is here before a carrier is asked for it, together with its call.
CREATE TABLE promised_attempts (
    promise TEXT NOT NULL REFERENCES promised_calls (id) ON DELETE CASCADE,
    number BIGINT NOT NULL,
    call TEXT NOT NULL,
    begun_at_ms BIGINT NOT NULL,
    ended_at_ms BIGINT,
    outcome TEXT,
    PRIMARY KEY (promise, number)
);

CREATE TABLE batches (
    id TEXT PRIMARY KEY,
    workspace TEXT NOT NULL REFERENCES workspaces (id),
    agent TEXT NOT NULL,
    -- filling, open or cancelled
    status TEXT NOT NULL,
    -- When the next of its calls may begin, and how long after it the one after that.
    next_start_at_ms BIGINT NOT NULL,
    starts_every_ms BIGINT NOT NULL,
    -- Calls that may be out at the same time.
    concurrency_max BIGINT NOT NULL,
    -- How often it was told to try again.
    retries BIGINT NOT NULL,
    document TEXT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    updated_at_ms BIGINT NOT NULL
);
CREATE INDEX batches_in_order ON batches (workspace, created_at_ms, id);
CREATE INDEX batches_by_status ON batches (status, next_start_at_ms);
