#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The page of atoll-visiond as a browser shows it. Screenshots are left in
# $BUILD/web for people to look at.
# shellcheck source=tests/cli/common.sh
. "$(dirname "$0")/../cli/common.sh"
# shellcheck source=tests/web/browser.sh
. "$(dirname "$0")/browser.sh"
# shellcheck source=tests/web/detector.sh
. "$(dirname "$0")/detector.sh"
clip=$cards/demo/cards.mjpeg

pid=''
trap 'close_browser; stop; rm -rf "$work"' EXIT

# start OPTION...: the daemon, on a port of its own; $page is where the page is.
start() {
	: >"$work/log"
	"$BUILD/atoll-visiond" --model="$cards/cards.tflite" --events=off \
		--listen="${listen:-127.0.0.1:0}" "$@" >"$work/out" 2>"$work/log" &
	pid=$!
	tries=100
	until grep -qE 'looking through|waiting for it' "$work/log"; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || { sed 's/^/# /' "$work/log"; return 1; }
		sleep 0.1
	done
	page=$(sed -nE 's|.*page: (http://[^ ]*).*|\1|p' "$work/log")
}

stop() {
	[ -n "$pid" ] || return 0
	kill -TERM "$pid"
	wait "$pid"
	pid=''
}

text_of() {
	js "return document.getElementById('$1').innerText"
}

# is WANTED SCRIPT: what it returns.
is() {
	found=$(js "$2")
	[ "$found" = "$1" ] && return
	echo "# $2: '$found', expected '$1'"
	return 1
}

# The browser's console is free of complaints, such as of something that the security
# policy forbids.
console_is_clean() {
	webdriver POST "/$session/se/log" '{"type":"browser"}' |
		jq -r '.value[] | select(.level == "SEVERE") | "# console: " + .message' >"$work/console"
	cat "$work/console"
	[ ! -s "$work/console" ]
}

# Each card of the clip is shown for a second or so, round and round.
labels='key|cat|rocket|umbrella|light bulb'

the_page_says_what_is_seen() {
	start --source="$clip" && screen 1280 900 light && visit "$page" &&
	wait_until 20 "return /^($labels)$/m.test(document.getElementById('seen').innerText)" &&
	wait_until 20 "return /($labels) appeared/.test(document.getElementById('happened').innerText)" &&
	is Live 'return document.getElementById("status").innerText' &&
	is "cards.mjpeg · 320 × 240 JPEG" 'return document.getElementById("camera").innerText' &&
	is Atoll 'return document.title'
}

the_picture_moves() {
	wait_until 10 'return document.getElementById("picture").naturalWidth === 320' || return
	# The picture as the browser has it, drawn small: two seconds later it is another.
	sample='const small = document.createElement("canvas"); small.width = small.height = 16;
		small.getContext("2d").drawImage(document.getElementById("picture"), 0, 0, 16, 16);
		return small.toDataURL()'
	before=$(js "$sample") && sleep 2 && after=$(js "$sample") &&
	[ -n "$before" ] && [ "$before" != "$after" ]
}

the_frame_counter_moves() {
	counter='return Number(document.getElementById("frames").innerText.replaceAll(",", ""))'
	before=$(js "$counter") && sleep 1 && after=$(js "$counter") &&
	[ "$after" -gt "$before" ] || { echo "# $before, then $after"; return 1; }
	wait_until 5 'return /^[0-9.]+ \/s$/.test(document.getElementById("rate").innerText)' &&
	wait_until 5 'return /^[0-9.]+ ms$/.test(document.getElementById("latency").innerText)'
}

# count_drawn ID: pixels of a canvas that are not transparent.
count_drawn() {
	js "const canvas = document.getElementById('$1');
		const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
		return pixels.filter((value, i) => i % 4 === 3 && value > 0).length"
}

the_label_is_on_the_picture_and_the_chart_has_lines() {
	wait_until 20 'return document.querySelectorAll(".there").length > 0' &&
	drawn=$(count_drawn marks) && [ "$drawn" -gt 500 ] || { echo "# marks: $drawn"; return 1; }
	wait_until 10 "return /($labels)/.test(document.getElementById('legend').innerText)" &&
	drawn=$(count_drawn chart) && [ "$drawn" -gt 500 ] || { echo "# chart: $drawn"; return 1; }
	take_screenshot "$BUILD/web/wide.png"
}

