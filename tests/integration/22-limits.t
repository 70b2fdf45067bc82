#!/bin/bash
# What strangers send that no database takes, that is for somebody else, or that is too much: one
# mail pays for it, its bytes are kept, and all others are imported.
# timeout: 240
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"

full=${RUASTAT_DRILL:-}
use_state state
mailgen --story bench --reports 200 --days 30 --facts "$work/facts" "$work/good" >"$work/made"
made()
{
	jq -r ".$1" "$work/made"
}

# A maildir ${1} of the 200 good mails; what is added comes in their midst.
batch()
{
	"${as[@]}" cp -al "$work/good" "$work/$1"
}

outcomes()
{
	jq -r '[to_entries[] | select(.key != "mails" and .key != "seconds" and .key != "records" and .key != "messages"
		and .value > 0) | "\(.key)=\(.value)"] | join(" ")' "$work/out"
}

# Only the good ones of ${1}: a batch in a database of its own would take a second each time.
forget()
{
	sql 'TRUNCATE ruastat_data.seen, ruastat_data.intake, ruastat_data.intake_part, ruastat_data.kept,
		ruastat_data.report, ruastat_data.record_block, ruastat_data.record_block_aside,
		ruastat_data.original, ruastat_data.domain_day'
}

good_are_in()
{
	is "$(sql "SELECT count(*), sum(records), sum(messages) FROM ruastat.reports WHERE domain NOT LIKE 'o%dd.example'")" \
		"$(made reports)|$(made records)|$(made messages)" 'all good ones are imported'
	verifies
}

: | put "$work/nothing"
ingest "$work/nothing"
hold_up
begin=1700006400
end=1700092799
odd()
{
	report "${org:-odd.example}" "${id:-odd}" odd.example "${from:-$begin}" "${to:-$end}" '192.0.2.1 3'
}

# One odd mail among 200 good ones: its kind, its outcome and words of its reason.
among()
{
	local kind=$1 outcome=$2 reason=$3 name=${4:-1795100000.M1P1.odd}

	forget
	batch "$kind"
	"${as[@]}" cp "$work/odd.eml" "$work/$kind/new/$name"
	ingest "$work/$kind"
	if [ "$outcome" = imported ]; then
		is "$status $(outcomes)" '0 imported=201 reports=201' "$kind: imported"
	else
		is "$status $(outcomes)" "2 imported=200 $outcome=1 reports=200" "$kind: one recorded"
		is "$(sql "SELECT i.outcome, p.reason ~* '$reason', i.kept FROM ruastat.intake i
			JOIN ruastat.intake_parts p USING (intake_id) WHERE i.outcome <> 'imported'")" "$outcome|t|t" \
			"with the reason: $(sql "SELECT reason FROM ruastat.intake_parts WHERE outcome <> 'imported'" | cut -c 1-150)"
		sql "SELECT encode(bytes, 'base64') FROM ruastat_data.kept" | base64 -d >"$work/kept"
		same "$work/kept" "$work/odd.eml" 'and its bytes'
	fi
	good_are_in
	ingest "$work/$kind"
	is "$status $(totals mails)" '0 0' 'which is not met again'
}

pack()
{
	"${as[@]}" gzip -nc "$work/odd.xml" | put "$work/odd.xml.gz"
	mail "$work/odd.xml.gz" | put "$work/odd.eml"
}

odd | sed 's/<domain>odd/<domain>o\x00dd/' | put "$work/odd.xml"
pack
among nul-byte imported ''
odd | sed 's/<domain>odd/<domain>o\&#0;dd/' | put "$work/odd.xml"
pack
among nul-reference imported ''
id=$(head -c 10240 /dev/zero | tr '\0' x)
odd | put "$work/odd.xml"
unset id
pack
among report-id-of-10-kb corrupt 'report_id'
from=9404639913600 to=9404640000000
odd | put "$work/odd.xml"
unset to from
pack
among year-300000 imported ''
is "$(sql "SELECT begin_at, days FROM ruastat.reports WHERE begin_at > '2200-01-01'")" '2268-01-08 23:58:33+00|0' \
	'in milliseconds, and outside the daily numbers'
odd | put "$work/odd.xml"
pack
among name-of-the-mail imported '' $'1795100000.M1P1.\xff\xfeodd'
is "$(sql "SELECT name FROM ruastat.intake WHERE name LIKE '%odd%'")" 'new/1795100000.M1P1.\xff\xfeodd' 'its name is told'
mail "$work/odd.xml.gz" | sed 's/filename="odd/filename="o\xff\xfedd/' | put "$work/odd.eml"
among name-of-the-attachment imported ''
is "$(sql "SELECT count(*) FROM ruastat.intake_parts WHERE member LIKE '%dd.xml.gz%'")" 1 'its name is told'
"${as[@]}" mkdir "$work/odd-files"
"${as[@]}" cp "$work/odd.xml" "$work/odd-files/"$'o\xff\xfe.xml'
ingest "$work/odd-files"
is "$status $(outcomes)" '0 duplicate=1' 'name of a file: read as well'

# What our own checks let through and PostgreSQL does not.
sql "ALTER TABLE ruastat_data.report ADD CONSTRAINT no_poison CHECK (report_id NOT LIKE 'poison%')" >"$work/out"
id=poison odd | put "$work/odd.xml"
pack
among poison refused 'no_poison.*SQLSTATE 23514'
is "$(sql "SELECT i.outcome, count(p.*) FROM ruastat.intake i LEFT JOIN ruastat.intake_parts p USING (intake_id)
	WHERE i.outcome = 'refused' GROUP BY 1")" 'refused|1' 'with one part'
