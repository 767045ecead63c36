#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What packages bring beside programs: units of systemd, configuration files.
# shellcheck source=tests/cli/common.sh
. "$(dirname "$0")/common.sh"
daemons='tpud visiond listend headerd'

skip_without_systemd() {
	command -v systemd-analyze >"$work/none" && return
	why='systemd-analyze is not there'
	return 1
}

# With programs that are here in the place of those that will be installed.
systemd_understands_the_units() {
	skip_without_systemd || return 77
	for unit in debian/*.service debian/units/*.service; do
		sed "s,^\(ExecStart=\).*/\(atoll-[a-z]*\),\1$PWD/$BUILD/\2," "$unit" \
			>"$work/${unit##*/}"
		systemd-analyze verify --man=no "$work/${unit##*/}" >"$work/out" 2>&1
		[ ! -s "$work/out" ] || { sed 's/^/# /' "$work/out"; return 1; }
	done
}

# As systemd-analyze(1) counts it: 2.5 is well within "OK".
no_unit_is_exposed_by_more_than_2_5() {
	skip_without_systemd || return 77
	for unit in debian/*.service debian/units/*.service; do
		LC_ALL=C.UTF-8 systemd-analyze security --offline=yes --no-pager --threshold=25 \
			"$unit" >"$work/out" 2>&1 && status=0 || status=$?
		sed -n "s,^.*Overall exposure level for \([^:]*\): \([0-9.]*\).*,# \1 \2,p" "$work/out"
		[ $status -eq 0 ] || return
	done
}

# What a unit may write to, and whom a name in it means, is there before it starts.
users_groups_and_folders_of_units_are_made() {
	for daemon in $daemons; do
		unit=debian/atoll-$daemon.service
		grep -qx "User=atoll-$daemon" "$unit" &&
		grep -q "^u atoll-$daemon " "debian/atoll-$daemon.sysusers" || return
		for group in $(sed -n 's/^\(Supplementary\)\?Groups\?=//p' "$unit"); do
			case $group in
			audio|plugdev|video) ;; # base-passwd has them
			*) grep -q "^g $group " debian/atoll-common.sysusers || return ;;
			esac
		done
	done
	grep -q '^d /run/atoll 1775 root atoll-daemons ' debian/atoll-common.tmpfiles
}

# $1 with every setting said rather than meant, of the tree rather than installed.
aloud() { sed "s/^#\([^ ]\)/\1/; s,/usr/share/atoll/,$PWD/apps/," "debian/conf/$1.conf"; }

configuration_files_only_say_what_is_so_without_them() {
	for file in debian/conf/*.conf; do
		! grep -nvE '^(#.*)?$' "$file" || return
		awk 'length > 95 { print "# " FILENAME ": " $0; wide = 1 } END { exit wide }' "$file" ||
			return
	done
}

every_setting_in_them_is_one() {
	for daemon in $daemons; do
		aloud $daemon >"$work/$daemon.conf" && grep -q '^[^#]' "$work/$daemon.conf" &&
		ATOLL_BOARD=virtual gives 0 atoll-$daemon --check --config="$work/$daemon.conf" &&
		is_silent err || return
	done
	aloud power >"$work/power.conf" && gives 0 atoll-power --check -c "$work/power.conf" &&
	is_silent err
}

# Remarks that begin with a setting are examples of one.
their_examples_are_right() {
	for daemon in visiond listend power; do
		aloud $daemon | sed -E 's/^# ([a-z_]+ = |\[)/\1/; /^source = /d' >"$work/$daemon.conf"
		! aloud $daemon | cmp -s - "$work/$daemon.conf" || return
	done
	gives 0 atoll-visiond --check -c "$work/visiond.conf" && is_silent err &&
	gives 0 atoll-listend --check -c "$work/listend.conf" && is_silent err &&
	gives 0 atoll-power --check -c "$work/power.conf" && is_silent err &&
	aloud headerd | sed -E 's/^# ((safe|on) )/\1/' >"$work/headerd.conf" &&
	grep -q '^on vision' "$work/headerd.conf" &&
	for board in coral-dev-board-mini coral-dev-board raspberry-pi-4 raspberry-pi-5 virtual; do
		gives 0 atoll-headerd --check --board=$board --config="$work/headerd.conf" &&
		is_silent err || return
	done
}

run_tests systemd_understands_the_units no_unit_is_exposed_by_more_than_2_5 \
	users_groups_and_folders_of_units_are_made \
	configuration_files_only_say_what_is_so_without_them every_setting_in_them_is_one \
	their_examples_are_right
