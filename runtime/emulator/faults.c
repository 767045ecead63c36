/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/emulator/faults.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/emulator/state.h"

#define REPLUG_MS 500
#define EXTRA_MAX_MS 3600000
#define ALLOWED \
	"stall, timeout, short, unplug, reset, fatal, hot, too-hot, no-event, slow " \
	"with @N; verify, no-sleep, no-wake"

static const struct word {
	const char *name;
	bool has_transfer;  /* needs @N */
	bool has_extra;     /* may have +MS */
} words[FAULT_KINDS] = {
	[FAULT_STALL] = { "stall", true, false },
	[FAULT_TIMEOUT] = { "timeout", true, false },
	[FAULT_SHORT] = { "short", true, false },
	[FAULT_UNPLUG] = { "unplug", true, true },
	[FAULT_RESET] = { "reset", true, false },
	[FAULT_FATAL] = { "fatal", true, false },
	[FAULT_HOT] = { "hot", true, false },
	[FAULT_TOO_HOT] = { "too-hot", true, false },
	[FAULT_NO_EVENT] = { "no-event", true, false },
	[FAULT_VERIFY] = { "verify", false, false },
	[FAULT_NO_SLEEP] = { "no-sleep", false, false },
	[FAULT_NO_WAKE] = { "no-wake", false, false },
	[FAULT_SLOW] = { "slow", true, true },
};

ATOLL_API const char *fault_kind_name(enum fault_kind kind)
{
	return (unsigned int)kind < FAULT_KINDS ? words[kind].name : "?";
}

/* A number of digits alone, at `*text`; moves behind it. */
static bool read_number(const char **text, uint64_t most, uint64_t *number)
{
	const char *at = *text;

	*number = 0;
	while (*at >= '0' && *at <= '9') {
		uint64_t digit = (uint64_t)(*at++ - '0');

		if (*number > (most - digit) / 10)
			return false;
		*number = *number * 10 + digit;
	}
	if (at == *text)
		return false;
	*text = at;
	return true;
}

/* The part behind the name; false when it is not as the kind wants it. */
static bool read_rest(const char *text, struct fault *fault)
{
	const struct word *word = &words[fault->kind];
	uint64_t number;

	if (word->has_transfer) {
		if (*text++ != '@')
			return false;
		if (*text == '*') {
			fault->is_any = true;
			text++;
		} else if (!read_number(&text, UINT64_MAX, &fault->transfer)) {
			return false;
		}
	}
	if (word->has_extra && *text == '+') {
		text++;
		if (fault->kind == FAULT_UNPLUG && strcmp(text, "-1") == 0) {
			fault->extra_ms = -1;
			return true;
		}
		if (!read_number(&text, EXTRA_MAX_MS, &number))
			return false;
		fault->extra_ms = (int32_t)number;
	} else if (fault->kind == FAULT_SLOW) {
		return false;
	}
	if (!word->has_transfer && *text == '!') {
		fault->is_always = true;
		text++;
	}
	return *text == '\0';
}

static bool read_word(const char *text, struct fault *fault)
{
	size_t length = strcspn(text, "@!");

	for (int kind = 0; kind < FAULT_KINDS; kind++) {
		const char *name = words[kind].name;

		if (strlen(name) != length || strncmp(name, text, length) != 0)
			continue;
		*fault = (struct fault){ .kind = (enum fault_kind)kind,
					 .extra_ms = kind == FAULT_UNPLUG ? REPLUG_MS : 0 };
		return read_rest(text + length, fault);
	}
	return false;
}

ATOLL_API int fault_script_read(const char *text, struct fault_script *script,
				struct atoll_error *err)
{
	struct fault_script read = { 0 };
	const char *blank = " \t\n";

	for (text += strspn(text, blank); *text; text += strspn(text, blank)) {
		size_t length = strcspn(text, blank);
		char word[48];

		if (read.count == FAULTS_MAX)
			return atoll_error_set(err, -EINVAL, "faults: more than %d",
					       FAULTS_MAX);
		if (length >= sizeof(word))
			return atoll_error_set(err, -EINVAL, "faults: %.20s...: too long",
					       text);
		memcpy(word, text, length);
		word[length] = '\0';
		if (!read_word(word, &read.fault[read.count]))
			return atoll_error_set(err, -EINVAL,
					       "faults: %s: allowed are " ALLOWED, word);
		read.count++;
		text += length;
	}
	*script = read;
	return 0;
}

void fault_begin(const struct fault_script *script, struct emulator *emulator)
{
	for (int flaw = 0; flaw < FLAWS; flaw++)
		emulator_set_flaw(emulator, (enum emulator_flaw)flaw, NEVER);
	for (uint32_t i = 0; i < script->count; i++) {
		const struct fault *fault = &script->fault[i];
		enum emulator_often often = fault->is_always ? ALWAYS : ONCE;

		if (fault->kind == FAULT_VERIFY)
			emulator_set_flaw(emulator, FLAW_VERIFY, often);
		else if (fault->kind == FAULT_NO_SLEEP)
			emulator_set_flaw(emulator, FLAW_NO_SLEEP, often);
		else if (fault->kind == FAULT_NO_WAKE)
			emulator_set_flaw(emulator, FLAW_NO_WAKE, often);
	}
}

static void happen(const struct fault *fault, struct emulator *emulator,
		   struct fault_effect *effect)
{
	switch (fault->kind) {
	case FAULT_STALL:
		effect->stalls = true;
		break;
	case FAULT_TIMEOUT:
		effect->never_ends = true;
		break;
	case FAULT_SHORT:
		effect->is_short = true;
		break;
	case FAULT_UNPLUG:
		effect->unplugs = true;
		effect->replug_ms = fault->extra_ms;
		break;
	case FAULT_RESET:
		effect->resets = true;
		break;
	case FAULT_SLOW:
		effect->slow_ms += (uint32_t)fault->extra_ms;
		break;
	case FAULT_FATAL:
		emulator_raise(emulator, EMULATOR_FATAL);
		break;
	case FAULT_HOT:
		emulator_raise(emulator, EMULATOR_THERMAL_WARNING);
		break;
	case FAULT_TOO_HOT:
		emulator_raise(emulator, EMULATOR_THERMAL_SHUTDOWN);
		break;
	case FAULT_NO_EVENT:
		emulator_set_flaw(emulator, FLAW_NO_EVENT, ONCE);
		break;
	case FAULT_VERIFY: /* not at a transfer: fault_begin */
	case FAULT_NO_SLEEP:
	case FAULT_NO_WAKE:
	case FAULT_KINDS:
		break;
	}
}

struct fault_effect fault_take(struct fault_script *script, struct emulator *emulator,
			       uint64_t transfer)
{
	struct fault_effect effect = { 0 };
	uint32_t kept = 0;

	for (uint32_t i = 0; i < script->count; i++) {
		const struct fault fault = script->fault[i];
		bool is_now = words[fault.kind].has_transfer &&
			      (fault.is_any || fault.transfer == transfer);

		if (is_now)
			happen(&fault, emulator, &effect);
		if (!is_now || fault.is_any)
			script->fault[kept++] = fault;
	}
	script->count = kept;
	return effect;
}
