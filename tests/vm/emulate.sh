# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# The emulated machine of guests arm64 and board: a processor like the board's, and
# two folders of this machine, the tree (read-only) and that of the run.
#
#	emulate GUEST FOLDER WORDS OPTION...
#
# GUEST is where prepare-arm64 or prepare-board put what they made, FOLDER becomes /out,
# WORDS go onto the kernel's command line (NAME=VALUE comes to the first process in the
# environment), options to QEMU. Ends when the guest turns itself off, at the latest
# after $guest_limit_s seconds.
emulate() {
	guest=$1 folder=$2 words=$3
	shift 3
	exec timeout "${guest_limit_s:-900}" qemu-system-aarch64 -M virt -cpu cortex-a53 -smp 1 -m 1024 -nographic \
		-nodefaults -no-user-config -no-reboot -serial stdio \
		-kernel "$guest/kernel" -initrd "$guest/initrd" \
		-append "console=ttyAMA0 quiet loglevel=3 panic=-1 nokaslr mitigations=off audit=0 $words" \
		-device virtio-rng-pci \
		-virtfs "local,path=$PWD,mount_tag=atoll,readonly=on,security_model=none,multidevs=remap" \
		-virtfs "local,path=$folder,mount_tag=out,security_model=none,multidevs=remap" \
		"$@"
}

# emulate_board GUEST FOLDER DISK WORDS: DISK is what it boots from and writes to.
emulate_board() {
	emulate "$1" "$2" "ATOLL_INIT=/sbin/init systemd.show_status=0 $4" \
		-drive "if=none,id=root,file=$3,format=qcow2,discard=unmap" \
		-device virtio-blk-pci,drive=root \
		-drive "if=none,id=disk,file=$1/modules,format=raw,readonly=on" \
		-device virtio-blk-pci,drive=disk
}
