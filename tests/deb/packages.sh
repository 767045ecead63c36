#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What `make deb` made, looked at without being installed. ARCH is the machine they are
# for, in build/deb/ARCH.
# shellcheck source=tests/cli/common.sh
. "$(dirname "$0")/../cli/common.sh"
native=$(dpkg --print-architecture)
ARCH=${ARCH:-$native}
debs=build/deb/$ARCH
root=$work/root
tools='bench camera classify detect header listen model power teach tpu'
daemons='tpud visiond listend headerd'

field() { dpkg-deb -f "$debs"/"$1"_*.deb "$2"; } # PACKAGE FIELD
content() { dpkg-deb --fsys-tarfile "$debs"/"$1"_*.deb | tar -t | sed 's|^\.||' >"$work/out"; }
has() { # PACKAGE FILE...
	content "$1" || return
	shift
	for file in "$@"; do
		grep -qxE "$file" "$work/out" || { echo "# $file is not there"; return 1; }
	done
}

the_packages_are_those() {
	(cd "$debs" && for package in *.deb; do echo "${package%%_*}"; done) >"$work/out"
	out_is "atoll-common
atoll-compiler
atoll-demos
atoll-edgetpu-compat
atoll-headerd
atoll-listend
atoll-models
atoll-overlays
atoll-tools
atoll-tpu-emulator
atoll-tpud
atoll-visiond
atoll
libatoll-dev
libatoll0"
}

# From the source package, in another folder, for another user, at another time of day.
a_second_build_gives_the_same_bytes() {
	dpkg-source -x "$debs"/source/*.dsc "$work/source" >"$work/out" 2>&1 &&
	(umask 027
	 cd "$work/source" && HOME=/nonexistent TZ=Asia/Tokyo LC_ALL=C.UTF-8 \
		DEB_BUILD_OPTIONS=nocheck tests/deb/build "$ARCH" "$work/second") \
		>"$work/out" 2>&1 || {
		sed 's/^/# /' "$work/out"
		return 1
	}
	(cd "$debs/source" && sha256sum ./*.deb ./*.tar.* ./*.dsc) >"$work/sums"
	[ "$(wc -l <"$work/sums")" -gt 14 ] || return
	(cd "$work/second/source" && sha256sum --quiet -c "$work/sums") >"$work/out" 2>&1 ||
		{ sed 's/^/# /' "$work/out"; return 1; }
}

lintian_is_quiet() {
	command -v lintian >/dev/null || { why='lintian is not installed'; return 77; }
	# Root is who builds here in a container; lintian has a word for that.
	lintian --allow-root --info --display-info --pedantic --tag-display-limit 0 \
		--fail-on error,warning,info,pedantic "$debs"/source/*.changes >"$work/out" 2>&1 &&
	is_silent out
}

every_override_has_its_reason() {
	for file in debian/*.lintian-overrides debian/source/lintian-overrides; do
		awk '/^#/ { reason = 1; next } !reason { print FILENAME ": " $0 }' "$file"
	done >"$work/out"
	is_silent out
}

versions_agree() {
	[ "$(dpkg-parsechangelog -S Version)" = "$(sed -n 's/^version *:= //p' Makefile)" ] &&
	for package in "$debs"/*.deb; do
		[ "$(dpkg-deb -f "$package" Version)" = "$(dpkg-parsechangelog -S Version)" ] || return
	done
}

# Names alone: versions are dpkg-shlibdeps's to know. Those of libraries end in what
# Debian's release needs, as t64 in 13.
depends_on() { # PACKAGE NAMES
	field "$1" Depends | tr , '\n' | sed 's/^ *//; s/ .*//; s/t64$//' | sort |
		tr '\n' ' ' | sed 's/ $/\n/' >"$work/out"
	out_is "$2" || { echo "# $1"; return 1; }
}
dependencies_are_as_told() {
	depends_on libatoll0 'libasound2 libc6 libgpiod2 libjpeg62-turbo libkissfft-float131 libmd0 libpng16-16 libspeexdsp1 libusb-1.0-0 libv4l-0' &&
	depends_on libatoll-dev libatoll0 &&
	depends_on atoll-common systemd &&
	depends_on atoll-tools 'atoll-common libatoll0 libc6 libfdt1' &&
	depends_on atoll-tpud 'atoll-common libatoll0 libc6 systemd' &&
	depends_on atoll-visiond 'atoll-common libatoll0 libc6 libmicrohttpd12 systemd' &&
	depends_on atoll-listend 'atoll-common libatoll0 libc6 systemd' &&
	depends_on atoll-headerd 'atoll-common libatoll0 libc6 systemd' &&
	depends_on atoll-tpu-emulator 'libatoll0 libc6' &&
	depends_on atoll-models '' && depends_on atoll-overlays '' &&
	depends_on atoll-compiler 'libatoll0 libc6' &&
	depends_on atoll-demos atoll-tools &&
	depends_on atoll-edgetpu-compat 'atoll-compiler atoll-tools' &&
	depends_on atoll 'atoll-headerd atoll-listend atoll-models atoll-overlays atoll-tools atoll-tpud atoll-visiond'
}

