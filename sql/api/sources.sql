-- A table: who sent messages for a domain in a period, by address or by network.
-- $1 text: domain  $2 date: from, or NULL  $3 date: to, or NULL  $4 text: address, network or NULL
-- $5 text: result, or NULL  $6 inet: within, or NULL  $7 text: sort, or NULL  $8 text: asc, desc or NULL
-- $9 text: after, or NULL  $10 integer: limit, or NULL
WITH period AS (
    SELECT * FROM ruastat_data.period($2::date, $3::date)
), address AS (
    SELECT source_ip AS source, CASE WHEN source_ip IS NULL THEN 0 ELSE 1 END::bigint AS addresses,
           sum(messages) AS messages, sum(messages_dmarc_pass) AS dmarc_pass,
           sum(messages_dkim_aligned) AS dkim_aligned, sum(messages_spf_aligned) AS spf_aligned,
           sum(messages_unknown) AS unknown, sum(messages_none) AS "none",
           sum(messages_quarantine) AS quarantine, sum(messages_reject) AS reject,
           min(day) AS first_day, max(day) AS last_day
    FROM ruastat.sources_daily
    WHERE domain = lower(rtrim($1, '.')) AND messages > 0
      AND day BETWEEN coalesce($2::date, (SELECT from_day FROM period))
                  AND coalesce($3::date, (SELECT to_day FROM period))
      AND ($6::inet IS NULL OR source_ip <<= $6::inet)
    GROUP BY source_ip
), place AS (
    SELECT * FROM address
    WHERE $4 IS DISTINCT FROM 'network'
    UNION ALL
    SELECT ruastat_data.network_of(source) AS source, count(source) AS addresses, sum(messages) AS messages,
           sum(dmarc_pass) AS dmarc_pass, sum(dkim_aligned) AS dkim_aligned,
           sum(spf_aligned) AS spf_aligned, sum(unknown) AS unknown, sum("none") AS "none",
           sum(quarantine) AS quarantine, sum(reject) AS reject, min(first_day) AS first_day,
           max(last_day) AS last_day
    FROM address
    WHERE $4 = 'network'
    GROUP BY 1
), sorted AS (
    SELECT p.*, coalesce(p.source, '0.0.0.0/0') AS tie, -- which is no source's
           CASE WHEN $7 = 'source' AND $8 = 'desc' THEN coalesce(p.source, '0.0.0.0/0') END AS tie_down,
           ruastat_data.sort_number(CASE coalesce($7, 'attention')
               WHEN 'source' THEN CASE WHEN p.source IS NOT NULL THEN 0 END
               WHEN 'attention'
               THEN ruastat_data.attention(s.dkim_only, s.spf_only, s.neither, s.unknown)
               WHEN 'messages' THEN s.messages
               WHEN 'neither' THEN s.neither
               WHEN 'dmarc' THEN s.dmarc_percent
               WHEN 'dkim' THEN s.dkim_percent
               WHEN 'spf' THEN s.spf_percent
           END, coalesce($8, 'desc') = 'desc') AS sort_number
    FROM place p
    CROSS JOIN LATERAL ruastat_data.sums(p.messages, p.dmarc_pass, p.dkim_aligned, p.spf_aligned,
        p.unknown, p.none, p.quarantine, p.reject) s
    WHERE $5::text IS NULL
       OR ruastat_data.messages_of($5, s.both, s.dkim_only, s.spf_only, s.neither, s.unknown) > 0
), cut AS (
    SELECT * FROM sorted
    WHERE $9::text IS NULL
       OR sort_number > ruastat_data.page_number($9)
       OR sort_number = ruastat_data.page_number($9)
          AND CASE WHEN tie_down IS NULL THEN tie > ruastat_data.page_tie($9)::inet
                   ELSE tie < ruastat_data.page_tie($9)::inet
              END
    ORDER BY sort_number, tie_down DESC, tie
    LIMIT coalesce($10::integer, 100) + 1
), page AS (
    SELECT *, row_number() OVER w AS n, lead(true) OVER w AS more FROM cut
    WINDOW w AS (ORDER BY sort_number, tie_down DESC, tie)
)
SELECT json_build_object(
    'rows', (
        SELECT coalesce(json_agg(body ORDER BY p.n), '[]')
        FROM page p
        CROSS JOIN LATERAL ruastat_data.sums(p.messages, p.dmarc_pass, p.dkim_aligned, p.spf_aligned,
            p.unknown, p.none, p.quarantine, p.reject) s
        CROSS JOIN LATERAL (
            SELECT p.source, ruastat_data.network_of(p.source) AS network, p.addresses, s.*,
                   ruastat_data.attention(s.dkim_only, s.spf_only, s.neither, s.unknown) AS attention,
                   p.first_day, p.last_day) AS body
        WHERE p.n <= coalesce($10::integer, 100)),
    'total', (SELECT count(*) FROM sorted),
    'next', (
        SELECT ruastat_data.page_key(p.sort_number, p.tie::text) FROM page p
        WHERE p.n = coalesce($10::integer, 100) AND p.more),
    'period', (SELECT json_build_object('from', from_day, 'to', to_day) FROM period)) AS body
WHERE ruastat_data.known($1)
