# lib.sh - what the tests in a browser share: a server on a state directory, and scripts that print TAP
# without numbers.  Sourced after tests/integration/lib.sh, never run.
# shellcheck shell=bash
# shellcheck disable=SC2154 # variables of tests/integration/lib.sh

PASSWORD=correct-horse-battery

modules=$(tests/build/npm.sh tests/e2e build/e2e) || exit 1
modules=$SRC/$modules

# Ask the program from a script: verb and arguments, about the state directory $ASK_STATE.
{
	echo '#!/bin/bash'
	echo 'verb=$1'
	echo 'shift'
	# shellcheck disable=SC2016
	printf 'exec %s "$verb" --no-config --state-dir "$ASK_STATE" "$@"\n' "${as[*]} $work/ruastat"
} >"$work/ask"
chmod 755 "$work/ask"
printf '%s' "$PASSWORD" | put "$work/password"

# The demo, and beside it what it does not have: days without reports, a repaired report, a zip.
demo_state()
{
	local d begin

	use_state demo
	mailgen --story demo "$work/mail" >"$work/out" || exit 1
	new_dir "$work/more"
	for d in 1 2 3 7 8; do
		begin=$(date -ud "2026-11-0$d" +%s)
		report gap.reporter.example "gap-$d" gap.example "$begin" $((begin + 86399)) \
			"192.0.2.9 $((d * 10)) gap.example none pass pass" | sed 's|<p>none</p>|&<testing>n</testing>|' |
			put "$work/more/gap-$d.xml"
	done
	put "$work/more/unknown-words.xml" <tests/corpus/values/unknown-words.xml
	put "$work/more/alignment.xml" <tests/corpus/values/alignment.xml
	put "$work/more/report.zip" <tests/corpus/archives/report.zip
	ingest "$work/mail" "$work/more"
	is "$status $(totals corrupt)" '0 0' 'the mail of the demo is read'
}

# Start the dashboard on $state; its one-time link is in $link.  Then there are mara and vera.
serve()
{
	: >"$work/serve"
	"${as[@]}" "$work/ruastat" serve --no-config --state-dir "$state" --listen 127.0.0.1:0 \
		>"$work/serve" 2>&1 &
	server=$!
	servers+=("$server")
	until_true grep -q 'login#' "$work/serve"
	result $? 'the dashboard starts'
	link=$(grep -o 'http://.*login#.*' "$work/serve")
	ruastat user add mara --password-file "$work/password" &&
		ruastat user add vera --role viewer --password-file "$work/password"
	result $? 'with two users'
}

# It ends at once, and as it should.
stop()
{
	kill "$server"
	{ wait "$server"; } 2>/dev/null
	is $? 0 'the dashboard ends when told to'
	servers=()
}

# Run the script ${1}.mjs and number its tests.
pages()
{
	local line status

	while IFS= read -r line; do
		case $line in
		'ok - '* | 'not ok - '*)
			count=$((count + 1))
			printf '%s %s - %s: %s\n' "${line%% - *}" "$count" "$1" "${line#* - }"
			;;
		*) printf '%s\n' "$line" ;;
		esac
	done < <(
		cd "$work" || exit 1
		LINK=$link ASK=$work/ask ASK_STATE=$state MODULES=$modules \
			USERS="mara:$PASSWORD vera:$PASSWORD" node "$SRC/tests/e2e/$1.mjs" 2>"$work/err"
		echo $? >"$work/status"
	)
	: >"$work/out"
	status=$(cat "$work/status")
	[ "$status" = 0 ]
	result $? "$1 comes to its end"
}
