#!/bin/bash
# timeout: 180
# A backup is whole or not there; what is restored is the same to whoever asks; what is no backup, and who
# is killed in the middle, changes nothing.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"

# The last run failed with status ${1} and words that match ${2}.
fails()
{
	[ "$status" -eq "$1" ] && grep -qE "$2" "$work/err"
	result $? "$3"
}

backup()
{
	ruastat backup "$@"
}

restore()
{
	ruastat restore "$@"
}

full()
{
	[ "${RUASTAT_DRILL:-}" = full ]
}

# -- what there is to lose ---------------------------------------------------------------------------

use_state one
box=$work/box
mailgen --story demo --reports 120 "$box" >"$work/made"
ingest "$box"
result $? 'a mailbox is read'
hold_up
mailgen --add --seed 2 --story bench --reports 20 "$box" >/dev/null
echo nonsense | gzip | put "$work/cut.gz"
head -c 20 "$work/cut.gz" | put "$work/cut"
ingest "$box" "$work/cut"
printf 'correct horse battery\n' | put "$work/password"
ruastat user add --password-file "$work/password" ada
result $? 'and somebody may log in'
all_views >"$work/one.views"
is "$(($(wc -l <"$work/one.views") > 1000))" 1 'there is much to compare'

store=$work/store
new_dir "$store"
backup "$store/a.backup"
result $? 'a backup'
is "$(cat "$work/out" "$work/err")" '' 'is silent'
is "$(stat -c '%a %U' "$store/a.backup") $(find "$store" | wc -l)" "600 $user 2" 'is for its owner alone, and all there is'
"${as[@]}" "$work/ruastat" backup --no-config --state-dir "$state" - 2>"$work/err" | cat >"$work/piped"
result "${PIPESTATUS[0]}" 'a backup into a pipe'

# -- back again --------------------------------------------------------------------------------------

use_state two
restore "$store/a.backup"
result $? 'a restore where nothing was'
is "$(cat "$work/out" "$work/err")" '' 'has nothing to say'
is "$(cd "$work/two" && echo data* restore*)" 'data restore*' 'and leaves nothing but the data'
hold_up
all_views >"$work/two.views"
same "$work/one.views" "$work/two.views" 'every view is equal'
verifies
ingest "$box" "$work/cut"
is "$status $(totals mails)" '0 0' 'the same mailbox gives nothing new'
first=$(sql 'SELECT max(intake_id) FROM ruastat.intake')
mailgen --add --seed 3 --story bench --reports 5 "$box" >/dev/null
ingest "$box"
is "$status $(sql "SELECT min(intake_id) > $first FROM ruastat.intake WHERE intake_id > $first")" '0 t' 'new mails get new numbers'
is "$(sql "SELECT name, role FROM ruastat_data.dashboard_user WHERE password_hash LIKE 'scrypt%'")" 'ada|admin' 'who may log in still may'
if command -v curl >/dev/null; then
	# shellcheck source=tests/integration/web.sh
	. tests/integration/web.sh
	start_serve
	fetch -H 'Content-Type: application/json' -H "Origin: $base" -H 'Sec-Fetch-Site: same-origin' \
		-d '{"name":"ada","password":"correct horse battery"}' "$base/api/v1/login"
	is "$http" 200 'with the same password'
	stop_web
else
	skip 'with the same password' 'no curl'
fi
is "$(sql "SELECT count(*) FROM pg_class WHERE relnamespace = 'ruastat_data'::regnamespace AND relispartition")" \
	"$(state=$work/one sql "SELECT count(*) FROM pg_class WHERE relnamespace = 'ruastat_data'::regnamespace AND relispartition")" \
	'the partitions are those that were'

restore "$store/a.backup"
fails 1 'holds data already.*--replace' 'where data is it is refused'
restore --replace "$store/a.backup"
fails 75 'is in use.*serve' 'and not put aside while somebody works with it'
use_state three
"${as[@]}" "$work/ruastat" restore --no-config --state-dir "$state" - <"$work/piped" >"$work/out" 2>&1
result $? 'a restore from a file on standard input'
cat "$work/piped" | "${as[@]}" "$work/ruastat" restore --no-config --replace --state-dir "$state" - >"$work/out" 2>"$work/err"
result $? 'and from a pipe, in place of what was there'
grep -q "is now \"$state/data\.20" "$work/out"
result $? 'which is kept, and told'
is "$(all_views | cmp - "$work/one.views" && echo same)" same 'every view is equal again'
is "$(find "$state" -maxdepth 1 -name 'data*' | wc -l)" 2 'two data directories'

