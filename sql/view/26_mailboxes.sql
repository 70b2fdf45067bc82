-- Mailboxes read before there were runs have a source alone, those never opened a run alone.
CREATE OR REPLACE VIEW ruastat.mailboxes AS
SELECT coalesce(r.path, s.name) AS mailbox, s.name AS source, r.begun_at, r.ended_at, r.result, r.trouble,
       r.mails, r.well_at,
       (SELECT count(*) FROM ruastat_data.seen k WHERE k.source_id = s.source_id) AS known
FROM ruastat_data.source s
FULL JOIN ruastat_data.run r ON r.source_id = s.source_id;
COMMENT ON VIEW ruastat.mailboxes IS 'A row for each mailbox, directory or file ever read: its last run';
COMMENT ON COLUMN ruastat.mailboxes.mailbox IS 'Its path, or its URL and the folders named apart from it';
COMMENT ON COLUMN ruastat.mailboxes.source IS 'Its name in ruastat.intake; NULL when it could never be opened';
COMMENT ON COLUMN ruastat.mailboxes.begun_at IS 'When its last run began; NULL: not since a version without this view';
COMMENT ON COLUMN ruastat.mailboxes.ended_at IS 'When that ended; NULL: it is under way, or was killed';
COMMENT ON COLUMN ruastat.mailboxes.result IS 'fine; unreadable (new mails hold a report that could not be stored); interrupted; trouble; NULL: it has not ended';
COMMENT ON COLUMN ruastat.mailboxes.trouble IS 'What was wrong, in words';
COMMENT ON COLUMN ruastat.mailboxes.mails IS 'New mails that the last run stored';
COMMENT ON COLUMN ruastat.mailboxes.well_at IS 'When a run last read all of it';
COMMENT ON COLUMN ruastat.mailboxes.known IS 'Mails remembered one by one; of IMAP folders those beyond their marks, or waiting for something';
