-- How far each version of each projection has seen the log; exactly one version is read from.
CREATE TABLE tripledger.checkpoints (
    name text NOT NULL,
    version int NOT NULL CHECK (version > 0),
    position bigint NOT NULL DEFAULT 0,
    live boolean NOT NULL,
    PRIMARY KEY (name, version)
);

CREATE UNIQUE INDEX checkpoints_live_idx ON tripledger.checkpoints (name) WHERE live;

INSERT INTO tripledger.checkpoints (name, version, live)
VALUES ('trip_details', 1, true), ('bookings', 1, true);

CREATE FUNCTION tripledger.live_version(projection text) RETURNS int
LANGUAGE sql STABLE
RETURN (SELECT c.version FROM tripledger.checkpoints c WHERE c.name = projection AND c.live);

CREATE TABLE tripledger.read_trip_details (
    version int NOT NULL,
    trip_id uuid NOT NULL,
    tenant text NOT NULL,
    position bigint NOT NULL,
    state bytea NOT NULL,
    PRIMARY KEY (version, trip_id)
);

CREATE INDEX read_trip_details_tenant_idx
ON tripledger.read_trip_details (version, tenant, position);

CREATE TABLE tripledger.read_bookings (
    version int NOT NULL,
    booking_id uuid NOT NULL,
    code text NOT NULL,
    group_id uuid NOT NULL,
    trip_id uuid NOT NULL,
    tenant text NOT NULL,
    position bigint NOT NULL,
    doc jsonb NOT NULL,
    PRIMARY KEY (version, booking_id),
    UNIQUE (version, code)
);

CREATE INDEX read_bookings_group_idx ON tripledger.read_bookings (version, group_id);
CREATE INDEX read_bookings_trip_idx ON tripledger.read_bookings (version, trip_id);
