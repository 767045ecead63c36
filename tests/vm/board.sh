# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2034,SC2154 # names go both ways
# What tests on the board share, beside guest.sh: programs are those of the packages, and
# daemons are systemd's.
#
#	. tests/vm/board.sh
#
#	load_header
#	wait_until 10 says atoll-headerd '^1 pin'
# shellcheck source=tests/vm/headerd.sh
. tests/vm/headerd.sh

tree=$BUILD BUILD=/usr/bin
ATOLL_BOARD=virtual
control=/run/atoll/headerd.sock
models=/usr/share/atoll/models
daemons='atoll-tpud atoll-visiond atoll-listend atoll-headerd'
DEBIAN_FRONTEND=noninteractive
export DEBIAN_FRONTEND

# apt ARGUMENT...: quietly; what it said last is shown when the test fails.
apt() {
	apt-get -q -y -o Dpkg::Use-Pty=0 "$@" >"$work/out" 2>"$work/err" </dev/null ||
		fail "apt-get $*: exit status $?"
}
install_everything() { apt install ./"$packages"/*.deb; }

# Ours, as dpkg has them: "atoll-tpud ii".
our_packages() {
	dpkg-query -W -f '${Package} ${db:Status-Abbrev}\n' 'atoll*' 'libatoll*' 2>/dev/null
}

# of DAEMON PROPERTY: as systemd has it.
of() { systemctl show --value --property="$2" "$1"; }
process() { of "$1" MainPID; }
is_up() { [ "$(of "$1" ActiveState)" = active ]; }
all_are_up() {
	for daemon in $daemons; do
		is_up "$daemon" || return
	done
}
# says DAEMON REGEX: in its status.
says() { of "$1" StatusText | grep -qE -- "$2"; }
# logged DAEMON REGEX
logged() { journalctl -q -o cat -u "$1" | grep -qE -- "$2"; }

# What they say and said last, for who reads why a test failed.
tell_daemons() {
	for daemon in $daemons; do
		echo "# $daemon: $(of "$daemon" ActiveState), $(of "$daemon" StatusText)"
		journalctl -q -o cat -n 5 -u "$daemon" | sed 's/^/#     /'
	done
}
# shellcheck disable=SC2016 # of the end
at_the_end '[ $status -eq 0 ] || tell_daemons'
nothing_failed() {
	failed=$(systemctl list-units --state=failed --no-legend --plain | cut -d ' ' -f 1)
	[ -z "$failed" ] || fail "failed: $failed"
}

# configure DAEMON LINE...: in a file of its own, as an administrator would.
configure() {
	name=${1#atoll-}
	shift
	mkdir -p "/etc/atoll/$name.conf.d"
	printf '%s\n' "$@" >"/etc/atoll/$name.conf.d/test.conf"
	systemctl reload "atoll-$name"
}

# have_user NAME [GROUP]; as NAME COMMAND...
have_user() { useradd --create-home ${2:+--groups "$2"} "$1"; }
as() {
	user=$1
	shift
	runuser -u "$user" -- "$@"
}
