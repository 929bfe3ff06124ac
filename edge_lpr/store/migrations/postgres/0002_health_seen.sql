-- The running time that a boot's latest health record gave: an earlier one is never news again.
CREATE TABLE health_seen (
    boot_id integer PRIMARY KEY,
    up_s bigint NOT NULL
);
