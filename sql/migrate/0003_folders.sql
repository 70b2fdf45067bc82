-- 0003: how far the folders of IMAP accounts were read.

-- Every mail of a folder with a UID up to mark is known: what nothing waits for any more needs no row in
-- seen.  UIDs mean something only together with the folder's UIDVALIDITY (RFC 3501, 2.3.1.1).
CREATE TABLE ruastat_data.folder (
    source_id   bigint NOT NULL,
    folder_id   bigint NOT NULL,
    name        text NOT NULL,
    uidvalidity bigint NOT NULL CHECK (uidvalidity BETWEEN 0 AND 4294967295),
    mark        bigint NOT NULL CHECK (mark BETWEEN 0 AND 4294967295),
    PRIMARY KEY (source_id, folder_id)
);
COMMENT ON TABLE ruastat_data.folder IS 'How far each folder of an IMAP account was read';
COMMENT ON COLUMN ruastat_data.folder.folder_id IS 'the first 64 bits of SHA-256 of "folder" and the name';
COMMENT ON COLUMN ruastat_data.folder.name IS 'with / between the levels: for people';
COMMENT ON COLUMN ruastat_data.folder.uidvalidity IS 'the folder''s when it was read last; another one: none of its mails are known';
COMMENT ON COLUMN ruastat_data.folder.mark IS 'every mail with a UID up to this one is known';
COMMENT ON COLUMN ruastat_data.seen.key IS 'names a mail for good: a digest; of IMAP folder_id (64 bits), UIDVALIDITY and UID (32 each)';
