CREATE OR REPLACE VIEW ruastat.intake AS
SELECT i.intake_id, i.read_at, s.name AS source, i.name, i.outcome, i.message_id, i.from_domain,
       i.size, encode(i.sha256, 'hex') AS sha256,
       EXISTS (SELECT FROM ruastat_data.kept k WHERE k.intake_id = i.intake_id) AS kept
FROM ruastat_data.intake i
JOIN ruastat_data.source s ON s.source_id = i.source_id;
COMMENT ON VIEW ruastat.intake IS 'A row for each mail or file ever read: what became of it';
COMMENT ON COLUMN ruastat.intake.intake_id IS 'Number of the mail; "ruastat explain" takes it';
COMMENT ON COLUMN ruastat.intake.read_at IS 'When it was read';
COMMENT ON COLUMN ruastat.intake.source IS 'The mailbox, directory or file it came from';
COMMENT ON COLUMN ruastat.intake.name IS 'Its name in the source; bytes that are not UTF-8 are shown as \xNN';
COMMENT ON COLUMN ruastat.intake.outcome IS 'What became of it: the worst of its parts';
COMMENT ON COLUMN ruastat.intake.message_id IS 'Message-ID, without the brackets';
COMMENT ON COLUMN ruastat.intake.from_domain IS 'Domain of the From header field''s first address';
COMMENT ON COLUMN ruastat.intake.size IS 'Bytes';
COMMENT ON COLUMN ruastat.intake.sha256 IS 'SHA-256 of its bytes, hex; NULL when it could not be read to its end';
COMMENT ON COLUMN ruastat.intake.kept IS 'Whether its bytes are kept, for administrators';
