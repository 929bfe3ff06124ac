-- Who may ask to be enrolled, who has asked, and what was certified for TLS. Nothing secret.

-- hash: of the ticket's secret. purpose as in key rings: 0 live, 1 test.
CREATE TABLE ticket (
    hash          BLOB PRIMARY KEY,
    site          TEXT NOT NULL,
    device        TEXT NOT NULL,
    tier          TEXT NOT NULL CHECK (tier IN ('A', 'B', 'C')),
    tier_c_reason TEXT,
    purpose       INTEGER NOT NULL CHECK (purpose IN (0, 1)),
    made_at       INTEGER NOT NULL,
    ends_at       INTEGER NOT NULL,
    used_by       BLOB
) STRICT;

-- digest: SHA-256 of the request or renewal, byte for byte. answer: public but for what is sealed.
CREATE TABLE enrolment (
    digest      BLOB PRIMARY KEY,
    fingerprint TEXT NOT NULL UNIQUE,
    kind        TEXT NOT NULL CHECK (kind IN ('request', 'renewal')),
    site        TEXT NOT NULL,
    device      TEXT NOT NULL,
    ticket      BLOB REFERENCES ticket (hash),
    document    BLOB NOT NULL,
    came_from   TEXT NOT NULL,
    came_at     INTEGER NOT NULL,
    state       TEXT NOT NULL CHECK (state IN ('waiting', 'approved', 'refused')),
    reason      TEXT,
    answer      BLOB,
    fetched_at  INTEGER
) STRICT;

CREATE TABLE tls_certificate (
    serial     TEXT PRIMARY KEY,
    kind       TEXT NOT NULL CHECK (kind IN ('broker', 'devices', 'consumers')),
    name       TEXT NOT NULL,
    made_at    INTEGER NOT NULL,
    ends_at    INTEGER NOT NULL,
    pem        BLOB NOT NULL,
    revoked_at INTEGER
) STRICT;

CREATE INDEX tls_certificate_name ON tls_certificate (kind, name);
