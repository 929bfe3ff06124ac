-- What the authority holds. Every secret in here is wrapped under a key that lies elsewhere.

CREATE TABLE fact (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

CREATE TABLE secret (
    name    TEXT PRIMARY KEY,
    wrapped BLOB NOT NULL
) STRICT;

CREATE TABLE epoch (
    epoch        INTEGER PRIMARY KEY,
    state        TEXT NOT NULL CHECK (state IN ('held', 'destroying', 'destroyed')),
    made_at      INTEGER NOT NULL,
    destroyed_at INTEGER
) STRICT;

-- site '' is K_stretch, the deployment's; purpose as in key rings: 0 live, 1 test.
CREATE TABLE epoch_key (
    epoch   INTEGER NOT NULL REFERENCES epoch (epoch),
    purpose INTEGER NOT NULL CHECK (purpose IN (0, 1)),
    site    TEXT NOT NULL,
    wrapped BLOB NOT NULL,
    PRIMARY KEY (epoch, purpose, site)
) STRICT;

CREATE TABLE device (
    site                TEXT NOT NULL,
    device              TEXT NOT NULL,
    event_key           BLOB NOT NULL,
    transport_key       BLOB,
    transport_number    INTEGER NOT NULL DEFAULT 0,
    tier                TEXT NOT NULL CHECK (tier IN ('A', 'B', 'C')),
    tier_c_reason       TEXT,
    certificate         BLOB NOT NULL,
    state               TEXT NOT NULL CHECK (state IN ('active', 'revoked', 'decommissioned')),
    enrolled_at         INTEGER NOT NULL,
    announced_at        INTEGER,
    announced_epochs    TEXT NOT NULL DEFAULT '[]',
    last_delivery       INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (site, device)
) STRICT;

CREATE TABLE delivery (
    site             TEXT NOT NULL,
    device           TEXT NOT NULL,
    number           INTEGER NOT NULL,
    transport_number INTEGER NOT NULL,
    epoch            INTEGER NOT NULL,
    purpose          INTEGER NOT NULL,
    issued_at        INTEGER NOT NULL,
    sent_at          INTEGER,
    PRIMARY KEY (site, device, number, epoch)
) STRICT;

CREATE TABLE quota (
    epoch  INTEGER PRIMARY KEY,
    plates INTEGER NOT NULL
) STRICT;

CREATE TABLE person (
    name     TEXT PRIMARY KEY,
    verifier TEXT NOT NULL,
    added_at INTEGER NOT NULL
) STRICT;

CREATE TABLE journal (
    number  INTEGER PRIMARY KEY,
    at      INTEGER NOT NULL,
    call    TEXT NOT NULL,
    details TEXT NOT NULL,
    link    BLOB NOT NULL
) STRICT;
