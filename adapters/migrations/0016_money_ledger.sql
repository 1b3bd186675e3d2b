-- The books: a line for each movement of money, and one for how each trip's books stand.
CREATE TABLE tripledger.read_money_ledger (
    version int NOT NULL,
    line_id uuid NOT NULL,
    trip_id uuid NOT NULL,
    tenant text NOT NULL,
    position bigint NOT NULL,
    kind text NOT NULL CHECK (kind IN ('movement', 'balance')),
    fact text NOT NULL,
    at timestamptz NOT NULL,
    day date NOT NULL,
    currency text,
    authorized bigint NOT NULL,
    captured bigint NOT NULL,
    released bigint NOT NULL,
    refunded bigint NOT NULL,
    disputed bigint NOT NULL,
    fulfilled bigint NOT NULL,
    owed bigint NOT NULL,
    entries jsonb NOT NULL,
    state bytea,
    PRIMARY KEY (version, line_id),
    CHECK ((kind = 'balance') = (state IS NOT NULL))
) WITH (autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_scale_factor = 0.01);

-- Pages follow the order of the log, in which nothing ever moves.
CREATE INDEX read_money_ledger_page_idx
ON tripledger.read_money_ledger (version, position) WHERE kind = 'movement';
CREATE INDEX read_money_ledger_day_idx
ON tripledger.read_money_ledger (version, day, position) WHERE kind = 'movement';
CREATE INDEX read_money_ledger_tenant_idx
ON tripledger.read_money_ledger (version, tenant, position) WHERE kind = 'movement';
CREATE INDEX read_money_ledger_trip_idx
ON tripledger.read_money_ledger (version, trip_id, position) WHERE kind = 'movement';
-- Who is owed, or has what is not paid for.
CREATE INDEX read_money_ledger_owed_idx
ON tripledger.read_money_ledger (version, tenant, trip_id) WHERE kind = 'balance' AND owed <> 0;

INSERT INTO tripledger.checkpoints (name, version, live) VALUES ('money_ledger', 1, true);
