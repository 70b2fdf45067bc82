-- Which of these failure reports are stored: the number of the report (from 1), report_key, the mail it came in.
-- $1 bigint[]: domain_id  $2 date[]: day  $3 uuid[]: report_key
SELECT w.i, f.report_key, f.intake_id
FROM unnest($1::bigint[], $2::date[], $3::uuid[]) WITH ORDINALITY AS w(domain_id, day, report_key, i)
JOIN ruastat_data.failure f
  ON f.domain_id = w.domain_id AND f.day = w.day AND f.report_key = w.report_key
ORDER BY w.i
