/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_EMULATOR_FAULTS_H
#define ATOLL_RUNTIME_EMULATOR_FAULTS_H

#include <stdbool.h>
#include <stdint.h>

#include "board/error.h"

/*
 * What goes wrong with an emulated device, and when.
 *
 *	stall@17              transfer 17 (from 0, of any kind) is stalled
 *	timeout@17            it never ends
 *	short@17              of an input transfer, half the bytes are lost
 *	unplug@17             the device is pulled out; replug after 500 ms
 *	unplug@17+2000        ... after 2000 ms; +-1: never
 *	reset@17              it falls back to its boot ROM, as after a power glitch
 *	fatal@17 hot@17 too-hot@17      an interrupt word comes
 *	no-event@17           the completion of the run under way never comes
 *	verify                firmware reads back wrongly, once
 *	no-sleep              the chip never enters sleep, once
 *	no-wake               it never leaves it, once
 *	slow@17+50            the transfer takes 50 ms more, and those after it on its
 *	                      endpoint are not over before it
 *
 * A script is such words with blanks between them; `*` in place of a number
 * means every transfer, and `!` after a word that "once" is "always".
 *
 *	struct fault_script script;
 *
 *	r = fault_script_read("stall@17 no-wake!", &script, &err);
 *	emulator_bus_set_faults(bus, &place, &script);
 */
enum fault_kind {
	FAULT_STALL, FAULT_TIMEOUT, FAULT_SHORT, FAULT_UNPLUG, FAULT_RESET, FAULT_FATAL,
	FAULT_HOT, FAULT_TOO_HOT, FAULT_NO_EVENT, FAULT_VERIFY, FAULT_NO_SLEEP,
	FAULT_NO_WAKE, FAULT_SLOW,
	FAULT_KINDS
};

#define FAULTS_MAX 16
struct fault_script {
	uint32_t count;
	struct fault {
		enum fault_kind kind;
		bool is_always;       /* not just once */
		bool is_any;          /* at every transfer */
		uint64_t transfer;
		int32_t extra_ms;     /* after `+` */
	} fault[FAULTS_MAX];
};

/* 0, or -EINVAL with the word that is wrong and what is allowed. */
int fault_script_read(const char *text, struct fault_script *script, struct atoll_error *err);

const char *fault_kind_name(enum fault_kind kind);

/*
 * For those who carry transfers to an emulator: what the script makes wrong inside
 * it from now on; then, for each transfer as it begins, what goes wrong with it.
 * What was to happen once is taken from the script; what happens inside the
 * emulator is done.
 */
struct fault_effect {
	bool stalls, never_ends, is_short, unplugs, resets;
	int32_t replug_ms;  /* with unplugs; -1: never */
	uint32_t slow_ms;
};
struct emulator;
void fault_begin(const struct fault_script *script, struct emulator *emulator);
struct fault_effect fault_take(struct fault_script *script, struct emulator *emulator,
			       uint64_t transfer);

#endif