# -- what is no backup -------------------------------------------------------------------------------

use_state four
picture "$work/three" | grep -v ' \./log\| \./start\| \./users' >"$work/before"
bad()
{
	restore "${@:3}"
	fails 1 "$1" "$2"
	[ ! -e "$state/data" ] && [ ! -e "$state/restore" ]
	result $? 'and nothing is made'
}
bad 'No such file' 'a file that is not there' "$work/none"
bad 'directory' 'a directory' "$store"
bad 'empty' 'an empty file' /dev/null
bad 'no backup' 'a text' "$0"
head -c 20000 "$store/a.backup" | put "$work/short"
bad 'pg_restore failed' 'the beginning of one' "$work/short"
bad 'one file' 'no file'
size=$(stat -c %s "$store/a.backup")
head -c $((size - 30000)) "$store/a.backup" | put "$work/cut-off"
! full || bad 'pg_restore failed' 'one without its end' "$work/cut-off"


# -- other databases ---------------------------------------------------------------------------------

use_state one
psql=$(find /usr/lib/postgresql/*/bin/psql | tail -n 1)
dump=${psql%psql}pg_dump
server=(-h "$state" -U ruastat -d)
in_database()
{
	"${as[@]}" "$psql" "${server[@]}" "$1" -XqAt -v ON_ERROR_STOP=1 "${@:2}" 2>&1
}
at_server()
{
	echo "host=$state user=ruastat dbname=$1"
}
for name in others evil victim older today again roots; do
	sql "CREATE DATABASE $name"
done
restore --database "$(at_server evil)" "$store/a.backup"
result $? 'a restore on a server'
restore --database "$(at_server evil)" "$store/a.backup"
fails 1 'holds data already.*drop the schemas' 'a second one is refused'
restore --database "$(at_server evil)" --replace "$store/a.backup"
fails 1 'private cluster' 'nor is that replaced'
restore --database "$(at_server again)" "$work/cut-off"
fails 1 'pg_restore failed' 'half a backup there'
restore --database "$(at_server again)" "$store/a.backup"
result $? 'is taken back: a whole one can follow'

# Whoever made the file wanted more than rows.
in_database evil -c "
	CREATE FUNCTION ruastat_data.touch() RETURNS trigger LANGUAGE plpgsql AS
	\$\$ BEGIN COPY (SELECT 1) TO '$work/touched'; RETURN NEW; END \$\$" -c '
	CREATE TRIGGER touch AFTER INSERT OR UPDATE ON ruastat_data.source
	FOR EACH ROW EXECUTE FUNCTION ruastat_data.touch()' -c '
	ALTER TABLE ruastat_data.source ENABLE ALWAYS TRIGGER touch'
ruastat backup --database "$(at_server evil)" "$store/evil.backup"
restore --database "$(at_server victim)" "$store/evil.backup"
result $? 'a backup with a trigger in it'
[ ! -e "$work/touched" ]
is "$? $(in_database victim -c "SELECT count(*) FROM pg_trigger WHERE tgname = 'touch'") $(in_database victim -c 'SELECT count(*) > 0 FROM ruastat.reports')" \
	'0 0 t' 'brings the rows and nothing that runs'

in_database evil -c "INSERT INTO ruastat_data.migration VALUES ('9999_later', 'x')"
"${as[@]}" "$dump" -Fc "${server[@]}" evil -f "$work/newer"
in_database evil -c "DELETE FROM ruastat_data.migration WHERE name = '9999_later'" -c "
	UPDATE ruastat_data.migration SET checksum = 'x' WHERE name = '0002_dashboard'"
"${as[@]}" "$dump" -Fc "${server[@]}" evil -f "$work/edited"
in_database others -c 'CREATE TABLE t (i integer)' -c 'INSERT INTO t VALUES (1)'
"${as[@]}" "$dump" -Fc "${server[@]}" others -f "$work/foreign"
"${as[@]}" "$dump" -Fc "${server[@]}" again --schema=ruastat_data --exclude-table-data=ruastat_data.kept \
	--inserts -f "$work/inserts"
# What a version with three migrations would have written.
{
	cat sql/query/migration_table.sql
	for file in sql/migrate/000[123]*.sql; do
		name=${file##*/}
		echo "BEGIN;"
		cat "$file"
		echo ";INSERT INTO ruastat_data.migration VALUES ('${name%.sql}', '$(sha256sum <"$file" | cut -c 1-64)'); COMMIT;"
	done
	echo "CALL ruastat_data.add_partitions();"
	echo "INSERT INTO ruastat_data.source VALUES (1, 'maildir:/old');"
	echo "INSERT INTO ruastat_data.intake SELECT nextval('ruastat_data.intake_id'), now(), 1, 'm' || i, 'not_a_report', NULL, NULL, 9 FROM generate_series(1, 7) i;"
} >"$work/older.sql"
in_database older -f "$work/older.sql"
"${as[@]}" "$dump" -Fc "${server[@]}" older -f "$work/older"

