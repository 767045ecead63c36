#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# atoll-visiond as a user, a browser and an intruder see it.
# shellcheck source=tests/cli/common.sh
. "$(dirname "$0")/common.sh"
tool=atoll-visiond up='looking through|waiting for it'
# shellcheck source=tests/cli/daemon.sh
. "$(dirname "$0")/daemon.sh"
clip=$cards/demo/cards.mjpeg
model=$cards/cards.tflite
try="try '$tool --help'"
page=http://127.0.0.1:0/

# start OPTION...: the daemon on the clip, a socket and a port of its own; $page is
# where the page is.
start() {
	launch --source="$clip" --model="$model" --events="$work/events" \
		--listen=127.0.0.1:0 "$@" || return
	find_page
}
find_page() { page=$(sed -nE 's|.*page: (http://[^ ]*).*|\1|p' "$work/log" | tail -n 1); }

# get STATUS PATH [OPTION...]: ask the page; body and headers in $work.
get() {
	expected=$1 path=$2
	shift 2
	found=$(curl -s --path-as-is --max-time 20 -o "$work/body" -D "$work/head" \
		-w '%{http_code}' "$@" "$page$path")
	[ "$found" = "$expected" ] && return
	echo "# $path $*: status $found, expected $expected" | cut -c 1-200
	return 1
}
body_has() { matches body "$1"; }
head_has() { matches head "$1"; }

a_wrong_command_line_is_named() {
	gives 2 $tool extra && err_is "$tool: 'extra' is one too many
$try" &&
	gives 2 $tool --listen=8080 && lines_are err 2 &&
	err_has "^$tool: --listen: '8080' is not an address and port as 127\.0\.0\.1:8080"
}

check_says_what_is_wrong_and_where() {
	printf '# fine\nviewers = 2\n[model.cards]\nappear = 0.8\n' >"$work/good.conf"
	printf 'viewers = 2\nsize = 640 by 480\n' >"$work/bad.conf"
	printf 'colour = blue\n' >"$work/odd.conf"
	printf 'listen = 0.0.0.0:8080\n' >"$work/open.conf"
	gives 0 $tool --check --config="$work/good.conf" && is_silent out && is_silent err &&
	gives 78 $tool --check --config="$work/bad.conf" && lines_are err 1 &&
	err_has "^$tool: $work/bad.conf:2: size: not a size as 640x480$" &&
	gives 0 $tool --check -c "$work/odd.conf" &&
	err_is "$tool: $work/odd.conf:1: colour: unknown, passed over" &&
	gives 78 $tool --check -c "$work/open.conf" && err_has 'that needs a token$' &&
	gives 78 $tool --check -c "$work/nowhere.conf" &&
	err_is "$tool: $work/nowhere.conf: No such file or directory"
}

what_cannot_be_opened_is_named() {
	gives 1 $tool --model=nowhere.tflite --events=off --listen=off && is_silent out &&
	err_is "$tool: model model: nowhere.tflite: No such file or directory" &&
	gives 1 $tool --source=nowhere.mjpeg --model="$model" --events=off --listen=off &&
	lines_are err 1 && err_has "^$tool: .*nowhere.mjpeg.*: No such file or directory$" &&
	gives 1 $tool --source="$clip" --model="$model" --listen=off \
		--events="$work/no/such/folder" && lines_are err 1 &&
	err_has "$work/no/such/folder: No such file or directory$"
}

is_taken() { grep -q ' 0100007F:1F90 00000000:0000 0A ' /proc/net/tcp; } # 127.0.0.1:8080

# Nobody asked for the page there.
a_page_whose_usual_place_is_taken_is_done_without() {
	needs socat || return 77
	socat -u TCP-LISTEN:8080,bind=127.0.0.1,fork,retry=100,interval=0.1 - >"$work/none" 2>&1 &
	other=$!
	until_true is_taken && launch --source="$clip" --model="$model" --events="$work/events" &&
	said 'page: 127.0.0.1:8080: Address already in use; going on without a page$' &&
	listen_for '"event":"appear"' && stop &&
	gives 1 $tool --source="$clip" --model="$model" --events=off --listen=127.0.0.1:8080 &&
	err_has '127.0.0.1:8080: Address already in use$'
	result=$?
	kill $other
	return $result
}

