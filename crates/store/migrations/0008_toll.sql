-- What a minute of a call out costs, in millionths of the currency that the operator counts in.
ALTER TABLE calls ADD COLUMN toll_micros BIGINT NOT NULL DEFAULT 0;
