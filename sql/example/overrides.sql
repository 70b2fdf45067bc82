-- Where did receivers not do what the policy asks, and why (forwarders, mailing lists, local policy)?
SELECT r.domain, r.reporter, coalesce(o.type::text, o.raw_type) AS reason, r.disposition,
       sum(r.messages) AS messages
FROM ruastat.records r
CROSS JOIN LATERAL unnest(r.reasons) AS o
WHERE r.day >= current_date - 30
GROUP BY r.domain, r.reporter, coalesce(o.type::text, o.raw_type), r.disposition
ORDER BY messages DESC
LIMIT 50