it_fits_on_a_phone() {
	for width in 390 360; do
		screen $width 844 light
		wait_until 5 "return window.innerWidth === $width" &&
		is true 'return document.documentElement.scrollWidth <= window.innerWidth' &&
		wait_until 20 "return /^($labels)$/m.test(document.getElementById('seen').innerText)" &&
		is true 'const picture = document.getElementById("view").getBoundingClientRect();
			const seen = document.getElementById("seen").getBoundingClientRect();
			return seen.top >= picture.bottom && seen.bottom < window.innerHeight' &&
		take_screenshot "$BUILD/web/phone-$width.png" || return
	done
}

it_is_dark_where_that_is_wished() {
	lightness='const [r, g, b] = getComputedStyle(document.body).backgroundColor
		.match(/[0-9]+/g).map(Number); return r + g + b'
	light=$(js "$lightness") && screen 390 844 dark && sleep 0.3 && dark=$(js "$lightness") &&
	[ "$light" -gt 600 ] && [ "$dark" -lt 150 ] || { echo "# $light, $dark"; return 1; }
	take_screenshot "$BUILD/web/phone-dark.png" && screen 1280 900 light
}

everything_one_can_use_has_a_name() {
	js 'window.fetch = async (path, options) => options ?
		new Response("brightness: 300 is not within 0 to 255\n", { status: 400 }) :
		new Response(JSON.stringify([
		{ name: "brightness", kind: "integer", low: 0, high: 255, step: 1, standard: 128, value: 200, is_fixed: false },
		{ name: "auto_exposure", kind: "boolean", low: 0, high: 1, step: 1, standard: 1, value: 1, is_fixed: false },
		{ name: "power_line", kind: "menu", low: 0, high: 2, step: 1, standard: 1, value: 2, is_fixed: false,
		  choices: [{ value: 1, name: "50 Hz" }, { value: 2, name: "60 Hz" }] },
		{ name: "refocus", kind: "button", low: 0, high: 0, step: 0, standard: 0, value: 0, is_fixed: true }]));
		listControls();' >"$work/none" &&
	wait_until 5 'return !document.getElementById("knobs").hidden' &&
	js 'document.getElementById("knobs").open = true' >"$work/none" &&
	is 'Brightness 200,Auto exposure,Power line 50 Hz 60 Hz,Refocus Do' \
		'return [...document.querySelectorAll("#controls label")]
			.map(label => label.textContent.replace(/([a-z])([0-9D])/, "$1 $2").replace("Hz6", "Hz 6"))
			.join()' &&
	is '200 true 2 true' 'const [range, check] = document.querySelectorAll("#controls input");
		return range.value + " " + check.checked + " " +
			document.querySelector("#controls select").value + " " +
			document.querySelector("#controls button").disabled' &&
	is '' 'return [...document.querySelectorAll("input, select, button, img, canvas, section")]
		.filter(one => !(one.closest("label") || one.ariaLabel || one.alt || one.textContent.trim() ||
			one.getAttribute("aria-labelledby") || one.getAttribute("aria-hidden")))
		.map(one => one.outerHTML).join()' || return
	js 'const range = document.querySelector("#controls input"); range.value = 255;
		range.dispatchEvent(new Event("change"))' >"$work/none"
	wait_until 5 'return /300 is not within/.test(document.getElementById("refused").innerText)' &&
	take_screenshot "$BUILD/web/controls.png"
}

