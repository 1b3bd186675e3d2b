-- Events are only ever added. Freezing them on the first visit, in slices of a steady size however
-- large the log grows, keeps index-only scans working and spares the log the whole-table visit
-- that would otherwise come when transaction ids run out.
ALTER TABLE tripledger.trip_events SET (
    autovacuum_vacuum_insert_threshold = 100000,
    autovacuum_vacuum_insert_scale_factor = 0,
    autovacuum_freeze_min_age = 0,
    autovacuum_analyze_threshold = 10000,
    autovacuum_analyze_scale_factor = 0.02
);

-- Rows that change several times soon after they were made, and then stay for ever.
ALTER TABLE tripledger.tasks SET (
    autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_scale_factor = 0.01
);
ALTER TABLE tripledger.read_trip_details SET (
    autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_scale_factor = 0.01
);
ALTER TABLE tripledger.read_bookings SET (
    autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_scale_factor = 0.01
);

-- A handful of rows that change with every batch.
ALTER TABLE tripledger.checkpoints SET (fillfactor = 50);
