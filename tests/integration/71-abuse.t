#!/bin/bash
# timeout: 240
# Clients that mean no good: the server stays there for the others.
# alone: it measures how soon others are answered
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/integration/web.sh
. "$SRC/tests/integration/web.sh"

if ! command -v curl >/dev/null || ! command -v node >/dev/null; then
	echo '1..0 # SKIP curl or node is missing'
	exit 0
fi
good='correct horse battery'

memory()
{
	awk '/^VmRSS/ { print $2 }' "/proc/$web/status"
}

descriptors()
{
	find "/proc/$web/fd" -mindepth 1 2>/dev/null | wc -l
}

# Do it in a way of abuse.mjs; its figures are told, and asked for by holds.
abuse()
{
	timeout 40 node "$SRC/tests/integration/abuse.mjs" "$1" "$port" "$cookie" \
		>"$work/out" 2>"$work/err"
	diag "$1: $(cat "$work/out") rss $(memory) kB, $(descriptors) descriptors"
}

holds()
{
	[ -s "$work/out" ] && jq -e "$1" "$work/out" >"$work/null" 2>&1
	result $? "$2"
}

use_state state
start_serve
result $? 'a dashboard'
redeem "$link"
post password "{\"name\":\"ann\",\"new_password\":\"$good\"}"
cookie=$(awk '/ruastat_/ { print $6 "=" $7 }' "$jar")
api session
is "$http $(answer .name)" '200 ann' 'somebody is logged in'
memory_before=$(memory)
descriptors_before=$(descriptors)
diag "rss $memory_before kB, $descriptors_before descriptors"

abuse drip
holds '.ended == 20' 'who drips a byte a second is ended'
holds '.first >= 18000 and .last <= 25000' 'when LIMIT_HTTP_WAIT_SECONDS are over'
holds '.half.answered == 20' 'who is done talking is answered'
holds '.half.ended == 40 and .half.last <= 25000' 'and ends, whole request or not'
holds '.other.asked > 50 and .other.failed == 0 and .other.worst < 1000' 'others are answered meanwhile'

abuse idle
holds '.before == 500' '500 connections may be idle'
holds '.answered == 20' 'who comes then is answered'
holds '.worst < 1000' 'at once'
holds '.same == 200' 'even from one of those addresses'
holds '.together == 20' 'and when many come together'
holds '.after >= 450 and .after <= 499' 'for as many that waited longest'
holds '.served == 50' 'the others are served'

abuse cap
# Each thread may let in one at the same moment.
holds '.left >= 60 and .left <= 72' 'of one address there are 64 at most'
holds '.own == 200' 'one more takes the place of the one that waited longest'
holds '.other == 200' 'while others may'
holds '.later == 200' 'and it may again when they are closed'

# Whoever comes while others' passwords are looked at is told to come again: 503.
every='(."401" // 0) + (."429" // 0) + (."503" // 0) == 250'
abuse guess
holds "$every" 'fifty guesses a second are all answered'
holds '."401" >= 5 and ."401" <= 22' 'few of one address are looked at'
holds '.other.failed == 0 and .other.asked > 40 and .other.p95 < 500 and .other.worst < 1500' \
	'who is logged in notices little'

abuse guesses
holds "$every" 'the same from fifty addresses'
holds '.other.failed == 0 and .other.asked > 40 and .other.p95 < 500 and .other.worst < 1500' \
	'who is logged in notices little'

# What those left to do is not to be blamed on the next.
idle()
{
	fetch --max-time 1 "$base/healthz" && fetch --max-time 1 "$base/healthz" && api session --max-time 1 &&
		[ "$(descriptors)" -le $((descriptors_before + 12)) ]
}

until_true idle
abuse junk
holds '.header.ended and .header.sent < 50000000' 'a header without an end has one'
holds '.header.status == "431" or .header.status == ""' 'and it is said why, if anything'
holds '.body.status == "413" or .body.status == ""' 'a body without an end is refused'
holds '.junk.ended == 30' 'junk ends a connection'
holds '.junk.answered == 10' 'but not the request before it'
holds '.pipelined == 100' 'a hundred requests at once are answered in order'
holds '.other.failed == 0 and .other.worst < 1000' 'others are answered meanwhile'

# What it had to hold is given back when the last of them is gone.
few_descriptors()
{
	[ "$(descriptors)" -le $((descriptors_before + 12)) ]
}

until_true few_descriptors
is $? 0 "descriptors are given back: $(descriptors), $descriptors_before before"
grown=$(($(memory) - memory_before))
diag "rss grew by $grown kB"
[ "$grown" -lt 100000 ]
measured $? 'memory is bounded'
api session
is "$http $(answer .name)" '200 ann' 'the session is as it was'
from_log=$(grep -vc 'wrong password' "$work/web.err")
is "$from_log" 0 'nothing but wrong passwords is complained of'
stop_web TERM
is $? 0 'and it ends well'
done_testing
