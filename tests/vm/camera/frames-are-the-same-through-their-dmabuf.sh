#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/guest.sh

load_vivid
is "$("$BUILD/tests/vm/dmabuf" "$camera")" '10 of 10'
