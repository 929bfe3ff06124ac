-- When a device's word was heard: a later record may show that it was not true.
ALTER TABLE given_up ADD COLUMN heard_at INTEGER NOT NULL DEFAULT 0;
