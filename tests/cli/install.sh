#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What `make install` puts where, and whether a program outside the tree can be
# built against it.
# shellcheck source=tests/cli/common.sh
. "$(dirname "$0")/common.sh"
root=$work/root

# Below a folder of its own, as for a package.
everything_is_installed() {
	${MAKE:-make} -s BUILD="$BUILD" DESTDIR="$root" prefix=/usr libdir=/usr/lib install \
		>"$work/out" 2>&1 || {
		sed 's/^/# /' "$work/out"
		return 1
	}
	for file in bin/atoll-bench bin/atoll-camera bin/atoll-classify bin/atoll-demo \
		bin/atoll-detect bin/atoll-header bin/atoll-listen bin/atoll-model bin/atoll-power \
		bin/atoll-tpu bin/atoll-tpu-emulator sbin/atoll-headerd \
		sbin/atoll-listend sbin/atoll-tpud sbin/atoll-visiond \
		lib/libatoll.a lib/libatoll.so lib/libatoll.so.0 lib/pkgconfig/atoll.pc \
		include/atoll/runtime/session.h include/atoll/board/error.h \
		share/man/man1/atoll-bench.1 share/man/man1/atoll-camera.1 \
		share/man/man1/atoll-classify.1 share/man/man1/atoll-detect.1 \
		share/man/man1/atoll-header.1 share/man/man1/atoll-listen.1 \
		share/man/man1/atoll-model.1 share/man/man5/atoll-board.5 \
		share/man/man7/atoll-events.7 share/man/man1/atoll-tpu.1 \
		share/man/man1/atoll-tpu-emulator.1 share/man/man5/atoll-headerd.conf.5 \
		share/man/man8/atoll-headerd.8 share/man/man8/atoll-listend.8 \
		share/man/man8/atoll-tpud.8 \
		share/man/man8/atoll-visiond.8 \
		share/atoll/models/keywords/keywords.tflite \
		share/atoll/models/keywords/keywords_labels.txt \
		share/atoll/boards/coral-dev-board-mini.conf share/atoll/boards/virtual.conf \
		share/atoll/boards/coral-dev-board.conf share/atoll/boards/raspberry-pi-4.conf \
		share/atoll/boards/raspberry-pi-5.conf \
		share/atoll/overlays/i2c-1.dtbo; do
		[ -s "$root/usr/$file" ] || { echo "# $file is not there"; return 1; }
	done
}

programs_say_nothing_of_the_tree_they_were_built_in() {
	for file in "$root"/usr/*bin/* "$root"/usr/lib/libatoll.so; do
		! readelf -d "$file" 2>"$work/none" | grep -E 'R(UN)?PATH' || return
	done
}

programs_need_only_the_installed_library() {
	for file in "$root"/usr/*bin/*; do
		name=$(basename "$file")
		LD_LIBRARY_PATH=$root/usr/lib "$file" --version >"$work/out" &&
		out_has "^$name [0-9]" || return
	done
}

the_library_offers_only_what_headers_declare() {
	nm -D --defined-only "$root/usr/lib/libatoll.so" |
		awk '$3 ~ /@@ATOLL_0$/ && $3 !~ /^__odr_asan/ { sub(/@.*/, "", $3); print $3 }' \
			>"$work/names"
	[ -s "$work/names" ] || return
	while read -r symbol; do
		grep -rqw "$symbol" "$root/usr/include/atoll" || {
			echo "# no header has $symbol"
			return 1
		}
	done <"$work/names"
}

# Compile with what the package says of itself, below $root.
build() {
	PKG_CONFIG_SYSROOT_DIR=$root PKG_CONFIG_LIBDIR=$root/usr/lib/pkgconfig
	export PKG_CONFIG_SYSROOT_DIR PKG_CONFIG_LIBDIR
	# shellcheck disable=SC2046,SC2086 # lists of options
	${CC:-cc} -std=c17 -Wall -Wextra -Werror ${CFLAGS:-} "$@" \
		$(pkg-config --cflags --libs atoll) 2>"$work/err" || {
		sed 's/^/# /' "$work/err"
		return 1
	}
}

