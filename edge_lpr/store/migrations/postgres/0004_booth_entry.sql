-- What a booth of hits alone says of its own watch-list; NULL from one that publishes every passage.
ALTER TABLE sighting ADD COLUMN entry bytea, ADD COLUMN possible boolean;

-- The same in a hit; there the entry is base64url, as it is handed on. A hit by that list alone has the
-- match 'booth', and the booth's entry in "entry" too.
ALTER TABLE hit ADD COLUMN booth_entry text, ADD COLUMN possible boolean;

CREATE OR REPLACE VIEW passage AS
SELECT booth.tenant, booth.site, booth.device, boot.boot, sighting.seq,
    to_timestamp(sighting.at) AS passed_at, to_timestamp(sighting.received_at) AS received_at,
    sighting.epoch, sighting.lane, sighting.dir, sighting.tq, sighting.conf, sighting.reads,
    sighting.is_test, sighting.exact, sighting.fold, sighting.entry, sighting.possible
FROM sighting
JOIN boot ON boot.id = sighting.boot_id
JOIN booth ON booth.id = boot.booth_id;
