-- Every person is one trip's: whoever travels twice is sealed twice, and forgotten per trip.
ALTER TABLE tripledger.persons ADD COLUMN trip_id uuid;  -- unknown of persons older than this
CREATE INDEX persons_trip_idx ON tripledger.persons (trip_id);

-- Who was shown whose data in plain, and why. Names fields, never their values.
CREATE TABLE tripledger.access_records (
    access_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL,
    tenant text NOT NULL,
    actor text NOT NULL,
    trip_id uuid NOT NULL,
    person_id uuid NOT NULL,
    field text NOT NULL,
    reason text NOT NULL CHECK (reason <> '')
);
CREATE INDEX access_records_tenant_idx ON tripledger.access_records (tenant, access_id);
CREATE INDEX access_records_trip_idx ON tripledger.access_records (trip_id, access_id);
