#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# kernel: ATOLL_ROOT=ro
mount -t tmpfs none /tmp # for the tests
. tests/vm/board.sh

! touch /etc/atoll/x 2>/dev/null || fail 'the root is not read-only'
wait_until 10 all_are_up
nothing_failed
load_header
load_microphone
wait_until 10 says atoll-listend '0 words so far'
load_vivid
wait_until 10 says atoll-visiond '^vivid, '
start_tpu --attach
wait_until 10 says atoll-tpud '^1 Edge TPU, '
ask '{"set":"16","level":"high"}'
out_has '"level":"high"'
pin 16 1

# What has to write says that it cannot.
gives 1 atoll-power set tpu-clock low
err_has 'Read-only file system'
