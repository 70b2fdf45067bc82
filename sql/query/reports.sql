-- The reports that are stored, the latest first; one outside the daily numbers (day is NULL) stands
-- where it came in, and is left out when days are asked for.  total is how many there are.
-- $1 date: from, or NULL  $2 date: to, inclusive, or NULL  $3 text: the domain, or NULL for all
-- $4 bigint: at most so many, or NULL for all
SELECT day, domain, reporter, report_id, records, messages, counted,
       cardinality(quirks) AS quirks, intake_id, count(*) OVER () AS total
FROM ruastat.reports
WHERE ($1::date IS NULL OR day IS NOT NULL AND filed_on >= $1::date)
  AND ($2::date IS NULL OR day IS NOT NULL AND filed_on <= $2::date)
  AND ($3::text IS NULL OR domain = lower(rtrim($3, '.')))
ORDER BY coalesce(day, (imported_at AT TIME ZONE 'UTC')::date) DESC, domain, reporter, begin_at DESC,
         report_key
LIMIT $4::bigint
