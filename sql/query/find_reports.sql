-- Which reports of these identities are stored: the number of the identity (from 1), report_key,
-- the mail it came in.
-- $1 bigint[]: domain_id  $2 date[]: day  $3 uuid[]: identity_key
SELECT w.i, r.report_key, r.intake_id
FROM unnest($1::bigint[], $2::date[], $3::uuid[]) WITH ORDINALITY AS w(domain_id, day, identity_key, i)
JOIN ruastat_data.report r
  ON r.domain_id = w.domain_id AND r.day = w.day AND r.identity_key = w.identity_key
