-- Objects of a kind in every workspace: numbers that are called.
CREATE INDEX objects_of_kind ON objects (kind, created_at_ms, id);
