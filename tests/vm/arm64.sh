# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2034,SC2154 # names go both ways
# What guests arm64 and board have in common: how packages for them are had, and the
# libraries that Atoll's programs link.
#
#	. "$(dirname "$0")/cache.sh"
#	. "$(dirname "$0")/arm64.sh"
#
#	fetch $libraries dash
libraries='libasound2 libfdt1 libgpiod2 libjpeg62-turbo libkissfft-float131 libmd0
	libmicrohttpd12 libpng16-16 libspeexdsp1 libusb-1.0-0 libv4l-0'

# fetch PACKAGE...: those and all they depend on, for arm64, as apt sees it when nothing
# is installed; into $work/debs.
fetch() {
	mkdir -p "$work/debs/partial"
	: >"$work/no-status"
	apt-get -q -y -o APT::Sandbox::User="$(id -un)" -o Debug::NoLocking=1 \
		-o APT::Architecture=arm64 -o APT::Architectures::=arm64 \
		-o Dir::State::status="$work/no-status" -o Dir::Cache::archives="$work/debs" \
		--no-install-recommends --download-only install "$@"
}
