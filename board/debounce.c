/* SPDX-License-Identifier: Apache-2.0 */
#include "board/debounce.h"

void debounce_start(struct debounce *debounce, int64_t wait_ns, bool level)
{
	*debounce = (struct debounce){ .wait_ns = wait_ns, .level = level };
}

void debounce_move(struct debounce *debounce, bool level, int64_t time_ns)
{
	debounce->is_moving = level != debounce->level;
	debounce->since_ns = time_ns;
}

int64_t debounce_due_ns(const struct debounce *debounce)
{
	return debounce->is_moving ? debounce->since_ns + debounce->wait_ns : INT64_MAX;
}

bool debounce_settle(struct debounce *debounce, int64_t now_ns)
{
	if (now_ns < debounce_due_ns(debounce) || !debounce->is_moving)
		return false;
	debounce->level = !debounce->level;
	debounce->is_moving = false;
	return true;
}
