-- The days of a domain, as a chart asks for them.
-- $1 date: from  $2 date: to, inclusive  $3 text: the domain
SELECT day, messages, messages_dmarc_pass, messages_dkim_aligned, messages_spf_aligned, messages_unknown
FROM ruastat.domains_daily
WHERE domain = $3::text AND day BETWEEN $1::date AND $2::date
ORDER BY day
