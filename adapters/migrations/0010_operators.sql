-- Every trip as a line of a list: what it is, whom it waits for, and the words it is found by.
CREATE TABLE tripledger.read_trip_list (
    version int NOT NULL,
    trip_id uuid NOT NULL,
    tenant text NOT NULL,
    position bigint NOT NULL,
    status text NOT NULL,
    payment text NOT NULL,
    fulfillment text NOT NULL,
    waits_for text NOT NULL,
    waits_since timestamptz NOT NULL,
    due timestamptz,
    title text NOT NULL,
    travelers int NOT NULL,
    currency text,
    total bigint,
    captured bigint NOT NULL,
    refunded bigint NOT NULL,
    unfulfilled bigint NOT NULL,
    unfulfilled_since timestamptz,
    incidents int NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    codes text[] NOT NULL,
    found_by text[] NOT NULL,
    state bytea NOT NULL,
    PRIMARY KEY (version, trip_id)
) WITH (fillfactor = 90, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_scale_factor = 0.01);

-- A page begins behind a trip that never moves in this order, so none is skipped or repeated.
CREATE INDEX read_trip_list_page_idx ON tripledger.read_trip_list (version, created_at, trip_id);
CREATE INDEX read_trip_list_tenant_idx
ON tripledger.read_trip_list (version, tenant, created_at, trip_id);
-- What was written last is found by reading through it, so it is kept short.
CREATE INDEX read_trip_list_found_idx ON tripledger.read_trip_list USING gin (found_by)
WITH (gin_pending_list_limit = 256);

CREATE TABLE tripledger.read_incidents (
    version int NOT NULL,
    incident_id uuid NOT NULL,
    trip_id uuid NOT NULL,
    tenant text NOT NULL,
    position bigint NOT NULL,
    code text NOT NULL,
    subject text NOT NULL,
    detail text NOT NULL,
    advice text NOT NULL,
    amount bigint,
    currency text,
    state text NOT NULL CHECK (state IN ('open', 'resolved')),
    opened_at timestamptz NOT NULL,
    owner text,
    resolved_at timestamptz,
    resolved_by text,
    resolution text,
    PRIMARY KEY (version, incident_id)
);

CREATE INDEX read_incidents_page_idx
ON tripledger.read_incidents (version, state, opened_at, incident_id);
CREATE INDEX read_incidents_tenant_idx
ON tripledger.read_incidents (version, tenant, state, opened_at, incident_id);
CREATE INDEX read_incidents_trip_idx ON tripledger.read_incidents (version, trip_id);

INSERT INTO tripledger.checkpoints (name, version, live)
VALUES ('trip_list', 1, true), ('incidents', 1, true);

-- Whose contact an address is, told without the address; goes when the person is forgotten.
ALTER TABLE tripledger.persons ADD COLUMN email_mark bytea;
ALTER TABLE tripledger.persons
ADD CONSTRAINT persons_forgotten_check CHECK (forgotten_at IS NULL OR email_mark IS NULL);
CREATE INDEX persons_email_idx ON tripledger.persons (email_mark) WHERE email_mark IS NOT NULL;

DROP INDEX tripledger.inbox_received_idx;
CREATE INDEX inbox_received_idx ON tripledger.inbox (received_at, inbox_id);
CREATE INDEX inbox_trip_idx ON tripledger.inbox ((facts ->> 'trip_id'), received_at, inbox_id);
