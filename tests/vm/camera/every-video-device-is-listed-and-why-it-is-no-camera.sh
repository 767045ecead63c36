#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/guest.sh

# One camera, and one of everything vivid can be: radio, text, touch, metadata.
load vivid n_devs=2 node_types=0x1,0x61d3d
wait_until 5 node vivid-001-meta-out
gives 0 atoll-camera list
is_silent err
out_has "^$(node vivid-000-vid-cap)  .* platform:vivid-000$"
out_has "^$(node vivid-001-vid-cap)  .* platform:vivid-001$"
out_has "^$(node vivid-001-vid-out)  .*\(puts video out, does not take it in\)$"
out_has "^$(node vivid-001-meta-cap)  .*\(gives metadata only\)$"
lines_are out "$(find /dev -name 'video*' | wc -l)"

gives 0 atoll-camera list --json
out_has "\"path\":\"$(node vivid-000-vid-cap)\",\"card\":\"vivid\""
