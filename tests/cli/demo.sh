#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# atoll-demo in the tree, as somebody sees it who has no hardware.
# shellcheck source=tests/cli/common.sh
. "$(dirname "$0")/common.sh"
if [ -n "$RUN" ]; then
	echo '# skipped: a demo for who builds for this machine'
	exit 77
fi
tool=atoll-demo build=$BUILD
BUILD=apps/demo

pictures_are_named() {
	gives 0 $tool --tree="$build" pictures && is_silent err &&
	out_has '^apps/models/cards/demo/key.jpg  320x240' && out_has '^   98.8 %  key '
}

cards_in_a_film_and_words_in_a_clip_are_named() {
	gives 0 $tool --tree="$build" words film &&
	out_has ' light bulb  ' && out_has '	seven	' &&
	sed -n 1p "$work/out" | grep -q '^words said one after another: '
}

what_is_seen_and_heard_switches_pins() {
	gives 0 $tool --tree="$build" --for=14 pins && is_silent err &&
	out_has '^[0-9.]+	vision	key$' && out_has '^[0-9.]+	pin	18	high$' &&
	out_has '^[0-9.]+	vision	key gone$' && out_has '^[0-9.]+	pin	18	low$' &&
	out_has '^[0-9.]+	voice	stop$' && out_has '^[0-9.]+	pin	16	low$' &&
	out_has '^[0-9.]+	voice	go$' && out_has '^[0-9.]+	pin	16	high$'
}

a_wrong_command_line_is_named() {
	try="try '$tool --help'"
	gives 2 $tool dance && err_is "$tool: 'dance' is not one of pictures, film, words, pins
$try" &&
	gives 2 $tool --for=long pins && err_is "$tool: --for: 'long' is not a number of seconds
$try"
}

what_is_not_installed_is_named() {
	mkdir "$work/none" && cp apps/demo/$tool "$work/$tool" &&
	sed -i "s|@datadir@|$work/none|; s|^PATH=.*||" "$work/$tool" && BUILD=$work
	gives 1 $tool words film
	result=$?
	BUILD=apps/demo
	[ $result -eq 0 ] && err_is "$tool: $work/none/models/keywords/keywords.tflite is not there; it comes with the package atoll-models"
}

run_tests pictures_are_named cards_in_a_film_and_words_in_a_clip_are_named \
	what_is_seen_and_heard_switches_pins a_wrong_command_line_is_named \
	what_is_not_installed_is_named help_fits_80_columns an_unknown_option_is_named \
	the_manual_has_the_same_options_in_the_same_order