# Names of inner parts of the library change without notice.
programs_go_with_the_library_they_were_built_with() {
	for package in atoll-compiler atoll-tools atoll-tpu-emulator atoll-tpud atoll-visiond atoll-listend \
		atoll-headerd libatoll-dev; do
		field $package Depends | grep -qE "libatoll0 \(= $(dpkg-parsechangelog -S Version)\)" ||
			{ echo "# $package"; return 1; }
	done
}

# The C library's own parts cost nobody a package.
no_library_is_linked_in_vain() {
	! grep 'dpkg-shlibdeps: warning' "$debs/source/log" | grep -v 'against libm\.so\.6 ' |
		sed 's/^/# /' | grep .
}

the_size_is_that_of_a_small_board() {
	size=$(($(field libatoll0 Installed-Size) + $(field atoll-tools Installed-Size)))
	echo "# libatoll0 and atoll-tools: $size KiB"
	[ $size -le 1464 ] # 1.5 MB
}

tools_have_pages_and_completion() {
	for tool in $tools; do
		has atoll-tools "/usr/bin/atoll-$tool" "/usr/share/man/man1/atoll-$tool.1.gz" \
			"/usr/share/bash-completion/completions/atoll-$tool" || return
	done
	for tool in compile partition; do
		has atoll-compiler "/usr/bin/atoll-$tool" "/usr/share/man/man1/atoll-$tool.1.gz" \
			"/usr/share/bash-completion/completions/atoll-$tool" || return
	done
	has atoll-tools /etc/atoll/power.conf /etc/atoll/tpu.conf &&
	has atoll-tpu-emulator /usr/bin/atoll-tpu-emulator \
		/usr/share/man/man1/atoll-tpu-emulator.1.gz
}

daemons_have_unit_user_configuration_and_first_steps() {
	for daemon in $daemons; do
		has atoll-$daemon /usr/sbin/atoll-$daemon "/lib/systemd/system/atoll-$daemon.service" \
			"/usr/lib/sysusers.d/atoll-$daemon.conf" /etc/atoll/$daemon.conf \
			"/usr/share/man/man8/atoll-$daemon.8.gz" \
			"/usr/share/doc/atoll-$daemon/README.Debian(.gz)?" || return
		dpkg-deb -I "$debs"/atoll-"$daemon"_*.deb conffiles >"$work/out"
		out_is "/etc/atoll/$daemon.conf" || return
	done
}

daemons_are_switched_on_and_units_of_tools_are_not() {
	for daemon in $daemons; do
		dpkg-deb -I "$debs"/atoll-"$daemon"_*.deb postinst >"$work/out"
		out_has "enable 'atoll-$daemon.service'" && out_has 'deb-systemd-invoke \$_dh_action' ||
			return
	done
	dpkg-deb -I "$debs"/atoll-tools_*.deb postinst >"$work/out"
	# Only one that an administrator switched on stays so.
	[ "$(grep -c 'helper enable' "$work/out")" -eq 2 ] &&
	[ "$(grep -c 'if deb-systemd-helper --quiet was-enabled' "$work/out")" -eq 2 ] &&
	[ "$(grep -c 'if deb-systemd-helper debian-installed' "$work/out")" -eq 2 ]
}

developers_get_headers_library_pages_and_examples() {
	has libatoll-dev /usr/include/atoll/runtime/session.h '/usr/lib/[^/]*/libatoll.so' \
		'/usr/lib/[^/]*/libatoll.a' '/usr/lib/[^/]*/pkgconfig/atoll.pc' \
		/usr/share/man/man3/atoll_session.3.gz '/usr/share/doc/libatoll-dev/examples/.*\.c'
}

