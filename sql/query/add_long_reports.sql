-- Add reports that are spread over several days to the daily sums.
-- $1 bigint[]: domain_id  $2 date[]: day  $3 uuid[]: report_key
SELECT count(ruastat_data.add_report(w.domain_id, w.day, w.report_key, 1))
FROM (SELECT * FROM unnest($1::bigint[], $2::date[], $3::uuid[]) AS u(domain_id, day, report_key)
      ORDER BY domain_id, day, report_key) AS w
