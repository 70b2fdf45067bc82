-- Which sources fail DMARC, and are they mine?  One with DKIM or SPF passes of another domain is
-- likely a service or a forwarder to be set up; one with none at all may be a forger.
SELECT domain, source_ip, sum(messages - messages_dmarc_pass) AS failing,
       sum(messages_dkim_authenticated) AS any_dkim_pass, sum(messages_spf_authenticated) AS any_spf_pass,
       sum(messages_quarantine + messages_reject) AS stopped, max(day) AS last_day
FROM ruastat.sources_daily
WHERE day >= current_date - 30
GROUP BY domain, source_ip
HAVING sum(messages - messages_dmarc_pass) > 0
ORDER BY failing DESC
LIMIT 50
