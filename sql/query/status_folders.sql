-- How far the folders of IMAP accounts were read.
SELECT s.name AS source, f.name AS folder, f.uidvalidity, f.mark
FROM ruastat_data.folder f
JOIN ruastat_data.source s ON s.source_id = f.source_id
ORDER BY s.name, f.name
