#!/bin/bash
# timeout: 300
# Tokens of OAuth 2.0: the first one with a person's help, those after it without, and servers that
# are slow, wrong, busy or say no.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"

if ! command -v node >/dev/null || ! command -v openssl >/dev/null || ! command -v curl >/dev/null; then
	echo '1..0 # SKIP node, openssl or curl is missing'
	exit 0
fi
cp "$B/tests/integration/token" "$work/token" && chmod 755 "$work/token" || exit 1

# -- a server of our own, with a certificate of our own ---------------------------------------------

certificate()
{
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj '/CN=test' \
		-addext "subjectAltName=$2" -keyout "$work/$1.key" -out "$work/$1.pem" 2>/dev/null &&
		chmod 644 "$work/$1.key" "$work/$1.pem"
}
certificate right IP:127.0.0.1 && certificate other DNS:other.example || exit 1

# start_server NAME: its port in $port, its requests in $work/NAME.log.
start_server()
{
	: >"$work/$1.log"
	node "$SRC/tests/integration/token-server.mjs" "$work/$1.pem" "$work/$1.key" \
		"$work/$1.port" "$work/$1.log" >"$work/$1.err" 2>&1 </dev/null &
	servers+=($!)
	until_true test -s "$work/$1.port" || exit 1
	port=$(cat "$work/$1.port")
}
start_server other
other=https://127.0.0.1:$port
start_server right
base=https://127.0.0.1:$port

printf '%s\n' 'client sécret & more+' | put "$work/secret"
printf '%s\n' 'wrong' | put "$work/wrong"
"${as[@]}" chmod 600 "$work/secret" "$work/wrong"

# source NAME CLIENT GRANT ENDPOINT [LINE...]
source_of()
{
	printf 'source %s {\npath = "imaps://ada@localhost"\noauth2 = custom\nclient_id = "%s"\ngrant = %s\n' "$1" "$2" "$3"
	printf 'token_endpoint = "%s"\n' "$4"
	shift 4
	case "$*" in
	*oauth2_ca_file*) ;;
	*) printf 'oauth2_ca_file = "%s"\n' "$work/right.pem" ;;
	esac
	printf '%s\n' "$@" '}'
}

{
	for name in typed busy denied expired late; do
		source_of "$name" "$name" device "$base/token" "device_endpoint = \"$base/device\""
	done
	for name in browser pasted rotating-short keeps-short; do
		source_of "$name" "$name" browser "$base/token" 'scope = "mail offline"' \
			"authorization_endpoint = \"$base/authorize?extra=1\""
	done
	source_of refused denied browser "$base/token" 'scope = "mail offline"' \
		"authorization_endpoint = \"$base/authorize?extra=1\""
	source_of app app credentials "$base/token" "client_secret_file = \"$work/secret\""
	source_of unwell app credentials "$base/token" "client_secret_file = \"$work/wrong\""
	for name in busy missing elsewhere garbage list evil empty echo aadsts tenant huge headers hang; do
		source_of "is-$name" app credentials "$base/$name" "client_secret_file = \"$work/secret\""
	done
	source_of stranger app credentials "$base/token" "client_secret_file = \"$work/secret\"" \
		"oauth2_ca_file = \"$work/other.pem\""
	source_of untrusted app credentials "$base/token" "client_secret_file = \"$work/secret\"" \
		'oauth2_ca_file = "/etc/ssl/certs/ca-certificates.crt"'
	source_of misnamed app credentials "$other/token" "client_secret_file = \"$work/secret\"" \
		"oauth2_ca_file = \"$work/other.pem\""
	source_of nobody app credentials https://127.0.0.1:1/token "client_secret_file = \"$work/secret\""
	printf 'source command {\npath = "imaps://ada@localhost"\ntoken_command = "echo fresh-$$"\n}\n'
	printf 'source broken {\npath = "imaps://ada@localhost"\ntoken_command = "echo two words"\n}\n'
} | put "$work/conf"
state=$work/state
conf_options=(--config "$work/conf" --state-dir "$state")

