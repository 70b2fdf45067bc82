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
), checked AS (
    SELECT domain_id, day, report_key, count(*) FILTER (WHERE agrees IS NOT NULL) AS records,
           sum(messages) FILTER (WHERE agrees IS NOT NULL) AS messages,
           count(*) FILTER (WHERE NOT agrees) AS records_disagreeing,
           sum(messages) FILTER (WHERE NOT agrees) AS messages_disagreeing
    FROM (SELECT domain_id, day, report_key, messages,
                 CASE WHEN dkim_aligned <> dkim_recomputed OR spf_aligned <> spf_recomputed THEN false
                      WHEN dkim_aligned = dkim_recomputed OR spf_aligned = spf_recomputed THEN true
                 END AS agrees
          FROM ruastat_data.record_claim) c
    GROUP BY domain_id, day, report_key
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
SELECT 'reports whose checked or disagreeing records are counted wrong', count(*)
FROM ruastat_data.report t
LEFT JOIN checked c ON c.domain_id = t.domain_id AND c.day = t.day AND c.report_key = t.report_key
WHERE t.counted AND t.records_checked IS NOT NULL
  AND (t.records_checked, t.records_disagreeing, t.messages_checked, t.messages_disagreeing)
   IS DISTINCT FROM (coalesce(c.records, 0), coalesce(c.records_disagreeing, 0), coalesce(c.messages, 0),
       coalesce(c.messages_disagreeing, 0))
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
  AND NOT EXISTS (SELECT FROM ruastat_data.tls_report t WHERE t.domain_id = o.domain_id AND t.day = o.day
                  AND t.report_key = o.report_key)
UNION ALL
SELECT 'reports without their domain or reporter', count(*)
FROM (SELECT domain_id, reporter_id FROM ruastat_data.report
      UNION ALL SELECT domain_id, reporter_id FROM ruastat_data.tls_report
      UNION ALL SELECT domain_id, reporter_id FROM ruastat_data.failure) t
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
  AND NOT CASE p.kind
          WHEN 'tlsrpt' THEN EXISTS (
              SELECT FROM ruastat_data.tls_report t
              WHERE t.domain_id = p.domain_id AND t.day = p.day AND t.report_key = p.report_key)
          -- They are deleted after their days: then the part that was stored has no key any more.
          WHEN 'failure' THEN p.outcome <> 'imported' OR p.report_key IS NULL OR EXISTS (
              SELECT FROM ruastat_data.failure f
              WHERE f.domain_id = p.domain_id AND f.day = p.day AND f.report_key = p.report_key)
          ELSE EXISTS (
              SELECT FROM ruastat_data.report t
              WHERE t.domain_id = p.domain_id AND t.day = p.day AND t.report_key = p.report_key)
          END
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
UNION ALL
SELECT 'SMTP TLS reports whose sums differ from their policies', count(*)
FROM ruastat_data.tls_report t
CROSS JOIN LATERAL (
    SELECT coalesce(sum(successful_sessions), 0) AS successful, coalesce(sum(failed_sessions), 0) AS failed
    FROM ruastat_data.tls_policy p
    WHERE p.domain_id = t.domain_id AND p.day = t.day AND p.report_key = t.report_key) s
WHERE (t.successful_sessions, t.failed_sessions) <> (s.successful, s.failed)
UNION ALL
SELECT 'policies of SMTP TLS reports whose sums differ from their failure details', count(*)
FROM ruastat_data.tls_policy p
LEFT JOIN (SELECT domain_id, day, report_key, policy_n, sum(failed_sessions) AS failed
           FROM ruastat_data.tls_failure GROUP BY domain_id, day, report_key, policy_n) f
  ON f.domain_id = p.domain_id AND f.day = p.day AND f.report_key = p.report_key AND f.policy_n = p.n
WHERE p.detailed_sessions <> coalesce(f.failed, 0)
UNION ALL
SELECT 'daily TLS sessions that differ from their reports', count(*)
FROM ruastat_data.tls_report t
LEFT JOIN (SELECT domain_id, report_key, sum(successful_sessions) AS successful,
                  sum(failed_sessions) AS failed
           FROM ruastat_data.tls_policy_day GROUP BY domain_id, report_key) s
  ON s.domain_id = t.domain_id AND s.report_key = t.report_key
WHERE (CASE WHEN t.counted AND t.days > 0 THEN t.successful_sessions ELSE 0 END,
       CASE WHEN t.counted AND t.days > 0 THEN t.failed_sessions ELSE 0 END)
   <> (coalesce(s.successful, 0), coalesce(s.failed, 0))
UNION ALL
SELECT 'policies and failures of SMTP TLS reports without what they belong to',
       (SELECT count(*) FROM ruastat_data.tls_policy p
        WHERE NOT EXISTS (SELECT FROM ruastat_data.tls_report t WHERE t.domain_id = p.domain_id
                          AND t.day = p.day AND t.report_key = p.report_key))
     + (SELECT count(*) FROM ruastat_data.tls_failure f
        WHERE NOT EXISTS (SELECT FROM ruastat_data.tls_policy p WHERE p.domain_id = f.domain_id
                          AND p.day = f.day AND p.report_key = f.report_key AND p.n = f.policy_n))
UNION ALL
SELECT 'revisions of SMTP TLS reports that count and should not, or do not and should', count(*)
FROM (SELECT counted, row_number() OVER (PARTITION BY domain_id, day, identity_key
                 ORDER BY successful_sessions + failed_sessions DESC, content_hash) AS place
      FROM ruastat_data.tls_report) t
WHERE counted <> (place = 1)
UNION ALL
SELECT 'failure reports without the part of their mail', count(*)
FROM ruastat_data.failure f
WHERE NOT EXISTS (SELECT FROM ruastat_data.intake_part p WHERE p.intake_id = f.intake_id
                  AND p.kind = 'failure' AND p.report_key = f.report_key)
