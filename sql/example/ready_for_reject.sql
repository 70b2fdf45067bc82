-- May I go to p=reject?  What would have been lost in the last 30 days, by how it looks.
SELECT domain, sum(messages) AS messages,
       sum(CASE WHEN dmarc_pass THEN messages ELSE 0 END) AS pass,
       sum(CASE WHEN dmarc_pass IS NOT TRUE AND (dkim_authenticated OR spf_authenticated)
           THEN messages ELSE 0 END) AS fail_but_authenticated,
       sum(CASE WHEN dmarc_pass IS NOT TRUE AND NOT (dkim_authenticated OR spf_authenticated)
           THEN messages ELSE 0 END) AS fail_altogether
FROM ruastat.records
WHERE day >= current_date - 30
GROUP BY domain
ORDER BY domain