every_header_stands_alone() {
	command -v pkg-config >/dev/null || { why='pkg-config is not installed'; return 77; }
	(cd "$root/usr/include" && find atoll -name '*.h') |
	while read -r header; do
		printf '#include <%s>\nint main(void) { return 0; }\n' "$header" \
			>"$work/alone.c"
		build -o "$work/alone" "$work/alone.c" || { echo "# $header"; exit 1; }
	done
}

the_example_of_session_h_builds_and_runs() {
	command -v pkg-config >/dev/null || { why='pkg-config is not installed'; return 77; }
	# Between the tabs of its comment: a whole program.
	sed -n 's/^ \*	//p' "$root/usr/include/atoll/runtime/session.h" >"$work/example.c"
	grep -q 'int main' "$work/example.c" || { echo '# no example'; return 1; }
	build -o "$work/example" "$work/example.c" &&
	LD_LIBRARY_PATH=$root/usr/lib "$work/example" nowhere.tflite >"$work/out" 2>"$work/err"
	[ $? -eq 1 ] && is_silent out && err_is 'nowhere.tflite: No such file or directory' ||
		return
	for model in $cards/cards.tflite "$data/models/dense_256.tflite"; do
		[ -e "$model" ] || continue
		LD_LIBRARY_PATH=$root/usr/lib "$work/example" "$model" \
			>"$work/out" 2>"$work/err" && out_is 'done' && is_silent err
		return
	done
}

# runs_as_in_the_manual PROGRAM: the first example of the manual, a folder and
# what to do there.
runs_as_in_the_manual() {
	awk '/^\.Bd/ { is_example = 1; next } /^\.Ed/ { exit } is_example' \
		"$root/usr/share/man/man1/$1.1" >"$work/commands"
	folder=$(sed -n 's/^cd //p' "$work/commands")
	[ -d "$root$folder" ] || { echo "# $folder is not installed"; return 1; }
	command=$(sed -n "s/^$1 //p" "$work/commands")
	# shellcheck disable=SC2086 # arguments
	(cd "$root$folder" &&
	 LD_LIBRARY_PATH=$root/usr/lib "$root/usr/bin/$1" $command) \
		>"$work/out" 2>"$work/err" || { sed 's/^/# /' "$work/err"; return 1; }
	is_silent err
}
the_installed_demo_shows_what_is_installed() {
	PATH=$root/usr/bin:$root/usr/sbin:$PATH LD_LIBRARY_PATH=$root/usr/lib \
		"$root/usr/bin/atoll-demo" pictures >"$work/out" 2>"$work/err"
	[ $? -eq 1 ] && is_silent out &&
	err_is "atoll-demo: /usr/share/atoll/models/cards/cards.tflite is not there; it comes with the package atoll-models" &&
	sed -i "s|^data=|data=$root|" "$root/usr/bin/atoll-demo" &&
	PATH=$root/usr/bin:$root/usr/sbin:$PATH LD_LIBRARY_PATH=$root/usr/lib \
		"$root/usr/bin/atoll-demo" pictures >"$work/out" 2>"$work/err" && is_silent err &&
	out_has 'umbrella'
}
installed_models_run_as_in_the_manuals() {
	[ -e $cards/cards.tflite ] || { why="$cards/cards.tflite is not there"; return 77; }
	runs_as_in_the_manual atoll-classify && out_has '	bell$' &&
	! grep '	class ' "$work/out" &&
	runs_as_in_the_manual atoll-listen && out_has '	seven	' && lines_are out 6
}

manuals_are_well_formed() {
	command -v groff >/dev/null || { why='groff is not installed'; return 77; }
	for file in "$root"/usr/share/man/man?/*; do
		(cd "$root/usr/share/man" && groff -mandoc -Tutf8 -ww -z "$file") 2>&1 |
			sed 's/^/# /' >"$work/out"
		is_silent out || return
	done
}

if [ -n "$RUN" ]; then
	echo '# skipped: what is installed here is not for this machine'
	exit 77
fi
run_tests everything_is_installed \
	programs_say_nothing_of_the_tree_they_were_built_in \
	programs_need_only_the_installed_library \
	the_library_offers_only_what_headers_declare \
	every_header_stands_alone \
	the_example_of_session_h_builds_and_runs \
	the_installed_demo_shows_what_is_installed \
	installed_models_run_as_in_the_manuals \
	manuals_are_well_formed
