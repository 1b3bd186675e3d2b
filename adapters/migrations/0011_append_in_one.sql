-- An append links its events itself, with one expression for each event where the triggers took a
-- dozen. The triggers stay for whoever writes to the table in the library's own way.
DROP TRIGGER trip_events_link ON tripledger.trip_events;
DROP TRIGGER trip_events_begin ON tripledger.trip_events;
DROP TRIGGER trip_events_head ON tripledger.trip_events;

CREATE TRIGGER trip_events_link BEFORE INSERT ON tripledger.trip_events
FOR EACH ROW WHEN (NEW.link IS NULL)
EXECUTE FUNCTION tripledger.link_event();

CREATE TRIGGER trip_events_begin BEFORE INSERT ON tripledger.trip_events
FOR EACH STATEMENT WHEN (current_setting('tripledger.links', true) IS DISTINCT FROM 'made')
EXECUTE FUNCTION tripledger.begin_links();

CREATE TRIGGER trip_events_head AFTER INSERT ON tripledger.trip_events
FOR EACH STATEMENT WHEN (current_setting('tripledger.links', true) IS DISTINCT FROM 'made')
EXECUTE FUNCTION tripledger.move_log_head();

-- Rows that were linked and then left out (`ON CONFLICT DO NOTHING`) would break the chain, as
-- would rows that came with a link of their own.
CREATE OR REPLACE FUNCTION tripledger.move_log_head() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    linked constant bigint := current_setting('tripledger.linked');
    arrived bigint;
BEGIN
    SELECT count(*) INTO arrived
    FROM tripledger.trip_events e, tripledger.log_head h WHERE e.notification_id > h.position;
    IF arrived <> linked THEN
        RAISE EXCEPTION 'events are recorded all or none' USING ERRCODE = 'restrict_violation';
    END IF;
    UPDATE tripledger.log_head h
    SET position = current_setting('tripledger.last_position')::bigint,
        link = decode(current_setting('tripledger.last_link'), 'hex'),
        events = h.events + linked
    WHERE linked > 0;
    RETURN NULL;
END $$;

DROP FUNCTION tripledger.append;

-- The only way our service writes to the log: appends of any number of trips, each trip once, in
-- one call and so in one commit; each is recorded whole or not at all, whatever becomes of the
-- others. `s_` are the streams each append continues, with the versions it takes them to be at.
-- Answers arrays with an element for each append. An event id that another trip's event has makes
-- the call fail on its index.
--
-- The lock is held from before the first position is taken until the commit, therefore positions
-- become visible in their order and a follower's checkpoint is one number. Every look-up is made
-- per row and sequential scans are off: a plan made while the table was empty must still be an
-- index probe when it is large.
CREATE FUNCTION tripledger.append(
    a_trip uuid[], a_expected bigint[], a_tenant text[], a_meta jsonb[], a_at timestamptz[],
    s_append int[], s_stream uuid[], s_version bigint[],
    e_append int[], e_id uuid[], e_stream uuid[], e_version bigint[], e_topic text[],
    e_state bytea[],
    f_append int[], f_kind text[], f_key text[], f_subject text[], f_due timestamptz[],
    OUT outcomes text[], OUT firsts bigint[], OUT lasts bigint[], OUT times timestamptz[]
) LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
SET jit = off
AS $$
#variable_conflict use_column
DECLARE
    tx constant xid8 := pg_current_xact_id();
    place bigint;
    last_link bytea;
    doubted int[];
    tenants bytea[];
    metas bytea[];
    positions bigint[];
    links bytea[];
    recorded bigint := 0;
    told record;
    no int;
