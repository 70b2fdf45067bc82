-- How much of each domain's mail passes, week by week?
SELECT domain, date_trunc('week', day)::date AS week, sum(messages) AS messages,
       round(100 * sum(messages_dmarc_pass) / nullif(sum(messages), 0), 1) AS dmarc_percent,
       round(100 * sum(messages_dkim_aligned) / nullif(sum(messages), 0), 1) AS dkim_percent,
       round(100 * sum(messages_spf_aligned) / nullif(sum(messages), 0), 1) AS spf_percent
FROM ruastat.domains_daily
WHERE day >= current_date - 90
GROUP BY domain, week
ORDER BY domain, week
