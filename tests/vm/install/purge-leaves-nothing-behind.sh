#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/board.sh

# Every file there is but logs, lists and caches of apt, dpkg, systemd and the linker.
files() {
	find /bin/ /boot /etc /lib/ /opt /root /run/atoll /run/systemd/system /sbin/ /srv /usr \
		/var -xdev ! -path '/var/cache/*' ! -path '/var/log/*' ! -path '/var/lib/apt/*' \
		! -path '/var/lib/dpkg/*' ! -path '/var/lib/systemd/*' ! -path '*/.tmp*' \
		! -name '*.cache' ! -path '/var/tmp/*' ! -name 'group-' ! -name 'gshadow-' \
		! -name 'passwd-' ! -name 'shadow-' 2>/dev/null | sort
}
rules_of() { grep -rl 'atoll\|1a6e' /etc/udev /lib/udev/rules.d 2>/dev/null; }

files >"$work/before"
install_everything
wait_until 10 all_are_up
# It has been used: what programs of ours wrote goes, too.
gives 0 atoll-power set tpu-clock low
head -c 10783 /dev/urandom >"$work/firmware"
program atoll-tpu firmware import "$work/firmware" >"$work/imported" 2>&1 || true
apt purge 'atoll*' 'libatoll*'
is "$(our_packages)" ''
files >"$work/after"
comm -13 "$work/before" "$work/after" >"$work/left"
sed 's/^/# left: /' "$work/left"
[ ! -s "$work/left" ]
comm -23 "$work/before" "$work/after" >"$work/lost"
sed 's/^/# lost: /' "$work/lost"
[ ! -s "$work/lost" ]
fails rules_of
is "$(systemctl list-unit-files --no-legend 'atoll-*')" ''
is "$(systemctl list-units --all --no-legend --plain 'atoll-*')" ''
nothing_failed
# As is custom in Debian, users and groups stay: their numbers might be on files elsewhere.
echo "# users and groups stay: $(cut -d : -f 1 /etc/passwd /etc/group | grep -x 'atoll.*\|gpio' |
	sort -u | tr '\n' ' ')"
