-- Answers that are given again when a request is repeated.
CREATE TABLE tripledger.idempotency (
    tenant text NOT NULL,
    caller text NOT NULL,
    route text NOT NULL,
    key text NOT NULL,
    request_hash text NOT NULL,
    token uuid NOT NULL,
    started_at timestamptz NOT NULL,
    status int,
    headers jsonb,
    body bytea,
    PRIMARY KEY (tenant, caller, route, key),
    CHECK ((status IS NULL) = (body IS NULL)),
    CHECK ((status IS NULL) = (headers IS NULL))
);

CREATE INDEX idempotency_started_idx ON tripledger.idempotency (started_at);

CREATE TABLE tripledger.api_keys (
    key_id text PRIMARY KEY,
    mode text NOT NULL CHECK (mode IN ('test', 'live')),
    tenant text NOT NULL,
    name text NOT NULL,
    scopes text[] NOT NULL,
    secret_hash bytea NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz,
    revoked_at timestamptz,
    last_used_at timestamptz
);

CREATE INDEX api_keys_tenant_idx ON tripledger.api_keys (tenant);

-- Offers that were shown in a search and may be put into a trip.
CREATE TABLE tripledger.offers (
    tenant text NOT NULL,
    offer_id text NOT NULL,
    doc json NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (tenant, offer_id)
);

CREATE INDEX offers_expires_idx ON tripledger.offers (expires_at);

-- One data key per person, wrapped by a master key that is not in this database. Without its key
-- nothing that was sealed for the person can be read again, in the log or in any copy of it.
CREATE TABLE tripledger.persons (
    person_id uuid PRIMARY KEY,
    tenant text NOT NULL,
    master_key_id text,
    wrapped_key bytea,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    forgotten_at timestamptz,
    CHECK ((forgotten_at IS NULL) = (wrapped_key IS NOT NULL)),
    CHECK ((master_key_id IS NULL) = (wrapped_key IS NULL))
);
