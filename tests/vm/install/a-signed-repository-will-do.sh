#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/board.sh

repository=build/apt
[ -d $repository/dists ] || skip 'there is no repository: make apt-repo'
cp $repository/atoll.gpg /usr/share/keyrings
sed "s|^URIs: .*|URIs: file:$PWD/$repository|" $repository/atoll.sources \
	>/etc/apt/sources.list.d/atoll.sources
apt update
fails grep -i warning "$work/err"
apt install atoll
wait_until 10 all_are_up
gives 0 atoll-classify $models/cards/cards.tflite $models/cards/demo/key.jpg
out_has 'key'

# Nobody but who has the key.
cp -r $repository "$work/other"
chmod -R a+rX "$work"
sed -i 's/^Date: .*/Date: Thu, 01 Jan 2026 00:00:00 UTC/' "$work/other/dists/stable/InRelease"
sed -i "s|^URIs: .*|URIs: file:$work/other|" /etc/apt/sources.list.d/atoll.sources
fails apt-get -q -o APT::Update::Error-Mode=any update >"$work/out" 2>&1
out_has 'signature|BADSIG'