forget
batch poisons
for i in {1..7}; do
	id=poison-$i odd | put "$work/odd.xml"
	pack
	"${as[@]}" cp "$work/odd.eml" "$work/poisons/new/17951${i}0000.M${i}P1.odd"
done
id=harmless odd | put "$work/harmless.xml"
mail "$work/harmless.xml" "$work/odd.xml" | put "$work/poisons/new/1795100000.M99P1.odd"
ingest "$work/poisons"
is "$status $(outcomes)" '2 imported=200 refused=8 reports=200' 'eight of them, one beside a good report'
good_are_in
sql 'ALTER TABLE ruastat_data.report DROP CONSTRAINT no_poison' >"$work/out"

# Reports for somebody else's domains.
forget
own=$(jq -r .domain "$work/facts" | sort | uniq -c | sort -rn | awk 'NR == 1 { print $2 }')
mine=$(jq -r --arg d "$own" 'select(.domain == $d) | .domain' "$work/facts" | wc -l)
printf 'state_dir = "%s"\ndomains = {"%s", "*.nowhere.example"}\n' "$state" "${own^^}" | put "$work/conf"
timeout 60 "${as[@]}" "$work/ruastat" ingest --config "$work/conf" --json "$work/good" \
	>"$work/out" 2>"$work/err"
is "$? $(outcomes)" "2 imported=$mine refused=$((200 - mine)) reports=$mine" 'own domains: the others are refused'
is "$(sql "SELECT count(DISTINCT domain), min(domain) FROM ruastat.reports")" "1|$own" 'only the own one has reports'
is "$(sql "SELECT count(*), bool_and(kept), bool_and(reason LIKE '%none of the own domains') FROM ruastat.intake
	JOIN ruastat.intake_parts p USING (intake_id) WHERE p.outcome = 'refused'")" "$((200 - mine))|t|t" \
	'the others are kept, with the reason'
verifies

# A report of many records, in bounded memory on both sides.
records=45000
[ "$full" != full ] || records=450000
mailgen --story bench --reports 1 --big $records "$work/big" >"$work/made-big"
peak()
{
	awk '/^VmHWM:/ { print $2 }' "/proc/$1/status" 2>/dev/null
}
watch()
{
	local p n

	parent=0
	worker=0
	while n=$(peak "$1") && [ -n "$n" ]; do
		[ "$n" -le $parent ] || parent=$n
		for p in $(cat "/proc/$1/task/$1/children" 2>/dev/null); do
			[[ $(cat "/proc/$p/comm" 2>/dev/null) = ruastat* ]] || continue
			n=$(peak "$p")
			[ "${n:-0}" -le $worker ] || worker=$n
		done
		sleep 0.02
	done
}
"${as[@]}" "$work/ruastat" ingest --no-config --state-dir "$state" --json "$work/big" \
	>"$work/out" 2>"$work/err" </dev/null &
pid=$!
watch $pid
wait $pid
is "$? $(totals mails imported records messages)" \
	"0 2 2 $(jq -r '"\(.records) \(.messages)"' "$work/made-big")" "a report of $records records"
diag "parent $((parent / 1024)) MB, worker $((worker / 1024)) MB, $(jq -c .seconds "$work/out") s," \
	"$(jq -c .xml_bytes "$work/made-big") bytes of XML"
[ $parent -gt 0 ] && [ $parent -lt 65536 ]
result $? 'parent under 64 MB'
[ $worker -gt 0 ] && [ $worker -lt 262144 ]
result $? 'worker under 256 MB'
is "$(sql "SELECT count(*), max(n) FROM ruastat.records WHERE report_key =
	(SELECT report_key FROM ruastat.reports ORDER BY records DESC LIMIT 1)")" "$records|$records" 'every record once'
verifies

# Where large reports wait for the database: no right to write, no room.
domain_big()
{
	mailgen --story bench --seed "$1" --reports 3 --big 20000 "$work/big$1" >"$work/made-big$1"
}
domain_big 11
"${as[@]}" chmod 0 "$state/tmp"
ingest "$work/big11"
is "$status" 75 'a directory for temporary files that cannot be written'
grep -q "$state/tmp\": Permission denied" "$work/err"
result $? 'is named'
"${as[@]}" chmod 700 "$state/tmp"
ingest "$work/big11"
is "$status $(sql "SELECT count(*) FROM ruastat.intake WHERE source LIKE '%/big11'")" '0 4' 'the next run goes on from there'
if [ "$(id -u)" = 0 ] && unshare -m true 2>"$work/err"; then
	domain_big 12
	# shellcheck disable=SC2016 # for the inner shell
	unshare -m bash -c 'mount -t tmpfs -o size=128k,mode=700,uid="$1" tmpfs "$2" && shift 2 && exec "$@"' - \
		"$(id -u $user)" "$state/tmp" timeout 60 "${as[@]}" "$work/ruastat" ingest --no-config \
		--state-dir "$state" --json "$work/big12" >"$work/out" 2>"$work/err"
	is "$?" 75 'no room for temporary files'
	grep -qF "the disk of the state directory \"$state\" has too little room left" "$work/err"
	result $? 'is told'
	ingest "$work/big12"
	is "$status $(sql "SELECT count(*) FROM ruastat.intake WHERE source LIKE '%/big12'")" '0 4' 'the next run completes'
else
	for what in 'no room for temporary files' 'is told' 'the next run completes'; do
		skip "$what" 'needs root and mount namespaces'
	done
fi
verifies

done_testing
