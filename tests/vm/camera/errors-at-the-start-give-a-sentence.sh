#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/guest.sh

load_vivid
press inject_vidioc_streamon_error
gives 1 atoll-camera stream -c "$camera" -n 1
err_has "^atoll-camera: camera: $camera: start streaming: "
press inject_vidioc_reqbufs_error
gives 1 atoll-camera stream -c "$camera" -n 1
err_has "^atoll-camera: camera: $camera: ask for buffers: "
press inject_vidioc_qbuf_error
gives 1 atoll-camera stream -c "$camera" -n 1
err_has "^atoll-camera: camera: $camera: queue buffers: "
gives 0 atoll-camera stream -c "$camera" -n 1
