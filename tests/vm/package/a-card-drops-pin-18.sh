#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/board.sh

load_header
configure atoll-headerd 'safe pin 18 high' 'on vision "bell" -> pin 18 low' \
	'on vision "bell" gone -> pin 18 safe'
wait_until 10 says atoll-headerd '^1 pin; .*vision is there'
pin 18 1
feed YUYV 30 $cards/demo/nothing.jpg $cards/demo/bell.jpg
wait_until 10 pin 18 0
wait_until 10 pin 18 1
wait_until 10 says atoll-visiond '^Fed from outside, '
echo "# atoll-visiond: $(of atoll-visiond StatusText)"
