-- Whether SMTP TLS reports count: report_key, counted.
-- $1 bigint[]: domain_id  $2 date[]: day  $3 uuid[]: report_key
SELECT r.report_key, r.counted
FROM unnest($1::bigint[], $2::date[], $3::uuid[]) AS w(domain_id, day, report_key)
JOIN ruastat_data.tls_report r
  ON r.domain_id = w.domain_id AND r.day = w.day AND r.report_key = w.report_key
