-- Commands that make the partitions of a backup in the schema of its time, inside the transaction that
-- makes it: months, and all from 2012 to the first of them.
-- $1 text[]: the names of its tables
WITH part AS (
    SELECT m[1] AS kind, m[2] AS suffix
    FROM unnest($1::text[]) AS t (name),
         regexp_match(name, '^(report|original|record|intake|intake_part)_(\d{4}_(?:0[1-9]|1[0-2])|before)$') AS m
    WHERE m IS NOT NULL
), bound AS (
    SELECT kind, kind || '_' || suffix AS name,
           CASE kind WHEN 'record' THEN 'record_block' ELSE kind END AS parent,
           CASE suffix WHEN 'before' THEN date '2012-01-01' ELSE to_date(suffix, 'YYYY_MM') END AS from_day,
           CASE suffix WHEN 'before' THEN (SELECT min(to_date(p.suffix, 'YYYY_MM')) FROM part p
                                           WHERE p.suffix <> 'before' AND p.kind = part.kind)
               ELSE to_date(suffix, 'YYYY_MM') + interval '1 month' END::date AS to_day
    FROM part
)
SELECT format('CREATE TABLE ruastat_data.%1$I (LIKE ruastat_data.%2$I INCLUDING ALL);'
              ' ALTER TABLE ruastat_data.%2$I ATTACH PARTITION ruastat_data.%1$I FOR VALUES FROM (%3$L) TO (%4$L)',
              name, parent, from_day, to_day)
FROM bound
