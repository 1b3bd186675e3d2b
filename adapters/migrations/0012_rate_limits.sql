-- How much of what is limited has been used up, one row for each caller or thing that is limited
-- (the generic cell rate algorithm): until `full_at`, in seconds of the epoch, tokens are missing.
-- Lost in a crash, which does no more than forgive.
CREATE UNLOGGED TABLE tripledger.rate_limits (
    bucket text PRIMARY KEY,
    full_at float8 NOT NULL
);

-- Takes as many tokens as are wanted (none: it only looks) and there. Answers how many were, how many are left, and in
-- how many seconds there is one again. The clock is this server's, the same for every process.
CREATE FUNCTION tripledger.take_tokens(
    named text, wanted int, per_s float8, burst int,
    OUT granted int, OUT remaining int, OUT wait_s float8
) LANGUAGE plpgsql AS $$
DECLARE
    now_s float8 := extract(epoch FROM clock_timestamp());
    full_s float8;
    there int;
BEGIN
    IF wanted > 0 THEN
        INSERT INTO tripledger.rate_limits (bucket, full_at) VALUES (named, now_s)
        ON CONFLICT DO NOTHING;
        PERFORM FROM tripledger.rate_limits WHERE bucket = named FOR UPDATE;
    END IF;
    SELECT greatest(full_at, now_s) INTO full_s FROM tripledger.rate_limits WHERE bucket = named;
    full_s := coalesce(full_s, now_s);
    there := greatest(0, floor(burst - (full_s - now_s) * per_s + 1e-6));
    granted := least(wanted, there);
    remaining := there - granted;
    full_s := full_s + granted / per_s;
    wait_s := greatest(0, full_s - now_s - (burst - 1) / per_s);
    IF granted > 0 THEN
        UPDATE tripledger.rate_limits SET full_at = full_s WHERE bucket = named;
    END IF;
END
$$;
