-- Which policy did reporters see, and from when to when?
SELECT domain, p, sp, min(begin_at) AS first_seen, max(end_at) AS last_seen, count(*) AS reports,
       count(DISTINCT reporter) AS reporters
FROM ruastat.reports
WHERE days > 0
GROUP BY domain, p, sp
ORDER BY domain, first_seen
