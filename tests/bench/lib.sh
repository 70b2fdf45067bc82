# shellcheck shell=bash
# lib.sh - a database of its own for a benchmark; sourced by run and queries.
#
# bench_start makes ${work}, with copies of the programs, and the users' command prefix ${as}: as
# root everything is done as _ruastat, as ruastat itself would.  bench_open brings up a private
# cluster that stays up, with an open psql to ask; bench_close ends it.

fail()
{
	echo "bench: $*" >&2
	exit 2
}

bench_start()
{
	local program user=_ruastat

	B=${B:-build/plain}
	RUASTAT=${RUASTAT:-$B/ruastat}
	as=()
	psql_pid=''
	[ -x "$RUASTAT" ] || fail "there is no $RUASTAT: \"make bench\" builds it"
	work=$(mktemp -d "${TMPDIR:-/tmp}/ruastat-bench-XXXXXX") || exit 2
	trap bench_close EXIT
	trap 'exit 2' INT TERM HUP PIPE
	mkdir "$work/bin"
	cp "$RUASTAT" "$work/bin/ruastat" || exit 2
	for program in mailgen bench/parse bench/copy bench/watch; do
		cp "$B/tests/$program" "$work/bin" || exit 2
	done
	cp tests/bench/*.sql "$work/bin" || exit 2
	chmod -R a+rX "$work"
	if [ "$(id -u)" = 0 ]; then
		id "$user" >/dev/null 2>&1 || fail "the user $user is missing: \"make deps\" makes it"
		chown "$user" "$work"
		as=(setpriv "--reuid=$user" "--regid=$(id -g "$user")" --clear-groups --)
	fi
	cd "$work" || exit 2
	unset XDG_RUNTIME_DIR XDG_STATE_HOME
	export HOME=$work
	bin=$work/bin
	state=$work/state
}

ruastat()
{
	local verb=$1

	shift
	"${as[@]}" "$bin/ruastat" "$verb" --no-config --state-dir "$state" "$@"
}

# Make the database and hold it up: as long as this psql lives it has a user.
bench_open()
{
	local line

	"${as[@]}" mkdir -p "$work/none/new" "$work/none/cur" "$work/none/tmp"
	ruastat ingest "$work/none" || fail 'could not make a database'
	mkfifo "$work/ask" "$work/answer"
	ruastat psql -- -XqAt -F ' ' -v ON_ERROR_STOP=1 <"$work/ask" >"$work/answer" &
	psql_pid=$!
	exec 8>"$work/ask" 9<"$work/answer"
	echo '\echo host=:HOST port=:PORT dbname=:DBNAME user=:USER' >&8
	read -r -t 60 line <&9 || fail 'psql does not answer'
	conninfo=$line
	postmaster=$(head -n 1 "$state/data/postmaster.pid")
}

bench_close()
{
	exec 8>&- 9>&-
	[ -z "$psql_pid" ] || wait "$psql_pid"
	rm -rf "$work"
} 2>/dev/null

# Have a file of statements run; its answer, one line, is in ${answer}.
ask()
{
	cat "$@" >&8
	printf '\n\\echo done\n' >&8
	answer=''
	while read -r -t 600 line <&9; do
		[ "$line" != 'done' ] || return 0
		answer=$line
	done
	fail "the database does not answer"
}

# Nothing in the tables and nothing left to write: each measurement starts so.
bench_empty()
{
	ask "$bin/empty.sql" - <<<'CHECKPOINT;'
}

# Run and measure a command: what watch says is in ${seconds} and its like, the output in ${work}/out.
watch()
{
	"${as[@]}" "$bin/watch" "$work/watched" "$postmaster" "$@" >"$work/out" ||
		fail "$(basename "$1") failed"
	# shellcheck disable=SC2034 # for those who call
	read -r seconds own_kb child_kb own_cpu child_cpu server_cpu <"$work/watched"
}

# A calculation, to so many digits.
calc()
{
	awk -v digits="$1" "BEGIN { printf \"%.*f\", digits, $2 }"
}
