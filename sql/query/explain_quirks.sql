-- What had to be repaired in the reports of one mail: the part's number, rule, detail.
-- $1 bigint: the mail's number
SELECT p.n, q.rule, q.detail
FROM ruastat.intake_parts p
CROSS JOIN LATERAL (
    SELECT quirks FROM ruastat.reports r
    WHERE p.kind = 'aggregate' AND r.domain = p.domain AND r.report_key = p.report_key
    UNION ALL
    SELECT quirks FROM ruastat.tls_reports t
    WHERE p.kind = 'tlsrpt' AND t.domain = p.domain AND t.filed_on = p.day AND t.report_key = p.report_key
    UNION ALL
    SELECT quirks FROM ruastat.failures f
    WHERE p.kind = 'failure' AND f.domain = p.domain AND f.filed_on = p.day AND f.report_key = p.report_key
) r
CROSS JOIN LATERAL unnest(r.quirks) WITH ORDINALITY AS q(rule, detail, i)
WHERE p.intake_id = $1::bigint
ORDER BY p.n, q.i