login()
{
	timeout 100 "${as[@]}" "$work/ruastat" login "${conf_options[@]}" "$@" >"$work/out" 2>"$work/err"
}

token()
{
	timeout 100 "${as[@]}" "$work/token" "$work/conf" "$state" "$@" 2>"$work/err" | tee "$work/out"
}

asked()
{
	grep -c "$1" "$work/right.log"
}

kept()
{
	jq -r ".$2" "$state/tokens/$1.json"
}

# Write what is kept anew, by a program of jq.
change()
{
	jq "$2" "$state/tokens/$1.json" >"$work/changed" && put "$state/tokens/$1.json" <"$work/changed"
}

says()
{
	grep -qF -- "$1" "$work/out" "$work/err"
	result $? "$2"
}

# Nothing that was printed so far holds a secret.
silent()
{
	! grep -qE 'refresh-|access-|s.cret &' "$work/out" "$work/err"
	result $? 'and no secret is printed'
}

# -- a code typed anywhere ---------------------------------------------------------------------------

is "$(token typed)" "config: the token of typed: there is none yet: \"ruastat login typed\" gets the first one" \
	'without a token it is said what to do'
login typed </dev/null
result $? 'a device code: pending, slow down, and then a token'
says WDJB-MJHT 'the code is shown'
says 'https://login.example/device\x1b[2J' 'and the page, which cannot move the cursor'
says "kept in $state/tokens/typed.json" 'and where the token is kept'
says 'check-config --connect' 'and how to try it'
silent
is "$(grep 'too early' "$work/right.log")" '' 'the server was never asked too early'
is "$(stat -c '%a %U' "$state/tokens/typed.json") $(stat -c %a "$state/tokens")" "600 $user 700" 'nobody else can read it'
is "$(token typed)" "$(kept typed access_token)" 'the token is handed out'
is "$(asked 'typed refresh_token')" 0 'without another question'
login busy </dev/null
result $? 'a server that is busy meanwhile is asked again'
for name in 'denied|the permission was not given' 'expired|not typed in time' 'late|not typed in time'; do
	login "${name%%|*}" </dev/null
	is $? 1 "a code that is ${name%%|*}"
	says "${name#*|}" 'is told in words'
done
[ ! -e "$state/tokens/denied.json" ]
result $? 'and leaves nothing'

# -- a browser ----------------------------------------------------------------------------------------

# Begin to log in; the page to open in $page.
begin()
{
	rm -f "$work/talk" "$work/talk.err" "$work/typing"
	mkfifo -m 666 "$work/typing"
	exec {typing}<>"$work/typing"
	"${as[@]}" "$work/ruastat" login "${conf_options[@]}" "$1" >"$work/talk" 2>"$work/talk.err" <"$work/typing" &
	talker=$!
	until_true grep -qs paste "$work/talk"
	page=$(sed -n 's/^ *\(https:.*authorize.*\)/\1/p' "$work/talk")
	back=$(sed -n 's/.*redirect_uri=\([^&]*\)&.*/\1/p' <<<"$page" | sed 's/%3A/:/g; s/%2F/\//g')
}

end()
{
	wait "$talker"
	ended=$?
	exec {typing}>&-
	cp "$work/talk" "$work/out"
	cp "$work/talk.err" "$work/err"
}

browse()
{
	curl -sSL --max-time 20 --cacert "$work/right.pem" -o "$work/page" -w '%{http_code}' "$@" 2>"$work/err"
}

