-- Choose the revisions of SMTP TLS reports that count.
-- $1 bigint[]: domain_id  $2 date[]: day  $3 uuid[]: identity_key; repeats are allowed
SELECT count(ruastat_data.settle_tls_identity(w.domain_id, w.day, w.identity_key))
FROM (SELECT DISTINCT domain_id, day, identity_key
      FROM unnest($1::bigint[], $2::date[], $3::uuid[]) AS u(domain_id, day, identity_key)
      ORDER BY domain_id, day, identity_key) AS w
