-- The next kept mails, by their numbers: number, when it was read (Unix seconds), source_id, whether it may
-- be a bare report as well as a mail, its name, outcome, the keys of the reports that are stored from
-- it, one behind the other, its parts as one text, the bytes.
-- $1 bigint: beyond this number  $2 bigint: up to this one  $3 bigint[]: these alone, or NULL
-- $4 text: with a part of this outcome, or NULL  $5 integer: at most so many  $6 bigint: bytes, but for the last
WITH chosen AS (
    SELECT k.intake_id, k.size
    FROM ruastat_data.kept k
    WHERE k.intake_id > $1::bigint AND k.intake_id <= $2::bigint
      AND ($3::bigint[] IS NULL OR k.intake_id = ANY ($3::bigint[]))
      AND ($4::text IS NULL OR EXISTS (
          SELECT FROM ruastat_data.intake_part p
          WHERE p.intake_id = k.intake_id AND p.outcome = $4::ruastat.outcome))
    ORDER BY k.intake_id
    LIMIT $5::integer
), page AS (
    SELECT intake_id, sum(size) OVER (ORDER BY intake_id) - size AS ahead FROM chosen
)
SELECT i.intake_id, extract(epoch FROM i.read_at)::bigint, i.source_id,
       s.name NOT LIKE ALL ('{maildir:%,mbox:%,imap:%,imaps:%}'), i.name, i.outcome::text,
       coalesce(p.stored, ''), coalesce(p.parts, ''), k.bytes
FROM page
JOIN ruastat_data.kept k ON k.intake_id = page.intake_id
JOIN ruastat_data.intake i ON i.intake_id = page.intake_id
JOIN ruastat_data.source s ON s.source_id = i.source_id
CROSS JOIN LATERAL (
    SELECT string_agg(uuid_send(report_key), ''::bytea ORDER BY n)
               FILTER (WHERE outcome IN ('imported', 'conflict', 'null_report')) AS stored,
           string_agg(concat(outcome, e'\x1f', kind, e'\x1f', member, e'\x1f', reason, e'\x1f',
                             replace(report_key::text, '-', '')), e'\x1e' ORDER BY n) AS parts
    FROM ruastat_data.intake_part
    WHERE intake_id = i.intake_id AND read_at = i.read_at) p
WHERE page.ahead < $6::bigint
ORDER BY i.intake_id
