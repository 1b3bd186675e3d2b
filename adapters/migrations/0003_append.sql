-- The only way our service writes to the log: appends of any number of trips, each trip once, in
-- one call and so in one commit; each is recorded whole or not at all, whatever becomes of the
-- others. `e_rank` counts the events of one stream within its append.
--
-- The lock is held from before the first position is taken until the commit, therefore positions
-- become visible in their order and a follower's checkpoint is one number. Every look-up is made
-- per row and sequential scans are off: a plan made while the table was empty must still be an
-- index probe when it is large.
CREATE FUNCTION tripledger.append(
    a_trip uuid[], a_expected bigint[], a_tenant text[], a_meta jsonb[], a_at timestamptz[],
    e_append int[], e_id uuid[], e_stream uuid[], e_version bigint[], e_rank int[],
    e_topic text[], e_state bytea[],
    f_append int[], f_kind text[], f_key text[], f_subject text[], f_due timestamptz[]
) RETURNS TABLE (
    outcome text, first_position bigint, last_position bigint, recorded_at timestamptz
) LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
SET jit = off
AS $$
#variable_conflict use_column
DECLARE
    recorded constant int := 1;
    duplicate constant int := 2;
    reused constant int := 3;
    moved constant int := 4;
    verdicts int[];
    times timestamptz[];
    firsts bigint[];
    lasts bigint[];
BEGIN
    PERFORM pg_advisory_xact_lock(7411650125010101);

    -- Clocks of hosts differ; within a trip time never runs backwards.
    SELECT
        array_agg(
            CASE
                WHEN e.known = e.events THEN duplicate
                WHEN e.known > 0 THEN reused
                WHEN a.expected <> coalesce(head.position, 0) OR NOT e.follow THEN moved
                ELSE recorded
            END
            ORDER BY a.no
        ),
        array_agg(greatest(coalesce(a.at, clock_timestamp()), head.at) ORDER BY a.no),
        array_agg(e.first_known ORDER BY a.no),
        array_agg(e.last_known ORDER BY a.no)
    INTO verdicts, times, firsts, lasts
    FROM unnest(a_trip, a_expected, a_at) WITH ORDINALITY AS a (trip, expected, at, no)
    JOIN (
        SELECT
            x.append, count(*) AS events, bool_and(x.version = x.base + x.rank) AS follow,
            count(x.position) AS known,
            min(x.position) AS first_known, max(x.position) AS last_known
        FROM (
            SELECT
                u.append, u.version, u.rank,
                (SELECT t.notification_id FROM tripledger.trip_events t
                 WHERE t.event_id = u.id) AS position,
                coalesce((SELECT t.originator_version FROM tripledger.trip_events t
                          WHERE t.originator_id = u.stream
                          ORDER BY t.originator_version DESC LIMIT 1), 0) AS base
            FROM unnest(e_append, e_id, e_stream, e_version, e_rank)
                AS u (append, id, stream, version, rank)
        ) AS x
        GROUP BY x.append
    ) AS e ON e.append = a.no
    LEFT JOIN LATERAL (
        SELECT t.notification_id AS position, t.recorded_at AS at
        FROM tripledger.trip_events t
        WHERE t.trip_id = a.trip ORDER BY t.notification_id DESC LIMIT 1
    ) AS head ON true;

    IF cardinality(f_append) > 0 THEN
        INSERT INTO tripledger.tasks (kind, key, subject, due, trip_id)
        SELECT f.kind, f.key, f.subject, f.due, a_trip[f.append]
        FROM unnest(f_append, f_kind, f_key, f_subject, f_due) WITH ORDINALITY
            AS f (append, kind, key, subject, due, no)
        WHERE verdicts[f.append] = recorded
        ORDER BY f.no
        ON CONFLICT (key) DO NOTHING;
    END IF;

    RETURN QUERY
    WITH written AS (
        INSERT INTO tripledger.trip_events AS t (
            originator_id, originator_version, topic, state,
            event_id, trip_id, recorded_at, tenant, meta
        )
        SELECT
            e.stream, e.version, e.topic, e.state,
            e.id, a_trip[e.append], times[e.append], a_tenant[e.append], a_meta[e.append]
        FROM unnest(e_append, e_id, e_stream, e_version, e_topic, e_state) WITH ORDINALITY
            AS e (append, id, stream, version, topic, state, no)
        WHERE verdicts[e.append] = recorded
        ORDER BY e.no
        RETURNING t.trip_id, t.notification_id
    ), stand AS (
        SELECT
            w.trip_id, min(w.notification_id) AS first_position,
            max(w.notification_id) AS last_position
        FROM written w GROUP BY w.trip_id
    )
    SELECT
        (ARRAY['recorded', 'duplicate', 'reused', 'moved'])[a.verdict],
        coalesce(s.first_position, a.first_known), coalesce(s.last_position, a.last_known),
        CASE
            WHEN a.verdict = recorded THEN a.at
            ELSE (SELECT t.recorded_at FROM tripledger.trip_events t
                  WHERE t.notification_id = a.first_known)
        END
    FROM unnest(a_trip, verdicts, times, firsts, lasts) WITH ORDINALITY
        AS a (trip, verdict, at, first_known, last_known, no)
    LEFT JOIN stand s ON s.trip_id = a.trip
    ORDER BY a.no;
END $$;
