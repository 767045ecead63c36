#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/board.sh

have_user bob video
chmod 755 "$work"
systemctl stop atoll-visiond
feed YUYV 15 $cards/demo/key.jpg
RUN='runuser -u bob --'
gives 0 atoll-classify --camera=auto --for=10min --until='key>0.5'
RUN=
out_has 'key'
tail -n 1 "$work/out" | sed 's/^/# /'
