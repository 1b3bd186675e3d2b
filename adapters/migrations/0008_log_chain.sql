-- Each event's link now covers every column of the event and the link of the event before it in
-- the order of all, so that nothing can be changed, moved, put in or taken out unseen; and what
-- stands at the end is kept beside, so that an end that was cut off is missed.
DROP VIEW tripledger.broken_links;
DROP FUNCTION tripledger.event_link(bytea, tripledger.trip_events);

CREATE TABLE tripledger.log_head (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    position bigint NOT NULL,
    events bigint NOT NULL,
    link bytea NOT NULL
) WITH (fillfactor = 10);

INSERT INTO tripledger.log_head (position, events, link) VALUES (0, 0, '');

CREATE FUNCTION tripledger.event_link(before bytea, e tripledger.trip_events) RETURNS bytea
LANGUAGE sql IMMUTABLE
RETURN sha256(
    coalesce(before, '')
    || uuid_send(e.event_id) || uuid_send(e.trip_id)
    || uuid_send(e.originator_id) || int8send(e.originator_version)
    || int8send(e.notification_id) || xid8send(e.tx) || timestamptz_send(e.recorded_at)
    || int4send(octet_length(e.topic)) || convert_to(e.topic, 'UTF8')
    || int4send(octet_length(e.tenant)) || convert_to(e.tenant, 'UTF8')
    || int4send(octet_length(e.state)) || e.state
    || convert_to(e.meta::text, 'UTF8')
);

-- The last event's link is looked up once for a statement and handed from row to row in settings
-- of the transaction: a query for each row would cost more than all the rest.
CREATE FUNCTION tripledger.begin_links() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    last_position bigint;
    last_link bytea;
    told text;
BEGIN
    SELECT e.notification_id, e.link INTO last_position, last_link
    FROM tripledger.trip_events e ORDER BY e.notification_id DESC LIMIT 1;
    told := set_config('tripledger.last_position', coalesce(last_position, 0)::text, true);
    told := set_config('tripledger.last_link', encode(coalesce(last_link, ''), 'hex'), true);
    told := set_config('tripledger.linked', '0', true);
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION tripledger.link_event() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    told text;
BEGIN
    -- Other writers of the library's layout know nothing of trips: their streams stand alone.
    IF NEW.trip_id IS NULL THEN
        NEW.trip_id := NEW.originator_id;
    END IF;
    IF NEW.notification_id <= current_setting('tripledger.last_position')::bigint THEN
        RAISE EXCEPTION 'position % comes after position % was recorded',
            NEW.notification_id, current_setting('tripledger.last_position')
            USING ERRCODE = 'restrict_violation';
    END IF;
    -- `event_link` in place: calling it would cost more than all the rest.
    NEW.link := sha256(
        decode(current_setting('tripledger.last_link'), 'hex')
        || uuid_send(NEW.event_id) || uuid_send(NEW.trip_id)
        || uuid_send(NEW.originator_id) || int8send(NEW.originator_version)
        || int8send(NEW.notification_id) || xid8send(NEW.tx) || timestamptz_send(NEW.recorded_at)
        || int4send(octet_length(NEW.topic)) || convert_to(NEW.topic, 'UTF8')
        || int4send(octet_length(NEW.tenant)) || convert_to(NEW.tenant, 'UTF8')
        || int4send(octet_length(NEW.state)) || NEW.state
        || convert_to(NEW.meta::text, 'UTF8')
    );
    told := set_config('tripledger.last_position', NEW.notification_id::text, true);
    told := set_config('tripledger.last_link', encode(NEW.link, 'hex'), true);
    told := set_config(
        'tripledger.linked', (current_setting('tripledger.linked')::bigint + 1)::text, true
    );
    RETURN NEW;
END $$;

-- Rows that were linked and then left out (`ON CONFLICT DO NOTHING`) would break the chain.
CREATE FUNCTION tripledger.move_log_head() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    last record;
BEGIN
    SELECT a.notification_id, a.link, count(*) OVER () AS events INTO last
    FROM arrived a ORDER BY a.notification_id DESC LIMIT 1;
    IF coalesce(last.events, 0) <> current_setting('tripledger.linked')::bigint THEN
        RAISE EXCEPTION 'events are recorded all or none' USING ERRCODE = 'restrict_violation';
    END IF;
    UPDATE tripledger.log_head h
    SET position = last.notification_id, link = last.link, events = h.events + last.events
    WHERE last.events > 0;
    RETURN NULL;
END $$;

CREATE TRIGGER trip_events_begin BEFORE INSERT ON tripledger.trip_events
FOR EACH STATEMENT EXECUTE FUNCTION tripledger.begin_links();

CREATE TRIGGER trip_events_head AFTER INSERT ON tripledger.trip_events
REFERENCING NEW TABLE AS arrived
FOR EACH STATEMENT EXECUTE FUNCTION tripledger.move_log_head();

-- What was recorded before this file is linked anew, in the order of all.
ALTER TABLE tripledger.trip_events DISABLE TRIGGER trip_events_append_only;

DO $$
DECLARE
    e tripledger.trip_events;
    last bytea := '';
BEGIN
    FOR e IN SELECT * FROM tripledger.trip_events ORDER BY notification_id LOOP
        last := tripledger.event_link(last, e);
        UPDATE tripledger.trip_events t SET link = last
        WHERE t.notification_id = e.notification_id;
        UPDATE tripledger.log_head h
        SET position = e.notification_id, link = last, events = h.events + 1;
    END LOOP;
END $$;

ALTER TABLE tripledger.trip_events ENABLE TRIGGER trip_events_append_only;

-- Every event whose link is not what it was when it was recorded, or that stands where another
-- stood before it.
CREATE VIEW tripledger.broken_links AS
SELECT position, stream_id, stream_version
FROM (
    SELECT
        e.notification_id AS position, e.originator_id AS stream_id,
        e.originator_version AS stream_version, e.link,
        tripledger.event_link(lag(e.link) OVER (ORDER BY e.notification_id), e) AS expected_link,
        row_number() OVER (PARTITION BY e.originator_id ORDER BY e.originator_version)
            AS expected_version
    FROM tripledger.trip_events e
) AS checked
WHERE link <> expected_link OR stream_version <> expected_version;

-- For people with a SQL prompt. A NUL in a text is valid JSON but no valid jsonb; what was packed
-- or sealed before it was stored (its first byte is no brace) is not readable here.
CREATE OR REPLACE VIEW tripledger.trip_log AS
SELECT
    notification_id AS position, recorded_at, tenant, trip_id, originator_id AS stream_id,
    originator_version AS stream_version, topic,
    CASE WHEN substr(state, 1, 1) = '{' THEN
        replace(convert_from(state, 'UTF8'), '\u0000', '\ufffd')::jsonb
    END AS state,
    meta, event_id,
    CASE substr(state, 1, 1)
        WHEN '\x01' THEN 'packed' WHEN '\x02' THEN 'sealed' WHEN '\x03' THEN 'packed and sealed'
        ELSE 'plain'
    END AS stored_as
FROM tripledger.trip_events;

-- Whoever may call it may append, and needs no right to write to the tables themselves.
ALTER FUNCTION tripledger.append SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
REVOKE EXECUTE ON FUNCTION tripledger.append FROM PUBLIC;
