-- When the same request was first begun under its key: the ids of what it makes are of that moment.
-- A key that is free again has no token.
ALTER TABLE tripledger.idempotency
    ALTER COLUMN token DROP NOT NULL,
    ADD COLUMN first_at timestamptz;
UPDATE tripledger.idempotency SET first_at = started_at;
ALTER TABLE tripledger.idempotency ALTER COLUMN first_at SET NOT NULL;
