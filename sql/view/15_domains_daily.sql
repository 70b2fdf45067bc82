CREATE OR REPLACE VIEW ruastat.domains_daily AS
SELECT d.name AS domain, s.day, s.messages, s.messages_dmarc_pass, s.messages_dkim_aligned,
       s.messages_spf_aligned, s.messages_unknown, s.messages_none, s.messages_quarantine,
       s.messages_reject, s.messages_dkim_authenticated, s.messages_spf_authenticated
FROM ruastat_data.domain_day s
JOIN ruastat_data.domain d ON d.domain_id = s.domain_id;
COMMENT ON VIEW ruastat.domains_daily IS 'Messages by policy domain and UTC day; equals the sum of ruastat.sources_daily';
COMMENT ON COLUMN ruastat.domains_daily.domain IS 'Policy domain, lower case';
COMMENT ON COLUMN ruastat.domains_daily.day IS 'UTC day';
COMMENT ON COLUMN ruastat.domains_daily.messages IS 'Messages';
COMMENT ON COLUMN ruastat.domains_daily.messages_dmarc_pass IS 'Messages with an aligned DKIM or an aligned SPF pass, as the reporters evaluated it';
COMMENT ON COLUMN ruastat.domains_daily.messages_dkim_aligned IS 'Messages with an aligned DKIM pass; divided by messages it is the DKIM pass rate';
COMMENT ON COLUMN ruastat.domains_daily.messages_spf_aligned IS 'Messages with an aligned SPF pass; divided by messages it is the SPF pass rate';
COMMENT ON COLUMN ruastat.domains_daily.messages_unknown IS 'Messages that did not pass and for which an aligned result is not said';
COMMENT ON COLUMN ruastat.domains_daily.messages_none IS 'Messages on which no action was taken (disposition none or pass)';
COMMENT ON COLUMN ruastat.domains_daily.messages_quarantine IS 'Messages that were quarantined';
COMMENT ON COLUMN ruastat.domains_daily.messages_reject IS 'Messages that were rejected';
COMMENT ON COLUMN ruastat.domains_daily.messages_dkim_authenticated IS 'Messages with any DKIM pass, aligned or not';
COMMENT ON COLUMN ruastat.domains_daily.messages_spf_authenticated IS 'Messages with any SPF pass, aligned or not';
