-- Add messages to the daily sums.  Sorted by key: two writers never wait in a circle.
-- $1 bigint[]: domain_id  $2 date[]: day  $3 ruastat.disposition[]  $4 ruastat.verdict[]: dkim_aligned
-- $5 ruastat.verdict[]: spf_aligned  $6 boolean[]: dkim_authenticated  $7 boolean[]: spf_authenticated
-- $8 bigint[]: messages of that kind
INSERT INTO ruastat_data.domain_day AS d
SELECT w.domain_id, w.day, sum(w.messages), sum(m.messages_dmarc_pass), sum(m.messages_dkim_aligned),
       sum(m.messages_spf_aligned), sum(m.messages_dkim_authenticated), sum(m.messages_spf_authenticated),
       sum(m.messages_unknown), sum(m.messages_none), sum(m.messages_quarantine), sum(m.messages_reject)
FROM unnest($1::bigint[], $2::date[], $3::ruastat.disposition[], $4::ruastat.verdict[],
            $5::ruastat.verdict[], $6::boolean[], $7::boolean[], $8::bigint[])
    AS w(domain_id, day, disposition, dkim_aligned, spf_aligned, dkim_authenticated, spf_authenticated,
         messages)
CROSS JOIN LATERAL ruastat_data.measure(w.messages, w.disposition, w.dkim_aligned, w.spf_aligned,
    w.dkim_authenticated, w.spf_authenticated) m
GROUP BY w.domain_id, w.day
ORDER BY w.domain_id, w.day
ON CONFLICT (domain_id, day) DO UPDATE SET
    messages = d.messages + excluded.messages,
    messages_dmarc_pass = d.messages_dmarc_pass + excluded.messages_dmarc_pass,
    messages_dkim_aligned = d.messages_dkim_aligned + excluded.messages_dkim_aligned,
    messages_spf_aligned = d.messages_spf_aligned + excluded.messages_spf_aligned,
    messages_dkim_authenticated = d.messages_dkim_authenticated + excluded.messages_dkim_authenticated,
    messages_spf_authenticated = d.messages_spf_authenticated + excluded.messages_spf_authenticated,
    messages_unknown = d.messages_unknown + excluded.messages_unknown,
    messages_none = d.messages_none + excluded.messages_none,
    messages_quarantine = d.messages_quarantine + excluded.messages_quarantine,
    messages_reject = d.messages_reject + excluded.messages_reject
