-- Only reports that disagree are opened, by report_disagreeing; OFFSET 0 keeps it so.  The newest record is
-- the example.
CREATE OR REPLACE VIEW ruastat.disagreements AS
WITH differing AS (
    SELECT t.reporter_id, m.mechanism, m.claim, m.recomputed, count(*) AS records,
           coalesce(sum(c.messages), 0)::bigint AS messages,
           count(DISTINCT (t.domain_id, t.day, t.report_key)) AS reports,
           min(t.day) FILTER (WHERE t.days > 0) AS first_day,
           max(t.day) FILTER (WHERE t.days > 0) AS last_day,
           max(ARRAY[t.day::text, t.domain_id::text, t.report_key::text, c.n::text]) AS example
    FROM ruastat_data.report t
    CROSS JOIN LATERAL (
        SELECT * FROM ruastat_data.record_claim c
        WHERE c.domain_id = t.domain_id AND c.day = t.day AND c.report_key = t.report_key
        OFFSET 0) c
    CROSS JOIN LATERAL (VALUES ('dkim', c.dkim_aligned, c.dkim_recomputed),
        ('spf', c.spf_aligned, c.spf_recomputed)) AS m(mechanism, claim, recomputed)
    WHERE t.records_disagreeing > 0 AND t.counted AND m.claim <> m.recomputed
    GROUP BY 1, 2, 3, 4
), checked AS (
    SELECT reporter_id, sum(records_checked) AS records FROM ruastat_data.report WHERE counted GROUP BY 1
)
SELECT p.name AS reporter, d.mechanism, d.claim, d.recomputed, d.records, d.messages, d.reports, d.first_day,
       d.last_day, round(d.records * 100.0 / c.records, 2) AS records_percent,
       e.domain, e.filed_on, e.report_key, e.n,
       ruastat_data.why_otherwise(upper(d.mechanism), d.claim, e.header_from, x.passing) || ': '
           || ruastat_data.likely_cause(d.claim, x.mode, e.discovery_method, e.header_from, x.passing)
           || '.' AS why
FROM differing d
JOIN checked c ON c.reporter_id = d.reporter_id
JOIN ruastat_data.reporter p ON p.reporter_id = d.reporter_id
CROSS JOIN LATERAL (
    SELECT r.domain, r.filed_on, r.report_key, r.n, r.header_from, r.discovery_method, r.dkim, r.spf
    FROM ruastat_data.record_detail r
    WHERE r.domain = (SELECT name FROM ruastat_data.domain WHERE domain_id = d.example[2]::bigint)
      AND r.filed_on = d.example[1]::date AND r.report_key = d.example[3]::uuid AND r.n = d.example[4]::integer
    OFFSET 0) e
CROSS JOIN LATERAL (
    SELECT CASE d.mechanism WHEN 'dkim' THEN ruastat_data.passing(e.header_from, e.dkim)
               ELSE ruastat_data.passing(e.header_from, e.spf) END AS passing,
           CASE d.mechanism WHEN 'dkim' THEN t.adkim ELSE t.aspf END AS mode
    FROM ruastat_data.report t
    WHERE t.domain_id = d.example[2]::bigint AND t.day = e.filed_on AND t.report_key = e.report_key) x;
COMMENT ON VIEW ruastat.disagreements IS 'A row for each reporter whose verdicts are not what follows from its own raw results, and way in which they differ; revisions that do not count are not there';
COMMENT ON COLUMN ruastat.disagreements.reporter IS 'Who sent the reports';
COMMENT ON COLUMN ruastat.disagreements.mechanism IS 'dkim or spf';
COMMENT ON COLUMN ruastat.disagreements.claim IS 'Aligned result as the reporter evaluated it';
COMMENT ON COLUMN ruastat.disagreements.recomputed IS 'Aligned result as it follows from the raw results';
COMMENT ON COLUMN ruastat.disagreements.records IS 'Records';
COMMENT ON COLUMN ruastat.disagreements.messages IS 'Messages of these records';
COMMENT ON COLUMN ruastat.disagreements.reports IS 'Reports that hold them';
COMMENT ON COLUMN ruastat.disagreements.first_day IS 'Day of the first of these reports; NULL when all are outside the daily numbers';
COMMENT ON COLUMN ruastat.disagreements.last_day IS 'Day of the last of them';
COMMENT ON COLUMN ruastat.disagreements.records_percent IS 'records in percent of the reporter''s records that could be checked';
COMMENT ON COLUMN ruastat.disagreements.domain IS 'Policy domain of an example, the newest';
COMMENT ON COLUMN ruastat.disagreements.filed_on IS 'Day under which the example''s report is filed';
COMMENT ON COLUMN ruastat.disagreements.report_key IS 'Report of the example (ruastat.reports)';
COMMENT ON COLUMN ruastat.disagreements.n IS 'Number of the example in its report (ruastat.records)';
COMMENT ON COLUMN ruastat.disagreements.why IS 'What the example says, and what may be the cause';
