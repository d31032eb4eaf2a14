-- What lists of calls are narrowed by; the document says the same in its own words.
ALTER TABLE calls ADD COLUMN direction TEXT NOT NULL DEFAULT '';
-- 'phone' where a telephone network carried it, else 'web'.
ALTER TABLE calls ADD COLUMN kind TEXT NOT NULL DEFAULT 'web';
ALTER TABLE calls ADD COLUMN folded_text TEXT NOT NULL DEFAULT '';
-- The server process that holds or held the call.
ALTER TABLE calls ADD COLUMN node TEXT NOT NULL DEFAULT '';