nothing_lies_outside_of_where_it_belongs() {
	for package in "$debs"/*.deb; do
		content "$(basename "${package%%_*}")"
		grep -vE '^/?$|^/(etc|lib|usr|var)/$|^/etc/atoll/|^/lib/(systemd|udev)/|^/usr/(bin|sbin|include|lib|share)/|^/var/lib/(atoll/.*)?$' \
			"$work/out" | sed "s|^|# $package: |"
	done >"$work/strays"
	cat "$work/strays"
	[ ! -s "$work/strays" ]
}

# What two machines' packages both have must be the same, or both cannot be installed.
packages_of_two_machines_agree() {
	other=arm64
	[ "$ARCH" = arm64 ] && other=$native
	[ "$other" != "$ARCH" ] && [ -d build/deb/$other ] ||
		{ why="there are no packages of $other"; return 77; }
	cmp -s "$debs"/source/*.tar.xz build/deb/$other/source/*.tar.xz ||
		{ why="those of $other were made of another source"; return 77; }
	for package in libatoll0 libatoll-dev; do
		rm -rf "$work/one" "$work/two"
		dpkg-deb -x "$debs"/${package}_*.deb "$work/one" &&
		dpkg-deb -x build/deb/$other/${package}_*.deb "$work/two" || return
		(cd "$work/one" && find . -type f) | while read -r file; do
			[ ! -e "$work/two/$file" ] || cmp -s "$work/one/$file" "$work/two/$file" ||
				echo "# $package: $file"
		done >"$work/out"
		is_silent out || return
	done
}

# From here on they are unpacked.
unpacked() {
	[ "$ARCH" = "$native" ] || { why="they are for $ARCH"; return 77; }
	for package in "$debs"/*.deb; do
		dpkg-deb -x "$package" "$root" || return
	done
}
use() { LD_LIBRARY_PATH=$(echo "$root"/usr/lib/*-linux-gnu*) PATH=$root/usr/bin:$root/usr/sbin:$PATH "$@"; }

unpacked_programs_start_and_see() {
	unpacked || return
	for program in "$root"/usr/bin/atoll-* "$root"/usr/sbin/*; do
		use "$program" --version >"$work/out" 2>&1 && out_has '^atoll-.* 0\.' || return
	done
	models=$root/usr/share/atoll/models
	use atoll-classify "$models/cards/cards.tflite" "$models/cards/demo/cat.jpg" >"$work/out" &&
	out_has '	cat$' &&
	use edgetpu_classify --model "$models/cards/cards.tflite" \
		--labels "$models/cards/cards_labels.txt" --source "$models/cards/demo/key.jpg" \
		>"$work/out" && out_has '	key$' &&
	use edgetpu_compiler -o "$work" "$models/cards/cards.tflite" >"$work/out" &&
	out_has '^Compilation succeeded! $' &&
	use atoll-classify --device=emu --labels="$models/cards/cards_labels.txt" \
		"$work/cards_edgetpu.tflite" "$models/cards/demo/cat.jpg" >"$work/out" &&
	out_has '	cat$'
}

examples_build_against_the_unpacked_headers() {
	unpacked || return
	PKG_CONFIG_SYSROOT_DIR=$root PKG_CONFIG_LIBDIR=$(echo "$root"/usr/lib/*-linux-gnu*/pkgconfig)
	export PKG_CONFIG_SYSROOT_DIR PKG_CONFIG_LIBDIR
	for example in "$root"/usr/share/doc/libatoll-dev/examples/*.c; do
		# shellcheck disable=SC2046 # a list of options
		cc -Wall -Wextra -Werror -o "$work/example" "$example" \
			$(pkg-config --cflags --libs atoll) 2>"$work/err" || {
			sed 's/^/# /' "$work/err"
			return 1
		}
	done
}

# An apt of its own, that knows nothing but the repository.
apt() {
	command=$1
	shift
	"$command" -q -o Dir::Etc::sourcelist="$work/apt/atoll.sources" -o Dir::Etc::sourceparts=- \
		-o Dir::State="$work/apt" -o Dir::State::status="$work/apt/status" \
		-o Dir::Cache="$work/apt" -o APT::Architecture="$ARCH" \
		-o APT::Architectures="$ARCH" "$@" >"$work/out" 2>&1
}
the_repository_is_one_that_apt_trusts_until_it_is_touched() {
	for program in gpg apt-ftparchive; do
		command -v $program >/dev/null || { why="$program is not installed"; return 77; }
	done
	chmod 755 "$work" # apt reads as a user of its own
	mkdir -p "$work/apt/lists/partial" && : >"$work/apt/status" &&
	tests/deb/repository "$work/repository" "$debs" >"$work/out" 2>&1 || { cat "$work/out"; return 1; }
	sed "s|/usr/share/keyrings|$work/repository|" "$work/repository/atoll.sources" \
		>"$work/apt/atoll.sources"
	apt apt-get update && apt apt-cache policy atoll &&
	out_has "Candidate: $(dpkg-parsechangelog -S Version)" || { cat "$work/out"; return 1; }
	sed -i 's/Origin: Atoll/Origin: Other/' "$work/repository/dists/stable/InRelease"
	rm -rf "$work/apt/lists" && mkdir -p "$work/apt/lists/partial"
	! apt apt-get -o APT::Update::Error-Mode=any update
}

run_tests the_packages_are_those versions_agree dependencies_are_as_told \
	programs_go_with_the_library_they_were_built_with no_library_is_linked_in_vain \
	the_size_is_that_of_a_small_board tools_have_pages_and_completion \
	daemons_have_unit_user_configuration_and_first_steps \
	daemons_are_switched_on_and_units_of_tools_are_not \
	developers_get_headers_library_pages_and_examples \
	nothing_lies_outside_of_where_it_belongs packages_of_two_machines_agree \
	unpacked_programs_start_and_see examples_build_against_the_unpacked_headers \
	the_repository_is_one_that_apt_trusts_until_it_is_touched \
	every_override_has_its_reason lintian_is_quiet a_second_build_gives_the_same_bytes
