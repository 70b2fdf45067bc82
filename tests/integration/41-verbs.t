#!/bin/bash
# The verbs that only read: their numbers, forms, words and exit statuses.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"

# Midnight UTC, ${1} days ago.
day()
{
	echo $(($(date -u +%s) / 86400 * 86400 - 86400 * $1))
}

# ruastat's JSON answer, sorted keys, a line each.
json()
{
	ruastat "$@" --json && jq -cS . "$work/out"
}

exits()
{
	local want=$1 what=$2

	shift 2
	ruastat "$@"
	[ "$status" = "$want" ]
	result $? "$what"
}

says()
{
	grep -qF -- "$1" "$work/err" && [ ! -s "$work/out" ]
	result $? "and says \"$1\""
}

use_state empty
exits 1 'a database that holds nothing' domains
says 'is empty'

use_state state
new_dir "$work/mail"
report acme.example a1 example.org "$(day 2)" $(($(day 1) - 1)) \
	'192.0.2.1 6 example.org none pass pass' '192.0.2.2 2 example.org reject fail fail' \
	'2001:db8::1 1 example.org quarantine unheard unheard' | put "$work/mail/a.xml"
report '=cmd|x' b1 example.net "$(day 40)" $(($(day 39) - 1)) \
	'192.0.2.3 1 example.net none fail pass' | put "$work/mail/b.xml"
printf '<feedback><report_metadata>' | put "$work/mail/c.xml"
echo 'Dear postmaster' | put "$work/mail/d.eml"
ingest "$work/mail"
is "$status $(totals mails imported corrupt not_a_report)" '2 4 2 1 1' 'a report of each kind is read'
hold_up
last=$(date -u -d "@$(day 2)" +%F)
first=$(date -u -d "@$(day 31)" +%F)

is "$(json domains)" "$(jq -cS . <<-END
	{"domain":"example.org","messages":9,"dmarc_percent":66.7,"dkim_percent":66.7,"spf_percent":66.7,
	"unknown":1,"p":"none","sp":null,"reports":1,"last_day":"$last"}
	END
)" 'domains: the 30 days up to the newest'
ruastat domains
is "$(head -n 1 "$work/out")" "$first to $last" 'which a table says'
is "$(json domains --from 2020-01-01 --domain EXAMPLE.net. | jq -r '"\(.domain) \(.dmarc_percent)"')" \
	'example.net 100' 'domains: a period and a domain'
exits 1 'a day that is none' domains --from someday
says someday

is "$(json sources | jq -r '"\(.source_ip) \(.messages) \(.dkim_percent) \(.unknown) \(.none) \(.quarantine) \(.reject)"')" \
	"192.0.2.1 6 100 0 6 0 0
192.0.2.2 2 0 0 0 0 2
2001:db8::1 1 0 1 0 1 0" 'sources: most messages first'
ruastat sources --limit 1
is "$(tail -n 1 "$work/out")" '2 more; --limit 0 lists them all' 'a table says how many there are more'
is "$(json sources --limit 1 | wc -l)" 1 'JSON is limited where that is asked for'
is "$(json sources --limit 0 --from 2000-01-01 | wc -l)" 4 'and 0 is no limit'
exits 1 'a limit that is none' sources --limit many
says many

is "$(json reports | jq -r '"\(.domain) \(.report_id) \(.records) \(.messages) \(.counted) \(.quirks)"')" \
	"example.org a1 3 9 true 0
example.net b1 1 1 true 0" 'reports: the latest first'
ruastat reports --csv --domain example.net
is "$(head -n 1 "$work/out")" $'day,domain,reporter,report_id,records,messages,counted,quirks,intake_id\r' \
	'CSV has the keys for a head'
grep -qF "\"'=cmd|x\"" "$work/out"
result $? 'and guards against formulas'

is "$(json intake | jq -r .outcome | sort | tr '\n' ' ')" 'corrupt imported imported not_a_report ' \
	'intake: every mail'
