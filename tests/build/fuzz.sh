#!/bin/bash
# fuzz.sh - what the targets of tests/fuzz begin with, and many of them at once.
#
#   fuzz.sh seeds TARGET                     print the files that it begins with
#   fuzz.sh run DIR SECONDS TARGET...        run the programs in DIR, as many at once as there are cores
#
# What is found new stays below build/fuzz/TARGET, for the next time.  The first input that fails ends
# all of it, and is named.
set -u
export LC_ALL=C
cd "$(dirname "$0")/../.." || exit 1

# Fixtures of the kind that a target reads, and what tests/fuzz/seeds has for it alone.
seeds()
{
	local like=()

	case $1 in
	mime) like=(-name '*.eml') ;;
	containers) like=(-name '*.eml' -o -name '*.mbox') ;;
	mbox) like=(-name '*.mbox') ;;
	aggregate | mend) like=(-name '*.xml') ;;
	tlsrpt) like=(-name '*.json') ;;
	unpack) like=(-name '*.zip' -o -name '*.gz' -o -name '*.docx' -o -name '*.bz2') ;;
	message) like=(-name '*.eml' -o -name '*.mbox' -o -name '*.xml' -o -name '*.json' -o -name '*.zip' -o -name '*.gz') ;;
	esac
	{
		[ ${#like[@]} -eq 0 ] || find tests/corpus -type f -size -128k \( "${like[@]}" \)
		[ ! -d "tests/fuzz/seeds/$1" ] || find "tests/fuzz/seeds/$1" -type f
	} | sort
}

# Links to them: libFuzzer takes directories, and fixtures of different senders share names.
gather()
{
	local file

	rm -rf "build/fuzz/seeds/$1"
	mkdir -p "build/fuzz/seeds/$1" "build/fuzz/$1"
	seeds "$1" | while read -r file; do
		ln -s "$PWD/$file" "build/fuzz/seeds/$1/${file//\//-}"
	done
}

# One target, in the background.  An input that takes 100 seconds by the clock has failed, too: one of
# some MB takes ten of them under the sanitizers where others are at work.
start()
{
	gather "$2"
	"$1/$2" -max_total_time="$3" -timeout=100 -report_slow_units=100 -print_final_stats=1 \
		-artifact_prefix="build/fuzz/found-$2-" "build/fuzz/$2" "build/fuzz/seeds/$2" \
		>"build/fuzz/$2.log" 2>&1 &
	target[$!]=$2
}

# What came of the target ${1}, whose exit status is ${2}.
tell()
{
	local log=build/fuzz/$1.log

	if [ "$2" -ne 0 ]; then
		printf '%-12s failed: %s\n' "$1" "$(sed -n 's/.*Test unit written to //p' "$log" | tail -n 1 | grep . || echo "see $log")"
		grep -aE '^SUMMARY|Assertion|runtime error' "$log" | sort -u | sed 's/^/    /'
		return 1
	fi
	awk -v name="$1" '
	/^stat::number_of_executed_units:/ { runs = $2 }
	/^stat::peak_rss_mb:/ { memory = $2 }
	match($0, / cov: [0-9]+/) { cov = substr($0, RSTART + 6, RLENGTH - 6) }
	match($0, / corp: [0-9]+/) { corpus = substr($0, RSTART + 7, RLENGTH - 7) }
	END { printf "%-12s %10d runs, coverage %5d, %5d inputs, %4d MB\n", name, runs, cov, corpus, memory }' "$log"
}

stop()
{
	kill "${!target[@]}" 2>/dev/null
	wait
	exit "$1"
}

run()
{
	local dir=$1 seconds=$2 next pid status

	shift 2
	mkdir -p build/fuzz
	declare -A target=()
	trap 'stop 130' INT TERM HUP
	while [ $# -gt 0 ] || [ ${#target[@]} -gt 0 ]; do
		while [ $# -gt 0 ] && [ ${#target[@]} -lt "$(nproc)" ]; do
			next=$1
			shift
			start "$dir" "$next" "$seconds"
		done
		wait -n -p pid "${!target[@]}"
		status=$?
		next=${target[$pid]}
		unset "target[$pid]"
		tell "$next" $status || stop 1
	done
}

case ${1:-} in
seeds | run) "$@" ;;
*)
	sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2
	exit 1
	;;
esac
