# web.sh - a dashboard to ask: started on a free port, waited for, logged in to, stopped.  Sourced
# after lib.sh, never run.
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # variables for those who source this, and of lib.sh

conf=(--no-config)
jar=$work/jar
csrf=''
type=application/json
client=()

# A free port's dashboard of $state, with more options.  It is the process $web, says what is in
# $work/web.out and $work/web.err, and is reached at $base (port $port); $link is the token of its
# one-time link, if it printed one.  Without an answer within 20 seconds, or when it ends: not 0.
start_serve()
{
	start_web serve --listen 127.0.0.1:0 "$@"
}

start_web()
{
	local verb=$1 i

	shift
	rm -f "$work/web.out" "$work/web.err"
	# In the background a shell has them ignore SIGINT.
	"${as[@]}" env --default-signal=INT,QUIT "$work/ruastat" "$verb" "${conf[@]}" \
		--state-dir "$state" "$@" >"$work/web.out" 2>"$work/web.err" </dev/null &
	web=$!
	servers+=("$web")
	link='' base='' port=''
	for ((i = 0; i < 1000 * ${SLOW:-1}; i++)); do
		base=$(sed -nE 's,.*(https?://[^ /]*)/.*,\1,p' "$work/web.out" | head -n 1)
		link=$(sed -nE 's,.*/login#([^ ]*)$,\1,p' "$work/web.out")
		port=${base##*:}
		case $base in
		'' | *://127.* | *://\[*) ;;
		*) base=${base%%://*}://127.0.0.1:$port ;; # our name, for all addresses
		esac
		[ -z "$base" ] || curl -sko /dev/null "$base/healthz" && [ -n "$base" ] && return 0
		kill -0 "$web" 2>/dev/null || return 1
		sleep 0.02
	done
	return 1
}

# End it by a signal: its exit status.  As its database's last user it stops that, too.
stop_web()
{
	local i

	kill "-${1:-TERM}" "$web" 2>/dev/null
	for ((i = 0; i < 1000 * ${SLOW:-1}; i++)); do
		kill -0 "$web" 2>/dev/null || break
		sleep 0.02
	done
	[ "$i" -lt $((1000 * ${SLOW:-1})) ] || kill -KILL "$web"
	{ wait "$web"; } 2>/dev/null
}

# curl's answer: the body in $work/out, the header in $work/header, the status in $http; not 0 if
# there was none.  ${client[@]} are options for every request.
fetch()
{
	: >"$work/out"
	: >"$work/header"
	http=$(curl -sS --max-time $((30 * ${SLOW:-1})) -o "$work/out" -D "$work/header" -w '%{http_code}' \
		"${client[@]}" "$@" 2>"$work/err")
}

# A request of the API with the cookies of $jar: path below /api/v1/, then options of curl.
api()
{
	local path=$1

	shift
	fetch -b "$jar" -c "$jar" "$@" "$base/api/v1/$path"
}

# The same that changes something: path, JSON, options; with the session's token, as $type.
post()
{
	local path=$1 body=$2

	shift 2
	api "$path" -H "Content-Type: $type" -H "X-CSRF-Token: $csrf" \
		--data-binary "$body" "$@"
}

# A new session in $jar by a password, or by a link's token; its own token in $csrf.
log_in()
{
	rm -f "$jar"
	csrf=''
	post login "$(jq -cn --arg n "$1" --arg p "$2" '{name: $n, password: $p}')" "${@:3}"
	csrf=$(jq -r '.csrf // ""' "$work/out" 2>/dev/null)
	[ "$http" = 200 ]
}

redeem()
{
	rm -f "$jar"
	csrf=''
	post link "{\"token\":\"$1\"}" "${@:2}"
	csrf=$(jq -r '.csrf // ""' "$work/out" 2>/dev/null)
	[ "$http" = 200 ]
}

# What a program of jq makes of the answer.
answer()
{
	jq -rc "$1" "$work/out" 2>/dev/null
}

# A field of the answer's header, without its name.
header()
{
	tr -d '\r' <"$work/header" | sed -n "s/^$1: *//Ip"
}

# An answer has this status, and if there are words, this error code and parameter.
answered()
{
	local got=$http

	[ -z "$2" ] || got="$got $(answer '[.error.code, .error.parameter // empty] | join(" ")')"
	is "$got" "$1${2:+ $2}" "$3"
}

# Whatever runs in the state directory.
processes_of_state()
{
	local p

	for p in /proc/[0-9]*; do
		case $(readlink "$p/cwd") in
		"$state"*) echo "${p#/proc/}" ;;
		esac
	done
}

add_user()
{
	printf '%s\n' "$2" | put "$work/password"
	ruastat user add "$1" --password-file "$work/password" "${@:3}"
}
