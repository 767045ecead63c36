# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2034,SC2154 # names go both ways
# A browser for tests: Chromium without a window, driven through WebDriver (W3C)
# with curl and jq.
#
#	open_browser || exit 1
#	visit "http://127.0.0.1:8080/"
#	wait_until 10 'return document.title === "Atoll"'
#	js 'return document.title'
#	take_screenshot page.png
#	close_browser
#
# Needs $work, a folder of the test's own.

webdriver() {
	curl -sS --max-time 40 -X "$1" -H 'Content-Type: application/json' \
		${3:+--data "$3"} "http://127.0.0.1:$driver_port/session$2"
}

# As root Chromium has no sandbox; it is fed by us alone. Nothing of it is to be
# fetched from anywhere.
open_browser() {
	HOME=$work chromedriver --port=0 >"$work/driver" 2>&1 &
	driver_pid=$!
	tries=100
	until driver_port=$(sed -n 's/.*started successfully on port \([0-9]*\).*/\1/p' \
			"$work/driver") && [ -n "$driver_port" ]; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || { sed 's/^/# /' "$work/driver"; return 1; }
		sleep 0.1
	done
	session=$(webdriver POST '' '{"capabilities":{"alwaysMatch":{
		"pageLoadStrategy":"none","goog:chromeOptions":{"args":[
		"--headless","--no-sandbox","--disable-gpu","--disable-dev-shm-usage",
		"--no-first-run","--disable-background-networking",
		"--disable-component-update","--disable-sync","--window-size=1280,960",
		"--user-data-dir='"$work"'/chromium"]}}}}' | tee "$work/session" |
		jq -r '.value.sessionId // empty')
	[ -n "$session" ] && return
	sed 's/^/# /' "$work/session"
	return 1
}

close_browser() {
	[ -n "${session:-}" ] && webdriver DELETE "/$session" >/dev/null 2>&1
	[ -n "${driver_pid:-}" ] && kill "$driver_pid" 2>/dev/null
	session='' driver_pid=''
}

visit() {
	webdriver POST "/$session/url" "$(jq -n --arg url "$1" '{url: $url}')" >/dev/null
}

# js SCRIPT: what it returns, as text; objects as JSON.
js() {
	webdriver POST "/$session/execute/sync" \
		"$(jq -n --arg script "$1" '{script: $script, args: []}')" >"$work/js"
	jq -e '.value | if type == "object" then has("error") | not else true end' \
		<"$work/js" >/dev/null ||
		{ jq -r '"# " + .value.message' <"$work/js" >&2; return 1; }
	jq -r '.value | if type == "object" or type == "array" then tojson else . end' <"$work/js"
}

# wait_until SECONDS SCRIPT: until it returns true.
wait_until() {
	tries=$(($1 * 5))
	until [ "$(js "$2" 2>/dev/null)" = true ]; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || { echo "# did not become true: $2"; return 1; }
		sleep 0.2
	done
}

# screen WIDTH HEIGHT light|dark: as another machine would have it.
screen() {
	webdriver POST "/$session/goog/cdp/execute" '{"cmd":"Emulation.setDeviceMetricsOverride",
		"params":{"width":'"$1"',"height":'"$2"',"deviceScaleFactor":2,"mobile":false}}' \
		>/dev/null
	webdriver POST "/$session/goog/cdp/execute" '{"cmd":"Emulation.setEmulatedMedia",
		"params":{"features":[{"name":"prefers-color-scheme","value":"'"$3"'"}]}}' \
		>/dev/null
}

take_screenshot() {
	mkdir -p "$(dirname "$1")"
	webdriver GET "/$session/screenshot" | jq -r .value | base64 -d >"$1"
	[ -s "$1" ]
}
