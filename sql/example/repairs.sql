-- Whose reports had to be repaired, and how?
SELECT r.reporter, q.rule, count(*) AS reports, min(q.detail) AS example, max(r.day) AS last_day
FROM ruastat.reports r
CROSS JOIN LATERAL unnest(r.quirks) AS q
GROUP BY r.reporter, q.rule
ORDER BY reports DESC
