-- The sources with most messages in a period, by domain; total is how many sources there are.
-- $1 date: from  $2 date: to, inclusive  $3 text: the domain, or NULL for all
-- $4 bigint: at most so many, or NULL for all
WITH source AS (
    SELECT domain, source_ip, sum(messages) AS messages, sum(messages_dmarc_pass) AS dmarc,
           sum(messages_dkim_aligned) AS dkim, sum(messages_spf_aligned) AS spf,
           sum(messages_unknown) AS unknown, sum(messages_none) AS none,
           sum(messages_quarantine) AS quarantine, sum(messages_reject) AS reject,
           count(*) OVER () AS total
    FROM ruastat.sources_daily
    WHERE day BETWEEN $1::date AND $2::date
      AND ($3::text IS NULL OR domain = lower(rtrim($3, '.')))
    GROUP BY domain, source_ip
    ORDER BY messages DESC, domain, source_ip
    LIMIT $4::bigint
)
SELECT domain, source_ip, messages,
       round(100 * dmarc / nullif(messages, 0), 1) AS dmarc_percent,
       round(100 * dkim / nullif(messages, 0), 1) AS dkim_percent,
       round(100 * spf / nullif(messages, 0), 1) AS spf_percent,
       unknown, none, quarantine, reject, total
FROM source
ORDER BY domain, messages DESC, source_ip
