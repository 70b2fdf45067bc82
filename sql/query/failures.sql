-- Failure reports, the latest first; total is how many there are.
-- $1 date: from, or NULL  $2 date: to, inclusive, or NULL  $3 text: the domain, or NULL for all
-- $4 bigint: at most so many, or NULL for all
SELECT to_char(arrived_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS arrived_at, domain,
       coalesce(host(source_ip), raw_source_ip) AS source_ip, auth_failure, from_field, subject,
       coalesce(delivery_result::text, raw_delivery_result) AS delivery_result, reporter, intake_id,
       count(*) OVER () AS total
FROM ruastat.failures
WHERE ($1::date IS NULL OR filed_on >= $1::date) AND ($2::date IS NULL OR filed_on <= $2::date)
  AND ($3::text IS NULL OR domain = lower(rtrim($3, '.')))
ORDER BY ruastat.failures.arrived_at DESC, domain, report_key
LIMIT $4::bigint