use_state four
bad 'newer ruastat' "a newer ruastat's" "$work/newer"
bad '0002_dashboard.* is not the one' 'one with another migration' "$work/edited"
bad 'tables of others' "another database's" "$work/foreign"
bad 'not whole|0 tables of 1' 'one with statements for rows' "$work/inserts"
use_state one
restore --database "$(at_server today)" "$work/older"
result $? "an older ruastat's"
is "$(in_database today -c 'SELECT count(*), max(intake_id) FROM ruastat.intake')" '7|7' 'is brought to today'
is "$(in_database today -c "SELECT nextval('ruastat_data.intake_id')")" 8 'and goes on'
ruastat verify --database "$(at_server today)"
result $? 'and verify finds nothing wrong'

# -- no room, no right, no time ----------------------------------------------------------------------

use_state one
backup "$work/no/where"
fails 1 'No such file' 'a backup to a directory that is not there'
backup "$store"
fails 1 'Is a directory' 'a backup to a directory'
"${as[@]}" ln -s a.backup "$store/link"
backup "$store/link"
fails 1 'no file of its own' 'a backup to a link'
backup /dev/null
fails 1 'no file of its own|Permission denied|root does not' 'a backup to a device'
new_dir "$store/ro" && "${as[@]}" chmod 555 "$store/ro"
backup "$store/ro/x"
fails 1 'Permission denied' 'a backup to where one may not write'
(
	use_state seven
	backup "$store/b"
	[ "$status" = 1 ] && [ ! -e "$state/data" ] && grep -q 'no database yet' "$work/err"
)
result $? 'a backup of nothing makes nothing'

# A lock keeps pg_dump waiting.
stuck()
{
	rm -f "$work/locked"
	"${as[@]}" "$psql" "${server[@]}" postgres -XqAt -c 'BEGIN; LOCK TABLE ruastat_data.kept;
		SELECT 1; SELECT pg_sleep(60)' >"$work/locked" 2>&1 &
	locker=$!
	until_true eval '[ "$(sql "SELECT count(*) FROM pg_locks WHERE relation = '"'ruastat_data.kept'"'::regclass AND granted")" = 1 ]'
	"${as[@]}" env --default-signal=INT "$work/ruastat" backup --no-config --state-dir "$state" \
		"$store/a.backup" >"$work/out" 2>"$work/err" &
	job=$!
	until_true eval '[ "$(pgrep -cf "^$dump .*$state")" -gt 0 ]'
}
unstuck()
{
	sql "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep%' AND pid <> pg_backend_pid()" >/dev/null
	{ wait "$locker"; } 2>/dev/null
}
no_dump()
{
	[ "$(pgrep -cf "^$dump .*$state")" = 0 ]
}
before=$(sha256sum <"$store/a.backup")
signals=(TERM)
! full || signals+=(INT)
for signal in "${signals[@]}"; do
	stuck
	backup "$store/a.backup"
	fails 75 'another process' "two backups to one file ($signal)"
	pid=$(pgrep -f "^$work/ruastat backup" | head -n 1)
	kill "-$signal" "$pid"
	wait "$job"
	is "$?" 75 "SIG$signal ends it"
	until_true no_dump
	is "$(sha256sum <"$store/a.backup") $(find "$store" -name '.*' | wc -l)" "$before 0" 'and the file is as before'
	unstuck
done
stuck
kill -KILL "$(pgrep -f "^$work/ruastat backup" | head -n 1)"
{ wait "$job"; } 2>/dev/null
until_true no_dump
result $? 'kill -9 of a backup ends all of it'
unstuck
backup "$store/a.backup"
result $? 'the next one'
is "$(find "$store" -name '.*' | wc -l)" 0 'leaves nothing over'

