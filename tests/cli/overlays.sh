#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# atoll-header overlays, with a /boot of its own.
# shellcheck source=tests/cli/common.sh
. "$(dirname "$0")/common.sh"
tool=atoll-header
boot=$work/boot
mkdir "$boot"

overlays() {
	expected_status=$1
	shift
	gives "$expected_status" "$tool" --boot="$boot" overlays "$@"
}

list_is() {
	printf '%b' "$1" | cmp -s - "$boot/overlays.txt" && return
	sed 's/^/#   /' "$boot/overlays.txt"
	return 1
}

without_a_list_there_is_nothing_to_do() {
	rm -f "$boot/overlays.txt"
	overlays 1 && is_silent out &&
	err_has '/overlays.txt: No such file or directory; this is no board whose'
}

what_is_shipped_is_listed() {
	printf 'overlay=\n' >"$boot/overlays.txt"
	overlays 0 && is_silent err && lines_are out 16 &&
	out_has '^spi +- +19 21 23 24 +SPI +-$' &&
	overlays 0 list --json &&
	[ "$(jq -r '.[] | select(.pins == [32]) | .name' <"$work/out")" = pwm-a ]
}

an_overlay_is_enabled_and_disabled() {
	printf '# mine\r\noverlay=\r\n' >"$boot/overlays.txt"
	overlays 1 enable spi && err_has 'or use --install$' &&
	list_is '# mine\r\noverlay=\r\n' &&
	overlays 0 --install enable spi && list_is '# mine\r\noverlay=spi\r\n' &&
	cmp "$boot/spi.dtbo" "$BUILD/overlays/spi.dtbo" &&
	overlays 0 && out_has '^spi +active ' && out_has '^gpio-spi .* spi$' &&
	overlays 1 --install enable gpio-spi && err_has 'gpio-spi needs pin 19, which spi has$' &&
	overlays 0 disable spi && list_is '# mine\r\noverlay=\r\n' &&
	[ "$(ls "$boot")" = "overlays.txt
overlays.txt.bak
spi.dtbo" ]
}

what_is_no_list_is_left_alone() {
	head -c 1048576 /dev/zero | tr '\0' '#' >"$boot/overlays.txt"
	overlays 1 --install --force enable spi && err_has '/overlays.txt: File too large$' &&
	printf 'overlay=\0\n' >"$boot/overlays.txt" &&
	overlays 1 --install --force enable spi && err_has '/overlays.txt: not text$' &&
	list_is 'overlay=\0\n'
}

what_is_asked_wrongly_is_told() {
	overlays 2 enable && err_has '^atoll-header: overlays: enable which\?$' &&
	overlays 2 remove spi && err_has "'remove' is not one of list, enable, disable$"
}

run_tests without_a_list_there_is_nothing_to_do what_is_shipped_is_listed \
	an_overlay_is_enabled_and_disabled what_is_no_list_is_left_alone \
	what_is_asked_wrongly_is_told
