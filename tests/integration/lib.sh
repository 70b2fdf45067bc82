# lib.sh - what the tests of the real program share: a place to work in, TAP, reports by hand,
# state directories and questions to their database.  Sourced, never run.
# shellcheck shell=bash
#
# As root everything runs as the user that ruastat becomes, so that the tests are the same for
# root and for anybody else.
# shellcheck disable=SC2034 # variables for those who source this

cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
SRC=${SRC:-$PWD}
B=${B:-build/plain}
RUASTAT=${RUASTAT:-$SRC/$B/ruastat}
export RUASTAT_TEST_NOSYNC=1
export LC_ALL=C.UTF-8
unset XDG_RUNTIME_DIR XDG_STATE_HOME XDG_CONFIG_HOME RUASTAT_CONF
for name in ${!PG*}; do
	unset "$name"
done
umask 022

work=$(mktemp -d "${TMPDIR:-/tmp}/ruastat-test-XXXXXX") || exit 1
chmod 711 "$work"
count=0
as=()
with=()     # what ruastat runs in besides: see clock_make
database=() # --database CONNINFO where it is not the private cluster
user=$(id -un)
holders=()
servers=()

# Put the program ${1} where the user can run it, as ${2} in $work; $UNDER is what to run it with.
program()
{
	if [ -z "${UNDER:-}" ]; then
		cp "$1" "$work/$2" || return
	else
		mkdir -p "$work/under" && cp "$1" "$work/under/$2" || return
		printf '#!/bin/sh\nexec %s %s "$@"\n' "$UNDER" "$work/under/$2" >"$work/$2"
		chmod -R a+rX "$work/under"
	fi
	chmod 755 "$work/$2"
}

program "$RUASTAT" ruastat && cp "$B/tests/mailgen" "$work/mailgen" || exit 1
chmod 755 "$work/mailgen"
if [ "$(id -u)" = 0 ]; then
	user=_ruastat
	id $user >/dev/null 2>&1 || user=nobody
	as=(setpriv "--reuid=$user" "--regid=$(id -g $user)" --clear-groups --)
	chown "$user" "$work"
fi
export HOME=$work
"${as[@]}" true || exit 1

