-- One row: what the database is and how much it holds.  Records and messages are those that count.
SELECT current_setting('server_version') AS postgresql,
       (SELECT count(*) FROM ruastat_data.migration WHERE name <> 'views') AS migrations,
       pg_database_size(current_database()) AS database_bytes,
       r.reports, r.records, r.messages, t.reports AS tls_reports,
       (SELECT count(*) FROM ruastat_data.failure) AS failure_reports,
       least(r.oldest, t.oldest) AS oldest_day, greatest(r.newest, t.newest) AS newest_day,
       k.mails AS kept_mails, k.bytes AS kept_bytes
FROM (SELECT count(*) AS reports, coalesce(sum(records) FILTER (WHERE counted), 0) AS records,
             coalesce(sum(messages) FILTER (WHERE counted), 0) AS messages,
             min(day) FILTER (WHERE days > 0) AS oldest, max(day) FILTER (WHERE days > 0) AS newest
      FROM ruastat_data.report) r,
     (SELECT count(*) AS reports, min(day) FILTER (WHERE days > 0) AS oldest,
             max(day) FILTER (WHERE days > 0) AS newest
      FROM ruastat_data.tls_report) t,
     (SELECT count(*) AS mails, coalesce(sum(size), 0) AS bytes FROM ruastat_data.kept) k
