#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What bash offers when TAB is pressed behind our programs.
# shellcheck source=tests/cli/common.sh
. "$(dirname "$0")/common.sh"
rules=/usr/share/bash-completion/bash_completion

if [ -n "$RUN" ]; then
	echo '# skipped: programs that bash can start are needed'
	exit 77
fi
if ! command -v bash >"$work/none" || [ ! -e "$rules" ]; then
	echo '# skipped: bash-completion is not installed'
	exit 77
fi

# A folder of programs: ours, but for those that would ask this machine what it has.
bin=$work/bin
mkdir "$bin" "$work/here" "$work/here/pictures"
for name in "$BUILD"/atoll-*; do
	[ ! -f "$name" ] || [ ! -x "$name" ] || ln -s "$PWD/$name" "$bin"
done
for file in cat.jpg cat.png cards.tflite other.tflite cards_labels.txt film.mjpeg yes.wav \
	headerd.conf; do
	: >"$work/here/$file"
done
pretend() {
	mv "$bin/$1" "$bin/real-$1"
	cat >"$bin/$1" <<end
#!/bin/sh
case "\$*" in
$2
*) exec "\${0%/*}/real-$1" "\$@" ;;
esac
end
	chmod 755 "$bin/$1"
}
pretend atoll-camera '"list --json") echo '"'"'[{"path":"/dev/video0","why_not":"a codec"},{"path":"/dev/video2","why_not":null}]'"'"' ;;
"controls --json --camera=UVC") echo '"'"'{"path":"x","controls":[{"name":"gain","kind":"menu","choices":[{"value":0,"name":"off"}]},{"name":"auto_gain","kind":"boolean"}]}'"'"' ;;'
pretend atoll-tpu '"list --json") echo '"'"'[{"name":"usb:1-1.4"},{"name":"usb:2-1"}]'"'"' ;;'
pretend atoll-listen '"--list --json") echo '"'"'[{"device":"hw:1,0"},{"device":"hw:2,0"}]'"'"' ;;'

