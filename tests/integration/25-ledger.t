#!/bin/bash
# How far the folders of an IMAP account were read: what marks cover is known without a row of its own.
# timeout: 120
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"

use_state state
new_dir "$state"
cp "$B/tests/integration/ledger" "$work/ledger"
chmod 755 "$work/ledger"
ledger()
{
	timeout 60 "${as[@]}" "$work/ledger" "$state" "$@"
}
ledger marks imap://ada@example.org >"$work/out"
is "$? $(cat "$work/out")" '0 ' 'no marks'
hold_up
id=$(sql "SELECT source_id FROM ruastat_data.source")
is "$(sql 'SELECT ruastat_data.mail_key(-2, 4294967295, 7), ruastat_data.mail_key(258, 1, 4294967295)')" \
	'ffffffff-ffff-fffe-ffff-ffff00000007|00000000-0000-0102-0000-0001ffffffff' 'a key is folder, UIDVALIDITY and UID'

# Mails ${2} to ${3} (UIDs) of folder ${1} under UIDVALIDITY ${4}, of class ${5}.
seen()
{
	sql "INSERT INTO ruastat_data.seen SELECT $id, ruastat_data.mail_key($1, $4, uid), '$5', '${6:-keep}'
		FROM generate_series($2, $3) AS uid" || echo "$*"
}
# Of the folders: number, UIDVALIDITY, class, UIDs.
rows()
{
	sql "SELECT folder, uidvalidity, class, count(*), min(uid), max(uid)
		FROM ruastat_data.seen,
		     substring(encode(uuid_send(key), 'hex') FROM 1 FOR 16) AS folder,
		     LATERAL (SELECT ('x' || substring(encode(uuid_send(key), 'hex') FROM 17 FOR 8))::bit(32)::bigint AS uidvalidity,
		                     ('x' || substring(encode(uuid_send(key), 'hex') FROM 25 FOR 8))::bit(32)::bigint AS uid) AS k
		WHERE source_id = $id GROUP BY 1, 2, 3 ORDER BY 1, 2, 3" | sed 's/^0*//' | xargs
}
known()
{
	ledger known imap://ada@example.org "$@" | head -n 1
}
account=imap://ada@example.org

# Folders whose numbers are neighbours, and one below zero, which sorts behind them.
for folder in 16 17 -1; do
	seen $folder 1 5 100 success
	seen $folder 6 8 100 failure
	seen $folder 9 10 100 other
done
is "$(known keep)" '30 0 0' 'without marks all is loaded'
is "$(known move failures)" '6 15 9' 'and waits for what is to be done'
ledger mark $account 17 'INBOX' 100 9
is "$(ledger marks $account)" '17 INBOX 100 9' 'a mark'
is "$(rows)" "10|100|success|5|1|5 10|100|failure|3|6|8 10|100|other|2|9|10\
 11|100|success|5|1|5 11|100|failure|3|6|8 11|100|other|1|10|10\
 ffffffffffffffff|100|success|5|1|5 ffffffffffffffff|100|failure|3|6|8 ffffffffffffffff|100|other|2|9|10" \
	'what it covers and nothing can wait for has no row any more, in this folder alone'
is "$(known keep)" '21 0 0' 'what it covers is not loaded'
is "$(known move)" '11 15 0' 'but what waits is'
is "$(known keep failures)" '15 0 9' 'failures too'
is "$(known move failures)" '5 15 9' 'and both'
ledger mark $account 17 INBOX 100 5
is "$(ledger marks $account)" '17 INBOX 100 9' 'a mark does not move back'
seen 40 1 5 100 success
seen 40 6 8 100 failure
ledger mark $account 40 Restored 100 8
ledger mark $account 40 Restored 100 0
is "$(ledger marks $account | grep -c Restored) $(rows | grep -c '^28\|| 28|')" '1 0' 'to 0 it does: UIDs are given anew'
is "$(ledger marks $account | grep Restored)" '40 Restored 100 0' 'and nothing of the folder is known'
sql "DELETE FROM ruastat_data.folder WHERE folder_id = 40"
ledger mark $account 17 INBOX 100 10 16 "It's \"{,\\}" 100 10 -1 'Zoë/Sub' 100 8
is "$(ledger marks $account | sort)" "$(printf '%s\n' "-1 Zoë/Sub 100 8" "16 It's \"{,\\} 100 10" '17 INBOX 100 10' | sort)" \
	'several at once, whatever their names'
