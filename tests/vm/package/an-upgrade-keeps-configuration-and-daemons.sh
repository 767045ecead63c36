#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/board.sh

# The next version: the same again, but for what it is called and a word in a
# configuration file.
next=0.1.1
make_next() {
	for file in "$packages"/*.deb; do
		rm -rf "$work/package"
		dpkg-deb -R "$file" "$work/package"
		sed -i "s/= $version)/= $next)/g; s/^Version: .*/Version: $next/" "$work/package/DEBIAN/control"
		for conf in "$work"/package/etc/atoll/*d.conf; do
			[ ! -e "$conf" ] || echo '# Of the next version.' >>"$conf"
		done
		name=${file##*/}
		dpkg-deb -Znone -b "$work/package" "$work/next/${name%%_*}.deb" >/dev/null
	done
}
version=$(dpkg-query -W -f '${Version}' atoll-tpud)
mkdir "$work/next"
make_next

wait_until 10 all_are_up
load_header
# An administrator has changed one file, another not.
sed -i 's/^#clock = max/clock = low/' /etc/atoll/tpud.conf
configure atoll-headerd 'safe pin 16 high'
wait_until 10 pin 16 1
cp -a /etc/atoll "$work/before"
mkdir -p /etc/atoll/boards
apt -o Dpkg::Options::=--force-confold install "$work"/next/*.deb
is "$(dpkg-query -W -f '${Version}' atoll-tpud)" "$next"
is "$(our_packages | grep -vc 'ii $')" 0

grep -qx 'clock = low' /etc/atoll/tpud.conf
fails grep 'Of the next version' /etc/atoll/tpud.conf
grep -q 'Of the next version' /etc/atoll/listend.conf
diff -r "$work/before/headerd.conf.d" /etc/atoll/headerd.conf.d
wait_until 10 all_are_up
wait_until 10 pin 16 1
wait_until 10 says atoll-headerd '^1 pin'
nothing_failed
for daemon in $daemons; do
	is "$(of "$daemon" NRestarts)" 0
	# The one that runs is that of the new package.
	case $(readlink "/proc/$(process "$daemon")/exe") in
	*deleted*) fail "$daemon is still the old one" ;;
	esac
done
