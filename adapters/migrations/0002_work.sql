-- Work to be done, once per key for ever; rows are kept when they are done.
CREATE TABLE tripledger.tasks (
    task_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key text NOT NULL UNIQUE,
    kind text NOT NULL,
    trip_id uuid,
    subject text NOT NULL,
    due timestamptz NOT NULL,
    state text NOT NULL DEFAULT 'ready' CHECK (state IN ('ready', 'leased', 'done', 'parked')),
    attempts int NOT NULL DEFAULT 0,
    lease uuid,
    lease_until timestamptz,
    sent_at timestamptz,
    reason text,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at timestamptz,
    CHECK ((state = 'leased') = (lease IS NOT NULL)),
    CHECK ((state = 'leased') = (lease_until IS NOT NULL))
);

-- A leased task waits for its lease to run out, a ready one for its due time.
CREATE INDEX tasks_open_idx ON tripledger.tasks (coalesce(lease_until, due), task_id)
WHERE state IN ('ready', 'leased');
CREATE INDEX tasks_parked_idx ON tripledger.tasks (task_id) WHERE state = 'parked';
CREATE INDEX tasks_trip_idx ON tripledger.tasks (trip_id) WHERE trip_id IS NOT NULL;

-- What providers told us: ids only. One row per notification, one task per fact.
CREATE TABLE tripledger.inbox (
    inbox_id uuid PRIMARY KEY,
    provider text NOT NULL,
    event_id text NOT NULL,
    dedupe_key text NOT NULL,
    type text NOT NULL,
    facts jsonb NOT NULL,
    received_at timestamptz NOT NULL,
    duplicate_of uuid REFERENCES tripledger.inbox (inbox_id),
    outcome text,
    UNIQUE (provider, event_id)
);

CREATE UNIQUE INDEX inbox_fact_idx ON tripledger.inbox (provider, dedupe_key)
WHERE duplicate_of IS NULL;
CREATE INDEX inbox_received_idx ON tripledger.inbox (received_at);
