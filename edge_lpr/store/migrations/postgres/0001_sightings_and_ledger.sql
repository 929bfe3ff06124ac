-- Times are UTC in whole seconds since 1970, as the contract has them; no time zone can change them.

CREATE TABLE booth (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant text NOT NULL,
    site text NOT NULL,
    device text NOT NULL,
    -- When it was last asked for sightings: a booth takes one request in ten seconds.
    asked_at bigint NOT NULL DEFAULT 0,
    UNIQUE (tenant, site, device)
);

-- The births that workers need to know every event key without waiting for the broker.
CREATE TABLE birth (
    booth_id integer NOT NULL,
    kid text NOT NULL,
    not_after bigint NOT NULL,
    document bytea NOT NULL,
    received_at bigint NOT NULL,
    PRIMARY KEY (booth_id, kid)
);

CREATE TABLE boot (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    booth_id integer NOT NULL,
    boot text NOT NULL,
    -- The largest number that a signed record has named, and the link that it gave.
    said_last bigint NOT NULL DEFAULT 0,
    said_link bytea,
    -- The last number of this boot, once a later birth has named it.
    end_last bigint,
    -- Up to here every hole has become a gap.
    judged_last bigint NOT NULL DEFAULT 0,
    -- Holes up to here were first seen then, and may still be on their way.
    suspect_last bigint NOT NULL DEFAULT 0,
    suspect_at bigint,
    UNIQUE (booth_id, boot)
);
CREATE INDEX boot_suspect ON boot (suspect_at) WHERE suspect_at IS NOT NULL;

-- Primary key: a partitioned table needs its partition key inside. The time is signed, so one sighting
-- always has one key; two with the same number and two times are found by the audit (see "finding").
CREATE TABLE sighting (
    boot_id integer NOT NULL,
    seq bigint NOT NULL,
    at bigint NOT NULL,
    received_at bigint NOT NULL,
    epoch integer NOT NULL,
    lane smallint NOT NULL,
    dir text NOT NULL,
    tq text NOT NULL,
    conf smallint NOT NULL,
    reads smallint NOT NULL,
    is_test boolean NOT NULL,
    exact bytea NOT NULL,
    fold bytea NOT NULL,
    prev bytea NOT NULL,
    link bytea NOT NULL,
    PRIMARY KEY (boot_id, seq, at)
) PARTITION BY RANGE (at);
-- "Was this vehicle seen earlier today?", when a watch-list changes.
CREATE INDEX sighting_exact ON sighting (exact);
CREATE INDEX sighting_fold ON sighting (fold);

-- The queue to the audit: one row a committed batch. Deleted when the ledger has it.
CREATE TABLE arrival (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    boot_ids integer[] NOT NULL,
    seqs bigint[] NOT NULL,
    links bytea[] NOT NULL,
    prevs bytea[] NOT NULL
);

-- Likewise: what devices have said about their numbers, in births, health and gap records.
CREATE TABLE statement (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    boot_id integer NOT NULL,
    kind text NOT NULL,
    first bigint NOT NULL,
    last bigint NOT NULL,
    link bytea
);

-- The ledger: consecutive numbers that were received, with the two links at which a run meets others.
CREATE TABLE run (
    boot_id integer NOT NULL,
    first bigint NOT NULL,
    last bigint NOT NULL,
    first_prev bytea NOT NULL,
    last_link bytea NOT NULL,
    PRIMARY KEY (boot_id, first)
);

-- Numbers that will never come, on a device's signed word.
CREATE TABLE given_up (
    boot_id integer NOT NULL,
    first bigint NOT NULL,
    last bigint NOT NULL,
    reason text NOT NULL,
    PRIMARY KEY (boot_id, first, last)
);

CREATE TABLE gap (
    boot_id integer NOT NULL,
    first bigint NOT NULL,
    last bigint NOT NULL,
    missing bigint NOT NULL,
    noticed_at bigint NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    request_at bigint NOT NULL,
    closed_at bigint,
    lost bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (boot_id, first)
);
CREATE INDEX gap_open ON gap (request_at) WHERE closed_at IS NULL;

-- What only a forger, or a device that has forgotten, can have caused.
CREATE TABLE finding (
    boot_id integer NOT NULL,
    seq bigint NOT NULL,
    kind text NOT NULL,
    noticed_at bigint NOT NULL,
    PRIMARY KEY (boot_id, seq, kind)
);

-- The latest health record of every booth: its payload, JSON as the device signed it.
CREATE TABLE health (
    booth_id integer PRIMARY KEY,
    at bigint NOT NULL,
    received_at bigint NOT NULL,
    claims text NOT NULL
);

-- Signed by a key that no birth has named yet, so not believed, and not lost.
CREATE TABLE parked (
    link bytea PRIMARY KEY,
    topic text NOT NULL,
    document bytea NOT NULL,
    received_at bigint NOT NULL
);
CREATE INDEX parked_topic ON parked (topic);

CREATE TABLE hit (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    boot_id integer NOT NULL,
    seq bigint NOT NULL,
    at bigint NOT NULL,
    lane smallint NOT NULL,
    dir text NOT NULL,
    is_test boolean NOT NULL,
    match text NOT NULL,
    entry text NOT NULL,
    noticed_at bigint NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    due_at bigint NOT NULL,
    sent_at bigint,
    UNIQUE (boot_id, seq, match, entry)
);
CREATE INDEX hit_due ON hit (due_at) WHERE sent_at IS NULL;

-- For people and dashboards: sightings with the names of their booth and a time to read.
CREATE VIEW passage AS
SELECT booth.tenant, booth.site, booth.device, boot.boot, sighting.seq,
    to_timestamp(sighting.at) AS passed_at, to_timestamp(sighting.received_at) AS received_at,
    sighting.epoch, sighting.lane, sighting.dir, sighting.tq, sighting.conf, sighting.reads,
    sighting.is_test, sighting.exact, sighting.fold
FROM sighting
JOIN boot ON boot.id = sighting.boot_id
JOIN booth ON booth.id = boot.booth_id;
