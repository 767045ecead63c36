#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Install the named Debian packages that are missing, and say so.
#
#   tests/packages.sh gcc libpng-dev ...
#   tests/packages.sh --foreign arm64 libpng-dev:arm64 ...
#
# With everything present it touches nothing and needs no network.
set -eu

root() {
	if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

foreign=
if [ "${1:-}" = --foreign ]; then
	foreign=$2
	shift 2
fi

native=$(dpkg --print-architecture 2>/dev/null) || native=none
missing=
for package in "$@"; do
	case $package in
	*:*) machine=${package##*:} ;;
	*) machine="($native|all)" ;;
	esac
	dpkg-query -W -f '${Status} ${Architecture}\n' "$package" 2>/dev/null |
		grep -qE "ok installed $machine\$" || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null; then
	echo "these Debian packages are missing and there is no apt-get:$missing" >&2
	exit 1
fi
[ "$(id -u)" -eq 0 ] || echo "sudo may ask for your password" >&2
echo "installing Debian packages:$missing" >&2
if [ -n "$foreign" ] && ! dpkg --print-foreign-architectures | grep -qx "$foreign"; then
	echo "letting dpkg also install packages for $foreign" >&2
	root dpkg --add-architecture "$foreign"
fi
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# shellcheck disable=SC2086 # one word per package
if ! { root apt-get -q update &&
       root env DEBIAN_FRONTEND=noninteractive \
		apt-get -q -y --no-install-recommends install $missing; } >"$log" 2>&1; then
	tail -n 20 "$log" >&2
	echo "could not install:$missing" >&2
	exit 1
fi