who_listens_hears_what_appears_and_disappears() {
	needs curl socat || return 77
	start && listen_for '"event":"disappear"' &&
	sed -n 1p "$work/lines" | grep -qE '^\{"event":"state","camera":"sees",.*"things":\[' &&
	matches lines '^\{"event":"appear","model":"model","id":[0-9]+,"index":[0-9]+,"label":"[a-z ]+","score":[01](\.[0-9]+)?,"time":"20[0-9T:.-]+Z","monotonic_ns":[0-9]+' &&
	! grep -q '"label":"nothing"' "$work/lines" && stop
}

ready_is_told_to_systemd_and_the_end_too() {
	needs socat || return 77
	tells_systemd 'frames per second, model at ' --source="$clip" --model="$model" \
		--events="$work/events" --listen=127.0.0.1:0
}

it_stops_in_order() {
	stops_in_order "$work/events" --source="$clip" --model="$model" \
		--events="$work/events" --listen=127.0.0.1:0
}

the_page_is_one_file_that_asks_for_nothing_elsewhere() {
	needs curl socat || return 77
	start && get 200 '' && head_has '^Content-Type: text/html' &&
	head_has "^Content-Security-Policy: default-src 'none'; .*script-src 'nonce-[0-9a-f]{32}'" &&
	nonce=$(sed -n "s/.*script-src 'nonce-\([0-9a-f]*\)'.*/\1/p" "$work/head") &&
	[ "$(grep -c "nonce=\"$nonce\"" "$work/body")" -eq 2 ] &&
	! grep -q '@nonce@' "$work/body" &&
	! grep -oE '(src|href|url\()="?(https?:)?//[^"]*' "$work/body" &&
	get 200 '' && ! grep -q "$nonce" "$work/body"
}

pictures_and_numbers_come_as_they_should() {
	needs curl socat || return 77
	get 200 snapshot.jpg && head_has '^Content-Type: image/jpeg' &&
	[ "$(od -An -tx1 -N2 "$work/body")" = ' ff d8' ] &&
	[ "$(tail -c2 "$work/body" | od -An -tx1)" = ' ff d9' ] &&
	curl -s --max-time 1 "${page}stream.mjpeg" >"$work/stream"
	[ "$(grep -ac '^Content-Type: image/jpeg' "$work/stream")" -gt 3 ] ||
		{ echo '# too few pictures'; return 1; }
	head -n1 "$work/stream" | grep -aq '^--next-picture' || return
	curl -s --max-time 1 "${page}events" >"$work/sse"
	[ "$(grep -c '^data: {"version":' "$work/sse")" -gt 3 ] || return
	get 200 state.json && body_has '"models":\[\{"name":"model","results":[1-9]' &&
	body_has '"resident_bytes":[1-9]' && get 200 controls && body_has '^\[\]$' &&
	get 200 state.json -I
}

nothing_else_is_there() {
	needs curl socat || return 77
	for path in ../../etc/passwd ..%2f..%2fetc%2fpasswd etc/passwd index.html \
		stream.mjpeg/ stream.mjpeg/../state.json; do
		get 404 "$path" && ! grep -q root: "$work/body" || return
	done
	get 405 '' -X POST -d x && get 405 state.json -X DELETE && get 405 stream.mjpeg -I &&
	get 405 snapshot.jpg -X PUT -d x
}

strangers_learn_nothing() {
	needs curl socat || return 77
	get 403 state.json -H 'Host: evil.example' && ! grep -q version "$work/body" &&
	get 403 '' -H 'Host: evil.example' &&
	get 403 snapshot.jpg -H 'Sec-Fetch-Site: cross-site' &&
	get 403 controls -d name=brightness -H 'Origin: http://evil.example' &&
	get 400 controls -d value=1 &&
	get 503 controls -d 'name=brightness&value=1' && body_has 'no camera' &&
	get 200 '' -H 'Host: localhost:1'
}

too_much_is_refused() {
	needs curl socat || return 77
	long=$(head -c 60000 /dev/zero | tr '\0' x)
	get 431 '' -H "X-Long: $long" &&
	get 414 "$(printf '%s' "$long" | head -c 50000)" &&
	head -c 8000 /dev/zero | tr '\0' x >"$work/body8k" &&
	get 413 controls --data-binary "@$work/body8k" &&
	get 413 controls -d "name=$(printf '%s' "$long" | head -c 500)" &&
	get 200 state.json
}

