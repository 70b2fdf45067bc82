-- Did a DKIM selector break?  Messages signed with each selector, week by week, and how many passed.
-- A message that several selectors sign counts for each of them.
SELECT domain, dkim_domain, selector, date_trunc('week', day)::date AS week, sum(messages) AS messages,
       round(100.0 * sum(CASE WHEN result = 'pass' THEN messages ELSE 0 END) / nullif(sum(messages), 0), 1)
           AS pass_percent
FROM ruastat.dkim_results
WHERE day >= current_date - 60
GROUP BY domain, dkim_domain, selector, week
ORDER BY domain, dkim_domain, selector, week
