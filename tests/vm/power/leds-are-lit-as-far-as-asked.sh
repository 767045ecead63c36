#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/guest.sh

load fakeboard
lit() { cat /sys/module/fakeboard/parameters/led; }

gives 0 tests/vm/pwm led list
out_has '^fake:green:status 0 of 255, '
out_has '^fake:orange:power 0 of 1, '
gives 0 tests/vm/pwm led fake:green:status 0.5
gives 0 tests/vm/pwm led fake:orange:power 0.1
is "$(lit)" 128,1
gives 0 tests/vm/pwm led fake:green:status 0
is "$(lit)" 0,1
gives 1 tests/vm/pwm led fake:blue 1
err_has 'led: no LED is called fake:blue$'
