-- Remember mails of a source; nothing has been done to them yet.  One process works on a source, so
-- there is nobody to wait for in a circle.
-- $1 bigint: source_id  $2 uuid[]: keys of mails that were stored  $3 uuid[]: of those nobody can read
-- $4 uuid[]: of the others
INSERT INTO ruastat_data.seen (source_id, key, class, acknowledged)
SELECT $1::bigint, key, 'success'::ruastat_data.seen_class, 'keep'::ruastat_data.after_action
FROM unnest($2::uuid[]) AS key
UNION ALL
SELECT $1::bigint, key, 'failure', 'keep' FROM unnest($3::uuid[]) AS key
UNION ALL
SELECT $1::bigint, key, 'other', 'keep' FROM unnest($4::uuid[]) AS key
ON CONFLICT (source_id, key) DO NOTHING