# As readline calls it: words end at blanks, and "=" and ":" are words.
cat >"$work/press" <<'end'
. "$1" 2>/dev/null
. "$2"
compopt() { [[ $* == *nospace* ]] && space=no; }
COMP_LINE=$3 COMP_POINT=${#3} COMP_TYPE=9 COMP_KEY=9 space=yes
COMP_WORDBREAKS=$' \t\n"\'><=;|&(:'
COMP_WORDS=()
rest=$COMP_LINE
while [[ $rest ]]; do
	if [[ $rest =~ ^[[:blank:]]+ ]]; then
		:
	elif [[ $rest =~ ^[=:]+ || $rest =~ ^[^[:blank:]=:]+ ]]; then
		COMP_WORDS+=("${BASH_REMATCH[0]}")
	fi
	rest=${rest#"${BASH_REMATCH[0]}"}
done
[[ $COMP_LINE == *' ' ]] && COMP_WORDS+=('')
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
command=${COMP_WORDS[0]}
function=$(complete -p "${command##*/}") || exit
function=${function#*-F }
"${function%% *}" "$command" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
[[ ${#COMPREPLY[@]} -eq 0 ]] || printf '%s\n' "${COMPREPLY[@]}" | LC_ALL=C sort
[[ $space == yes ]] || echo '(no space)'
end
tree=$PWD
press() {
	(cd "$work/here" && PATH=$bin:$PATH bash --norc "$work/press" "$rules" \
		"$tree/apps/completion/atoll" "$1") >"$work/out" 2>"$work/err" || true
	is_silent err
}
# offers LINE WORD...: exactly these, sorted, in one line.
offers() {
	press "$1" || return
	shift
	[ "$(tr '\n' ' ' <"$work/out")" = "${*:+$* }" ] && return
	echo "# not $*, but:"
	sed 's/^/#   /' "$work/out"
	return 1
}
# offers_also LINE WORD...: these among others.
offers_also() {
	press "$1" || return
	shift
	for word in "$@"; do
		grep -qxF -- "$word" "$work/out" && continue
		echo "# no $word, but:"
		sed 's/^/#   /' "$work/out"
		return 1
	done
}

every_program_has_completion() {
	for tool in "$bin"/atoll-*; do
		tool=${tool##*/}
		offers_also "$tool --" --help --version && offers "$tool --vers" --version || return
	done
}

options_are_those_of_the_help() {
	for tool in "$bin"/atoll-*; do
		tool=${tool##*/}
		"$bin/$tool" --help | sed -nE 's/^ +(-[a-z], )?(--[a-z-]+=?).*/\2/p' |
			LC_ALL=C sort >"$work/help"
		press "$tool --" && diff "$work/help" "$work/out" || return
	done
}

an_option_that_wants_a_value_gets_no_space() {
	offers 'atoll-classify --mod' --model= '(no space)' &&
	offers 'atoll-classify --sho' --show
}

commands_are_those_of_the_help() {
	offers 'atoll-camera ' controls formats list record snap stream &&
	offers 'atoll-header ' blink check find get i2c overlays pinout pwm servo set spi try \
		uart watch &&
	offers 'atoll-model ' disasm info ops plan run verify &&
	offers 'atoll-power ' boot govern profile set show watch &&
	offers 'atoll-tpu ' bench doctor firmware info list reset &&
	offers 'atoll-tpud st' status &&
	offers 'atoll-tpu firmware ' find import show &&
	offers 'atoll-power set ' governor limits tpu-clock &&
	offers 'atoll-header overlays ' disable enable list &&
	offers 'atoll-visiond '
}

files_are_of_the_kind_that_is_wanted() {
	offers 'atoll-classify --model=' cards.tflite other.tflite pictures &&
	offers 'atoll-classify -m c' cards.tflite &&
	offers 'atoll-classify --model c' cards.tflite &&
	offers 'atoll-classify -l ' cards_labels.txt pictures &&
	offers 'atoll-classify cards.tflite c' cards.tflite cat.jpg cat.png &&
	offers 'atoll-detect --snapshot-dir=' pictures &&
	offers 'atoll-detect --output=' cat.jpg cat.png pictures &&
	offers 'atoll-model info ' cards.tflite other.tflite pictures &&
	offers 'atoll-model run --output ' pictures &&
	offers 'atoll-bench -t 4 o' other.tflite &&
	offers 'atoll-compile -so pictures c' cards.tflite &&
	offers 'atoll-compile --out-dir=' pictures &&
	offers 'atoll-compile --target=like=o' other.tflite &&
	offers 'atoll-listen ' pictures yes.wav &&
	offers 'atoll-listend --file=' pictures yes.wav &&
	offers 'atoll-headerd --config=' headerd.conf pictures &&
	offers 'atoll-header try ' headerd.conf pictures &&
	offers 'atoll-camera record f' film.mjpeg &&
	offers 'atoll-camera snap c' cat.jpg cat.png &&
	offers 'atoll-visiond --source=' camera film.mjpeg pictures &&
	offers 'atoll-tpu bench ' cards.tflite other.tflite pictures
}

values_are_those_there_are() {
	offers 'atoll-bench --clock=' high low max medium &&
	offers 'atoll-classify --fit=c' crop &&
	offers 'atoll-compile --target=e' emulator &&
	offers 'atoll-compile --target=l' like= '(no space)' &&
	offers 'atoll-compile --target=s' silicon &&
	offers 'atoll-compile --cache-rule=' 15 16 &&
	offers 'atoll-classify --threads=' &&
	offers 'atoll-header watch --edges=' both falling rising &&
	offers 'atoll-header set --drive=o' open-drain open-source &&
	offers 'atoll-header get --bias ' down none up &&
	offers 'atoll-model run --fill=' lcg pattern zero &&
	offers 'atoll-tpu-emulator --speed=' high super &&
	offers 'atoll-tpu-emulator --grade=' best silicon &&
	offers 'atoll-power set tpu-clock m' max medium &&
	offers 'atoll-power profile ' balanced max quiet &&
	offers_also 'atoll-camera snap -p Y' YUYV YU12
}

devices_are_asked_for() {
	offers 'atoll-classify --camera=' /dev/video2 auto &&
	offers 'atoll-camera snap -c /' /dev/video2 &&
	offers 'atoll-listen --microphone=a' auto &&
	offers 'atoll-listen --microphone=hw:' 1,0 2,0 &&
	offers 'atoll-classify -d ' cpu emu serve tpu usb usb:1-1.4 usb:2-1 &&
	offers 'atoll-classify --device=usb:1' 1-1.4 &&
	offers 'atoll-tpu info ' emu usb usb:1-1.4 usb:2-1 &&
	offers 'atoll-camera controls --camera=UVC ' auto_gain= gain= '(no space)' &&
	offers 'atoll-camera controls --camera UVC auto_gain=o' off on
}

pins_are_those_of_the_board() {
	mini=$tree/board/boards/coral-dev-board-mini.conf
	offers "atoll-header --board=$mini get 3" 3 31 32 33 35 36 37 38 &&
	offers "atoll-header --board=$mini find 3" 3 3.3V 30 31 32 33 34 35 36 37 38 39 &&
	offers "atoll-header -b $mini set 16" 16= '(no space)' &&
	offers "atoll-header -b $mini set 16=" high low toggle &&
	offers_also "atoll-header -b $mini watch 11 EINT2" EINT22 EINT25 &&
	offers 'atoll-header get '
}

# A program that hangs, or is not there, or fails, is as if it had said nothing.
trouble_is_not_told() {
	rm "$bin/atoll-camera" &&
	offers 'atoll-classify --camera=' auto &&
	offers 'atoll-camera ' &&
	printf '#!/bin/sh\necho broken >&2\nexit 1\n' >"$bin/atoll-tpu" &&
	chmod 755 "$bin/atoll-tpu" && offers 'atoll-classify -d u' usb
}

run_tests every_program_has_completion \
	options_are_those_of_the_help \
	an_option_that_wants_a_value_gets_no_space \
	commands_are_those_of_the_help \
	files_are_of_the_kind_that_is_wanted \
	values_are_those_there_are \
	devices_are_asked_for \
	pins_are_those_of_the_board \
	trouble_is_not_told