is "$(known keep)" '2 0 0' 'what lies beyond is loaded'
is "$(known seen)" '2 15 0' 'and what waits'
sql "UPDATE ruastat_data.seen SET acknowledged = 'seen' WHERE class = 'success' AND key < '00000000-0000-0011-0000-000000000000'"
is "$(known seen)" '2 10 0' 'not what was done'
is "$(known delete)" '2 15 0' 'unless something else is wanted'
before=$(rows)
ledger mark $account
is "$? $(rows)" "0 $before" 'no mark, no change'

# A folder that was made anew.
seen 16 1 3 200 success
seen 16 4 5 200 other
is "$(known keep)" '7 0 0' 'mails under another UIDVALIDITY are not covered'
ledger mark $account 16 Again 200 4
is "$(ledger marks $account | grep '^16')" '16 Again 200 4' 'a mark under another UIDVALIDITY may be lower'
is "$(rows | tr ' ' '\n' | grep '^10|')" '10|200|success|3|1|3
10|200|other|1|5|5' 'none is known under the old one'
is "$(rows | tr ' ' '\n' | grep -v '^10|' | wc -l)" 5 'and the other folders are as they were'
is "$(known keep)" '3 0 0' 'what it does not cover is loaded'
seen 16 1 2 4294967295 other
seen 16 4294967294 4294967295 7 success
ledger mark $account 16 Again 4294967295 4294967295
is "$(rows | tr ' ' '\n' | grep '^10|')$(ledger marks $account | grep '^16')" '16 Again 4294967295 4294967295' 'to the last number'

# Another source is none of its business.
ledger marks imap://bob@example.org
other=$(sql "SELECT source_id FROM ruastat_data.source WHERE name LIKE '%bob%'")
id=$other seen 17 1 10 100 other
ledger mark $account 17 INBOX 101 1
is "$(id=$other rows)" '11|100|other|10|1|10' 'the same folder of another account keeps what it has'
is "$(ledger known imap://bob@example.org keep | head -n 1)" '10 0 0' 'and has no mark'

# A large folder.
sql 'TRUNCATE ruastat_data.seen, ruastat_data.folder'
seen 17 1 100000 100 success seen
seen 17 100001 100010 100 success
seen 3 1 20000 100 other
seen -5 1 20000 100 success
ledger mark $account 17 INBOX 100 100000 3 C 100 20000 -5 E 100 20000
sql 'ANALYZE ruastat_data.seen'
for after in keep seen; do
	want='10 0 0'
	[ $after = keep ] || want='0 20010 0'
	least=1000000
	for _ in 1 2 3; do
		ledger known $account $after >"$work/out"
		took=$(tail -n 1 "$work/out")
		[ "$took" -ge $least ] || least=$took
	done
	is "$(head -n 1 "$work/out")" "$want" "of 120,010 known mails what is to be loaded after $after"
	most=200000
	[ $after != keep ] || most=20000
	[ "$least" -lt $most ]
	result $? "which takes milliseconds: $((least / 1000))"
done
sed "s/[\$]1/'$id'/g; s/[\$]2/'keep'/g; s/[\$]3/false/g; /^--/d" sql/query/known_beyond.sql >"$work/query"
plan=$(sql "EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) $(cat "$work/query")")
echo "$plan" >"$work/out"
[[ $plan == *'Index Cond: ((source_id = '*' AND (key > '* && $plan != *'Seq Scan on seen'* ]]
result $? 'by ranges of the primary key alone'
least=1000000
for uid in 100001 100002 100003; do
	start=${EPOCHREALTIME/[.,]/}
	ledger mark $account 17 INBOX 100 $uid
	took=$((${EPOCHREALTIME/[.,]/} - start))
	[ "$took" -ge $least ] || least=$took
done
diag "a mark is written in $((least / 1000)) ms, process and connection included"
done_testing
