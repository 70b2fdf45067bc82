-- How to take out and put back every row a run wrote: lane, the COPY that reads, the COPY that writes.
-- A report's rows go to the lane of its domain, a mail's to that of its first report, as the program
-- shares them out; small tables go to the first.
WITH known AS (
    SELECT c.oid, c.relname, format('ruastat_data.%I', c.relname) AS name,
           (SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum)
            FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped) AS columns,
           CASE
             WHEN EXISTS (SELECT FROM pg_attribute WHERE attrelid = c.oid AND attname = 'domain_id')
                  AND c.relname <> 'domain'
               THEN 'coalesce(domain_id & 1, 0)'
             WHEN c.relname = 'intake'
               THEN 'coalesce((SELECT p.domain_id & 1 FROM ruastat_data.intake_part p'
                    ' WHERE p.intake_id = t.intake_id AND p.domain_id IS NOT NULL ORDER BY n LIMIT 1), 0)'
             WHEN c.relname = 'seen'
               THEN 'get_byte(uuid_send(key), 15) & 1'
           END AS lane
    FROM pg_class c
    WHERE c.relnamespace = 'ruastat_data'::regnamespace AND c.relkind IN ('r', 'p')
      AND NOT c.relispartition AND c.relname <> 'migration'
)
SELECT l.lane, format('COPY (SELECT %s FROM %s t%s) TO STDOUT (FORMAT binary)', columns, name,
                    format(CASE WHEN known.lane IS NOT NULL THEN ' WHERE (%s) = %s' ELSE '' END,
                           known.lane, l.lane)),
       format('COPY %s (%s) FROM STDIN (FORMAT binary)', name, columns)
FROM known
CROSS JOIN generate_series(0, 1) AS l(lane)
WHERE known.lane IS NOT NULL OR l.lane = 0
ORDER BY l.lane, name
