# SPDX-License-Identifier: Apache-2.0
# Manual pages of section 3, made from the headers they explain.
#
#	awk -f header-pages.awk -v into=build/man -v date='November 21, 2026' \
#		board/error.h runtime/session.h ...
#
# runtime/session.h becomes atoll_runtime_session.3; each function and each type it
# declares gets a page that only points there. What a header must look like:
#
#	- its first comment says in a sentence what it is for, has an example (the first
#	  lines that begin with a tab), and goes on with what holds for all of it;
#	- a comment right above declarations, up to an empty line, is about all of them,
#	  one behind a declaration about that one;
#	- members and enumerators have theirs behind them, or above several of them; what
#	  comes after "Ours:" is nobody's business;
#	- lines of a comment that begin with a tab are printed as they are, or as a list
#	  when they are two columns.
#
# All headers are read before the first page is written, so that pages can refer to
# each other.

FNR == 1 { header[++headers] = FILENAME }
{ source[FILENAME] = source[FILENAME] $0 "\n" }

END {
	for (h = 1; h <= headers; h++)
		find_names(header[h])
	for (h = 1; h <= headers; h++)
		write_page(header[h])
}

function page_of(path) {
	sub(/\.h$/, "", path)
	gsub(/\//, "_", path)
	return "atoll_" path
}

function room_of(path) {
	sub(/[^\/]*$/, "", path)
	return path
}

# Reading: `rest` is what lies ahead, take() the next thing of it.

function starts(text) {
	rest = text
}

# Sets what ("comment", "directive", "declaration"), text, beside (the comment behind
# it, on its line) and is_apart (an empty line lies before). False at the end.
function take(    space) {
	match(rest, /^[ \t\n]*/)
	space = substr(rest, 1, RLENGTH)
	is_apart = space ~ /\n[ \t]*\n/
	rest = substr(rest, RLENGTH + 1)
	beside = ""
	if (rest == "")
		return 0
	if (substr(rest, 1, 2) == "/*") {
		what = "comment"
		text = cut(index(rest, "*/") + 1)
	} else if (substr(rest, 1, 1) == "#") {
		what = "directive"
		text = ""
		do {
			text = text cut(index(rest, "\n"))
		} while (text ~ /\\\n$/)
		gsub(/\\?\n/, "", text)
	} else {
		what = "declaration"
		text = cut(length_up_to(rest, ";"))
		take_beside()
	}
	return 1
}

function cut(length_of_it,    piece) {
	piece = substr(rest, 1, length_of_it)
	rest = substr(rest, length_of_it + 1)
	return piece
}

function take_beside() {
	if (match(rest, /^[ \t]*\/\*/)) {
		rest = substr(rest, RLENGTH - 1)
		beside = cut(index(rest, "*/") + 1)
	}
}

# How many characters there are up to one of `ends` that is in no braces and in no
# comment, with it; all of them when there is none.
function length_up_to(all, ends,    at, depth, c) {
	for (at = 1; match(substr(all, at), /\/\*|[;,{}()]/); at++) {
		at += RSTART - 1
		c = substr(all, at, 1)
		if (c == "/")
			at += index(substr(all, at), "*/")
		else if (c == "{" || c == "(")
			depth++
		else if (c == "}" || c == ")")
			depth--
		else if (depth == 0 && index(ends, c))
			return at
	}
	return length(all)
}

function without_comments(all,    at, from) {
	while ((at = index(all, "/*"))) {
		from = index(all, "*/")
		all = substr(all, 1, at - 1) " " substr(all, from + 2)
	}
	return one_line(all)
}

function one_line(all) {
	gsub(/[ \t\n]+/, " ", all)
	sub(/^ /, "", all)
	sub(/ $/, "", all)
	return all
}

# A declaration's parts. is_type: a struct, union or enum with its name in `name`
# (may be empty), its inside in `body` (empty: only announced) and what stands behind it
# in `behind`. Else a function or a variable, see prototype().
function dissect(all,    open, close_at, before) {
	open = length_before_brace(all)
	body = behind = ""
	is_type = 0
	if (open) {
		close_at = length(all)
		while (substr(all, close_at, 1) != "}")
			close_at--
		body = substr(all, open + 1, close_at - open - 1)
		behind = without_comments(substr(all, close_at + 1))
		sub(/ *;$/, "", behind)
		before = without_comments(substr(all, 1, open - 1))
		is_type = 1
	} else {
		before = without_comments(all)
		sub(/ *;$/, "", before)
		is_type = before ~ /^(struct|enum|union) [a-z0-9_]+$/
	}
	name = before
	sub(/.*(struct|enum|union) ?/, "", name)
	kind = before
	if (name != "")
		sub(/ [a-z0-9_]+$/, "", kind)
}

function length_before_brace(all,    at) {
	at = length_up_to(all, ";,")
	all = substr(all, 1, at)
	at = index(all, "{")
	return at && index(all, "(") && index(all, "(") < at ? 0 : at
}

# A function's parts: result, name, arguments, argument[]. False for a variable.
function prototype(all,    inside, piece) {
	all = without_comments(all)
	sub(/ *;$/, "", all)
	sub(/ *__attribute__ *\(\(.*$/, "", all)
	if (!match(all, /[a-z0-9_]+ *\(/))
		return 0
	result = substr(all, 1, RSTART - 1)
	name = substr(all, RSTART, RLENGTH - 1)
	inside = substr(all, RSTART + RLENGTH)
	sub(/\)$/, "", inside)
	sub(/ $/, "", result)
	for (arguments = 0; inside != "" && inside != "void"; ) {
		piece = substr(inside, 1, length_up_to(inside, ","))
		inside = substr(inside, length(piece) + 1)
		sub(/ *,$/, "", piece)
		sub(/^ /, "", inside)
		argument[++arguments] = piece
	}
	return 1
}

function variable(all) {
	all = without_comments(all)
	sub(/ *;$/, "", all)
	return quoted(all)
}

function argument_name(piece) {
	sub(/\[.*/, "", piece)
	sub(/.*[ *]/, "", piece)
	return piece
}

# First of all: which page explains what.

function find_names(path) {
	page[path] = page_of(path)
	starts(source[path])
	while (take()) {
		if (what == "directive" && text ~ /^#define [A-Z]/)
			constant[word(text, 2)] = 1
		if (what != "declaration")
			continue
		dissect(text)
		if (is_type) {
			if (name != "" && (body != "" || !(name in home)))
				belongs(path)
			if (kind == "enum")
				find_constants(body)
		} else if (prototype(text)) {
			belongs(path)
			if (result !~ /^typedef/)
				is_function[name] = 1
		}
	}
}

function belongs(path) {
	if (name ~ /^(atoll|flatbuf)_/)
		home[name] = path
}

function find_constants(all,    i, n, list) {
	n = split(without_comments(all), list, ",")
	for (i = 1; i <= n; i++)
		if (list[i] ~ /[A-Z]/)
			constant[word(list[i], 1)] = 1
}

function word(all, i,    list) {
	split(all, list, " ")
	return list[i]
}

# Writing.

function write_page(path,    n, i) {
	out = into "/" page[path] ".3"
	here = path
	names = seen = ""
	delete see
	comment_lines(head_comment(path))
	say(".\\\" SPDX-License-Identifier: Apache-2.0")
	say(".\\\" Made from " path ".")
	say(".Dd " date)
	say(".Dt " toupper(page[path]) " 3")
	say(".Os Atoll")
	write_names(path)
	say(".Sh LIBRARY")
	say("Atoll (libatoll, \\-latoll)")
	write_synopsis(path)
	say(".Sh DESCRIPTION")
	comment_lines(head_comment(path))
	take_example()
	prose()
	write_declarations(path)
	if (example != "") {
		say(".Sh EXAMPLES")
		literal(example)
	}
	if (source[path] ~ /struct atoll_error \*err\)/ && path != "board/error.h") {
		say(".Sh ERRORS")
		say("A function that fails writes a sentence to")
		say(".Fa err ,")
		say("with what it was about and why, unless that is")
		say(".Dv NULL ;")
		say("see")
		say(".Xr " page_of("board/error.h") " 3 .")
	}
	write_see_also(path)
	close(out)
}

function say(line) {
	print line > out
}

function head_comment(path) {
	starts(source[path])
	while (take())
		if (what == "comment" && text !~ /SPDX-License/)
			return text
	return ""
}

# NAME: everything the page explains, and the beginning of the first sentence.
function write_names(path,    i, n, list, about) {
	n = 0
	starts(source[path])
	while (take()) {
		if (what != "declaration")
			continue
		dissect(text)
		if (!is_type && !prototype(text))
			continue
		if (home[name] == path && !((path, name) in linked)) {
			linked[path, name] = 1
			if (name != page[path])
				list[++n] = name
		}
	}
	say(".Sh NAME")
	say(".Nm " page[path] (n ? " ," : ""))
	for (i = 1; i <= n; i++) {
		say(".Nm " list[i] (i < n ? " ," : ""))
		print ".so man3/" page[path] ".3" > (into "/" list[i] ".3")
		close(into "/" list[i] ".3")
	}
	about = ""
	for (i = 1; i <= lines && line[i] != "" && line[i] !~ /^\t/; i++)
		about = about " " line[i]
	sub(/^ /, "", about)
	if (match(about, /(: |[.;]( |$)|\?)/))
		about = substr(about, 1, RSTART - 1)
	if (about ~ /^[A-Z]([a-z ]|$)/)
		about = tolower(substr(about, 1, 1)) substr(about, 2)
	say(".Nd " escaped(about))
}

function write_synopsis(path,    i) {
	say(".Sh SYNOPSIS")
	say(".In atoll/" path)
	starts(source[path])
	while (take()) {
		if (what == "directive" && text ~ /^#define [A-Z0-9_]+[ \t(]/)
			say(".Fd \"" quoted(one_line(text)) "\"")
		if (what != "declaration")
			continue
		dissect(text)
		if (is_type) {
			if (name != "")
				say(".Vt " kind " " name (body == "" ? "" : " { ... }") " ;")
		} else if (prototype(text)) {
			say(".Ft \"" result "\"")
			say(".Fo " name)
			for (i = 1; i <= arguments; i++)
				say(".Fa \"" argument[i] "\"")
			if (!arguments)
				say(".Fa void")
			say(".Fc")
		} else {
			say(".Vt \"" variable(text) "\" ;")
		}
	}
}

# DESCRIPTION: what is explained together is a list item together. `above` is the
# comment over the things that were taken but not written yet: they are waiting[].
function write_declarations(path,    above, had_head) {
	waiting = 0
	above = ""
	starts(source[path])
	while (take()) {
		if (what == "comment" || is_apart) {
			write_waiting(above)
			above = ""
		}
		if (what == "comment") {
			if (text ~ /SPDX-License/)
				continue
			if (!had_head)
				had_head = 1
			else if (rest ~ /^[ \t]*\n[ \t]*\n/)
				paragraph(text)
			else
				above = text
		} else if (what == "declaration" || text ~ /^#define [A-Z0-9_]+[ \t(]/) {
			waiting_text[++waiting] = text
			if (beside != "") {
				if (waiting > 1) {
					waiting--
					write_waiting(above)
					above = ""
					waiting_text[++waiting] = text
				}
				write_waiting(above, beside)
				above = ""
			}
		}
	}
	write_waiting(above)
}

function paragraph(comment) {
	comment_lines(comment)
	say(".Pp")
	prose()
}

# A thing without comment, members or enumerators is in the synopsis, which is enough.
function write_waiting(above, beside_it,    i, any, rest_, what_, text_, beside_) {
	rest_ = rest
	what_ = what
	text_ = text
	beside_ = beside
	all_params = " "
	for (i = 1; i <= waiting; i++) {
		dissect(waiting_text[i])
		if (above == "" && beside_it == "" && (!is_type || body == ""))
			continue
		if (!any)
			begin_list()
		any = 1
		write_tag(waiting_text[i])
		if (i == waiting || is_type) {
			if (i == waiting)
				explain(above, beside_it)
			dissect(waiting_text[i])
			if (is_type && body != "")
				write_inside(kind, body, i == waiting && above beside_it != "")
		}
	}
	if (any)
		say(".El")
	waiting = 0
	rest = rest_
	what = what_
	text = text_
	beside = beside_
}

function begin_list() {
	say(".Pp")
	say(".Bl -tag -width Ds -compact")
}

function explain(above, beside_it) {
	if (above != "") {
		comment_lines(above)
		prose()
	}
	if (beside_it != "") {
		if (above != "")
			say(".Pp")
		comment_lines(beside_it)
		if (line[lines] !~ /[.?!]$/)
			line[lines] = line[lines] "."
		prose()
	}
}

function write_tag(all,    i, tag) {
	if (substr(all, 1, 1) == "#") {
		say(".It Dv " word(all, 2))
		return
	}
	dissect(all)
	if (is_type) {
		say(".It Vt " (name == "" ? kind : "\"" kind " " name "\""))
		return
	}
	if (!prototype(all)) {
		say(".It Va \"" variable(all) "\"")
		return
	}
	tag = ".It Fn " name
	for (i = 1; i <= arguments; i++) {
		tag = tag " " argument_name(argument[i])
		all_params = all_params argument_name(argument[i]) " "
	}
	say(tag)
}

# Members or enumerators.
function write_inside(of, inside, has_text) {
	if (of ~ /enum$/)
		write_enumerators(inside, has_text)
	else
		write_members(inside, has_text)
}

function write_enumerators(inside, has_text,    all, piece, n, i, tag, about, any, row) {
	n = 0
	inside = inside "\n"
	for (;;) {
		sub(/^[ \t\n,]+/, "", inside)
		if (inside == "")
			break
		if (substr(inside, 1, 2) == "/*") {
			inside = substr(inside, index(inside, "*/") + 2)
			continue
		}
		piece = substr(inside, 1, length_up_to(inside, ","))
		inside = substr(inside, length(piece) + 1)
		tag[++n] = one_line(without_comments(piece))
		sub(/ *,$/, "", tag[n])
		about[n] = ""
		if (index(piece, "/*"))        # behind the last one, which has no comma
			about[n] = substr(piece, index(piece, "/*"))
		if (match(inside, /^[ \t]*\/\*/)) {
			inside = substr(inside, RLENGTH - 1)
			about[n] = substr(inside, 1, index(inside, "*/") + 1)
			inside = substr(inside, length(about[n]) + 1)
		}
		if (about[n] != "")
			any = 1
	}
	if (has_text)
		say(".Pp")
	if (!any) {
		for (i = 1; i <= n; i++) {
			row = tag[i]
			sub(/ = /, " No = ", row)
			say(".Dv " row (i < n ? " ," : ""))
		}
		return
	}
	say(".Bl -tag -width Ds -compact")
	for (i = 1; i <= n; i++) {
		row = tag[i]
		sub(/ = /, " No = ", row)
		say(".It Dv " row)
		if (about[i] != "") {
			comment_lines(about[i])
			prose()
		}
	}
	say(".El")
}

function write_members(inside, has_text,    above, n, member, about, i, inner, of, pre) {
	starts(inside)
	above = ""
	n = 0
	while (take()) {
		if (what == "comment") {
			if (text ~ /Ours:/) {
				member[++n] = ""
				break
			}
			above = one_line(text)
			continue
		}
		member[++n] = text
		about[n] = beside
		# One that stands above several is written below the last of them.
		if (above != "") {
			while (beside == "" && rest ~ /^\n[ \t]*[^ \t\n\/}]/ && take()) {
				member[++n] = text
				about[n] = beside
			}
			about[n] = about[n] == "" ? above : joined(above, about[n])
			above = ""
		}
	}
	if (has_text)
		say(".Pp")
	say(".Bl -tag -width Ds -compact")
	for (i = 1; i <= n; i++) {
		if (member[i] == "") {
			say(".It No \\&...")
			say("What follows is the library's own.")
			break
		}
		dissect(member[i])
		inner = body
		of = kind
		if (body != "") {
			pre = kind (name == "" ? "" : " " name) (behind == "" ? "" : " " behind)
			say(".It Va \"" quoted(pre) "\"")
		} else {
			say(".It Va \"" variable(member[i]) "\"")
		}
		if (about[i] != "") {
			comment_lines(about[i])
			prose()
		}
		if (inner != "")
			write_inside(of, inner, about[i] != "")
	}
	say(".El")
}

function joined(a, b) {
	sub(/ *\*\/$/, "", a)
	sub(/^\/\* */, "", b)
	return a ". " b
}

function write_see_also(path,    n, i, j, list, all, item, key, t) {
	n = split(source[path], all, "\n")
	for (i = 1; i <= n; i++)
		if (all[i] ~ /^#include "/) {
			item = all[i]
			gsub(/^#include "|"$/, "", item)
			if (item in page)
				see["3 " page[item]] = 1
		}
	see["7 atoll"] = 1
	delete see["3 " page[path]]
	n = 0
	for (key in see) {
		for (j = n++; j > 0 && list[j] > key; j--)
			list[j + 1] = list[j]
		list[j + 1] = key
	}
	say(".Sh SEE ALSO")
	for (i = 1; i <= n; i++) {
		split(list[i], t, " ")
		say(".Xr " t[2] " " t[1] (i < n ? " ," : ""))
	}
}

# A comment's text, without what makes it one, in line[1..lines].
function comment_lines(comment,    i, all, l) {
	sub(/^\/\*/, "", comment)
	sub(/[ \t\n]*\*\/$/, "", comment)
	lines = 0
	l = split(comment, all, "\n")
	for (i = 1; i <= l; i++) {
		if (all[i] ~ /^ \*/)
			sub(/^ \* ?/, "", all[i])
		else
			sub(/^[ \t]+/, "", all[i])
		sub(/[ \t]+$/, "", all[i])
		if (lines || all[i] != "")
			line[++lines] = all[i]
	}
	while (lines && line[lines] == "")
		lines--
}

# The first lines that begin with a tab leave line[] for `example`.
function take_example(    i, from, to, n) {
	example = ""
	for (from = 1; from <= lines && line[from] !~ /^\t/; from++)
		;
	if (from > lines)
		return
	for (to = from; to <= lines && (line[to] ~ /^\t/ || line[to] == ""); to++)
		example = example line[to] "\n"
	n = lines
	lines = from - 1
	for (i = to; i <= n; i++)
		line[++lines] = line[i]
	while (lines && line[lines] == "")
		lines--
	sub(/\n+$/, "\n", example)
}

# line[] as paragraphs, and as they are where they begin with a tab.
function prose(    i, all, had, block) {
	for (i = 1; i <= lines; ) {
		if (line[i] == "") {
			i++
			continue
		}
		if (line[i] ~ /^\t/) {
			block = ""
			for (; i <= lines && (line[i] ~ /^\t/ || line[i] == ""); i++)
				block = block line[i] "\n"
			sub(/\n+$/, "\n", block)
			if (!two_columns(block))
				literal(block)
			had = 1
			continue
		}
		all = ""
		for (; i <= lines && line[i] != "" && line[i] !~ /^\t/; i++)
			all = all " " line[i]
		if (had)
			say(".Pp")
		flow(substr(all, 2))
		had = 1
	}
}

function literal(block,    i, n, all) {
	n = split(block, all, "\n")
	say(".Bd -literal")
	for (i = 1; i < n; i++) {
		sub(/^\t/, "", all[i])
		say(exactly(all[i]))
	}
	say(".Ed")
}

# Terms, blanks, and all explanations in one column: a list. Returns whether it was.
function two_columns(block,    i, n, all, column, at, term, about, terms, widest, t) {
	n = split(block, all, "\n") - 1
	for (i = 1; i <= n; i++) {
		t = substr(all[i], 2)
		if (t ~ /\t/)
			return 0
		if (t ~ /^ /) {
			match(t, /^ */)
			if (!column || RLENGTH != column || !terms)
				return 0
			about[terms] = about[terms] " " substr(t, column + 1)
			continue
		}
		if (column && substr(t, column, 1) == " " && substr(t, column + 1, 1) != " ")
			at = column
		else if (!column && match(t, /  +/))
			at = RSTART + RLENGTH - 1
		else if (i < n && all[i + 1] ~ /^\t +[^ ]/) {
			at = 0
		} else {
			return 0
		}
		if (at)
			column = at
		term[++terms] = at ? substr(t, 1, at) : t
		sub(/ +$/, "", term[terms])
		about[terms] = at ? substr(t, at + 1) : ""
		if (at && length(term[terms]) > length(widest))
			widest = term[terms]
	}
	if (!column || terms < 2)
		return 0
	say(".Bl -tag -width \"" quoted(widest) "\"")
	for (i = 1; i <= terms; i++) {
		say(".It Li \"" quoted(term[i]) "\"")
		sub(/^ /, "", about[i])
		flow(about[i])
	}
	say(".El")
	return 1
}

# Running text, a sentence on lines of its own, with marks for what it names.
function flow(all,    i, n, list, token, column) {
	pending = ""
	n = split(all, list, " ")
	for (i = 1; i <= n; i++) {
		token = list[i]
		if (token ~ /^[("]*`/ && token !~ /`.*`/)
			while (i < n && token !~ /`.*`/)
				token = token " " list[++i]
		put(token)
	}
	flush_line()
}

function flush_line() {
	if (pending ~ /^[.']/)
		pending = "\\&" pending
	if (pending != "")
		say(pending)
	pending = ""
}

function put(token,    core, tail, macro) {
	core = token
	tail = ""
	while (match(core, /[.,;:?!)]$/) && core !~ /\.\.\.$/ && core !~ /\([1-9]\)$/ &&
	       core !~ /\(\)$/) {
		tail = " " substr(core, RSTART) tail
		core = substr(core, 1, RSTART - 1)
	}
	macro = macro_for(core)
	if (macro == "") {
		if (length(pending) + length(token) > 78)
			flush_line()
		pending = pending (pending == "" ? "" : " ") escaped(token)
		if (token ~ /[.?!][)"]*$/ && token !~ /\.\.\.$/)
			flush_line()
		return
	}
	flush_line()
	say(macro tail)
}

function macro_for(core,    bare, section) {
	if (core ~ /^`[^`]+`$/) {
		bare = substr(core, 2, length(core) - 2)
		if (index(all_params, " " bare " ") || bare ~ /^[a-z_]+$/)
			return ".Fa " bare
		return ".Ql \"" quoted(bare) "\""
	}
	bare = core
	sub(/\(\)$/, "", bare)
	if (bare in is_function) {
		if (home[bare] == here)
			return ".Fn " bare
		return refer(bare, 3)
	}
	if (core ~ /^[a-z_]+\(\)$/)
		return refer(bare, 3)
	if (core ~ /^[a-z_\/]+\.h$/) {
		if (core in page)
			return refer(page[core], 3)
		if ((room_of(here) core) in page)
			return refer(page[room_of(here) core], 3)
	}
	if (core ~ /^[A-Za-z][A-Za-z0-9_.-]*\([1-8]\)$/) {
		section = substr(core, length(core) - 1, 1)
		sub(/\([1-8]\)$/, "", core)
		return refer(core, section)
	}
	if (core ~ /^-?E[A-Z][A-Z0-9]+$/ && core !~ /^EXIF$/)
		return ".Er " escaped(core)
	if (core == "NULL" || core in constant)
		return ".Dv " core
	if (core ~ /^ATOLL_[A-Z_]+$/)
		return ".Ev " core
	if (core ~ /^\/(dev|etc|run|sys|proc|usr)\/[A-Za-z0-9_\/.-]+$/)
		return ".Pa " core
	return ""
}

function refer(name_of_it, section) {
	see[section " " name_of_it] = 1
	return ".Xr " name_of_it " " section
}

function escaped(all) {
	gsub(/\\/, "\\e", all)
	gsub(/^-/, "\\-", all)
	gsub(/`/, "\\(ga", all)
	gsub(/ -/, " \\-", all)
	return all
}

# Inside the quotes of a macro's argument.
function quoted(all) {
	gsub(/\\/, "\\e", all)
	gsub(/"/, "\\(dq", all)
	gsub(/-/, "\\-", all)
	if (all ~ /^[.,:;()?!|]$/ || all ~ /^\[$/ || all ~ /^\]$/)
		all = "\\&" all
	return all
}

function exactly(all) {
	gsub(/\\/, "\\e", all)
	gsub(/'/, "\\(aq", all)
	gsub(/`/, "\\(ga", all)
	gsub(/\^/, "\\(ha", all)
	gsub(/~/, "\\(ti", all)
	gsub(/-/, "\\-", all)
	if (all ~ /^\./)
		all = "\\&" all
	return all
}
