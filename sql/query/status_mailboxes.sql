-- The mailboxes and how their last runs went, the latest first; for the program: the file of the lock, and
-- the seconds since a run read all of it and since the last one began.
SELECT m.mailbox, to_char(m.begun_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS begun_at,
       to_char(m.ended_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS ended_at,
       to_char(m.well_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS well_at,
       m.result, m.trouble, m.mails, m.known, m.source, r.lock,
       extract(epoch FROM now() - m.well_at)::bigint AS well_age,
       extract(epoch FROM now() - m.begun_at)::bigint AS begun_age
FROM ruastat.mailboxes m
LEFT JOIN ruastat_data.run r ON r.path = m.mailbox
ORDER BY m.begun_at DESC NULLS LAST, m.mailbox
