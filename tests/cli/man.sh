#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Manual pages: whether everything has one, and whether they are right.
# shellcheck source=tests/cli/common.sh
. "$(dirname "$0")/common.sh"
daemons='tpud visiond listend'
programs=$(sed -nE 's,^(programs *\+= *|	)apps/(atoll-[a-z-]+)\.c.*,\2,p' apps/room.mk)
written=$(ls apps/man/*.[1-8])

# Made of the headers, as they are installed.
section_3=$BUILD/man
make_section_3() {
	${MAKE:-make} -s BUILD="$BUILD" "$section_3/made" >"$work/out" 2>&1 && return
	sed 's/^/# /' "$work/out"
	return 1
}
# Those that are not only a pointer to another one.
made() { grep -L '^\.so ' "$section_3"/*.3; }

# lines_are_in FILE OTHER WHAT: what is in one of two sorted lists and not in the other.
lines_are_in() {
	comm -23 "$1" "$2" >"$work/missing"
	sed "s/^/# $3: /" "$work/missing"
	[ ! -s "$work/missing" ]
}

every_program_has_a_page() {
	[ -n "$programs" ] || return
	for name in $programs; do
		set -- apps/man/"$name".[18]
		[ -f "$1" ] || { echo "# $name has none"; return 1; }
		grep -q "^\.Nm $name\$" "$1" || { echo "# $1 is not about it"; return 1; }
	done
}

options_and_commands_are_those_of_the_help() {
	for tool in $programs; do
		the_manual_has_the_same_options_in_the_same_order ||
			{ echo "# $tool"; return 1; }
		# The first word of each line of use: "atoll-tpu list", "atoll-power [show]".
		sed -nE "/^$/q; s/^(Usage:|      ) $tool \[?([a-z0-9][a-z0-9-]*)\b.*/\2/p" \
			"$work/out" | sort -u >"$work/help"
		sed -nE '/^\.Sh SYNOPSIS/,/^\.Sh DES/s/^\.(Op )?Cm //p' apps/man/"$tool".[18] |
			tr ' ' '\n' | sort -u >"$work/manual"
		lines_are_in "$work/help" "$work/manual" "not in the page of $tool" || return
	done
}