boxes_and_skeletons_are_drawn_where_they_are() {
	js 'disconnect();
		const joints = Array.from({ length: 17 }, (_, i) => ({ x: .7 + .01 * i, y: .2 + .03 * i, score: .9 }));
		receive({ data: JSON.stringify({ ...state, models: [{ ...state.models[0], classes: undefined, present: [],
			boxes: [{ index: 3, label: "dog", score: .8, box: [.25, .125, .75, .5] }] },
			{ ...state.models[0], name: "poses", classes: undefined, present: [],
			poses: [{ index: 0, label: "person", score: .7, box: [0, 0, 1, 1], joints }] }] }) })' \
		>"$work/none" || return
	# On the left edge of the box, in the middle of it, on a joint, and where nothing is.
	at='const canvas = document.getElementById("marks"), pen = canvas.getContext("2d");
		const at = (x, y) => pen.getImageData(x * canvas.width, y * canvas.height, 1, 1).data[3] > 0;
		return [at(.125, .5), at(.5, .5), at(.3, .5), at(.7, .2), at(.6, .9)].join()'
	is 'true,true,false,true,false' "$at" &&
	is 'dog,80 %,poses,person,70 %' \
		'return document.getElementById("seen").innerText.split(/\n+/).filter(word => word !== "cards" &&
			word !== "model").join()' &&
	console_is_clean && stop
}

a_token_is_asked_for_and_kept() {
	printf 'token = 0123456789-secret\n' >"$work/token.conf"
	start --source="$clip" --config="$work/token.conf" && visit "$page" &&
	wait_until 5 'return document.querySelector("input[name=token]") !== null' &&
	take_screenshot "$BUILD/web/token.png" &&
	js 'document.querySelector("input").value = "0123456789-secret";
		document.querySelector("form").requestSubmit()' >"$work/none" &&
	wait_until 10 'return document.getElementById("status")?.innerText === "Live"' &&
	wait_until 10 'return document.getElementById("picture").naturalWidth === 320' &&
	js 'location.reload()' >"$work/none" &&
	wait_until 10 'return document.getElementById("picture")?.naturalWidth === 320'
	result=$?
	stop
	return $result
}

a_camera_that_is_not_there_is_said_so() {
	start --source='camera:no such thing' && visit "$page" &&
	wait_until 10 'return document.getElementById("status")?.innerText === "No camera"' &&
	wait_until 5 'return /no such thing.* Waiting for it\.$/.test(
		document.getElementById("word").innerText)' &&
	take_screenshot "$BUILD/web/waiting.png"
	result=$?
	stop
	return $result
}

the_page_comes_back_when_the_daemon_does() {
	start --source="$clip" && visit "$page" &&
	wait_until 10 'return document.getElementById("picture")?.naturalWidth === 320' || return
	listen=$(printf '%s' "$page" | sed 's|http://||; s|/$||')
	stop
	wait_until 10 'return document.getElementById("status").innerText === "Interrupted"' &&
	start --source="$clip" &&
	wait_until 20 'return document.getElementById("status").innerText === "Live"' &&
	the_picture_moves
	result=$?
	listen=
	stop
	return $result
}

a_detectors_box_is_on_the_picture() {
	make_detector "$work/brightest" || return
	console_is_clean >"$work/none" # of what the tests before asked for
	start --source="$clip" --model="$work/brightest.tflite" && visit "$page" &&
	wait_until 20 'return state?.models[0].present.length === 1' &&
	wait_until 10 'return document.getElementById("picture").naturalWidth === 320' &&
	is brightest 'return document.querySelector("#seen .there span").innerText' || return
	# Its left edge, where the daemon says it is.
	js 'disconnect()' >"$work/none"
	is true 'drawMarks();
		const [top, left, bottom, right] = state.models[0].boxes[0].box;
		const canvas = document.getElementById("marks"), pen = canvas.getContext("2d");
		return pen.getImageData(left * canvas.width, (top + bottom) / 2 * canvas.height, 1, 1)
			.data[3] > 0' &&
	js 'connect()' >"$work/none" &&
	wait_until 10 'return document.getElementById("picture").naturalWidth === 320' &&
	sleep 1 && take_screenshot "$BUILD/web/box.png" && console_is_clean && stop
}

if ! open_browser; then
	echo 'not ok - the browser did not open'
	exit 1
fi
run_tests the_page_says_what_is_seen the_picture_moves the_frame_counter_moves \
	the_label_is_on_the_picture_and_the_chart_has_lines it_fits_on_a_phone \
	it_is_dark_where_that_is_wished everything_one_can_use_has_a_name \
	boxes_and_skeletons_are_drawn_where_they_are a_token_is_asked_for_and_kept \
	a_camera_that_is_not_there_is_said_so the_page_comes_back_when_the_daemon_does \
	a_detectors_box_is_on_the_picture
