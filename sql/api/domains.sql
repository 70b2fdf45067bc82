-- A table: the domains that have messages or reports in a period.
-- $1 date: from, or NULL  $2 date: to, or NULL  $3 text: part of the name, or NULL
-- $4 text: sort, or NULL  $5 text: asc, desc or NULL  $6 text: after, or NULL  $7 integer: limit, or NULL
WITH period AS (
    SELECT * FROM ruastat_data.period($1::date, $2::date)
), day_sums AS (
    SELECT d.domain, d.day >= p.from_day AS current, sum(d.messages) AS messages,
           sum(d.messages_dmarc_pass) AS dmarc_pass, sum(d.messages_dkim_aligned) AS dkim_aligned,
           sum(d.messages_spf_aligned) AS spf_aligned, sum(d.messages_unknown) AS unknown,
           sum(d.messages_none) AS "none", sum(d.messages_quarantine) AS quarantine,
           sum(d.messages_reject) AS reject
    FROM period p
    JOIN ruastat.domains_daily d ON d.day BETWEEN p.from_day - (p.to_day - p.from_day) - 1 AND p.to_day
    WHERE $3::text IS NULL OR strpos(d.domain, lower($3)) > 0
    GROUP BY 1, 2
), report_sums AS (
    SELECT r.domain, count(*) FILTER (WHERE r.day = greatest(r.first_day, p.from_day)) AS reports,
           max(r.filed_on) AS filed_on, max(r.end_at) AS end_at
    FROM ruastat.reports_daily r
    CROSS JOIN period p
    WHERE r.day BETWEEN coalesce($1::date, (SELECT from_day FROM period))
                    AND coalesce($2::date, (SELECT to_day FROM period))
      AND ($3::text IS NULL OR strpos(r.domain, lower($3)) > 0)
    GROUP BY r.domain
), domain AS (
    SELECT coalesce(t.domain, n.domain) AS domain, s.*,
           s.dmarc_percent - c.dmarc_percent AS dmarc_change,
           s.dkim_percent - c.dkim_percent AS dkim_change,
           s.spf_percent - c.spf_percent AS spf_change,
           ruastat_data.percent(s.messages - c.messages, c.messages) AS messages_change_percent,
           coalesce(t.reports, 0) AS reports, t.filed_on, t.end_at
    FROM (SELECT * FROM day_sums WHERE current) n
    FULL JOIN report_sums t ON t.domain = n.domain
    LEFT JOIN (SELECT * FROM day_sums WHERE NOT current) b ON b.domain = coalesce(t.domain, n.domain)
    CROSS JOIN LATERAL ruastat_data.sums(n.messages, n.dmarc_pass, n.dkim_aligned, n.spf_aligned,
        n.unknown, n.none, n.quarantine, n.reject) s
    CROSS JOIN LATERAL ruastat_data.sums(b.messages, b.dmarc_pass, b.dkim_aligned, b.spf_aligned,
        b.unknown, b.none, b.quarantine, b.reject) c
), sorted AS (
    SELECT d.*, CASE WHEN $4 = 'domain' AND $5 = 'desc' THEN d.domain END AS tie_down,
           ruastat_data.sort_number(CASE coalesce($4, 'messages')
               WHEN 'domain' THEN 0
               WHEN 'messages' THEN d.messages
               WHEN 'dmarc' THEN d.dmarc_percent
               WHEN 'dkim' THEN d.dkim_percent
               WHEN 'spf' THEN d.spf_percent
               WHEN 'change' THEN d.dmarc_change
               WHEN 'last_report' THEN extract(epoch FROM d.end_at)
           END, coalesce($5, 'desc') = 'desc') AS sort_number
    FROM domain d
), cut AS (
    SELECT * FROM sorted
    WHERE $6::text IS NULL
       OR sort_number > ruastat_data.page_number($6)
       OR sort_number = ruastat_data.page_number($6)
          AND CASE WHEN tie_down IS NULL THEN domain > ruastat_data.page_tie($6)
                   ELSE domain < ruastat_data.page_tie($6)
              END
    ORDER BY sort_number, tie_down DESC, domain
    LIMIT coalesce($7::integer, 100) + 1
), page AS (
    SELECT *, row_number() OVER w AS n, lead(true) OVER w AS more FROM cut
    WINDOW w AS (ORDER BY sort_number, tie_down DESC, domain)
)
SELECT json_build_object(
    'rows', (
        SELECT coalesce(json_agg(body ORDER BY p.n), '[]')
        FROM page p
        LEFT JOIN LATERAL (
            SELECT r.p, r.sp FROM ruastat.reports r
            WHERE r.domain = p.domain AND r.filed_on = p.filed_on AND r.counted AND r.day IS NOT NULL
            ORDER BY r.end_at DESC, r.report_key
            LIMIT 1) l ON true
        CROSS JOIN LATERAL (
            SELECT coalesce(json_agg(json_build_object('day', d.day, 'messages', d.messages,
                       'dmarc_pass', d.messages_dmarc_pass) ORDER BY d.day), '[]') AS days
            FROM period
            JOIN ruastat.domains_daily d ON d.day BETWEEN from_day AND to_day
            WHERE d.domain = p.domain AND d.messages > 0) e
        CROSS JOIN LATERAL (
            SELECT p.domain, p.messages, p.dmarc_pass, p.dkim_aligned, p.spf_aligned, p.both, p.dkim_only,
                   p.spf_only, p.neither, p.unknown, p.none, p.quarantine, p.reject, p.dmarc_percent,
                   p.dkim_percent, p.spf_percent, p.dmarc_change, p.dkim_change, p.spf_change,
                   p.messages_change_percent, l.p, l.sp, p.reports,
                   ruastat_data.utc(p.end_at) AS last_report_at, e.days AS daily) AS body
        WHERE p.n <= coalesce($7::integer, 100)),
    'total', (SELECT count(*) FROM domain),
    'next', (
        SELECT ruastat_data.page_key(p.sort_number, p.domain) FROM page p
        WHERE p.n = coalesce($7::integer, 100) AND p.more),
    'period', (SELECT json_build_object('from', from_day, 'to', to_day) FROM period)) AS body
