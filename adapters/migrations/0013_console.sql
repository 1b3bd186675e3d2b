-- Operators who have signed in to the console. Only a hash of what their browser holds is kept.
CREATE TABLE tripledger.operator_sessions (
    session_hash bytea PRIMARY KEY,
    operator text NOT NULL,
    key_id text REFERENCES tripledger.api_keys (key_id),
    tenant text NOT NULL,
    scopes text[] NOT NULL,
    started_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL
);

CREATE INDEX operator_sessions_ends_idx ON tripledger.operator_sessions (ends_at);

-- Who did and saw what, written down before it is done or shown. What an act changed in a trip is
-- in the log, under the same operator.
CREATE TABLE tripledger.operator_acts (
    act_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    acted_at timestamptz NOT NULL,
    operator text NOT NULL,
    tenant text NOT NULL,
    act text NOT NULL,
    trip_id uuid,
    subject text NOT NULL,
    reason text NOT NULL,
    request_id text
);

CREATE INDEX operator_acts_trip_idx ON tripledger.operator_acts (trip_id, act_id)
WHERE trip_id IS NOT NULL;
CREATE INDEX operator_acts_tenant_idx ON tripledger.operator_acts (tenant, act_id);
CREATE INDEX operator_acts_operator_idx ON tripledger.operator_acts (operator, act_id);

CREATE TRIGGER operator_acts_append_only
BEFORE UPDATE OR DELETE OR TRUNCATE ON tripledger.operator_acts
FOR EACH STATEMENT EXECUTE FUNCTION tripledger.refuse_change();

-- Searches that operators of a tenant share under a name.
CREATE TABLE tripledger.saved_views (
    tenant text NOT NULL,
    name text NOT NULL,
    query text NOT NULL,
    saved_by text NOT NULL,
    saved_at timestamptz NOT NULL,
    PRIMARY KEY (tenant, name)
);

-- Read models that somebody holds where they are.
CREATE TABLE tripledger.projection_pauses (
    name text PRIMARY KEY,
    paused_by text NOT NULL,
    reason text NOT NULL,
    paused_at timestamptz NOT NULL
);

-- When a version was begun: how fast it is being made follows from it.
ALTER TABLE tripledger.checkpoints
ADD COLUMN begun_at timestamptz NOT NULL DEFAULT clock_timestamp();
