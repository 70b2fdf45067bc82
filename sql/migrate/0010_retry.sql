-- 0010: what a kept mail is known by in its mailbox, for "ruastat retry".

-- A mail that can be read now is one that was stored: what waits for it in seen must be told.  NULL: it
-- was kept before this was written down, or it came from nowhere that is read again.
ALTER TABLE ruastat_data.kept
    ADD COLUMN key uuid,
    ADD COLUMN further_key uuid;
COMMENT ON COLUMN ruastat_data.kept.key IS 'of ruastat_data.seen, with the source of the mail';
COMMENT ON COLUMN ruastat_data.kept.further_key IS 'likewise, where it has two';
