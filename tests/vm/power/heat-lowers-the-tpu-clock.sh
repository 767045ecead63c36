#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/guest.sh

load fakeboard temp=50000
mkdir -p /etc/atoll
at_the_end "rm -rf /etc/atoll"
printf '[govern]\nhold = 1s\nlowest = high\n' >/etc/atoll/power.conf
drop_in=/etc/atoll/tpu.conf.d/95-power-govern.conf

start atoll-power govern
wait_until 10 err_has 'watching cpu-thermal: hot at 85 C'
echo 88000 >/sys/module/fakeboard/parameters/temp
wait_until 10 grep -x 'clock = high' $drop_in
gives 0 atoll-tpu --help # whoever reads the configuration now
echo 60000 >/sys/module/fakeboard/parameters/temp
wait_until 10 test ! -e $drop_in
