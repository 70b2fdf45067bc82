#!/bin/bash
# demo.sh B [MAIL] - what "make run" shows, with the program of the tree B (build/plain).
#
# Without MAIL a demo mailbox is generated once; with MAIL that is read instead, into a state
# directory of its own.  No configuration is read and no database but the private one is used.
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
options=(--no-config --state-dir "$state")
echo "Reading $mail into $state"
"$ruastat" ingest "${options[@]}" "$mail"
status=$?
if [ $status -eq 2 ]; then
	echo "Some mails hold a report that cannot be read; \"ruastat intake\" says why."
elif [ $status -ne 0 ]; then
	exit $status
fi
printf '\nDomains\n'
"$ruastat" domains "${options[@]}" || exit
printf '\nSources\n'
"$ruastat" sources "${options[@]}" --limit 25 || exit
cat <<EOF

What to try next:
  R="$ruastat"
  S="${options[*]}"
  \$R reports \$S         every report; then \$R explain \$S ID
  \$R intake \$S          what became of each mail
  \$R verify \$S          every sum recomputed from its rows
  \$R psql \$S -- -c 'SELECT * FROM ruastat.sources_daily LIMIT 10'
  make run MAIL=/path    the same with a mailbox of your own, kept apart from this one
EOF