is "$(json intake --outcome corrupt | jq -r '.reason != null')" true 'with the reason where there is one'
exits 1 'an outcome that is none' intake --outcome lost
says 'intake --help'
says lost

id=$(json intake --outcome corrupt | jq .intake_id)
is "$(json explain "$id" | jq -c '[.name, .kept, .parts[0].outcome, .parts[0].report_id]')" \
	'["c.xml",true,"corrupt",null]' 'explain: a mail that gave nothing'
id=$(json reports --domain example.org | jq .intake_id)
is "$(json explain "$id" | jq -c '.parts[0] | [.n, .report_id, .records, .stored_from, .quirks]')" \
	"[1,\"a1\",3,$id,[]]" 'explain: a report'
ruastat explain "$id" && grep -q '^  report_id  *a1$' "$work/out"
result $? 'in words too'
ruastat parse tests/corpus/failure/blank-lines.eml
grep -qx '  repaired: failure-blank-lines' "$work/out"
result $? 'parse names a repair that has no detail'
exits 1 'a mail that is not there' explain 123456
says 'no mail 123456'
exits 1 'no number' explain
says 'wants the number'

exits 0 'verify finds nothing wrong' verify
[ ! -s "$work/out" ]
result $? 'and says nothing'
is "$(json verify | jq -s 'length > 5 and all(.wrong == 0)')" true 'but does when asked'
sql "UPDATE ruastat_data.domain_day SET messages = messages + 1" >"$work/out"
exits 1 'a wrong sum' verify
says '2 daily sums'
sql "UPDATE ruastat_data.domain_day SET messages = messages - 1" >"$work/out"

exits 0 'psql takes its arguments' psql -- -XAtc 'SELECT 6 * 7' --csv
is "$(cat "$work/out")" 42 'and answers'
echo 'SELECT 1 / 0' | put "$work/wrong.sql"
exits 3 'its exit status is passed on' psql -- -Xv ON_ERROR_STOP=1 -f "$work/wrong.sql"
"${as[@]}" "$work/ruastat" psql --no-config --state-dir "$state" -- -Xc 'SELECT pg_sleep(60)' \
	>"$work/out" 2>"$work/err" &
until_true eval '[ "$(sql "SELECT count(*) FROM pg_stat_activity WHERE query ~ '"'^SELECT pg_sleep'"'")" = 1 ]'
kill -TERM $!
wait $! 2>"$work/null"
is $? 143 'a request to end is too'
PGHOST=/nonexistent PGOPTIONS='-c nonsense=1' exits 0 'variables about other servers are not for this one' \
	psql -- -Xc 'SELECT 1'
PGSERVICE=nonexistent PGHOSTADDR=192.0.2.1 PGREQUIREPEER=nobody PGCHANNELBINDING=require PGTZ=Foo \
	exits 0 'nor those that a connection string does not override' verify

exits 0 'check-config without a configuration' check-config
grep -qF "$state" "$work/out"
result $? 'shows the state directory'
maildir "$work/box"
put "$work/conf" <<-END
	domains = { "example.org", "*.example.org" }
	database = "host=/nonexistent dbname=x password=hushhush"
	source here { path = "$work/box" after = seen }
	source gone { path = "$work/gone" }
END
"${as[@]}" "$work/ruastat" check-config --config "$work/conf" --state-dir "$state" --json \
	>"$work/out" 2>"$work/err"
is $? 1 'check-config with a source that is not there'
is "$(jq -c '[.domains, [.sources[] | [.name, .kind, .after, .readable]]]' "$work/out")" \
	'[["example.org","*.example.org"],[["here","maildir","seen",true],["gone",null,"keep",false]]]' \
	'tells what it understood'
grep -q 'gone' "$work/err" && ! grep -q hushhush "$work/out" "$work/err"
result $? 'names the source and keeps the password'

for verb in domains sources reports tls failures intake verify status check-config; do
	exits 1 "$verb takes no argument" $verb argument
done
"${as[@]}" "$work/ruastat" reports --no-config --state-dir "$state" >/dev/full 2>"$work/err"
is $? 75 'an answer that cannot be written'
done_testing
