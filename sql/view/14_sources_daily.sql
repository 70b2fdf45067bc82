CREATE OR REPLACE VIEW ruastat.sources_daily AS
SELECT m.domain, m.day, m.source_ip,
       coalesce(sum(m.messages), 0)::bigint AS messages,
       coalesce(sum(m.messages_dmarc_pass), 0)::bigint AS messages_dmarc_pass,
       coalesce(sum(m.messages_dkim_aligned), 0)::bigint AS messages_dkim_aligned,
       coalesce(sum(m.messages_spf_aligned), 0)::bigint AS messages_spf_aligned,
       coalesce(sum(m.messages_unknown), 0)::bigint AS messages_unknown,
       coalesce(sum(m.messages_none), 0)::bigint AS messages_none,
       coalesce(sum(m.messages_quarantine), 0)::bigint AS messages_quarantine,
       coalesce(sum(m.messages_reject), 0)::bigint AS messages_reject,
       coalesce(sum(m.messages_dkim_authenticated), 0)::bigint AS messages_dkim_authenticated,
       coalesce(sum(m.messages_spf_authenticated), 0)::bigint AS messages_spf_authenticated
FROM ruastat_data.record_day m
GROUP BY m.domain, m.day, m.source_ip;
COMMENT ON VIEW ruastat.sources_daily IS 'Messages by policy domain, UTC day and source; long reports are spread over their days';
COMMENT ON COLUMN ruastat.sources_daily.domain IS 'Policy domain, lower case';
COMMENT ON COLUMN ruastat.sources_daily.day IS 'UTC day';
COMMENT ON COLUMN ruastat.sources_daily.source_ip IS 'Address that connected to the reporters; NULL: reported without a readable address';
COMMENT ON COLUMN ruastat.sources_daily.messages IS 'Messages';
COMMENT ON COLUMN ruastat.sources_daily.messages_dmarc_pass IS 'Messages with an aligned DKIM or an aligned SPF pass, as the reporters evaluated it';
COMMENT ON COLUMN ruastat.sources_daily.messages_dkim_aligned IS 'Messages with an aligned DKIM pass; divided by messages it is the DKIM pass rate';
COMMENT ON COLUMN ruastat.sources_daily.messages_spf_aligned IS 'Messages with an aligned SPF pass; divided by messages it is the SPF pass rate';
COMMENT ON COLUMN ruastat.sources_daily.messages_unknown IS 'Messages that did not pass and for which an aligned result is not said';
COMMENT ON COLUMN ruastat.sources_daily.messages_none IS 'Messages on which no action was taken (disposition none or pass)';
COMMENT ON COLUMN ruastat.sources_daily.messages_quarantine IS 'Messages that were quarantined';
COMMENT ON COLUMN ruastat.sources_daily.messages_reject IS 'Messages that were rejected';
COMMENT ON COLUMN ruastat.sources_daily.messages_dkim_authenticated IS 'Messages with any DKIM pass, aligned or not; divided by messages it is the DKIM authenticated rate';
COMMENT ON COLUMN ruastat.sources_daily.messages_spf_authenticated IS 'Messages with any SPF pass, aligned or not; divided by messages it is the SPF authenticated rate';
