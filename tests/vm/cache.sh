# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# How both preparations keep what they make, so that a guest is made once.
#
#	. "$(dirname "$0")/cache.sh"
#
#	cached uml prepare-uml uml.config && exit
#	step 'building the kernel' make ...
#	keep
#
# A made guest is a folder named by a checksum of the files that made it. It is
# put together in a folder beside that one, which is renamed only when it is
# whole; a lock lets a second caller wait for the first.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cache=${ATOLL_VM_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/atoll/vm}

# cached NAME FILE...: say the folder's path and return 0 when it is there; else
# go to an empty folder in which to make it, $made, with a folder $work beside it.
cached() {
	sum=$(cd "$here" && shift && cat "$@" cache.sh | sha256sum | cut -c1-16)
	final=$cache/$1-$sum
	[ ! -d "$final" ] || { echo "$final"; return 0; }
	mkdir -p "$cache"
	exec 9>"$cache/$1.lock"
	flock 9
	[ ! -d "$final" ] || { echo "$final"; return 0; }
	work=$cache/$1-work made=$cache/$1-work/made
	rm -rf "$work"
	mkdir -p "$made"
	trap 'rm -rf "$work"' EXIT
	trap 'exit 1' HUP INT TERM
	cd "$work"
	echo "# making guest $1 in $cache, this once" >&2
	return 1
}

# keep: what was made is whole.
keep() {
	mv "$made" "$final"
	echo "$final"
}

# step WORDS COMMAND...: run it, say how long it took, and what it said only when
# it fails.
step() {
	words=$1 begun=$(date +%s)
	shift
	printf '#   %s ... ' "$words" >&2
	if "$@" >"$work/log" 2>&1; then
		echo "$(($(date +%s) - begun)) s" >&2
		return
	fi
	echo failed >&2
	tail -n 20 "$work/log" | sed 's/^/#     /' >&2
	return 1
}

# download PACKAGE...: the .deb files into this folder, by apt. Lists that are
# missing or older than the archive are read again.
download() {
	apt-get -q -o APT::Sandbox::User="$(id -un)" download "$@" && return
	if [ "$(id -u)" -eq 0 ]; then apt-get -q update; else sudo apt-get -q update; fi
	apt-get -q -o APT::Sandbox::User="$(id -un)" download "$@"
}

unpack() {
	for file in ./*.deb; do
		dpkg -x "$file" "$1" && rm "$file" || return
	done
}