# Every process that this test started ends with it; nothing stays behind.
finish()
{
	local p

	for p in "${holders[@]}" "${servers[@]}"; do
		kill "$p" 2>/dev/null
	done
	# They stop their servers themselves.
	{ wait "${holders[@]}" "${servers[@]}"; } 2>/dev/null
	for p in /proc/[0-9]*/cwd; do
		case $(readlink "$p") in
		"$work"/*/data)
			p=${p#/proc/}
			kill -KILL "${p%/cwd}" 2>/dev/null
			;;
		esac
	done
	{ wait; } 2>/dev/null
	chmod -R u+rwX "$work" 2>/dev/null
	rm -rf "$work"
}
trap finish EXIT
trap 'exit 143' INT TERM HUP

# One test: it went well when ${1} is 0.  What the last command said is shown when not.
result()
{
	local status=$1

	shift
	count=$((count + 1))
	if [ "$status" -eq 0 ]; then
		echo "ok $count - $*"
		return
	fi
	echo "not ok $count - $*"
	[ ! -s "$work/out" ] || head -n 20 "$work/out" | cut -c 1-500 | sed 's/^/# out: /'
	[ ! -s "$work/err" ] || head -n 20 "$work/err" | cut -c 1-500 | sed 's/^/# err: /'
}

is()
{
	[ "$1" = "$2" ]
	result $? "$3"
	[ "$1" = "$2" ] || printf '%s\n' "got: $1" "not: $2" | cut -c 1-1000 | sed 's/^/# /'
}

# The files ${1} and ${2} are the same.
same()
{
	if cmp -s "$1" "$2"; then
		result 0 "$3"
	else
		result 1 "$3"
		diff "$1" "$2" | head -n 20 | cut -c 1-500 | sed 's/^/# /'
	fi
}

skip()
{
	count=$((count + 1))
	echo "ok $count - $1 # SKIP $2"
}

# The same as result for what was measured in time or memory: of a build that is slow ($SLOW) it is
# told and decides nothing.
measured()
{
	if [ "$1" -ne 0 ] && [ -n "${SLOW:-}" ]; then
		skip "${*:2}" 'measured in a build that looks for errors'
	else
		result "$@"
	fi
}

diag()
{
	echo "# $*"
}

done_testing()
{
	echo "1..$count"
}

# Wait up to 20 seconds ($SLOW times that) until a command succeeds.
until_true()
{
	local i

	for ((i = 0; i < 1000 * ${SLOW:-1}; i++)); do
		if "$@"; then
			return 0
		fi
		sleep 0.02
	done
	return 1
}

milliseconds()
{
	echo $((${EPOCHREALTIME/[.,]/} / 1000))
}

# A directory of the user's.
new_dir()
{
	"${as[@]}" mkdir -p "$1"
}

mailgen()
{
	"${as[@]}" "$work/mailgen" "$@"
}

# ruastat VERB [ARGUMENT...]: with the state directory $state; stdout and stderr go to files.
ruastat()
{
	local verb=$1

	shift
	timeout $((120 * ${SLOW:-1})) "${as[@]}" "${with[@]}" "$work/ruastat" "$verb" --no-config --state-dir "$state" \
		"${database[@]}" "$@" >"$work/out" 2>"$work/err" </dev/null
	status=$?
	return $status
}

# Ingest, with the totals in $work/out.
ingest()
{
	ruastat ingest --json "$@"
}

# The values of keys in the totals of the last run.
totals()
{
	local keys

	keys=$(printf ', .%s' "$@")
	jq -r "[${keys:2}] | map(tostring) | join(\" \")" "$work/out"
}

# Work with the state directory ${1}, and keep its cluster up while this test runs.
use_state()
{
	state=$work/$1
}

hold_up()
{
	local fifo

	fifo=$(mktemp -u "$work/hold-XXXXXX")
	mkfifo -m 666 "$fifo"
	exec {hold_fd}<>"$fifo"
	"${as[@]}" "$work/ruastat" psql --no-config --state-dir "$state" "${database[@]}" -- -Xq \
		<"$fifo" >"$work/held" 2>&1 &
	holders+=($!)
}

let_down()
{
	exec {hold_fd}>&-
	{
		kill "${holders[-1]}"
		wait "${holders[-1]}"
	} 2>/dev/null
	unset 'holders[-1]'
}

# Ask the database: one line a row, columns between bars.
sql()
{
	timeout $((60 * ${SLOW:-1})) "${as[@]}" "$work/ruastat" psql --no-config --state-dir "$state" "${database[@]}" -- \
		-XqAt -v ON_ERROR_STOP=1 "${@/#/-c}" 2>&1
}

verifies()
{
	ruastat verify
	result $? "${1:-verify finds nothing wrong}"
}

reports_are()
{
	is "$(sql 'SELECT count(*), coalesce(sum(records), 0), coalesce(sum(messages), 0) FROM ruastat.reports')" \
		"$1" "$2"
}

# Every row of every view in the schemas ruastat*, sorted, and what is known of mailboxes, to stdout: two
# databases with the same are the same to whoever asks.
all_views()
{
	sql "
	SELECT format('SELECT %L, t::text FROM %I.%I t ORDER BY t::text COLLATE \"C\"', viewname, schemaname, viewname)
	FROM pg_views WHERE schemaname LIKE 'ruastat%'
	UNION ALL
	SELECT format('SELECT %L, t::text FROM ruastat_data.%I t ORDER BY t::text COLLATE \"C\"', relname, relname)
	FROM pg_class
	WHERE relnamespace = 'ruastat_data'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
	  AND relname NOT IN ('migration', 'dashboard_session', 'dashboard_link')
	ORDER BY 1" | sed 's/$/;/' >"$work/all-views.sql"
	timeout 120 "${as[@]}" "$work/ruastat" psql --no-config --state-dir "$state" -- \
		-XqAt -v ON_ERROR_STOP=1 <"$work/all-views.sql" 2>&1
}

# Each report and what it adds up to, as the generator tells it and as the database does.
told()
{
	jq -r '[.domain, .org_name, .report_id, .begin, .end, .records, .messages,
		.messages_dmarc_pass, .messages_none, .messages_quarantine, .messages_reject]
		| map(tostring) | join("|")' "$1" | sort
}

stored()
{
	sql "
	SELECT r.domain, r.org_name, r.report_id, extract(epoch FROM r.begin_at)::bigint,
	       extract(epoch FROM r.end_at)::bigint, count(*), sum(n.messages),
	       coalesce(sum(n.messages) FILTER (WHERE n.dmarc_pass), 0),
	       coalesce(sum(n.messages) FILTER (WHERE n.disposition = 'none'), 0),
	       coalesce(sum(n.messages) FILTER (WHERE n.disposition = 'quarantine'), 0),
	       coalesce(sum(n.messages) FILTER (WHERE n.disposition = 'reject'), 0)
	FROM ruastat.reports r
	JOIN ruastat.records n USING (domain, reporter, report_id, begin_at, end_at)
	GROUP BY r.domain, r.org_name, r.report_id, r.begin_at, r.end_at" | sort
}

# The processes of ours: the program's and its workers', and those of the server in $state.
ours()
{
	find /proc -maxdepth 2 \( -name exe -lname "$work/ruastat" -o -name cwd -lname "$state/data" \) 2>/dev/null |
		cut -d / -f 3 | sort -u
}

# What work with the state directory and on the maildirs named may not leave: processes, sockets,
# locks that are held, temporary files, and of the servers listed in $work/postmasters shared memory.
left_over()
{
	local box p segment

	ours | sed 's/^/process /'
	find "$state" -type s
	find "$state/tmp" -mindepth 1 2>/dev/null
	find "$state" -maxdepth 2 -name '*.pid'
	for box; do
		find "$box" -type s
		find "$box/tmp" "$box/.Done/tmp" "$box/.Done/new" -mindepth 1 2>/dev/null
	done
	for p in "$state"/*.lock "$state"/locks/*; do
		[ ! -e "$p" ] || flock -n "$p" true || echo "held $p"
	done
	find "${TMPDIR:-/tmp}" /run/user -maxdepth 2 -type l -lname "$state*" 2>/dev/null
	[ -e "$work/postmasters" ] || return 0
	while read -r segment p; do
		! grep -qx "$p" "$work/postmasters" || echo "shared memory $segment"
	done < <(ipcs -m -p | awk '$3 ~ /^[0-9]+$/ { print $1, $3 }')
}

# From now on what runs within "${with[@]}" has another clock: so many seconds off as stands in
# $work/clock; with ${1}, its waiting passes so many times as fast.
clock_make()
{
	[ -e "$work/clock.so" ] || ${CC:-cc} -std=c17 -D_GNU_SOURCE -shared -fPIC -O1 -o "$work/clock.so" \
		tests/integration/clock/clock.c || return
	echo 0 >"$work/clock"
	chmod 644 "$work/clock"
	with=(env "LD_PRELOAD=$work/clock.so" "RUASTAT_CLOCK=$work/clock" "RUASTAT_CLOCK_SPEED=${1:-1}"
		"ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}verify_asan_link_order=0")
}

# A report to stdout: org, id, domain, begin, end, then for each record
# "ip count [header_from [disposition [dkim [spf]]]]".
report()
{
	local r ip n from action dkim spf

	cat <<-END
	<?xml version="1.0" encoding="UTF-8"?>
	<feedback>
	<report_metadata><org_name>$1</org_name><email>postmaster@$1</email>
	<report_id>$2</report_id><date_range><begin>$4</begin><end>$5</end></date_range>
	</report_metadata>
	<policy_published><domain>$3</domain><p>none</p></policy_published>
	END
	for r in "${@:6}"; do
		read -r ip n from action dkim spf <<<"$r"
		cat <<-END
		<record><row><source_ip>$ip</source_ip><count>$n</count><policy_evaluated>
		<disposition>${action:-none}</disposition><dkim>${dkim:-pass}</dkim><spf>${spf:-fail}</spf>
		</policy_evaluated></row><identifiers><header_from>${from:-$3}</header_from></identifiers>
		<auth_results><dkim><domain>$3</domain><selector>s1</selector>
		<result>${dkim:-pass}</result></dkim></auth_results></record>
		END
	done
	echo '</feedback>'
}

# A mail to stdout with the named files attached.
mail()
{
	local f

	cat <<-END
	From: reports@reporter.example
	To: dmarc@example.org
	Subject: Report Domain: example.org
	Message-ID: <$RANDOM.$RANDOM.${EPOCHREALTIME/[.,]/}@reporter.example>
	MIME-Version: 1.0
	Content-Type: multipart/mixed; boundary="=_b"

	END
	for f; do
		printf '%s\n' '--=_b' 'Content-Type: application/octet-stream' \
			"Content-Disposition: attachment; filename=\"${f##*/}\"" \
			'Content-Transfer-Encoding: base64' ''
		base64 "$f"
	done
	echo '--=_b--'
}

# Put stdin into the file ${1}, as the user.
put()
{
	"${as[@]}" tee "$1" >/dev/null
}

# Everything below ${1}: kind, mode, name, and contents as a hash.
picture()
{
	(
		cd "$1" && find . -printf '%y %m %u %s %p\n' | sort -k 5 &&
			find . -type f -print0 | sort -z | xargs -0r sha256sum
	)
}

maildir()
{
	new_dir "$1/cur" && new_dir "$1/new" && new_dir "$1/tmp"
}
