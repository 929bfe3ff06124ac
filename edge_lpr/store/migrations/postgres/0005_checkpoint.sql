-- Checkpoints of booths' audit logs as they left the booth, by the key that signed them: what an auditor
-- compares a log with. "growth" is how each fitted those before: grown, forked or shrunk.
CREATE TABLE checkpoint (
    booth_id integer NOT NULL,
    kid text NOT NULL,
    size bigint NOT NULL,
    root bytea NOT NULL,
    growth text NOT NULL,
    received_at bigint NOT NULL,
    note bytea NOT NULL,
    PRIMARY KEY (booth_id, kid, size, root)
);
CREATE INDEX checkpoint_contradiction ON checkpoint (growth) WHERE growth <> 'grown';
