#!/bin/bash
# Kill -9 in the middle of imports: whatever dies, every mail counts once and lies in one place.
# timeout: 1200
#
# RUASTAT_DRILL=full makes it twelve kills of each kind, in four imports, with fsync on;
# RUASTAT_DRILL_SEED repeats a drill's mails and its plan (not the scheduler's part in it).
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"

if [ "${RUASTAT_DRILL:-}" = full ]; then
	unset RUASTAT_TEST_NOSYNC
	imports=4
else
	imports=1
fi
kills=3 duplicates=600 noise=1000 reports=18400
moving=$((reports + duplicates))
seed=${RUASTAT_DRILL_SEED:-$SRANDOM}

# The mails of a maildir by path, each with its hash; and by what names a mail wherever it lies.
mails()
{
	(cd "$1" && find new cur -type f -print0 | xargs -0r sha256sum) | sort
}

named()
{
	sed -E 's, (new|cur)/, ,; s/:2,[^:]*$//' "$@" | sort
}

drill()
{
	local n=$1

	box=$work/mail-$n
	use_state "state-$n"
	mailgen --story bench --seed $((seed + n)) --reports $reports --duplicates $duplicates \
		--noise $noise --facts "$work/facts" "$box" >"$work/made"
	mails "$box" >"$work/paths"
	named "$work/paths" >"$work/before"
	diag "import $n of $(wc -l <"$work/paths") mails"
	"$B/tests/integration/kill" $((seed + n)) $kills $moving "$state" "$box/.Done" \
		"${as[@]}" "$work/ruastat" ingest --no-config --state-dir "$state" --json \
		--after move --move-to Done "$box" >"$work/drill" 2>"$work/err"
	done=$?
	result $done "import $n goes on through $((4 * kills)) kills, and no process is left"
	sed 's/^/# /' "$work/drill"
	sed -n 's/^kill [0-9]* postmaster pid \([0-9]*\) .*/\1/p' "$work/drill" >"$work/postmasters"
	is "$(sed -n 's/^landed \(.*\) runs=.*/\1/p' "$work/drill")" \
		"parent=$kills worker=$kills postmaster=$kills backend=$kills" 'all kills hit'
	# What a server that crashes says to somebody who is just connecting libpq prints by itself.
	is "$(grep -Ev '^(WARNING|FATAL|DETAIL|HINT):  ' "$work/err")" '' 'nothing was complained about'
	: >"$work/err"
	is "$(tail -n 3 "$work/drill" | jq -Rc 'fromjson? | [.mails, .duplicate, .reports]')" \
		'[0,0,0]' 'the undisturbed run finds nothing to do'
	return $done
}

check()
{
	hold_up
	reports_are "$(jq -r '"\(.reports)|\(.records)|\(.messages)"' "$work/made")" \
		'as many reports, records and messages as were made'
	told "$work/facts" >"$work/told"
	stored >"$work/stored"
	same "$work/stored" "$work/told" 'every report says what it said'
	is "$(sql 'SELECT outcome, count(*) FROM ruastat.intake GROUP BY 1 ORDER BY 1' | xargs)" \
		"imported|$reports duplicate|$duplicates not_a_report|$noise" \
		'every mail was counted once, and only what came twice is a duplicate'
	is "$(sql 'SELECT class, acknowledged, count(*) FROM ruastat_data.seen GROUP BY 1, 2')" \
		"other|keep|$noise" 'no mail that is gone is waited for'
	sql "SELECT name FROM ruastat.intake WHERE outcome = 'not_a_report'" | sort >"$work/ordinary"
	mails "$box" >"$work/left"
	cut -d ' ' -f 3- "$work/left" | sort >"$work/out"
	same "$work/out" "$work/ordinary" 'the ordinary mails, and no others, are where they were'
	is "$(comm -23 "$work/left" "$work/paths" | wc -l)" 0 'not one byte of them has changed'
	mails "$box/.Done" | named - "$work/left" >"$work/after"
	same "$work/after" "$work/before" 'every other mail is in the target, once'
	let_down
	verifies
	is "$(left_over "$box")" '' 'nothing is left over'
}

diag "seed $seed"
for ((i = 1; i <= imports; i++)); do
	drill $i && check
	rm -rf "$box" "$state"
done
done_testing
