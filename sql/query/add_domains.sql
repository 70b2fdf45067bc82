-- Make domains known; answers id and name of those asked for, as they now stand: a name that differs
-- from the one asked for is a collision of digests.  Where another writer is about to add the same
-- row, the update that changes nothing waits for it and answers it.
-- $1 bigint[]: domain_id, ascending  $2 text[]: name
WITH wanted AS (
    SELECT * FROM unnest($1::bigint[], $2::text[]) AS w(domain_id, name)
), known AS (
    SELECT t.domain_id, t.name
    FROM wanted w
    JOIN ruastat_data.domain t ON t.domain_id = w.domain_id
), added AS (
    INSERT INTO ruastat_data.domain AS t (domain_id, name)
    SELECT w.domain_id, w.name FROM wanted w
    WHERE NOT EXISTS (SELECT FROM known k WHERE k.domain_id = w.domain_id)
    ORDER BY w.domain_id
    ON CONFLICT (domain_id) DO UPDATE SET name = t.name
    RETURNING t.domain_id, t.name
)
SELECT domain_id, name FROM known
UNION ALL
SELECT domain_id, name FROM added
