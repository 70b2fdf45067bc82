#!/bin/bash
# IMAP servers that misbehave, each in its own way (imap-server.mjs): a run ends in time, in bounded
# memory, with all mails stored or an error that says why; nothing is lost and nothing done twice.
# timeout: 1500
#
# RUASTAT_TEST_WAYS=REGEX plays only some (and those that cut).  RUASTAT_DRILL=full cuts the connection after each byte of a session, not only after some.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/integration/imap.sh
. "$(dirname "$0")/imap.sh"

at_once=8
own_kb=$((64 * 1024)) child_kb=$((128 * 1024))
step=421
[ "${RUASTAT_DRILL:-}" != full ] || step=1
use_state state
maildir "$work/none"
ingest "$work/none"
hold_up
new_dir "$imap"
imap_certificates
result $? 'certificates'
cp "$B/tests/bench/watch" "$work/watch" && chmod 755 "$work/watch"
(umask 077 && echo correct-horse | put "$work/password")
"${as[@]}" chmod 600 "$work/password"
echo good-token | put "$work/token"

# The mails of one way: reports that are in no other.
mails_of()
{
	local n=$1 dir=$2 f

	mailgen --story bench --reports "$reports" --seed $((1000 + n)) --domains 2 "$dir/made" >"$dir/totals"
	new_dir "$dir/mails" && new_dir "$dir/out"
	for f in "$dir"/made/*/*; do
		"${as[@]}" mv "$f" "$dir/mails/$(basename "${f%:2,*}")"
	done
}

configure()
{
	local line tls='tls = off' port=$node_port scheme=imap

	case $link in
	starttls) tls="ca_file = \"$imap/tls/ca.pem\"" ;;
	tls)
		tls="ca_file = \"$imap/tls/ca.pem\""
		port=$node_tls_port scheme=imaps
		;;
	esac
	printf '%s\n' "state_dir = \"$state\"" "source $name {" "path = \"$scheme://$name@127.0.0.1:$port\"" \
		"$tls" 'timeout = 2' 'connect_timeout = 2' 'poll_seconds = 1' 'idle_seconds = 2'
	for line in "${more[@]}"; do
		echo "$line"
	done
	echo '}'
}

# Start the server of a way; its ports go where node_start has them.
serve_way()
{
	local i pid

	"${as[@]}" setsid node "$work/imap-server.mjs" "$spec" "$dir/mails" "$dir/out" \
		"${certificate[@]}" >"$dir/server" 2>&1 </dev/null &
	pid=$!
	echo $pid >"$dir/server.pid"
	echo $pid >"$work/$name.session"
	for ((i = 0; i < 1000; i++)); do
		! read -r node_port node_tls_port <"$dir/server" || break
		sleep 0.02
	done
	[ "${node_port:-0}" -gt 0 ] 2>/dev/null
}

run_once()
{
	timeout -k 5 "$patience" "${as[@]}" "$work/watch" "$dir/watched$1" $$ "$work/ruastat" ingest --json \
		--config "$dir/conf" >"$dir/out$1" 2>"$dir/err$1" </dev/null
	echo $? >"$dir/status$1"
	# The state is written after each command; one may be under way.
	cp "$dir/out/state" "$dir/state$1"
	cp "$dir/out/said" "$dir/said$1"
}

# Watch, have mails arrive when all are stored, and end when those are.
run_watching()
{
	local want=$reports pid i

	"${as[@]}" "$work/ruastat" ingest --watch --config "$dir/conf" >"$dir/out1" 2>"$dir/err1" </dev/null &
	pid=$!
	until_stored "$want" && kill -USR1 "$(cat "$dir/server.pid")" && until_stored $((want + 3))
	echo $? >"$dir/arrived"
	kill -TERM $pid
	for ((i = 0; i < 500; i++)); do
		kill -0 $pid 2>/dev/null || break
		sleep 0.02
	done
	kill -KILL $pid 2>/dev/null && echo 137 >"$dir/status1"
	wait $pid
	i=$?
	[ -e "$dir/status1" ] || echo $i >"$dir/status1"
	cp "$dir/out/state" "$dir/state1"
	cp "$dir/out/said" "$dir/said1"
} 2>/dev/null

until_stored()
{
	local i

	for ((i = 0; i < 100; i++)); do
		[ "$(stored)" -lt "$1" ] || return 0
		sleep 0.2
	done
	return 1
}

# The intake rows of a way.
stored()
{
	sql "SELECT count(*) FROM ruastat.intake WHERE source LIKE 'imap://$name@%'"
}

# Everything about one way, in the background: "way N NAME" with its settings in variables.
play()
{
	mails_of "$n" "$dir"
	if [ "$how" = watch ]; then
		"${as[@]}" mkdir "$dir/mails.late"
		for f in $(find "$dir/mails" -type f | sort | head -n 3); do
			"${as[@]}" mv "$f" "$dir/mails.late/"
		done
		reports=$((reports - 3))
	fi
	if [ "$how" = older ]; then
		"${as[@]}" mv "$dir/mails" "$dir/mails.older"
		new_dir "$dir/mails"
	fi
	serve_way || exit 1
	configure | put "$dir/conf"
	if [ "$how" = watch ]; then
		run_watching
	else
		run_once 1
		case $how in
		again | twice) run_once 2 ;;
		esac
	fi
	kill -KILL "$(cat "$dir/server.pid")"
	rm -f "$work/$name.session"
} 2>/dev/null

ways=()
playing=()
n=0
target='after = move'

# way HOW SPEC WANT [LINE...]: play it when there is room.  HOW: once; again (a second run); twice (the
# first may give up); older (the mails are in "DMARC/Older"); watch.
way()
{
	local how=$1 spec=$2 want=$3 name dir p left

	[[ $spec =~ ${RUASTAT_TEST_WAYS:-.} ]] || [ "$reports" = 2 ] || return
	local more=("password_file = \"$work/password\"" "$target" 'move_to = "Done"' "${@:4}")

	n=$((n + 1))
	case $target in
	*move*) ;;
	*) more=("password_file = \"$work/password\"" "$target" "${@:4}") ;;
	esac
	[ "${token:-}" = '' ] || more=("token_command = \"cat $work/token\"" "$target" 'move_to = "Done"')
	name=w$n
	dir=$work/$name
	new_dir "$dir"
	ways+=("$n"$'\t'"$how"$'\t'"$spec${link:+, $link}"$'\t'"$want")
	while :; do
		left=()
		for p in "${playing[@]}"; do
			! kill -0 "$p" 2>/dev/null || left+=("$p")
		done
		playing=("${left[@]}")
		[ ${#playing[@]} -ge $at_once ] || break
		sleep 0.05
	done
	play &
	playing+=($!)
}

link='' certificate=() patience=90 reports=6 token=''

# All of it is stored and moved.
way again plain ok
for spec in gaps surprises literals order size-small size-large size-missing no-uidnext icloud \
	high-sequence alert no-sasl-ir no-literals login-only no-move caps-silent caps-less twice; do
	way once $spec ok
done
way again no-uidplus ok
way once dots ok
way once flat ok
way once silent:LOGOUT ok
way older plain ok 'folders = { "DMARC/*" }'
for spec in no-star star-refused; do
	way older $spec 'or:no folder|wildcard' 'folders = { "DMARC/*" }'
done

# All but the second mail.
for spec in nil-body empty-body quoted-body size-nonsense size-huge large large-lie; do
	way once $spec most
done
way once expunge-meanwhile most

# It may give up at first; then all of it is there.
for ((i = 0; i <= 14; i++)); do
	way twice bye:$i ok
done
for spec in throttled limit unavailable; do
	way twice $spec ok
done

# Not at all, and why.
for code in AUTHENTICATIONFAILED AUTHORIZATIONFAILED EXPIRED PRIVACYREQUIRED CONTACTADMIN UNAVAILABLE ''; do
	way once "auth:$code" 'words of the server'
done
way once login-disabled 'log ?in|authenticat|mechanism'
way once throttled-always 'slow down'
way once noperm 'may not'
way once read-only 'only be read|read.?only|permission'
for spec in no-imap greeting-bye endless-greeting endless-line:AUTHENTICATE endless-line:SELECT \
	'endless-line:UID FETCH' endless-list deep-list overflow-literal negative-literal nul \
	bye-always:AUTHENTICATE bye-always:SELECT 'bye-always:UID FETCH' bye-always:'UID MOVE' \
	silent:AUTHENTICATE silent:SELECT 'silent:UID FETCH' 'silent:UID MOVE'; do
	way once "$spec" .
done
way older huge-name . 'folders = { "DMARC/*" }'

# As it can; but nothing twice.
for spec in huge-literal uidvalidity-none move-broken wrong-tag fetch-nothing other-uids no-crlf; do
	way once $spec any
done
patience=15 way once 'endless-lines:UID FETCH' any
target='after = keep' way again uidvalidity ok
target='after = seen' way once no-keywords ok
target='after = seen' way once plain ok

# Tokens.
token=yes
for kind in XOAUTH2 OAUTHBEARER; do
	way once token:$kind ok
	way once token-refused:$kind 'words of the server|token'
done
token=''

# TLS.
certificate=("$imap/tls/server.pem" "$imap/tls/server.key")
link=tls way once plain ok
link=starttls way once plain ok
link=starttls way once no-sasl-ir ok
for spec in starttls-stripped starttls-no starttls-injected starttls-then-nothing preauth; do
	link=starttls way once $spec .
done
certificate=("$imap/tls/other.pem" "$imap/tls/other.key")
link=starttls way once plain certificate
link=tls way once plain certificate
certificate=()

# Watching.
for spec in plain no-idle idle-deaf idle-refused; do
	way watch $spec ok
done

# Cut after each byte of a session that is as short as it can be.
reports=2
way once plain ok
wait "${playing[@]}"
session=$(sed -n 's/^# 1 ends after \([0-9]*\)$/\1/p' "$work/w$n/said1")
diag "a session has ${session:=4000} bytes"
for ((i = 1 + SRANDOM % step; i <= session; i += step)); do
	way twice cut:$i ok
done
wait "${playing[@]}"

# What each must have come to.

# Each mail that was there lies in one place, and is stored if it was moved there.
nothing_lost()
{
	local last=$1

	node - "$dir/mails" "$dir/state$last" "$spec" <<-'EOF'
	const fs = require('fs'), crypto = require('crypto');
	const [dir, file, spec] = process.argv.slice(2);
	const has = new Map();
	for (const d of [dir, `${dir}.older`, `${dir}.late`])
		for (const f of fs.existsSync(d) ? fs.readdirSync(d) : []) {
			const text = fs.readFileSync(`${d}/${f}`, 'latin1').replace(/\r?\n/g, '\r\n');
			has.set(crypto.createHash('sha256').update(text, 'latin1').digest('hex'), []);
		}
	for (const line of fs.readFileSync(file, 'utf8').split('\n').filter(Boolean)) {
		const [folder, , , flags, hash] = line.split(' ');
		// Without UIDPLUS a mail that was copied stays, marked as deleted.
		if (!flags.includes('\\Deleted'))
			has.get(hash)?.push(folder);
	}
	const wrong = [...has.values()].filter((where) => where.length !== 1).length;
	process.exit(wrong > (spec.startsWith('expunge') ? 1 : 0) ? 1 : 0);
	EOF
}

# Nobody asked for what must not be asked for, nor on one connection for a mail twice.
well_behaved()
{
	awk -v twice="$spec" '
		/^[0-9]+ (clear|tls) [^ ]+ (EXPUNGE|CLOSE|SUBSCRIBE|UNSUBSCRIBE)/ { bad = 1 }
		/^[0-9]+ (clear|tls) .*BODY\[\]/ { bad = 1 }
		/^# [0-9]+ body / && seen[$0]++ && twice != "twice" { bad = 1 }
		END { exit bad }' "$1"
}

secret()
{
	! grep -E '^[0-9]+ clear ' "$1" | grep -qiE ' (LOGIN|AUTHENTICATE) |Y29ycmVjdC1ob3JzZ|dG9rZW'
}

moved()
{
	awk '$1 == "Done" { print $NF }' "$dir/state$1" | sort -u | wc -l
}

judge()
{
	local last=1 rows there first own child seconds text

	name=w$n dir=$work/w$n
	case $how in again | twice) last=2 ;; esac
	cp "$dir/err1" "$work/err" && cp "$dir/out1" "$work/out" || : >"$work/err"
	status=$(cat "$dir/status$last" 2>/dev/null || echo none)
	rows=$(sed -n "s/^$name|//p" "$work/rows")
	rows=${rows:-0|0}
	there=$(moved $last)
	[ "$(cut -d '|' -f 1 <<<"$rows")" = "$(cut -d '|' -f 2 <<<"$rows")" ] || [[ $spec = uidvalidity* ]]
	result $? "$spec: no mail twice in the intake ($rows)"
	rows=${rows%|*}
	case $want in
	ok)
		case $how in
		twice)
			first=$(cat "$dir/status1")
			{ [ "$first" = 0 ] || [ "$first" = 75 ]; } && [ "$status" = 0 ] && [ "$rows" = "$all" ] && [ "$there" = "$all" ]
			result $? "$spec: $first, then all: status $status, $rows stored, $there moved"
			;;
		watch)
			[ "$status" = 0 ] && [ "$(cat "$dir/arrived")" = 0 ] && [ "$rows" = "$all" ]
			result $? "$spec: what came while it watched is stored: status $status, $rows"
			;;
		*)
			case $spec in
			uidvalidity) all=12 there=12 ;;
			no-keywords | 'plain') [ "$there" != 0 ] || there=$(grep -c '\\Seen' "$dir/state1") ;;
			esac
			[ "$status" = 0 ] && [ "$rows" = "$all" ] && [ "$there" = "$all" ]
			result $? "$spec: status $status, $rows stored, $there dealt with, of $all"
			;;
		esac
		;;
	most)
		{ [ "$status" = 0 ] || [ "$status" = 2 ] || [ "$status" = 75 ]; } && [ "$rows" -ge $((all - 1)) ] &&
			[ "$there" -ge $((all - 1)) ]
		result $? "$spec: all but one: status $status, $rows stored, $there moved"
		;;
	or:*)
		case $status in
		0) [ "$rows" = "$all" ] && [ "$there" = "$all" ] ;;
		1 | 75) grep -qiE "${want#or:}" "$dir/err$last" ;;
		*) false ;;
		esac
		result $? "$spec: all, or why not: status $status, $rows stored: $(tail -n 1 "$dir/err$last" | cut -c 1-200)"
		;;
	any)
		case $spec:$status in
		*:0 | *:1 | *:2 | *:75 | endless-lines*:124) true ;;
		*) false ;;
		esac
		result $? "$spec: ends: status $status, $rows stored, $there moved"
		;;
	*)
		text=$(tail -n 1 "$dir/err$last" | cut -c 1-200)
		{ [ "$status" = 75 ] || [ "$status" = 1 ]; } && grep -qiE "$want" "$dir/err$last" &&
			grep -qE "$name|127.0.0.1" "$dir/err$last"
		result $? "$spec: status $status: $text"
		case $spec in noperm | read-only) is "$rows" "$all" "$spec: but all is read" ;; esac
		;;
	esac
	nothing_lost $last && [ "$there" -le "$rows" ]
	result $? "$spec: each mail in one place, and moved only when stored"
	if well_behaved "$dir/said$last"; then
		result 0 "$spec: nothing was asked that must not be, no body twice"
	else
		result 1 "$spec: nothing was asked that must not be, no body twice"
		tail -n 40 "$dir/said$last" | cut -c 1-120 | sed 's/^/# /'
	fi
	[[ $spec != *starttls && $spec != login-disabled ]] || {
		secret "$dir/said$last"
		result $? "$spec: no secret in the clear"
	}
	[ -e "$dir/watched1" ] || return
	read -r seconds own child _ <"$dir/watched1"
	[ "$own" -lt $own_kb ] && [ "$child" -lt $child_kb ]
	measured $? "$spec: parent ${own} kB, largest child ${child} kB, $seconds s"
}

sql "SELECT substring(source FROM '^imaps?://([^@]*)@'), count(*), count(DISTINCT name)
	FROM ruastat.intake GROUP BY 1" >"$work/rows"
for line in "${ways[@]}"; do
	IFS=$'\t' read -r n how spec want <<<"$line"
	all=$(find "$work/w$n"/mails* -type f | wc -l)
	judge
done

# One by one.
said_of()
{
	local line

	for line in "${ways[@]}"; do
		IFS=$'\t' read -r n how spec want <<<"$line"
		[ "$spec" != "$1" ] || {
			dir=$work/w$n
			cat "$dir/said2" 2>/dev/null || cat "$dir/said1"
			return
		}
	done
}

if [ -n "${RUASTAT_TEST_WAYS:-}" ]; then
	done_testing
	exit
fi
is "$(said_of plain | grep -c '^# [0-9]* body')" 6 'plain: a second run fetches nothing'
is "$(said_of no-uidplus | grep -c ' UID COPY ')" "$(said_of no-uidplus | grep -E '^1 ' | grep -c ' UID COPY ')" \
	'no-uidplus: a second run copies nothing again'
is "$(said_of no-uidplus | grep -c EXPUNGE) $(said_of no-uidplus | grep -c 'STORE.*Deleted' | sed 's/[1-9].*/some/')" \
	'0 some' 'no-uidplus: marked as deleted, never expunged'
is "$(said_of no-move | grep -c 'UID MOVE') $(said_of caps-less | grep -c 'UID MOVE')" '0 0' 'MOVE is used only where it is there'
is "$(said_of large | grep -c '^# .* large begins')" 0 'large: a mail of 4 GB is not asked for'
is "$(said_of no-keywords | grep -c 'Ruastat')" 0 'no-keywords: no keyword where none can be made'
is "$(said_of token-refused:XOAUTH2 | sed -n 's/^# .* answered //p' | sort -u)" '""' 'XOAUTH2: an empty line after the challenge'
is "$(said_of token-refused:OAUTHBEARER | sed -n 's/^# .* answered //p' | sort -u)" '"AQ=="' 'OAUTHBEARER: one octet after it'
for code in AUTHENTICATIONFAILED AUTHORIZATIONFAILED EXPIRED PRIVACYREQUIRED CONTACTADMIN ''; do
	is "$(said_of "auth:$code" | grep -cE ' (AUTHENTICATE|LOGIN) ')" 1 "auth:$code: tried once"
done
is "$(said_of no-sasl-ir | grep -c 'AUTHENTICATE PLAIN$')" 1 'no-sasl-ir: nothing behind AUTHENTICATE'
verifies
done_testing
