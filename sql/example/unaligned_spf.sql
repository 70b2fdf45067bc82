-- Which services pass SPF for an envelope domain that is not aligned with mine?  Give them a bounce
-- domain of yours, or have them sign with your DKIM key.
SELECT domain, spf_domain, sum(messages) AS messages, count(DISTINCT source_ip) AS sources,
       max(day) AS last_day
FROM ruastat.spf_results
WHERE day >= current_date - 30 AND result = 'pass' AND spf_aligned = 'fail'
GROUP BY domain, spf_domain
ORDER BY messages DESC
LIMIT 50
