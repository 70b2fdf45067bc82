-- What had to be repaired in the reports of one mail: the part's number, rule, detail.
-- $1 bigint: the mail's number
SELECT p.n, q.rule, q.detail
FROM ruastat.intake_parts p
JOIN ruastat.reports r ON r.domain = p.domain AND r.report_key = p.report_key
CROSS JOIN LATERAL unnest(r.quirks) WITH ORDINALITY AS q(rule, detail, i)
WHERE p.intake_id = $1::bigint
ORDER BY p.n, q.i
