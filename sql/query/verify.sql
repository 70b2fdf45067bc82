-- Every rollup against its rows and every row against its relations, in one snapshot: what, how
-- many are wrong.  All must be 0.
WITH recomputed AS (
    SELECT domain_id, day, sum(messages) AS messages, sum(messages_dmarc_pass) AS messages_dmarc_pass,
           sum(messages_dkim_aligned) AS messages_dkim_aligned, sum(messages_spf_aligned) AS messages_spf_aligned,
           sum(messages_dkim_authenticated) AS messages_dkim_authenticated,
           sum(messages_spf_authenticated) AS messages_spf_authenticated,
           sum(messages_unknown) AS messages_unknown, sum(messages_none) AS messages_none,
           sum(messages_quarantine) AS messages_quarantine, sum(messages_reject) AS messages_reject
    FROM ruastat_data.record_day GROUP BY domain_id, day
), block AS (
    SELECT domain_id, day, report_key, sum(cardinality(source_ip)) AS records,
           sum((SELECT sum(m) FROM unnest(messages) m)) AS messages
    FROM ruastat_data.record_block GROUP BY domain_id, day, report_key
), aside AS (
    SELECT domain_id, day, report_key, sum(cardinality(source_ip)) AS records,
           sum((SELECT sum(m) FROM unnest(messages) m)) AS messages
    FROM ruastat_data.record_block_aside GROUP BY domain_id, day, report_key
), revision AS (
    SELECT t.domain_id, t.day, t.identity_key, t.counted, t.messages, t.records_hash,
           ARRAY(SELECT ruastat_data.revision_key(t.domain_id, t.day, t.report_key)) AS keys
    FROM ruastat_data.report t
    JOIN (SELECT domain_id, day, identity_key FROM ruastat_data.report
          GROUP BY domain_id, day, identity_key HAVING count(*) > 1) m
      ON m.domain_id = t.domain_id AND m.day = t.day AND m.identity_key = t.identity_key
)
SELECT 'daily sums that differ from their records' AS what, count(*) AS wrong
FROM ruastat_data.domain_day d
FULL JOIN recomputed r ON r.domain_id = d.domain_id AND r.day = d.day
WHERE (coalesce(d.messages, 0), coalesce(d.messages_dmarc_pass, 0), coalesce(d.messages_dkim_aligned, 0),
       coalesce(d.messages_spf_aligned, 0), coalesce(d.messages_dkim_authenticated, 0),
       coalesce(d.messages_spf_authenticated, 0), coalesce(d.messages_unknown, 0),
       coalesce(d.messages_none, 0), coalesce(d.messages_quarantine, 0), coalesce(d.messages_reject, 0))
   IS DISTINCT FROM
      (coalesce(r.messages, 0), coalesce(r.messages_dmarc_pass, 0), coalesce(r.messages_dkim_aligned, 0),
       coalesce(r.messages_spf_aligned, 0), coalesce(r.messages_dkim_authenticated, 0),
       coalesce(r.messages_spf_authenticated, 0), coalesce(r.messages_unknown, 0),
       coalesce(r.messages_none, 0), coalesce(r.messages_quarantine, 0), coalesce(r.messages_reject, 0))
UNION ALL
SELECT 'reports whose totals differ from their records', count(*)
FROM ruastat_data.report t
LEFT JOIN block b ON b.domain_id = t.domain_id AND b.day = t.day AND b.report_key = t.report_key
LEFT JOIN aside a ON a.domain_id = t.domain_id AND a.day = t.day AND a.report_key = t.report_key
WHERE t.records <> coalesce(CASE WHEN t.counted THEN b.records ELSE a.records END, 0)
   OR t.messages <> coalesce(CASE WHEN t.counted THEN b.messages ELSE a.messages END, 0)
   OR (CASE WHEN t.counted THEN a.records ELSE b.records END) IS NOT NULL
UNION ALL
SELECT 'records without a report', count(*)
FROM (SELECT domain_id, day, report_key FROM block UNION ALL SELECT domain_id, day, report_key FROM aside) b
WHERE NOT EXISTS (SELECT FROM ruastat_data.report t WHERE t.domain_id = b.domain_id AND t.day = b.day
                  AND t.report_key = b.report_key)
UNION ALL
SELECT 'originals without a report', count(*)
FROM ruastat_data.original o
WHERE NOT EXISTS (SELECT FROM ruastat_data.report t WHERE t.domain_id = o.domain_id AND t.day = o.day
                  AND t.report_key = o.report_key)
UNION ALL
SELECT 'reports without their domain or reporter', count(*)
FROM ruastat_data.report t
WHERE NOT EXISTS (SELECT FROM ruastat_data.domain d WHERE d.domain_id = t.domain_id)
   OR NOT EXISTS (SELECT FROM ruastat_data.reporter p WHERE p.reporter_id = t.reporter_id)
UNION ALL
SELECT 'revisions that count and should not, or do not and should', count(*)
FROM revision a
WHERE a.counted = EXISTS (
    SELECT FROM revision b
    WHERE b.counted AND b.domain_id = a.domain_id AND b.day = a.day AND b.identity_key = a.identity_key
      AND (b.messages, a.records_hash) > (a.messages, b.records_hash) AND b.keys && a.keys)
UNION ALL
SELECT 'mails without parts that should have some', count(*)
FROM ruastat_data.intake i
WHERE i.outcome <> 'not_a_report'
  AND NOT EXISTS (SELECT FROM ruastat_data.intake_part p WHERE p.intake_id = i.intake_id)
UNION ALL
SELECT 'parts without their mail', count(*)
FROM ruastat_data.intake_part p
WHERE NOT EXISTS (SELECT FROM ruastat_data.intake i WHERE i.intake_id = p.intake_id)
UNION ALL
SELECT 'parts without their report', count(*)
FROM ruastat_data.intake_part p
WHERE p.outcome IN ('imported', 'duplicate', 'conflict', 'null_report')
  AND NOT EXISTS (SELECT FROM ruastat_data.report t WHERE t.domain_id = p.domain_id AND t.day = p.day
                  AND t.report_key = p.report_key)
UNION ALL
SELECT 'kept bytes without their mail', count(*)
FROM ruastat_data.kept k
WHERE NOT EXISTS (SELECT FROM ruastat_data.intake i WHERE i.intake_id = k.intake_id)
UNION ALL
SELECT 'reports that do not count without one of their identity that does', count(*)
FROM (SELECT FROM ruastat_data.report GROUP BY domain_id, day, identity_key HAVING NOT bool_or(counted)) u
UNION ALL
SELECT 'blocks that point to outcomes they do not hold, or are filed otherwise than their report', count(*)
FROM ruastat_data.record_block b
JOIN ruastat_data.report t ON t.domain_id = b.domain_id AND t.day = b.day AND t.report_key = b.report_key
WHERE b.days <> t.days
   OR EXISTS (SELECT FROM unnest(b.outcome) o WHERE o IS NULL OR o NOT BETWEEN 1 AND cardinality(b.outcomes))
UNION ALL
SELECT 'numbers that two mails have', count(*) - count(DISTINCT intake_id)
FROM ruastat_data.intake
