-- What a booth of hits alone says of its own watch-list; NULL from one that publishes every passage.
ALTER TABLE sighting ADD COLUMN entry BLOB;
ALTER TABLE sighting ADD COLUMN possible INTEGER;

-- The same in a hit; there the entry is base64url, as it is handed on. A hit by that list alone has the
-- match 'booth', and the booth's entry in "entry" too.
ALTER TABLE hit ADD COLUMN booth_entry TEXT;
ALTER TABLE hit ADD COLUMN possible INTEGER;

DROP VIEW passage;
CREATE VIEW passage AS
SELECT booth.tenant, booth.site, booth.device, boot.boot, sighting.seq,
    datetime(sighting.at, 'unixepoch') AS passed_at, datetime(sighting.received_at, 'unixepoch') AS received_at,
    sighting.epoch, sighting.lane, sighting.dir, sighting.tq, sighting.conf, sighting.reads,
    sighting.is_test, sighting.exact, sighting.fold, sighting.entry, sighting.possible
FROM sighting
JOIN boot ON boot.id = sighting.boot_id
JOIN booth ON booth.id = boot.booth_id;
