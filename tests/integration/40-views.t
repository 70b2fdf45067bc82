#!/bin/bash
# The SQL interface: every view and column explained, readable by ruastat_reader and nothing else;
# every statement below sql/ fits the schema.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"

# The answer must be right and empty.
none()
{
	sql "$2" >"$work/out" && [ ! -s "$work/out" ]
	result $? "$1"
}

# The statement must go well.
goes()
{
	local what=$1

	shift
	sql "$@" >"$work/out"
	result $? "$what"
}

use_state state
mailgen --story bench --reports 60 --days 10 "$work/mail" >"$work/out" 2>"$work/err" &&
	ingest "$work/mail"
result $? 'a mailbox is read'
hold_up

mapfile -t views < <(sql "
	SELECT relname FROM pg_class
	WHERE relnamespace = 'ruastat'::regnamespace AND relkind = 'v' ORDER BY 1")
is "${views[*]}" "disagreements dkim_results domains_daily failures intake intake_parts mailboxes originals records records_daily \
report_sources reports reports_daily sources_daily spf_results tls_daily tls_failures tls_reports" \
	'the views that there are'

none 'every view has a COMMENT' "
	SELECT relname FROM pg_class
	WHERE relnamespace = 'ruastat'::regnamespace AND relkind = 'v'
	  AND coalesce(obj_description(oid, 'pg_class'), '') = ''"
none 'every column has a COMMENT' "
	SELECT relname, attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
	WHERE relnamespace = 'ruastat'::regnamespace AND relkind = 'v' AND attnum > 0
	  AND NOT attisdropped AND coalesce(col_description(c.oid, attnum), '') = ''"
none 'schema ruastat holds views and types alone' "
	SELECT relname FROM pg_class
	WHERE relnamespace = 'ruastat'::regnamespace AND relkind NOT IN ('v', 'c')"
none 'ruastat_reader may read all views but failures and change none' "
	SELECT relname FROM pg_class
	WHERE relnamespace = 'ruastat'::regnamespace AND relkind = 'v'
	  AND (has_table_privilege('ruastat_reader', oid, 'SELECT') <> (relname <> 'failures')
	       OR has_table_privilege('ruastat_reader', oid, 'INSERT, UPDATE, DELETE, TRUNCATE'))"
none 'ruastat_reader has no right to any table or sequence' "
	SELECT relname FROM pg_class
	WHERE relnamespace = 'ruastat_data'::regnamespace
	  AND CASE WHEN relkind = 'S'
	           THEN has_sequence_privilege('ruastat_reader', oid, 'USAGE, SELECT, UPDATE')
	           WHEN relkind IN ('r', 'p', 'v', 'm')
	           THEN has_any_column_privilege('ruastat_reader', oid, 'SELECT, INSERT, UPDATE, REFERENCES')
	      END"
none 'ruastat_failures may read failures and nothing else' "
	SELECT relname FROM pg_class
	WHERE relnamespace IN ('ruastat'::regnamespace, 'ruastat_data'::regnamespace)
	  AND relkind IN ('r', 'p', 'v', 'm')
	  AND (has_any_column_privilege('ruastat_failures', oid, 'SELECT') <> (relname = 'failures')
	       OR has_any_column_privilege('ruastat_failures', oid, 'INSERT, UPDATE, REFERENCES'))"
none 'nor may it make anything in the schemas' "
	SELECT n FROM unnest('{ruastat,ruastat_data}'::text[]) AS n
	WHERE has_schema_privilege('ruastat_reader', n, 'CREATE')"
is "$(sql "SELECT rolcanlogin, rolsuper, rolcreaterole, rolcreatedb, rolbypassrls, rolpassword IS NULL,
		pg_has_role(rolname, 'ruastat_reader', 'USAGE'),
		has_schema_privilege(rolname, 'ruastat_data', 'USAGE'),
		has_schema_privilege(rolname, 'ruastat_data', 'CREATE')
	FROM pg_authid WHERE rolname = 'ruastat_dashboard'")" 't|f|f|f|f|t|t|t|f' \
	'ruastat_dashboard is a reader who may name what is in ruastat_data'
none 'and has no right to a table of reports' "
	SELECT relname FROM pg_class
	WHERE relnamespace = 'ruastat_data'::regnamespace AND relkind IN ('r', 'p', 'v', 'm')
	  AND relname !~ '^dashboard'
	  AND has_any_column_privilege('ruastat_dashboard', oid, 'SELECT, INSERT, UPDATE, REFERENCES')"
none 'what runs with the rights of its owner has a search_path of its own' "
	SELECT proname FROM pg_proc
	WHERE pronamespace = 'ruastat_data'::regnamespace AND prosecdef
	  AND coalesce(array_to_string(proconfig, ','), '') !~ 'search_path=pg_catalog'"

# With rows in it, a view also runs the functions that it calls.
for view in "${views[@]}"; do
	case $view in
	disagreements) continue ;; # honest reporters leave it empty
	failures | tls_*) continue ;; # 44-other-reports.t reads them
	esac
	sql 'SET ROLE ruastat_reader' \
		"SELECT count(*) > 0 FROM (SELECT * FROM ruastat.$view OFFSET 0) v" >"$work/out"
	is "$(cat "$work/out")" t "ruastat_reader reads rows of ruastat.$view"
done
sql 'SET ROLE ruastat_reader' 'SELECT FROM ruastat_data.kept' | grep -q 'permission denied'
result $? 'and is kept from the tables'

# Preparing checks every name and type.  What cannot be prepared is run, to no effect.
for file in sql/query/*.sql sql/example/*.sql; do
	text=$(cat "$file")
	case $(grep -vm 1 '^ *--' "$file") in
	COPY*)
		tables=
		[[ $text != *pg_temp.reparse_* ]] || tables=$(cat sql/query/reparse_tables.sql)
		[[ $text != *pg_temp.retry_* ]] || tables=$(cat sql/query/retry_tables.sql)
		printf 'PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0\377\377' |
			sql ${tables:+"BEGIN; $tables"} "$text" >"$work/out"
		result $? "$file"
		;;
	SELECT* | WITH* | INSERT* | UPDATE* | DELETE*)
		tables=
		[[ $text != *pg_temp.retry_* ]] || tables=$(cat sql/query/retry_tables.sql)
		goes "$file" BEGIN ${tables:+"$tables"} "PREPARE statement AS $text"
		;;
	CREATE*)
		goes "$file" BEGIN 'DROP TABLE ruastat_data.migration' "$text" ROLLBACK
		;;
	*)
		goes "$file" BEGIN "$text" ROLLBACK
		;;
	esac
done

for file in sql/api/*.sql; do
	goes "$file" 'SET search_path = pg_catalog' 'SET ROLE ruastat_dashboard' "PREPARE statement AS $(cat "$file")"
	head -n 1 "$file" | grep -q '^-- ' && grep -qE '^-- ([$]1 |.*No parameters)' "$file"
	result $? "$file says what it returns and its parameters"
done

for file in sql/example/*.sql; do
	head -n 1 "$file" | grep -q '^-- .*[?.]'
	result $? "$file says what it answers"
	goes "$file runs for ruastat_reader" 'SET ROLE ruastat_reader' "$(cat "$file")"
done
done_testing
