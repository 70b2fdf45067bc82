-- The types that stand inside composite values, in the order of struct type_oids (store/block.h).
SELECT 'text'::regtype::oid, 'inet'::regtype::oid, 'int8'::regtype::oid, 'int2'::regtype::oid,
       'bool'::regtype::oid, 'ruastat.disposition'::regtype::oid, 'ruastat.verdict'::regtype::oid,
       'ruastat.auth_result'::regtype::oid, 'ruastat.spf_scope'::regtype::oid,
       'ruastat.reason_type'::regtype::oid, 'ruastat.override_reason'::regtype::oid,
       'ruastat.override_reason[]'::regtype::oid, 'ruastat.dkim_result'::regtype::oid,
       'ruastat.dkim_result[]'::regtype::oid, 'ruastat.spf_result'::regtype::oid,
       'ruastat.spf_result[]'::regtype::oid, 'ruastat_data.outcome_set'::regtype::oid,
       'ruastat.quirk'::regtype::oid
