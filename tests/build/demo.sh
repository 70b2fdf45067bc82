#!/bin/bash
# demo.sh B [MAIL] - what "make run" shows, with the program of the tree B (build/plain).
#
# Without MAIL a demo mailbox is generated once; with MAIL that is read instead, into a state
# directory of its own.  No configuration is read and no database but the private one is used.  It
# ends in the dashboard, which runs until Ctrl-C.
set -u
cd "$(dirname "$0")/../.." || exit 1
tree=$(realpath "$1")
mail=${2:-}
ruastat=$tree/ruastat
base=$(pwd)/build/demo
umask 022

# As root ruastat becomes _ruastat, who may not be able to come here at all (/root has mode 0700).
reachable()
{
	setpriv --reuid=_ruastat --regid=_ruastat --clear-groups test -x "$1" 2>/dev/null
}

if [ -n "$mail" ]; then
	mail=$(realpath -e "$mail") || exit 1
fi
mkdir -p "$base" || exit 1
if [ "$(id -u)" -eq 0 ] && getent passwd _ruastat >/dev/null && ! reachable "$base"; then
	base=/var/tmp/ruastat-demo-$(id -u)
	mkdir -p "$base" || exit 1
	if [ -L "$base" ] || [ ! -O "$base" ]; then
		echo "$base belongs to somebody else" >&2
		exit 1
	fi
	chmod 755 "$base"
	echo "The user _ruastat cannot reach this directory: the demo is in $base."
fi
state=$base/state
if [ -n "$mail" ]; then
	state=$base/state-mail
elif [ ! -d "$base/mail" ]; then
	rm -rf "$base/mail.new"
	"$tree/tests/mailgen" --story demo "$base/mail.new" || exit 1
	mv "$base/mail.new" "$base/mail"
fi
[ -n "$mail" ] || mail=$base/mail

# Not from here: the programs that ruastat starts complain about a directory they may not see.
cd "$base" || exit 1
echo "Reading $mail into $state"
exec "$ruastat" run --no-config --state-dir "$state" "$mail"
