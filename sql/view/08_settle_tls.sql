-- Of several revisions of one SMTP TLS report (same identity, other content) the one with most sessions
-- counts (ties: the smaller hash): by the data alone, never by the order of arrival.  Tells the ledger
-- too.  The caller holds the identity's advisory lock.
CREATE OR REPLACE FUNCTION ruastat_data.settle_tls_identity(of_domain bigint, of_day date, of_identity uuid)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE ruastat_data.tls_report t
    SET counted = NOT t.counted
    FROM (SELECT report_key FROM ruastat_data.tls_report
          WHERE domain_id = of_domain AND day = of_day AND identity_key = of_identity
          ORDER BY successful_sessions + failed_sessions DESC, content_hash
          LIMIT 1) fullest
    WHERE t.domain_id = of_domain AND t.day = of_day AND t.identity_key = of_identity
      AND t.counted <> (t.report_key = fullest.report_key);
    UPDATE ruastat_data.intake_part p
    SET outcome = CASE WHEN t.counted THEN 'imported' ELSE 'conflict' END::ruastat.outcome,
        reason = CASE WHEN NOT t.counted THEN 'another revision of this report has more sessions' END
    FROM ruastat_data.tls_report t
    WHERE t.domain_id = of_domain AND t.day = of_day AND t.identity_key = of_identity
      AND p.intake_id = t.intake_id AND p.read_at = t.imported_at AND p.domain_id = of_domain
      AND p.day = of_day AND p.report_key = t.report_key AND p.outcome IN ('imported', 'conflict');
    UPDATE ruastat_data.intake i
    SET outcome = ruastat_data.worst_outcome(i.intake_id)
    FROM ruastat_data.tls_report t
    WHERE t.domain_id = of_domain AND t.day = of_day AND t.identity_key = of_identity
      AND i.intake_id = t.intake_id AND i.read_at = t.imported_at
      AND i.outcome <> ruastat_data.worst_outcome(i.intake_id);
END
$$;
