-- What became of the mails: of all that are in the intake, of those read in the last day and week.
SELECT outcome, count(*) AS mails,
       count(*) FILTER (WHERE read_at > now() - interval '1 day') AS day,
       count(*) FILTER (WHERE read_at > now() - interval '7 days') AS week
FROM ruastat_data.intake
GROUP BY outcome
ORDER BY outcome