BEGIN
    PERFORM pg_advisory_xact_lock(7411650125010101);
    -- Whoever writes in the library's own way locks the table: what it has begun ends first.
    LOCK TABLE tripledger.trip_events IN ROW EXCLUSIVE MODE;

    -- Clocks of hosts differ; within a trip time never runs backwards.
    SELECT
        h.position, h.link, a.outcomes, a.times, a.tenants, a.metas, a.doubted || s.doubted
    INTO STRICT place, last_link, outcomes, times, tenants, metas, doubted
    FROM tripledger.log_head h, (
        SELECT
            array_agg('recorded'::text) AS outcomes,
            array_agg(greatest(coalesce(a.at, clock_timestamp()), head.at)) AS times,
            array_agg(int4send(octet_length(a.tenant)) || convert_to(a.tenant, 'UTF8')) AS tenants,
            array_agg(convert_to(a.meta::text, 'UTF8')) AS metas,
            array_agg(a.no) FILTER (WHERE a.expected <> coalesce(head.position, 0)) AS doubted
        FROM unnest(a_trip, a_expected, a_at, a_tenant, a_meta) WITH ORDINALITY
            AS a (trip, expected, at, tenant, meta, no)
        LEFT JOIN LATERAL (
            SELECT t.notification_id AS position, t.recorded_at AS at
            FROM tripledger.trip_events t
            WHERE t.trip_id = a.trip ORDER BY t.notification_id DESC LIMIT 1
        ) AS head ON true
    ) AS a, (
        SELECT array_agg(s.append) AS doubted
        FROM unnest(s_append, s_stream, s_version) AS s (append, stream, version)
        WHERE s.version <> coalesce((
            SELECT t.originator_version FROM tripledger.trip_events t
            WHERE t.originator_id = s.stream ORDER BY t.originator_version DESC LIMIT 1
        ), 0)
    ) AS s;

    firsts := array_fill(NULL::bigint, ARRAY[cardinality(a_trip)]);
    lasts := firsts;
    IF doubted IS NOT NULL THEN
        FOR told IN
            SELECT
                e.append, count(*) AS events, count(t.notification_id) AS known,
                min(t.notification_id) AS first_known, max(t.notification_id) AS last_known,
                min(t.recorded_at) AS at
            FROM unnest(e_append, e_id) AS e (append, id)
            LEFT JOIN tripledger.trip_events t ON t.event_id = e.id
            WHERE e.append = ANY (doubted)
            GROUP BY e.append
        LOOP
            outcomes[told.append] := CASE told.known
                WHEN 0 THEN 'moved' WHEN told.events THEN 'duplicate' ELSE 'reused'
            END;
            firsts[told.append] := told.first_known;
            lasts[told.append] := told.last_known;
            times[told.append] := told.at;
        END LOOP;
    END IF;

    positions := array_fill(NULL::bigint, ARRAY[cardinality(e_id)]);
    links := array_fill(NULL::bytea, ARRAY[cardinality(e_id)]);
    FOR i IN 1 .. cardinality(e_id) LOOP
        no := e_append[i];
        CONTINUE WHEN outcomes[no] <> 'recorded';
        place := nextval('tripledger.trip_events_notification_id_seq');
        last_link := sha256(
            last_link
            || uuid_send(e_id[i]) || uuid_send(a_trip[no])
            || uuid_send(e_stream[i]) || int8send(e_version[i])
            || int8send(place) || xid8send(tx) || timestamptz_send(times[no])
            || int4send(octet_length(e_topic[i])) || convert_to(e_topic[i], 'UTF8')
            || tenants[no]
            || int4send(octet_length(e_state[i])) || e_state[i]
            || metas[no]
        );
        positions[i] := place;
        links[i] := last_link;
        recorded := recorded + 1;
        firsts[no] := coalesce(firsts[no], place);
        lasts[no] := place;
    END LOOP;
    IF recorded = 0 THEN
        RETURN;
    END IF;

    -- Not in the function's head, where only a superuser may name a setting of our own.
    PERFORM set_config('tripledger.links', 'made', true);
    INSERT INTO tripledger.trip_events (
        originator_id, originator_version, topic, state, notification_id,
        event_id, trip_id, recorded_at, tx, tenant, meta, link
    )
    SELECT
        e.stream, e.version, e.topic, e.state, e.position,
        e.id, a_trip[e.append], times[e.append], tx, a_tenant[e.append], a_meta[e.append], e.link
    FROM unnest(e_append, e_id, e_stream, e_version, e_topic, e_state, positions, links)
        AS e (append, id, stream, version, topic, state, position, link)
    WHERE e.position IS NOT NULL;
    PERFORM set_config('tripledger.links', '', true);

    UPDATE tripledger.log_head h
    SET position = place, link = last_link, events = h.events + recorded;

    IF cardinality(f_append) > 0 THEN
        INSERT INTO tripledger.tasks (kind, key, subject, due, trip_id)
        SELECT f.kind, f.key, f.subject, f.due, a_trip[f.append]
        FROM unnest(f_append, f_kind, f_key, f_subject, f_due) WITH ORDINALITY
            AS f (append, kind, key, subject, due, no)
        WHERE outcomes[f.append] = 'recorded'
        ORDER BY f.no
        ON CONFLICT (key) DO NOTHING;
    END IF;
END $$;

REVOKE EXECUTE ON FUNCTION tripledger.append FROM PUBLIC;
