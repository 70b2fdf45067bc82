-- Who reports to me, about how much mail, and who has stopped?
SELECT reporter, count(*) AS reports, sum(messages) AS messages, min(day) AS first_day,
       max(day) AS last_day, max(day) < current_date - 7 AS stopped
FROM ruastat.reports
WHERE counted
GROUP BY reporter
ORDER BY messages DESC
