-- Where tenants want to be told of what happens in their trips. Every event of the tenant up to
-- `position` that the endpoint asks for has its delivery; both move in one statement.
CREATE TABLE tripledger.webhook_endpoints (
    endpoint_id uuid PRIMARY KEY,
    tenant text NOT NULL,
    url text NOT NULL,
    description text NOT NULL,
    payload text NOT NULL CHECK (payload IN ('thin', 'full')),
    topics text[] NOT NULL CHECK (topics <> '{}'),
    ordered boolean NOT NULL,
    -- Sealed; each {"secret_id", "sealed", "until"}, the newest first.
    secrets jsonb NOT NULL,
    position bigint NOT NULL,
    created_at timestamptz NOT NULL,
    -- Of attempts one after the other that failed, how many, since when, and until when it rests.
    failures int NOT NULL DEFAULT 0,
    failing_since timestamptz,
    rest_until timestamptz,
    disabled_at timestamptz,
    disabled_because text,
    CHECK ((disabled_at IS NULL) = (disabled_because IS NULL))
);

CREATE INDEX webhook_endpoints_tenant_idx ON tripledger.webhook_endpoints (tenant, created_at);

-- One event on its way to one endpoint; without a position it is a test.
CREATE TABLE tripledger.webhook_deliveries (
    delivery_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    endpoint_id uuid NOT NULL
        REFERENCES tripledger.webhook_endpoints (endpoint_id) ON DELETE CASCADE,
    position bigint,
    event_id uuid NOT NULL,
    trip_id uuid,
    topic text NOT NULL,
    happened_at timestamptz NOT NULL,
    state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'delivered', 'failed')),
    due timestamptz NOT NULL,
    attempts int NOT NULL DEFAULT 0,
    lease uuid,
    lease_until timestamptz,
    finished_at timestamptz,
    UNIQUE (endpoint_id, position)
);

CREATE INDEX webhook_deliveries_due_idx ON tripledger.webhook_deliveries
(endpoint_id, (coalesce(lease_until, due))) WHERE state = 'open';
CREATE INDEX webhook_deliveries_order_idx ON tripledger.webhook_deliveries
(endpoint_id, position) WHERE state = 'open';
CREATE INDEX webhook_deliveries_finished_idx ON tripledger.webhook_deliveries (finished_at)
WHERE state <> 'open';

-- `error` says in a word why no answer came; `answer` is the beginning of what came.
CREATE TABLE tripledger.webhook_attempts (
    attempt_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    delivery_id uuid NOT NULL
        REFERENCES tripledger.webhook_deliveries (delivery_id) ON DELETE CASCADE,
    at timestamptz NOT NULL,
    status int,
    duration_ms int NOT NULL,
    error text,
    answer text NOT NULL
);

CREATE INDEX webhook_attempts_delivery_idx ON tripledger.webhook_attempts
(delivery_id, attempt_id);