use_state eight
moments=(restore/data/postmaster.pid)
! full || moments+=(restore/data.new restore/data)
for when in "${moments[@]}"; do
	"${as[@]}" "$work/ruastat" restore --no-config --state-dir "$state" "$store/a.backup" 2>/dev/null &
	job=$!
	until_true test -e "$state/$when"
	kill -KILL "$(pgrep -f "^$work/ruastat restore" | head -n 1)"
	{ wait "$job"; } 2>/dev/null
	[ ! -e "$state/data" ]
	result $? "kill -9 of a restore when $when is there: nothing pretends to be it"
done
restore "$store/a.backup"
result $? 'the next one'
is "$(cd "$state" && echo data* restore*)" 'data restore*' 'leaves nothing over'
is "$(sql 'SELECT count(*) FROM ruastat.intake')" "$(state=$work/one sql 'SELECT count(*) FROM ruastat.intake')" 'and is complete'

# While others write: each backup is of one moment.
use_state nine
mailgen --seed 40 --story bench --reports 20 "$work/many0" >/dev/null
ingest "$work/many0"
for i in 1 2 3; do
	mailgen --seed "4$i" --story bench --reports 60 "$work/many$i" >/dev/null
done
jobs=()
for i in 1 2 3; do
	"${as[@]}" "$work/ruastat" ingest --no-config --state-dir "$state" "$work/many$i" >/dev/null 2>"$work/many$i.err" &
	jobs+=($!)
	"${as[@]}" "$work/ruastat" backup --no-config --state-dir "$state" "$store/many$i" 2>"$work/dump$i.err" &
	jobs+=($!)
done
well=0
for job in "${jobs[@]}"; do
	wait "$job" && well=$((well + 1))
done
cat "$work"/many[123].err "$work"/dump[123].err >"$work/err"
is "$well $(cat "$work/err")" '6 ' 'three ingests and three backups at once'
verified=0 wanted=1
! full || wanted=3
for ((i = 1; i <= wanted; i++)); do
	restore --replace "$store/many$i" && ruastat verify && verified=$((verified + 1))
done
is "$verified $(find "$state" -maxdepth 1 -name 'data.*' | wc -l)" "$wanted $wanted" 'what was saved meanwhile is in order'

# -- root --------------------------------------------------------------------------------------------

use_state one
if [ "$(id -u)" = 0 ] && [ "$user" = _ruastat ]; then
	roots=$(mktemp -d /tmp/ruastat-root-XXXXXX)
	as_root()
	{
		timeout 120 "$work/ruastat" "$1" --no-config --state-dir "$state" "${@:2}" >"$work/out" 2>"$work/err"
		status=$?
		return $status
	}
	as_root backup "$roots/a"
	result $? 'root has a backup where _ruastat may not write'
	is "$(stat -c '%a %U' "$roots/a") $(find "$roots" | wc -l)" '600 root 2' "it is root's"
	as_root backup "$store/a"
	fails 1 'root does not write.*others can change' 'and not where others could bend the path'
	# A directory as /tmp is, and in it somebody's link to where root alone can write.
	mkdir -m 1777 "$roots/open" && ln -s "$roots" "$roots/open/link" && chown -h "$user" "$roots/open/link"
	as_root backup "$roots/open/link/b"
	[ "$status" = 1 ] && [ ! -e "$roots/b" ]
	result $? 'nor through a link of somebody else'
	as_root restore --database "$(at_server roots)" "$roots/a"
	result $? 'root restores from where _ruastat may not read'
	if unshare -m true 2>/dev/null; then
		mkdir "$roots/full"
		# shellcheck disable=SC2016 # for the inner shell
		unshare -m bash -c 'mount -t tmpfs -o size=64k,mode=755 tmpfs "$1" || exit 9
			"${@:2}" "$1/x"; echo $?; ls -A "$1"' - "$roots/full" \
			"$work/ruastat" backup --no-config --state-dir "$state" >"$work/out" 2>"$work/err"
		is "$(cat "$work/out") $(grep -c 'No space left' "$work/err")" '75 1' 'a full disk: told, and nothing left there'
	else
		skip 'a full disk: told, and nothing left there' 'no mount namespace'
	fi
	rm -rf "$roots"
else
	skip 'root' 'needs root and the user _ruastat'
fi
done_testing
