#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Which process has lines by the kernel's old interface is not told anywhere; that it has
# lines, and the chip, makes it likely.
. tests/vm/guest.sh

load_gpio_sim 64 header
refused() {
	"$BUILD/tests/vm/gpio" get header 7 9 2>&1 && fail "got it"
	return 0
}
gpioset --mode=signal "$chip" 9=1 &
other=$!
is_taken() { "$BUILD/tests/vm/gpio" look header 9 | grep -q '^used output "gpioset"'; }
wait_until 5 is_taken
is "$(refused)" "gpio: header: line 9: in use by \"gpioset\" (likely gpioset, process $other)"
kill -KILL $other
wait $other || true
is "$("$BUILD/tests/vm/gpio" get header 7 9 | wc -w)" 2

start tests/vm/gpio hold header 7=1
wait_until 5 grep -q ready "$work/out"
is "$(refused | sed 's/likely //')" \
	"gpio: header: line 7: in use by \"holder\" (gpio, process $running)"
# Two may be it.
gpioset --mode=signal "$chip" 9=1 &
wait_until 5 is_taken
if grep -q 'libgpiod\.so\.2' "$BUILD/tests/vm/gpio"; then
	is "$(refused)" 'gpio: header: line 7: in use by "holder"'
fi
stop
