-- Change what reparse_compare found.
SELECT ruastat_data.reparse_apply()