begin browser
exec {idle}<>"/dev/tcp/127.0.0.1/$(sed 's,.*:\([0-9]*\)/.*,\1,' <<<"$back")"
is "$(browse "$back?code=mine&state=$(printf 'A%.0s' {1..43})")" 400 'an answer with another state is refused'
is "$(browse "$back?code=mine")" 400 'and one without'
is "$(browse "$back?code=a&code=b&state=c&state=d")" 400 'and one with two'
is "$(browse "${back}favicon.ico")" 404 'nothing else is there'
is "$(browse -d 'code=mine' "$back")" 400 'and nothing is to be posted'
kill -0 "$talker"
result $? 'and it goes on waiting'
is "$(browse "$page")" 200 'the browser comes back, though another connection says nothing'
exec {idle}>&-
grep -q 'Close this page' "$work/page"
result $? 'to a page that says so'
end
is $ended 0 'and the code is changed for a token, with PKCE'
silent
is "$(token browser)" "$(kept browser access_token)" 'which is handed out'

begin pasted
echo 'http://127.0.0.1:1/nothing' >&"$typing"
until_true grep -q 'whole address' "$work/talk"
result $? 'what is pasted must be the whole address'
where=$(curl -s --cacert "$work/right.pem" -o /dev/null -w '%{redirect_url}' "$page")
echo "  $where#fragment" >&"$typing"
end
is $ended 0 'the address can be pasted, from a browser on another machine'

begin refused
is "$(browse "$page")" 400 'the browser is told what the person chose'
end
is $ended 1 'a permission that is not given'
says 'the person said no & left' 'is told with the server'"'"'s words'

begin refused
kill -TERM "$talker"
end
is $ended 75 'a signal ends the waiting'

# -- renewing -----------------------------------------------------------------------------------------

begin rotating-short
browse "$page" >/dev/null
end
first=$(kept rotating-short refresh_token)
is "$(token rotating-short)" "$(kept rotating-short access_token)" 'a token that is over is renewed'
[ "$first" != "$(kept rotating-short refresh_token)" ]
result $? 'and the refresh token that came with it is kept'
is "$(stat -c %a "$state/tokens/rotating-short.json")" 600 'as before'
is "$(token rotating-short | cut -c 1-7)" access- 'it is used the next time'

before=$(asked 'browser refresh_token')
one=$(kept browser access_token)
"${as[@]}" "$work/token" "$work/conf" "$state" browser renew >"$work/one" 2>&1 &
first_of_two=$!
"${as[@]}" "$work/token" "$work/conf" "$state" browser renew >"$work/two" 2>&1
wait "$first_of_two"
is "$(cat "$work/one")" "$(cat "$work/two")" 'two processes that renew at once get the same'
[ "$one" != "$(cat "$work/one")" ] && grep -q '^access-' "$work/one"
result $? 'a new one'
is "$(($(asked 'browser refresh_token') - before))" 1 'by exactly one question'

change browser '.expires_at = 0'
for i in {1..5}; do
	"${as[@]}" "$work/token" "$work/conf" "$state" browser >"$work/one.$i" 2>&1 &
	five[i]=$!
done
wait "${five[@]}"
is "$(sort -u "$work"/one.? | wc -l) $(sort -u "$work"/one.? | cut -c 1-7)" '1 access-' \
	'so do five that find it over'
is "$(($(asked 'browser refresh_token') - before))" 2 'by one question more'
cp "$work/one.1" "$work/two"

"${as[@]}" "$work/token" "$work/conf" "$state" browser renew >"$work/one" 2>&1 &
victim=$!
was_asked_again()
{
	[ "$(asked 'browser refresh_token')" -gt $((before + 2)) ]
}
until_true was_asked_again
kill -KILL "$victim"
{ wait "$victim"; } 2>/dev/null
[ -s "$state/tokens/browser.json" ] && [ "$(kept browser access_token)" = "$(cat "$work/two")" ]
result $? 'one that is killed while it waits for the server leaves the file as it was'
token browser renew >/dev/null
is "$(find "$state/tokens" -name '*.new')" '' 'and what it began is cleared away by the next'

