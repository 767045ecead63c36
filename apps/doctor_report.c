/* SPDX-License-Identifier: Apache-2.0 */
/* atoll-tpu doctor: findings, for people or as JSON. */
#include <stdarg.h>
#include <stdio.h>

#include "apps/doctor.h"

/* A sentence of the library, twice the longest path that is shown, and ours. */
#define LINE_TEXT 1024

__attribute__((format(printf, 5, 0)))
static void tell(struct doctor *doctor, enum doctor_status status, const char *verdict,
		 const char *about, const char *format, va_list arguments)
{
	char text[LINE_TEXT];

	(void)vsnprintf(text, sizeof(text), format, arguments);
	if (!doctor->settings->wants_json) {
		printf("%-5s %s: %s\n", verdict, about, text);
		(void)fflush(stdout); /* some checks take seconds */
		return;
	}
	atoll_json_object(&doctor->json, NULL);
	atoll_json_string(&doctor->json, "verdict", verdict);
	atoll_json_string(&doctor->json, "about", about);
	atoll_json_string(&doctor->json, "text", text);
	if (status != DOCTOR_WELL)
		atoll_json_integer(&doctor->json, "status", status);
	atoll_json_end(&doctor->json);
}

void doctor_good(struct doctor *doctor, const char *about, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	tell(doctor, DOCTOR_WELL, "ok", about, format, arguments);
	va_end(arguments);
}

void doctor_note(struct doctor *doctor, const char *about, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	tell(doctor, DOCTOR_WELL, "note", about, format, arguments);
	va_end(arguments);
}

void doctor_bad(struct doctor *doctor, enum doctor_status status, const char *about,
		const char *format, ...)
{
	va_list arguments;

	if (doctor->status == DOCTOR_WELL)
		doctor->status = status;
	va_start(arguments, format);
	tell(doctor, status, "bad", about, format, arguments);
	va_end(arguments);
}
