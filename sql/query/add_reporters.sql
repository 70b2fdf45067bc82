-- Make reporters known; answers id and name of those asked for, as they now stand: a name that differs
-- from the one asked for is a collision of digests.  Where another writer is about to add the same
-- row, the update that changes nothing waits for it and answers it.
-- $1 bigint[]: reporter_id, ascending  $2 text[]: name
WITH wanted AS (
    SELECT * FROM unnest($1::bigint[], $2::text[]) AS w(reporter_id, name)
), known AS (
    SELECT t.reporter_id, t.name
    FROM wanted w
    JOIN ruastat_data.reporter t ON t.reporter_id = w.reporter_id
), added AS (
    INSERT INTO ruastat_data.reporter AS t (reporter_id, name)
    SELECT w.reporter_id, w.name FROM wanted w
    WHERE NOT EXISTS (SELECT FROM known k WHERE k.reporter_id = w.reporter_id)
    ORDER BY w.reporter_id
    ON CONFLICT (reporter_id) DO UPDATE SET name = t.name
    RETURNING t.reporter_id, t.name
)
SELECT reporter_id, name FROM known
UNION ALL
SELECT reporter_id, name FROM added
