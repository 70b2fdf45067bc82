-- Functions that no view names any more, of databases made before.
DROP FUNCTION IF EXISTS ruastat_data.why(text, ruastat.verdict, ruastat.verdict, ruastat.dkim_result[],
    ruastat.spf_result[]);
DROP FUNCTION IF EXISTS ruastat_data.why_not(text, text, anyarray);
