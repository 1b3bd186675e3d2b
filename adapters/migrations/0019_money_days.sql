-- What each day moved on each account: kept with the movements, in the transaction that writes them,
-- so that a month is read at once however much was moved. A movement is written once per version and
-- never changed; versions that are no more take their sums with them.
CREATE TABLE tripledger.read_money_days (
    version int NOT NULL,
    day date NOT NULL,
    tenant text NOT NULL,
    currency text NOT NULL,
    account text NOT NULL,
    amount bigint NOT NULL,
    entries bigint NOT NULL,
    PRIMARY KEY (version, day, tenant, currency, account)
);

CREATE FUNCTION tripledger.add_to_money_days() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO tripledger.read_money_days AS known
        (version, day, tenant, currency, account, amount, entries)
    SELECT version, day, tenant, entered, account, sum(amount::bigint), count(*)
    FROM added
    CROSS JOIN LATERAL jsonb_each(entries) AS of (entered, accounts)
    CROSS JOIN LATERAL jsonb_each_text(accounts) AS entry (account, amount)
    WHERE kind = 'movement'
    GROUP BY version, day, tenant, entered, account
    ON CONFLICT (version, day, tenant, currency, account) DO UPDATE
    SET amount = known.amount + excluded.amount, entries = known.entries + excluded.entries;
    RETURN NULL;
END
$$;

CREATE TRIGGER read_money_ledger_days AFTER INSERT ON tripledger.read_money_ledger
REFERENCING NEW TABLE AS added
FOR EACH STATEMENT EXECUTE FUNCTION tripledger.add_to_money_days();

CREATE FUNCTION tripledger.forget_money_days() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM tripledger.read_money_days AS gone
    WHERE NOT EXISTS (
        SELECT FROM tripledger.checkpoints c
        WHERE c.name = 'money_ledger' AND c.version = gone.version
    );
    RETURN NULL;
END
$$;

CREATE TRIGGER read_money_ledger_swept AFTER DELETE ON tripledger.read_money_ledger
FOR EACH STATEMENT EXECUTE FUNCTION tripledger.forget_money_days();

INSERT INTO tripledger.read_money_days
    (version, day, tenant, currency, account, amount, entries)
SELECT version, day, tenant, entered, account, sum(amount::bigint), count(*)
FROM tripledger.read_money_ledger
CROSS JOIN LATERAL jsonb_each(entries) AS of (entered, accounts)
CROSS JOIN LATERAL jsonb_each_text(accounts) AS entry (account, amount)
WHERE kind = 'movement'
GROUP BY version, day, tenant, entered, account;

-- Who was shown whose data is one of the operators' acts, beside all the others.
DROP TABLE tripledger.access_records;
