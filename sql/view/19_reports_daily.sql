CREATE OR REPLACE VIEW ruastat.reports_daily AS
SELECT d.name AS domain, p.name AS reporter, r.day, r.end_at, r.report_key, r.day AS filed_on,
       r.day AS first_day
FROM ruastat_data.report r
JOIN ruastat_data.domain d ON d.domain_id = r.domain_id
JOIN ruastat_data.reporter p ON p.reporter_id = r.reporter_id
WHERE r.counted AND r.days = 1
UNION ALL
SELECT d.name AS domain, p.name AS reporter, a.day, r.end_at, r.report_key, r.day AS filed_on,
       (r.begin_at AT TIME ZONE 'UTC')::date AS first_day
FROM ruastat_data.report r
JOIN ruastat_data.domain d ON d.domain_id = r.domain_id
JOIN ruastat_data.reporter p ON p.reporter_id = r.reporter_id
CROSS JOIN LATERAL ruastat_data.apportion(0, r.begin_at, r.end_at) a
WHERE r.counted AND r.days > 1;
COMMENT ON VIEW ruastat.reports_daily IS 'A row for each counted report and UTC day that it tells of; reports outside the daily numbers are not there';
COMMENT ON COLUMN ruastat.reports_daily.domain IS 'Policy domain, lower case';
COMMENT ON COLUMN ruastat.reports_daily.reporter IS 'Who sent it';
COMMENT ON COLUMN ruastat.reports_daily.day IS 'UTC day';
COMMENT ON COLUMN ruastat.reports_daily.end_at IS 'End of the reporting period';
COMMENT ON COLUMN ruastat.reports_daily.report_key IS 'The report (ruastat.reports)';
COMMENT ON COLUMN ruastat.reports_daily.filed_on IS 'Day under which the report is filed';
COMMENT ON COLUMN ruastat.reports_daily.first_day IS 'First UTC day that it tells of: a report has one row with day = greatest(first_day, the first day asked for)';