# Four may watch. The others get a sentence or no connection, the four go on.
fifty_at_once_do_no_harm() {
	needs curl socat || return 77
	curl -s --max-time 3 "${page}stream.mjpeg" >"$work/first" &
	first=$!
	sleep 0.5
	i=0 crowd=
	while [ $i -lt 50 ]; do
		curl -s --max-time 1 -o /dev/null -w '%{http_code}\n' "${page}stream.mjpeg" \
			>"$work/crowd.$i" &
		crowd="$crowd $!"
		i=$((i + 1))
	done
	# shellcheck disable=SC2086 # one word per process
	wait $first $crowd
	ok=$(cat "$work"/crowd.* | grep -c 200)
	refused=$(cat "$work"/crowd.* | grep -c 503)
	[ "$ok" -le 3 ] && [ "$refused" -gt 0 ] || { echo "# $ok got in, $refused did not"; return 1; }
	[ "$(grep -ac '^Content-Type: image/jpeg' "$work/first")" -gt 10 ] &&
	until_true get 200 state.json && body_has '"refused":[1-9]'
}

a_viewer_that_never_reads_does_no_harm() {
	needs curl socat || return 77
	results() {
		get 200 state.json &&
			sed -nE 's/.*"results":([0-9]+).*/\1/p' "$work/body"
	}
	bash -c 'exec 3<>/dev/tcp/${1%:*}/${1#*:} &&
		printf "GET /stream.mjpeg HTTP/1.1\r\nHost: localhost\r\n\r\n" >&3 && sleep 4' \
		- "$(printf '%s' "$page" | sed 's|http://||; s|/$||')" &
	deaf=$!
	sleep 1
	before=$(results)
	curl -s --max-time 2 "${page}stream.mjpeg" >"$work/stream"
	after=$(results)
	kill $deaf
	wait $deaf 2>/dev/null
	[ "$(grep -ac '^Content-Type: image/jpeg' "$work/stream")" -gt 5 ] &&
	[ "$after" -gt "$((before + 10))" ] || { echo "# $before, then $after"; return 1; }
	stop
}

the_token_is_asked_for() {
	needs curl socat || return 77
	token=0123456789-secret
	printf 'token = %s\n' $token >"$work/token.conf"
	start --config="$work/token.conf" && matches log 'with the token' &&
	! grep -q $token "$work/log" &&
	for path in state.json stream.mjpeg snapshot.jpg events controls nowhere; do
		get 401 $path && get 401 "$path?token=0123456789-secreT" || return
	done
	get 401 '' && body_has '<input name="token"' && ! grep -q EventSource "$work/body" &&
	get 401 controls -d name=x && get 200 "?token=$token" && body_has EventSource &&
	get 200 "state.json?token=$token" &&
	get 200 state.json -H "Authorization: Bearer $token" -H 'Host: camera.example' &&
	get 404 nowhere -H "Authorization: Bearer $token" && stop
}

a_wrong_configuration_is_not_taken() {
	needs curl socat || return 77
	printf 'viewers = 2\n' >"$work/visiond.conf"
	start --config="$work/visiond.conf" || return
	before=$page
	printf '\nviewers = none\n' >"$work/visiond.conf"
	kill -HUP "$pid"
	until_true said "$work/visiond.conf:2: viewers.*; keeping the old configuration$" &&
	get 200 state.json && body_has '"viewers_max":2' || return
	printf 'viewers = 3\n' >"$work/visiond.conf"
	reload && find_page || return
	[ "$page" != "$before" ] && until_true get 200 state.json && body_has '"viewers_max":3' &&
	listen_for '"event":"appear"' && stop
}

without_a_camera_it_waits() {
	needs curl socat || return 77
	start --source='camera:no such thing' && said 'waiting for it$' &&
	get 200 state.json && body_has '"source":\{"state":"waits"' && get 503 snapshot.jpg &&
	get 503 stream.mjpeg && get 200 '' &&
	listen_for '"event":"state","camera":"waits"' && sleep 2 &&
	[ "$(grep -c 'no such thing' "$work/log")" -eq 1 ] && stop
}

# shellcheck disable=SC2086 # a list of names
run_tests $every_program a_wrong_command_line_is_named check_says_what_is_wrong_and_where \
	what_cannot_be_opened_is_named a_page_whose_usual_place_is_taken_is_done_without \
	who_listens_hears_what_appears_and_disappears \
	ready_is_told_to_systemd_and_the_end_too it_stops_in_order \
	the_page_is_one_file_that_asks_for_nothing_elsewhere \
	pictures_and_numbers_come_as_they_should nothing_else_is_there strangers_learn_nothing \
	too_much_is_refused fifty_at_once_do_no_harm a_viewer_that_never_reads_does_no_harm \
	the_token_is_asked_for a_wrong_configuration_is_not_taken without_a_camera_it_waits
