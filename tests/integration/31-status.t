#!/bin/bash
# ruastat status: what it says of runs, database and disk, for people and for monitoring.
# timeout: 60
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"

status()
{
	ruastat status "$@"
}

# Values of the mailbox ${1}.
mailbox()
{
	status --json && jq -r --arg m "$1" ".mailboxes[] | select(.mailbox == \$m) | [$2] | map(tostring) | join(\" \")" "$work/out"
}

use_state none
status
is "$status $(grep -c 'which is not there' "$work/out") $(wc -l <"$work/err")" '0 1 0' 'without a state directory it says so'
[ ! -e "$state" ]
result $? 'and makes none'
use_state state
new_dir "$state"
status
is "$status $(grep -c 'none yet' "$work/out")" '0 1' 'with an empty one, that there is no database yet'
is "$(ls "$state")" '' 'and makes none either'
status --check 1
is "$status $(cat "$work/err")" '75 ruastat: nothing was read in the last 1 hours' '--check finds nothing'

box=$work/box
maildir "$box"
mailgen --story bench --reports 5 --days 2 "$work/mail" >"$work/out" 2>"$work/err"
for f in "$work"/mail/*/*; do
	put "$box/new/${f##*/}" <"$f"
done
ingest "$box"
status
is "$status" 0 'with a mailbox read'
grep -q '^on the disk .* MB of data, .* of log' "$work/out" && grep -q 'down, started for this' "$work/out"
result $? 'the cluster, its size, and that it was started for this'
hold_up
is "$(sql 'SELECT 1')" 1 'the cluster is held up'
status
grep -q 'PostgreSQL.*, running' "$work/out"
result $? 'or that it runs'
is "$(mailbox "$box" '.state, .mails, .known, .source, .begun_at <= .ended_at, .ended_at == .well_at, .trouble')" \
	"fine 5 5 maildir:$box true true null" 'the last run of the mailbox'
is "$(jq -c '[.reports, .messages, .outcomes[0].outcome, .outcomes[0].mails, .outcomes[0].week, .kept_mails, .problem, .private]' "$work/out")" \
	"$(sql "SELECT '[5,' || sum(messages) || ',\"imported\",5,5,0,null,true]' FROM ruastat.reports")" 'what there is'
is "$(jq '[.free_bytes, .cluster.data_bytes, .cluster.log_bytes, .database_bytes] | all(. > 0)' "$work/out")" true 'sizes'
is "$(jq -r '.oldest_day, .newest_day' "$work/out" | xargs)" "$(sql 'SELECT min(day), max(day) FROM ruastat.reports' | tr '|' ' ')" 'days'
(cd "$work" && SRC=$SRC; "${as[@]}" "$work/ruastat" ingest --no-config --state-dir "$state" ./box/) >"$work/out" 2>"$work/err"
is "$(mailbox "$box" '.state, .mails') $(jq '.mailboxes | length' "$work/out")" 'fine 0 1' 'a relative path is the same mailbox'

# Trouble, and its end.
report reporter.example 1 example.org 1763596800 1763683199 '192.0.2.1 1' | gzip | head -c 300 >"$work/broken.xml.gz"
mail "$work/broken.xml.gz" | put "$box/new/broken"
ingest "$box"
is "$(mailbox "$box" '.state, .mails, .ended_at == .well_at')" 'unreadable 1 true' 'new mails that cannot be read'
mv_box()
{
	"${as[@]}" mv "$1" "$2"
}
mv_box "$box" "$box.away"
ingest "$box"
is "$(mailbox "$box" '.state, .mails, .source, .ended_at >= .well_at')" "trouble 0 maildir:$box true" 'a mailbox that is gone'
status
grep -qF "cannot open \"$box\"" "$work/out"
result $? 'and why, for people'
status --check 1
is "$status $(cat "$work/out") $(cat "$work/err")" \
	"75  ruastat: cannot open \"$box\": there is no such file or directory" '--check says that alone'
mv_box "$box.away" "$box"
ingest "$box"
status --check 1
is "$status $(cat "$work/out" "$work/err")" '0 ' '--check is silent when all is well'
sql "UPDATE ruastat_data.run SET begun_at = now() - interval '3 hours', ended_at = now() - interval '3 hours',
	well_at = now() - interval '3 hours'" >"$work/out"
status --check 2
is "$status $(grep -c 'nothing was read in the last 2 hours' "$work/err")" '75 1' 'but not when nothing was read for so long'
status --check 4
is "$status" 0 'as long as was asked for'

# By the configuration.
printf 'source "main" { path = "%s" }\nsource "second" { path = "%s" }\n' "$box" "$work/none" | put "$work/conf"
configured()
{
	timeout 60 "${as[@]}" "$work/ruastat" "$1" --config "$work/conf" --state-dir "$state" "${@:2}" \
		>"$work/out" 2>"$work/err" </dev/null
	status=$?
}
configured status --json
is "$(jq -c '.mailboxes | map([.name, .state])' "$work/out")" '[["main","fine"],["second","never"]]' 'names of the configuration'
configured status --check 4
is "$status $(cat "$work/err")" "75 ruastat: \"$work/none\" was never read to its end" '--check is about them'
configured status --check 2
is "$status $(wc -l <"$work/err")" '75 2' 'a line for each'
configured status --csv
is "$(head -n 1 "$work/out" | tr -d '\r')" 'name,mailbox,state,begun_at,ended_at,well_at,mails,known,source,trouble' '--csv is the mailboxes'

# Under way, and killed.
timeout 60 "${as[@]}" "$work/ruastat" ingest --watch --no-config --state-dir "$state" "$box" >"$work/watch" 2>&1 &
watcher=$!
until_true eval '[ "$(sql "SELECT count(*) FROM ruastat.mailboxes WHERE ended_at IS NULL")" = 1 ]'
is "$(mailbox "$box" '.state, .ended_at')" 'running null' 'one that is being read'
status --check 1
is "$status" 0 'which is well'
kill_children()
{
	local p

	for p in $(ps -o pid= --ppid "$1"); do
		kill -KILL "$p"
	done
}
kill_children "$watcher"
wait "$watcher" 2>"$work/null"
is "$(mailbox "$box" '.state')" killed 'one that was killed'
status --check 2
is "$status" 75 'which is not, when it was well for the last time too long ago'
ingest "$box"
is "$(mailbox "$box" '.state')" fine 'and well again'

sql "UPDATE ruastat_data.run SET lock = '../../../etc/passwd', ended_at = NULL, result = NULL" >"$work/out"
is "$(mailbox "$box" '.state')" killed 'a lock that is none of ours is not looked at'

# Without the database.
is "$("${as[@]}" "$work/ruastat" status --no-config --state-dir "$state" --json \
	--database 'host=127.0.0.1 port=1 user=ada password=hushhush dbname=reports' 2>"$work/err" |
	jq -c '[.private, .cluster, .reports, (.problem | test("Connection refused"))]') $(grep -c 'Connection refused' "$work/err")" \
	'[false,null,null,true] 1' 'a server that does not answer: what is known, then the error'
ruastat status --database 'host=127.0.0.1 port=1 user=ada password=hushhush dbname=reports'
is "$status $(grep -c hushhush "$work/out" "$work/err" | sed 's/.*://' | xargs)" '75 0 0' 'with no password in it'
for argument in nonsense 0 -1 87601; do
	status --check $argument
	is "$status" 1 "--check $argument"
done
status argument
is "$status" 1 'status takes no argument'
done_testing
