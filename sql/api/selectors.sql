-- A table: the DKIM keys seen on a domain's messages in a period.  A message that two keys sign counts for
-- both; one that is listed twice with the same key counts once, as passed if it ever did.
-- $1 text: domain  $2 date: from, or NULL  $3 date: to, or NULL
WITH period AS (
    SELECT * FROM ruastat_data.period($2::date, $3::date)
), day_sums AS (
    SELECT k.domain, k.selector, r.day, sum(r.messages) AS messages,
           coalesce(sum(r.messages) FILTER (WHERE k.passed), 0) AS pass
    FROM ruastat.records_daily r
    CROSS JOIN LATERAL (
        SELECT lower(u.domain) AS domain, u.selector, bool_or(u.result IS NOT DISTINCT FROM 'pass') AS passed
        FROM unnest(r.dkim) u
        WHERE u.domain IS NOT NULL AND u.result IS DISTINCT FROM 'none'
        GROUP BY 1, 2) k
    WHERE r.domain = lower(rtrim($1, '.')) AND r.messages > 0
      AND r.day BETWEEN coalesce($2::date, (SELECT from_day FROM period))
                    AND coalesce($3::date, (SELECT to_day FROM period))
    GROUP BY k.domain, k.selector, r.day
), rated AS (
    SELECT s.*, max(s.day) FILTER (WHERE 2 * s.pass >= s.messages) OVER k AS last_good_day
    FROM day_sums s
    WINDOW k AS (PARTITION BY s.domain, s.selector)
), key AS (
    SELECT domain, selector, sum(messages) AS messages, sum(pass) AS pass, min(day) AS first_day,
           max(day) AS last_day, min(day) FILTER (WHERE day > last_good_day) AS broke_on,
           json_agg(json_build_object('day', day, 'messages', messages, 'pass', pass) ORDER BY day) AS daily
    FROM rated
    GROUP BY domain, selector
)
SELECT json_build_object(
    'rows', (
        SELECT coalesce(json_agg(body ORDER BY k.messages DESC, k.domain, k.selector), '[]')
        FROM key k
        CROSS JOIN LATERAL (
            SELECT k.domain AS dkim_domain, k.selector,
                   ruastat_data.related(k.domain, lower(rtrim($1, '.'))) AS aligned,
                   k.messages, k.pass, ruastat_data.percent(k.pass, k.messages) AS pass_percent,
                   k.first_day, k.last_day, k.broke_on, k.daily) AS body),
    'total', (SELECT count(*) FROM key),
    'next', NULL,
    'period', (SELECT json_build_object('from', from_day, 'to', to_day) FROM period)) AS body
WHERE ruastat_data.known($1)
