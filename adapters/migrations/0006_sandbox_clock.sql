-- How far the sandbox's time has been moved; the same for every process of the service.
CREATE TABLE tripledger.sandbox_clock (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    offset_s double precision NOT NULL DEFAULT 0 CHECK (offset_s >= 0)
);

INSERT INTO tripledger.sandbox_clock DEFAULT VALUES;
