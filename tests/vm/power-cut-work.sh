#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# On the board, for power-cut: look whether everything is whole, say so in /out/progress,
# and then let programs write their files, a line for each time, until there is no more
# power. With /out/last nothing more is written.
#
# Firmware is not among it: only the vendor's is taken, which is not ours to have here.
. tests/vm/board.sh
# shellcheck source=tests/cli/clip.sh
. tests/cli/clip.sh
list=/boot/overlays.txt
words=/var/lib/atoll/taught.words
written="/etc/atoll/tpu.conf.d/90-power.conf /etc/atoll/tpud.conf.d/90-power.conf
	$list $list.bak /boot/spi.dtbo $words"

# By turns, two versions of everything.
become_a() {
	step atoll-power set tpu-clock low
	step atoll-header overlays enable spi --install
	step atoll-listen --teach=neves --examples=3 --words=$words "$work"/neves.wav \
		"$work"/neves.wav "$work"/neves.wav
}
become_b() {
	step atoll-power set tpu-clock high
	step atoll-header overlays disable spi
	rm -f /boot/spi.dtbo $words
}
step() {
	gives 0 "$@"
	echo "$*" >>/out/progress
}

# What files are when nobody interrupts, kept by the host from the first time on.
know_both() {
	[ ! -d /out/b ] || return 0
	printf '# The boot loader applies these.\noverlay=\n' >$list
	become_a
	become_b # from now on what was before is of the other version
	for version in a b; do
		become_$version
		# shellcheck disable=SC2086 # one word per file; some are of one version only
		tar -c --ignore-failed-read $written 2>"$work/err" | { mkdir /out/$version
			tar -x -C /out/$version; }
	done
}

# is_whole FILE: or it is not there.
is_whole() {
	[ -e "$1" ] || return 0
	for version in a b; do
		cmp -s "$1" "/out/$version$1" && return
	done
	od -c "$1" | head -n 5 | sed 's/^/# /'
	fail "$1 is none of what was written ($(wc -c <"$1") bytes)"
}

wait_until 60 all_are_up
nothing_failed
# shellcheck disable=SC2046 # one word per package
dpkg --verify $(our_packages | cut -d ' ' -f 1) >"$work/changed"
sed 's/^/# changed: /' "$work/changed"
[ ! -s "$work/changed" ]
backwards() { tail -c +45 "$1" | od -An -v -tu1 -w2 | tac | awk '{ printf "%c%c", $1, $2 }'; }
make_clip
{ head -c 44 "$clip"; backwards "$clip"; } >"$work/neves.wav"
know_both
for file in $written; do
	is_whole "$file"
done
# Of what was being written when there was no more power, which nobody reads.
drafts=$(find /etc/atoll /var/lib/atoll /boot -name '*~' | wc -l)
find /etc/atoll /var/lib/atoll /boot -type f -empty ! -name '*~' >"$work/empty"
sed 's/^/# empty: /' "$work/empty"
[ ! -s "$work/empty" ]
for daemon in $daemons; do
	gives 0 "../sbin/$daemon" --check
done
gives 0 atoll-power show
gives 0 atoll-header overlays
echo "# drafts left behind by now: $drafts"
[ ! -e /out/last ] || exit 0

echo whole >>/out/progress
while :; do
	become_a
	become_b
done