every_header_has_a_page() {
	make_section_3 || return
	for header in $(grep -ohE '[a-z_0-9/]+\.h\b' ./*/room.mk); do
		page=$section_3/atoll_$(echo "${header%.h}" | tr / _).3
		grep -q "^\.In atoll/$header\$" "$page" || { echo "# $header has none"; return 1; }
	done
}

every_public_name_has_a_page() {
	[ -e "$BUILD/libatoll.so" ] || return
	nm -D --defined-only "$BUILD/libatoll.so" |
		sed -nE 's/^[0-9a-f]+ [TW] ([a-z0-9_]+)@@ATOLL_0$/\1/p' >"$work/names"
	[ "$(wc -l <"$work/names")" -gt 100 ] || return
	while read -r name; do
		page=$section_3/$name.3
		[ -e "$page" ] && to=$(sed -n 's,^\.so man3/,,p' "$page") &&
		grep -q "^\.Fo $name\$" "$section_3/${to:-$name.3}" ||
			{ echo "# $name has none"; return 1; }
	done <"$work/names"
}

pages_of_headers_are_the_same_each_time() {
	# shellcheck disable=SC2046 # a list of files
	mkdir "$work/again" &&
	awk -f apps/man/header-pages.awk -v into="$work/again" \
		-v date="$(sed -n 's/^\.Dd //p' "$section_3/atoll_board_error.3")" \
		$(sed -n 's/^\.\\" Made from \(.*\)\.$/\1/p' "$section_3"/*.3 | sort -r) &&
	diff -r -x made "$section_3" "$work/again" | head -n 5 | sed 's/^/# /' >"$work/out" &&
	is_silent out
}

# What a header must look like is said in header-pages.awk.
the_pieces_of_a_header_find_their_places() {
	mkdir -p "$work/room" && cat >"$work/room/thing.h" <<'.' || return
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef THING_H
#define THING_H
/*
 * A thing: for trying. See room/other.h, printf(3) and `THING`.
 *
 *	thing = atoll_thing_open("x");
 *
 * It holds -1 or "2".
 */
struct atoll_thing;
#define ATOLL_THINGS 3
enum atoll_colour { ATOLL_RED, ATOLL_BLUE = 4 };
/* What to do. */
struct atoll_plan {
	int a, b;        /* both
			    of them */
	struct { int c; } *inner;
	/* Ours: */
	int secret;
};

/* Opens `name`, or says -ENOENT; see atoll_thing_close(). */
struct atoll_thing *atoll_thing_open(const char *name);
void atoll_thing_close(struct atoll_thing *thing); /* NULL is allowed */

/*
 *	one    a
 *	three  b
 *	       c
 */
int atoll_thing_count(void);
#endif
.
	(cd "$work" && awk -f "$OLDPWD/apps/man/header-pages.awk" -v into=. -v date=today \
		room/thing.h) && sed 's/ $//' "$work/atoll_room_thing.3" >"$work/out" &&
	out_is '.\" SPDX-License-Identifier: Apache-2.0
.\" Made from room/thing.h.
.Dd today
.Dt ATOLL_ROOM_THING 3
.Os Atoll
.Sh NAME
.Nm atoll_room_thing ,
.Nm atoll_thing ,
.Nm atoll_colour ,
.Nm atoll_plan ,
.Nm atoll_thing_open ,
.Nm atoll_thing_close ,
.Nm atoll_thing_count
.Nd a thing
.Sh LIBRARY
Atoll (libatoll, \-latoll)
.Sh SYNOPSIS
.In atoll/room/thing.h
.Vt struct atoll_thing ;
.Fd "#define ATOLL_THINGS 3"
.Vt enum atoll_colour { ... } ;
.Vt struct atoll_plan { ... } ;
.Ft "struct atoll_thing *"
.Fo atoll_thing_open
.Fa "const char *name"
.Fc
.Ft "void"
.Fo atoll_thing_close
.Fa "struct atoll_thing *thing"
.Fc
.Ft "int"
.Fo atoll_thing_count
.Fa void
.Fc
.Sh DESCRIPTION
A thing: for trying.
See room/other.h,
.Xr printf 3
and
.Ql "THING" .
.Pp
It holds \-1 or "2".
.Pp
.Bl -tag -width Ds -compact
.It Vt "enum atoll_colour"
.Dv ATOLL_RED ,
.Dv ATOLL_BLUE No = 4
.El
.Pp
.Bl -tag -width Ds -compact
.It Vt "struct atoll_plan"
What to do.
.Pp
.Bl -tag -width Ds -compact
.It Va "int a, b"
both of them
.It Va "struct *inner"
.Bl -tag -width Ds -compact
.It Va "int c"
.El
.It No \&...
What follows is the library'"'"'s own.
.El
.El
.Pp
.Bl -tag -width Ds -compact
.It Fn atoll_thing_open name
Opens
.Fa name ,
or says
.Er \-ENOENT ;
see
.Fn atoll_thing_close .
.El
.Pp
.Bl -tag -width Ds -compact
.It Fn atoll_thing_close thing
.Dv NULL
is allowed.
.El
.Pp
.Bl -tag -width Ds -compact
.It Fn atoll_thing_count
.Bl -tag -width "three"
.It Li "one"
a
.It Li "three"
b c
.El
.El
.Sh EXAMPLES
.Bd -literal
thing = atoll_thing_open("x");
.Ed
.Sh SEE ALSO
.Xr printf 3 ,
.Xr atoll 7'
}

# The keys that a daemon's page explains, in the page and in the code that reads them.
keys_of_page() { sed -nE 's/^\.It Cm ([a-z_]+) (No =|Ar).*/\1/p' "$@" | sort -u; }
every_configuration_key_is_explained() {
	for daemon in $daemons power; do
		keys_of_page apps/man/atoll-"$daemon".[18] >"$work/manual"
		tr '\n\t' '  ' <"apps/${daemon}_config.c" |
			grep -oE '(\(config, *|file, *|settings_key\(key, prefix, *)"[a-z_.]+"' |
			sed -E 's/.*"([a-z]+\.)?([a-z_]+)"/\2/' |
			grep -vx model | sort -u >"$work/code" # a section
		[ "$(wc -l <"$work/code")" -gt 5 ] || return
		lines_are_in "$work/code" "$work/manual" "not in the page of $daemon" || return
	done
	keys_of_page apps/man/atoll-headerd.conf.5 >"$work/manual"
	sed -nE 's/.*strn?cmp\(key, "([a-z_]+)".*/\1/p' apps/rules_settings.c |
		sort -u >"$work/code"
	[ -s "$work/code" ] &&
	lines_are_in "$work/code" "$work/manual" 'not in headerd.conf(5)' || return
	for key in clock firmware; do
		grep -qE "^\.Ic $key( |\$)" apps/man/atoll-tpu.1 || return
	done
}

# A key that is not known is told with a warning.
every_explained_key_is_known() {
	for daemon in $daemons; do
		keys_of_page apps/man/atoll-"$daemon".8 >"$work/keys"
		while read -r key; do
			printf '%s =\n[model.x]\n%s =\n' "$key" "$key" >"$work/keys.conf"
			program atoll-"$daemon" --check -c "$work/keys.conf" >"$work/out" 2>&1
			[ "$(grep -c 'unknown, passed over' "$work/out")" -lt 2 ] || {
				sed "s/^/# $daemon: /" "$work/out"
				return 1
			}
		done <"$work/keys"
	done
}

every_key_of_the_files_in_etc_is_explained() {
	for daemon in $daemons power; do
		keys_of_page apps/man/atoll-"$daemon".[18] >"$work/manual"
		sed -nE 's/^# ?([a-z_]+) = .*/\1/p' "debian/conf/$daemon.conf" | sort -u >"$work/conf"
		[ -s "$work/conf" ] &&
		lines_are_in "$work/conf" "$work/manual" "not in the page of $daemon" || return
		grep -q "^\.It Pa /etc/atoll/$daemon\.conf" apps/man/atoll.7 || return
	done
	sed -nE 's/^#([a-z_]+)( [a-z]+)? = .*/\1/p' debian/conf/headerd.conf | sort -u >"$work/conf"
	keys_of_page apps/man/atoll-headerd.conf.5 >"$work/manual"
	[ -s "$work/conf" ] && lines_are_in "$work/conf" "$work/manual" 'not in headerd.conf(5)'
}

every_variable_of_the_environment_is_in_atoll_7() {
	grep -rhoE 'getenv\("ATOLL_[A-Z_]+"' board audio camera runtime apps |
		sed -E 's/.*"(.*)"/\1/' | sort -u >"$work/code"
	sed -nE 's/^\.It Ev (ATOLL_[A-Z_]+)$/\1/p' apps/man/atoll.7 | sort -u >"$work/manual"
	[ -s "$work/code" ] &&
	lines_are_in "$work/code" "$work/manual" 'not in atoll(7)' &&
	lines_are_in "$work/manual" "$work/code" 'nobody asks for'
}

every_page_is_in_atoll_7_or_its_section_3() {
	for page in $written; do
		page=${page##*/}
		case $page in
		atoll.7) continue ;;
		esac
		grep -q "^\.Xr ${page%.?} ${page##*.}" apps/man/atoll.7 ||
			{ echo "# $page is not"; return 1; }
	done
}

# To pages of ours; whether those of others are there depends on what is installed.
cross_references_lead_somewhere() {
	# shellcheck disable=SC2046 # a list of files
	sed -nE 's/^\.(It )?(.*)Xr (atoll[a-z0-9_.-]*|flatbuf[a-z0-9_]*|edgetpu_[a-z_]*) ([1-8]).*/\3.\4/p' \
		$written $(made) | sort -u >"$work/named"
	{ ls "$section_3" && echo "$written" | sed 's,.*/,,'; } | sort -u >"$work/there"
	[ "$(wc -l <"$work/named")" -gt 40 ] &&
	lines_are_in "$work/named" "$work/there" 'there is no'
}

pages_of_one_line_point_to_a_page() {
	for page in $(grep -l '^\.so ' "$section_3"/*.3); do
		to=$(sed -n 's,^\.so man3/,,p' "$page")
		[ -s "$section_3/$to" ] && ! grep -q '^\.so ' "$section_3/$to" ||
			{ echo "# $page: $to"; return 1; }
	done
}

nothing_is_wrong_with_their_form() {
	command -v mandoc >"$work/none" || { why='mandoc is not there'; return 77; }
	# shellcheck disable=SC2046 # a list of files
	mandoc -T lint -W warning $written $(made) >"$work/out" 2>&1
	sed 's/^/# /' "$work/out"
	is_silent out
}

pages_of_headers_fit_80_columns() {
	command -v mandoc >"$work/none" || { why='mandoc is not there'; return 77; }
	for page in $(made); do
		mandoc -T ascii "$page" | sed 's/.\x08//g' | grep -nE '.{81}' |
			sed "s,^,# ${page##*/}: ," >"$work/out"
		is_silent out || return
	done
}

run_tests every_program_has_a_page \
	options_and_commands_are_those_of_the_help \
	every_header_has_a_page \
	every_public_name_has_a_page \
	pages_of_headers_are_the_same_each_time \
	the_pieces_of_a_header_find_their_places \
	every_configuration_key_is_explained \
	every_explained_key_is_known \
	every_key_of_the_files_in_etc_is_explained \
	every_variable_of_the_environment_is_in_atoll_7 \
	every_page_is_in_atoll_7_or_its_section_3 \
	cross_references_lead_somewhere \
	pages_of_one_line_point_to_a_page \
	nothing_is_wrong_with_their_form \
	pages_of_headers_fit_80_columns
