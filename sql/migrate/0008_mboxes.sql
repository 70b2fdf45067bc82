-- 0008: how far mboxes were read.

-- Every mail of the file up to stop_at is known, as long as its first mail and the last of those stand
-- where they stood: a file that was rewritten is read again, and its mails are known by their keys in seen.
CREATE TABLE ruastat_data.mbox (
    source_id bigint PRIMARY KEY,
    inode     bigint NOT NULL,
    stop_at   bigint NOT NULL CHECK (stop_at >= 0),
    last_at   bigint NOT NULL CHECK (last_at BETWEEN 0 AND stop_at),
    first     uuid NOT NULL,
    last      uuid NOT NULL
);
COMMENT ON TABLE ruastat_data.mbox IS 'How far each mbox was read';
COMMENT ON COLUMN ruastat_data.mbox.inode IS 'of the file, its 64 bits as a signed number';
COMMENT ON COLUMN ruastat_data.mbox.stop_at IS 'bytes read: every mail before is known';
COMMENT ON COLUMN ruastat_data.mbox.last_at IS 'where the last of them stands';
COMMENT ON COLUMN ruastat_data.mbox.first IS 'the key of the first mail of the file';
COMMENT ON COLUMN ruastat_data.mbox.last IS 'the key of the one at last_at';
