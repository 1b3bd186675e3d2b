-- The only way our service writes to the log: any number of appends of any trips in one call and
-- so in one commit, each recorded whole or not at all, whatever becomes of the others.
--
-- The lock is held from before the first position is taken until the commit, therefore positions
-- become visible in their order and a follower's checkpoint is one number. Checks are scalar
-- sub-selects and sequential scans are off: a plan made while the table was empty must still be
-- an index probe when it is large.
CREATE FUNCTION tripledger.append(
    a_trip uuid[], a_expected bigint[], a_tenant text[], a_meta jsonb[], a_at timestamptz[],
    a_events int[], a_effects int[],
    e_id uuid[], e_stream uuid[], e_version bigint[], e_topic text[], e_state bytea[],
    f_kind text[], f_key text[], f_subject text[], f_due timestamptz[]
) RETURNS TABLE (
    outcome text, first_position bigint, last_position bigint, recorded_at timestamptz
) LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
AS $$
#variable_conflict use_variable
DECLARE
    e_from int := 1;
    e_to int;
    f_from int := 1;
    f_to int;
    known int;
    head bigint;
    head_at timestamptz;
BEGIN
    PERFORM pg_advisory_xact_lock(7411650125010101);
    FOR n IN 1 .. cardinality(a_trip) LOOP
        e_to := e_from + a_events[n] - 1;
        f_to := f_from + a_effects[n] - 1;

        SELECT count(p), min(p), max(p) INTO known, first_position, last_position
        FROM (
            SELECT (SELECT t.notification_id FROM tripledger.trip_events t
                    WHERE t.event_id = u.id) AS p
            FROM unnest(e_id[e_from:e_to]) AS u (id)
        ) AS present;
        head := NULL;
        SELECT t.notification_id, t.recorded_at INTO head, head_at
        FROM tripledger.trip_events t
        WHERE t.trip_id = a_trip[n] ORDER BY t.notification_id DESC LIMIT 1;

        IF known = a_events[n] THEN
            outcome := 'duplicate';
            recorded_at := (SELECT t.recorded_at FROM tripledger.trip_events t
                            WHERE t.notification_id = first_position);
        ELSIF known > 0 THEN
            outcome := 'reused';
        ELSIF coalesce(head, 0) <> a_expected[n] OR EXISTS (
            SELECT FROM (
                SELECT u.version, row_number() OVER (PARTITION BY u.stream ORDER BY u.ord)
                    + coalesce((SELECT t.originator_version FROM tripledger.trip_events t
                                WHERE t.originator_id = u.stream
                                ORDER BY t.originator_version DESC LIMIT 1), 0) AS next
                FROM unnest(e_stream[e_from:e_to], e_version[e_from:e_to])
                    WITH ORDINALITY AS u (stream, version, ord)
            ) AS streams WHERE version <> next
        ) THEN
            outcome := 'moved';
        ELSE
            outcome := 'recorded';
            -- Clocks of hosts differ; within a trip time never runs backwards.
            recorded_at := greatest(coalesce(a_at[n], clock_timestamp()), head_at);
            WITH written AS (
                INSERT INTO tripledger.trip_events AS t (
                    originator_id, originator_version, topic, state,
                    event_id, trip_id, recorded_at, tenant, meta
                )
                SELECT u.stream, u.version, u.topic, u.state,
                    u.id, a_trip[n], recorded_at, a_tenant[n], a_meta[n]
                FROM unnest(
                    e_stream[e_from:e_to], e_version[e_from:e_to], e_topic[e_from:e_to],
                    e_state[e_from:e_to], e_id[e_from:e_to]
                ) WITH ORDINALITY AS u (stream, version, topic, state, id, ord)
                ORDER BY u.ord
                RETURNING t.notification_id
            )
            SELECT min(w.notification_id), max(w.notification_id)
            INTO first_position, last_position FROM written w;
            IF a_effects[n] > 0 THEN
                INSERT INTO tripledger.tasks AS k (kind, key, subject, due, trip_id)
                SELECT u.kind, u.key, u.subject, u.due, a_trip[n]
                FROM unnest(
                    f_kind[f_from:f_to], f_key[f_from:f_to],
                    f_subject[f_from:f_to], f_due[f_from:f_to]
                ) WITH ORDINALITY AS u (kind, key, subject, due, ord)
                ORDER BY u.ord
                ON CONFLICT ON CONSTRAINT tasks_key_key DO NOTHING;
            END IF;
        END IF;

        RETURN NEXT;
        e_from := e_to + 1;
        f_from := f_to + 1;
    END LOOP;
END $$;
