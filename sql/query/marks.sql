-- How far the folders of a source were read.
-- $1 bigint: source_id
SELECT folder_id, name, uidvalidity, mark FROM ruastat_data.folder WHERE source_id = $1::bigint
