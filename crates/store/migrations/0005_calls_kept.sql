-- Until when what was said in a call is kept, in milliseconds since 1970; null is for ever. Known
-- once the call is over.
ALTER TABLE calls ADD COLUMN transcript_until_ms BIGINT;
ALTER TABLE calls ADD COLUMN transcript_deleted_at_ms BIGINT;
ALTER TABLE calls ADD COLUMN recording_until_ms BIGINT;
ALTER TABLE calls ADD COLUMN recording_deleted_at_ms BIGINT;
CREATE INDEX calls_transcript_due ON calls (transcript_until_ms, id)
    WHERE transcript_deleted_at_ms IS NULL AND transcript_until_ms IS NOT NULL;
CREATE INDEX calls_recording_due ON calls (recording_until_ms, id)
    WHERE recording_deleted_at_ms IS NULL AND recording_until_ms IS NOT NULL;
-- 1 where what was sent is deleted as soon as it was sent or given up.
ALTER TABLE deliveries ADD COLUMN forgets_body BIGINT NOT NULL DEFAULT 0;
