-- Checkpoints of booths' audit logs as they left the booth, by the key that signed them: what an auditor
-- compares a log with. "growth" is how each fitted those before: grown, forked or shrunk.
CREATE TABLE checkpoint (
    booth_id INTEGER NOT NULL,
    kid TEXT NOT NULL,
    size INTEGER NOT NULL,
    root BLOB NOT NULL,
    growth TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    note BLOB NOT NULL,
    PRIMARY KEY (booth_id, kid, size, root)
);
CREATE INDEX checkpoint_contradiction ON checkpoint (growth) WHERE growth <> 'grown';