begin keeps-short
browse "$page" >/dev/null
end
first=$(kept keeps-short refresh_token)
token keeps-short >/dev/null
is "$(kept keeps-short refresh_token)" "$first" 'a refresh token that is not replaced is kept'

change pasted '.refresh_token = "refresh-gone" | .expires_at = 0'
token pasted >/dev/null
says 'config: the token of pasted: the permission has ended' 'a permission that was taken back'
says '"ruastat login pasted"' 'is told with what to do'
silent
change browser '.client_id = "another"'
is "$(token browser renew | cut -c 1-66)" 'config: the token of browser: the one that is kept was for another' \
	'a refresh token goes to nobody but who gave it'
echo 'half {' | put "$state/tokens/pasted.json"
is "$(token pasted | grep -c 'cannot be read')" 1 'a damaged file is told of'
"${as[@]}" chmod 644 "$state/tokens/pasted.json"
is "$(token pasted | grep -c 'chmod 600')" 1 'and one that others can read'

# -- the application itself -----------------------------------------------------------------------------

is "$(token app)" "$(kept app access_token)" 'client credentials need no login'
is "$(kept app refresh_token) $(grep -c 'sécret' "$state/tokens/app.json")" 'null 0' 'and nothing but the token is kept'
token app >/dev/null
is "$(asked 'app client_credentials')" 1 'and it is used while it is good'
token app renew >/dev/null
is "$(asked 'app client_credentials')" 2 'or until it is refused'
login app </dev/null
result $? 'login gets one too'
token unwell >/dev/null
says 'its value is wanted, not its id' 'a wrong client secret, in words that help'

# -- servers that are not well ---------------------------------------------------------------------------

check()
{
	token "is-$1" >/dev/null
	says "$2" "a server that ${3-is $1}"
	silent
}
check busy 'source: the token of is-busy:'
check missing 'HTTP status 404: is the endpoint right?'
check elsewhere 'redirects elsewhere' 'redirects'
check garbage 'source: the token of is-garbage:' 'sends garbage'
check list 'not what RFC 6749 says' 'sends a list'
check evil 'no token that can be used' 'sends control characters'
check empty 'no token that can be used' 'sends no token'
check echo 'the server refuses (odd)' 'sends a secret back'
check aadsts 'the tenant has no application with this client_id (invalid_request); the server says: AADSTS700016: Application was not found.' 'speaks like Microsoft'
check tenant 'config: the token of is-tenant: a Conditional Access policy forbids it' 'has policies'
check huge 'longer than any real one' 'sends 10 MB'
check headers 'longer than any real one' 'sends 200 kB of headers'
is "$(grep -c '/token app$' "$work/right.log")" 0 'a redirect is not followed'
for name in stranger untrusted misnamed; do
	is "$(token $name | cut -c 1-43 | sed "s/ of $name: .*//")" 'config: the token' "a certificate that is $name"
	says 'cannot trust' 'is not trusted'
done
is "$(asked 'token app client_credentials') $(cat "$work/other.log")" '4 ' 'and nothing was sent there'
is "$(token nobody | cut -c 1-50)" 'source: the token of nobody: could not reach https' 'a server that is not there'
SECONDS=0
check hang 'source: the token of is-hang: could not reach' 'hangs'
[ "$SECONDS" -ge 25 ] && [ "$SECONDS" -le 40 ]
result $? 'for half a minute at most'

# -- commands, and what is no login -----------------------------------------------------------------------

is "$(token command | cut -c 1-6)" fresh- 'a command may print the token'
is "$(token broken)" 'config: the token of broken: what token_command prints is no access token' 'but nothing else'
login command </dev/null
is "$? $(grep -c 'token_command gets it' "$work/err")" '1 1' 'then there is nothing to log in for'
login nowhere </dev/null
is "$? $(grep -c 'no source "nowhere"' "$work/err")" '1 1' 'nor for a source that is not there'

done_testing
