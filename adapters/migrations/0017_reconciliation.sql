-- Comparisons of the log with the payment provider and the suppliers. One that was killed has no
-- end, and stops giving signs of life.
CREATE TABLE tripledger.reconciliations (
    run_id uuid PRIMARY KEY,
    started_at timestamptz NOT NULL,
    alive_at timestamptz NOT NULL,
    finished_at timestamptz,
    since timestamptz NOT NULL,
    trip_id uuid,
    compared int NOT NULL DEFAULT 0
);

CREATE INDEX reconciliations_started_idx ON tripledger.reconciliations (started_at);

-- What was found to differ: a row for each difference in each comparison.
CREATE TABLE tripledger.drifts (
    run_id uuid NOT NULL REFERENCES tripledger.reconciliations ON DELETE CASCADE,
    drift_key text NOT NULL,
    tenant text,
    trip_id uuid,
    code text NOT NULL,
    subject text NOT NULL,
    ours text NOT NULL,
    theirs text NOT NULL,
    amount bigint,
    currency text,
    happened_at timestamptz,
    first_seen_at timestamptz NOT NULL,
    done text NOT NULL,
    PRIMARY KEY (run_id, drift_key)
);

CREATE INDEX drifts_key_idx ON tripledger.drifts (drift_key);

-- Differences that belong to no trip and that a person has said to be right as they are.
CREATE TABLE tripledger.accepted_drifts (
    drift_key text PRIMARY KEY,
    reason text NOT NULL,
    accepted_by text NOT NULL,
    accepted_at timestamptz NOT NULL
);
