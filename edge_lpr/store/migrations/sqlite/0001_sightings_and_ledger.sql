-- Times are UTC in whole seconds since 1970, as the contract has them; no time zone can change them.

CREATE TABLE booth (
    id INTEGER PRIMARY KEY,
    tenant TEXT NOT NULL,
    site TEXT NOT NULL,
    device TEXT NOT NULL,
    -- When it was last asked for sightings: a booth takes one request in ten seconds.
    asked_at INTEGER NOT NULL DEFAULT 0,
    UNIQUE (tenant, site, device)
);

-- The births that workers need to know every event key without waiting for the broker.
CREATE TABLE birth (
    booth_id INTEGER NOT NULL,
    kid TEXT NOT NULL,
    not_after INTEGER NOT NULL,
    document BLOB NOT NULL,
    received_at INTEGER NOT NULL,
    PRIMARY KEY (booth_id, kid)
);

CREATE TABLE boot (
    id INTEGER PRIMARY KEY,
    booth_id INTEGER NOT NULL,
    boot TEXT NOT NULL,
    -- The largest number that a signed record has named, and the link that it gave.
    said_last INTEGER NOT NULL DEFAULT 0,
    said_link BLOB,
    -- The last number of this boot, once a later birth has named it.
    end_last INTEGER,
    -- Up to here every hole has become a gap.
    judged_last INTEGER NOT NULL DEFAULT 0,
    -- Holes up to here were first seen then, and may still be on their way.
    suspect_last INTEGER NOT NULL DEFAULT 0,
    suspect_at INTEGER,
    UNIQUE (booth_id, boot)
);
CREATE INDEX boot_suspect ON boot (suspect_at) WHERE suspect_at IS NOT NULL;

CREATE TABLE sighting (
    boot_id INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    at INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    lane INTEGER NOT NULL,
    dir TEXT NOT NULL,
    tq TEXT NOT NULL,
    conf INTEGER NOT NULL,
    reads INTEGER NOT NULL,
    is_test INTEGER NOT NULL,
    exact BLOB NOT NULL,
    fold BLOB NOT NULL,
    prev BLOB NOT NULL,
    link BLOB NOT NULL,
    PRIMARY KEY (boot_id, seq)
);
CREATE INDEX sighting_at ON sighting (at);
-- "Was this vehicle seen earlier today?", when a watch-list changes.
CREATE INDEX sighting_exact ON sighting (exact);
CREATE INDEX sighting_fold ON sighting (fold);

-- The queue to the audit: one row a sighting. Deleted when the ledger has it.
CREATE TABLE arrival (
    id INTEGER PRIMARY KEY,
    boot_id INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    link BLOB NOT NULL,
    prev BLOB NOT NULL
);

-- Likewise: what devices have said about their numbers, in births, health and gap records.
CREATE TABLE statement (
    id INTEGER PRIMARY KEY,
    boot_id INTEGER NOT NULL,
    kind TEXT NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    link BLOB
);

-- The ledger: consecutive numbers that were received, with the two links at which a run meets others.
CREATE TABLE run (
    boot_id INTEGER NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    first_prev BLOB NOT NULL,
    last_link BLOB NOT NULL,
    PRIMARY KEY (boot_id, first)
);

-- Numbers that will never come, on a device's signed word.
CREATE TABLE given_up (
    boot_id INTEGER NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (boot_id, first, last)
);

CREATE TABLE gap (
    boot_id INTEGER NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    missing INTEGER NOT NULL,
    noticed_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    request_at INTEGER NOT NULL,
    closed_at INTEGER,
    lost INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (boot_id, first)
);
CREATE INDEX gap_open ON gap (request_at) WHERE closed_at IS NULL;

-- What only a forger, or a device that has forgotten, can have caused.
CREATE TABLE finding (
    boot_id INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    kind TEXT NOT NULL,
    noticed_at INTEGER NOT NULL,
    PRIMARY KEY (boot_id, seq, kind)
);

-- The latest health record of every booth: its payload, JSON as the device signed it.
CREATE TABLE health (
    booth_id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    claims TEXT NOT NULL
);

-- Signed by a key that no birth has named yet, so not believed, and not lost.
CREATE TABLE parked (
    link BLOB PRIMARY KEY,
    topic TEXT NOT NULL,
    document BLOB NOT NULL,
    received_at INTEGER NOT NULL
);
CREATE INDEX parked_topic ON parked (topic);

CREATE TABLE hit (
    id INTEGER PRIMARY KEY,
    boot_id INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    at INTEGER NOT NULL,
    lane INTEGER NOT NULL,
    dir TEXT NOT NULL,
    is_test INTEGER NOT NULL,
    match TEXT NOT NULL,
    entry TEXT NOT NULL,
    noticed_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    due_at INTEGER NOT NULL,
    sent_at INTEGER,
    UNIQUE (boot_id, seq, match, entry)
);
CREATE INDEX hit_due ON hit (due_at) WHERE sent_at IS NULL;

-- For people and dashboards: sightings with the names of their booth and a time to read.
CREATE VIEW passage AS
SELECT booth.tenant, booth.site, booth.device, boot.boot, sighting.seq,
    datetime(sighting.at, 'unixepoch') AS passed_at, datetime(sighting.received_at, 'unixepoch') AS received_at,
    sighting.epoch, sighting.lane, sighting.dir, sighting.tq, sighting.conf, sighting.reads,
    sighting.is_test, sighting.exact, sighting.fold
FROM sighting
JOIN boot ON boot.id = sighting.boot_id
JOIN booth ON booth.id = boot.booth_id;
