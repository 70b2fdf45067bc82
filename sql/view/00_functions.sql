-- What the views and the writer share.  Functions are renewed together with the views.

-- The one definition of a DMARC pass: aligned DKIM or aligned SPF passed, as the reporter evaluated
-- it.  NULL (unknown) when neither did and one of them is not said.
CREATE OR REPLACE FUNCTION ruastat_data.dmarc_pass(dkim ruastat.verdict, spf ruastat.verdict)
RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT dkim = 'pass' OR spf = 'pass'
$$;

-- A report's messages spread over the UTC days from begin_at to end_at, by seconds, in whole
-- messages that add up exactly: the cumulated share is rounded down, each day gets the difference.
CREATE OR REPLACE FUNCTION ruastat_data.apportion(messages bigint, begin_at timestamptz, end_at timestamptz)
RETURNS TABLE (day date, share bigint)
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE ROWS 7 AS $$
    WITH span AS (
        SELECT begin_at AT TIME ZONE 'UTC' AS b, end_at AT TIME ZONE 'UTC' AS e
    ), days AS (
        SELECT d::date AS day,
               extract(epoch FROM least(d + interval '1 day', e) - b)::bigint AS until,
               extract(epoch FROM greatest(d, b) - b)::bigint AS since,
               extract(epoch FROM e - b)::bigint AS whole
        FROM span, generate_series(date_trunc('day', b), e - interval '1 second', interval '1 day') AS d
    )
    SELECT days.day, messages * until / whole - messages * since / whole FROM days
$$;

-- The key of a mail behind IMAP, as core/keyset.h makes it: the mails of a folder are a range of keys.
CREATE OR REPLACE FUNCTION ruastat_data.mail_key(folder_id bigint, uidvalidity bigint, uid bigint)
RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN encode(int8send(folder_id) || int8send(uidvalidity << 32 | uid), 'hex')::uuid;

-- A message takes the worst outcome of its parts: the one an operator must hear of.
CREATE OR REPLACE FUNCTION ruastat_data.worst_outcome(of_intake bigint)
RETURNS ruastat.outcome LANGUAGE sql STABLE AS $$
    SELECT p.outcome
    FROM ruastat_data.intake_part p
    JOIN unnest('{not_a_report,null_report,duplicate,imported,conflict,refused,unsupported,too_big,corrupt}'::ruastat.outcome[])
        WITH ORDINALITY AS o(outcome, badness) ON o.outcome = p.outcome
    WHERE p.intake_id = of_intake
    ORDER BY o.badness DESC LIMIT 1
$$;

-- So many messages of one kind under each heading they count: the one definition of each number.
-- Views, daily sums and "verify" all use it.
CREATE OR REPLACE FUNCTION ruastat_data.measure(messages bigint, disposition ruastat.disposition,
    dkim_aligned ruastat.verdict, spf_aligned ruastat.verdict, dkim_authenticated boolean,
    spf_authenticated boolean)
RETURNS TABLE (messages_dmarc_pass bigint, messages_dkim_aligned bigint, messages_spf_aligned bigint,
    messages_dkim_authenticated bigint, messages_spf_authenticated bigint, messages_unknown bigint,
    messages_none bigint, messages_quarantine bigint, messages_reject bigint)
LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 1
BEGIN ATOMIC -- its names are looked up now, not with the rights of whoever reads a view
    SELECT CASE WHEN ruastat_data.dmarc_pass(dkim_aligned, spf_aligned) THEN messages ELSE 0 END,
           CASE WHEN dkim_aligned = 'pass' THEN messages ELSE 0 END,
           CASE WHEN spf_aligned = 'pass' THEN messages ELSE 0 END,
           CASE WHEN dkim_authenticated THEN messages ELSE 0 END,
           CASE WHEN spf_authenticated THEN messages ELSE 0 END,
           CASE WHEN ruastat_data.dmarc_pass(dkim_aligned, spf_aligned) IS NULL THEN messages ELSE 0 END,
           CASE WHEN disposition IN ('none', 'pass') THEN messages ELSE 0 END,
           CASE WHEN disposition = 'quarantine' THEN messages ELSE 0 END,
           CASE WHEN disposition = 'reject' THEN messages ELSE 0 END;
END;
