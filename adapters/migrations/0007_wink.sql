-- Rooms by the identifier a shop knows them by, whatever offer of them was seen last.
ALTER TABLE tripledger.offers ADD COLUMN room_rate_identifier uuid;

CREATE INDEX offers_room_rate_idx ON tripledger.offers (tenant, room_rate_identifier)
WHERE room_rate_identifier IS NOT NULL;

-- What our identifier of a property stands for at its supplier; outlives the offers.
CREATE TABLE tripledger.properties (
    hotel_identifier uuid PRIMARY KEY,
    supplier text NOT NULL,
    property_id text NOT NULL,
    latitude double precision NOT NULL,
    longitude double precision NOT NULL
);

-- Which trips are shopping carts, by which key they were made, and which were thrown away.
CREATE TABLE tripledger.carts (
    cart_id uuid PRIMARY KEY,
    tenant text NOT NULL,
    key_id text NOT NULL,
    created_at timestamptz NOT NULL,
    deleted_at timestamptz
);

CREATE INDEX carts_owner_idx ON tripledger.carts (tenant, key_id, created_at)
WHERE deleted_at IS NULL;

-- Trips by what the payment provider calls their payments.
CREATE TABLE tripledger.payment_references (
    reference text PRIMARY KEY,
    tenant text NOT NULL,
    trip_id uuid NOT NULL
);

-- Why a client wanted a booking cancelled, in its own words: sealed, as anybody may be named there.
CREATE TABLE tripledger.cancellation_notes (
    booking_id uuid PRIMARY KEY,
    trip_id uuid NOT NULL,
    type text NOT NULL,
    person_id uuid NOT NULL,
    sealed text NOT NULL
);

CREATE INDEX cancellation_notes_trip_idx ON tripledger.cancellation_notes (trip_id);

CREATE INDEX read_bookings_tenant_idx ON tripledger.read_bookings (version, tenant);
