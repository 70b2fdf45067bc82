-- Who began to send as me in the last seven days?
SELECT domain, source_ip, min(day) AS first_day, sum(messages) AS messages,
       sum(messages_dmarc_pass) AS dmarc_pass
FROM ruastat.sources_daily
GROUP BY domain, source_ip
HAVING min(day) >= current_date - 7
ORDER BY messages DESC
LIMIT 50
