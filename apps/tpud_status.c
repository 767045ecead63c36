/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/tpud_status.h"

#include <inttypes.h>

#include "board/json.h"
#include "runtime/edgetpu/chip.h"
#include "runtime/serve/serve.h"

static const char *state_name(uint32_t state)
{
	static const char *const names[] = {
		[SERVE_TPU_RISING] = "starting",
		[SERVE_TPU_IDLE] = "idle",
		[SERVE_TPU_BUSY] = "busy",
		[SERVE_TPU_DOWN] = "failed",
	};

	return state < sizeof(names) / sizeof(names[0]) ? names[state] : "?";
}

static const char *const priority_names[SERVE_PRIORITIES] = {
	[SERVE_NORMAL] = "normal",
	[SERVE_HIGH] = "high",
	[SERVE_LOW] = "low",
};

static const char *priority_name(uint32_t priority)
{
	return priority < SERVE_PRIORITIES ? priority_names[priority] : "?";
}

static const char *clock_name(uint32_t clock)
{
	return clock <= EDGETPU_CLOCK_MAX ?
		edgetpu_clock_text((enum edgetpu_clock)clock) : "?";
}

static double ms(uint64_t ns)
{
	return (double)ns / 1e6;
}

static double mean_ms(const struct serve_wait *wait)
{
	return wait->requests > 0 ? ms(wait->total_ns) / (double)wait->requests : 0;
}

static void tpus_text(FILE *file, const struct serve_status *status)
{
	fprintf(file, "\n%-16s %-8s %6s %-6s %6s %9s %6s %6s %8s %9s\n", "TPU", "state",
		"Mbit/s", "clock", "C", "runs", "failed", "repair", "programs", "busy s");
	for (uint32_t i = 0; i < status->numbers.tpus; i++) {
		const struct serve_tpu *tpu = &status->tpu[i];
		char speed[16] = "-", heat[16] = "-";

		if (tpu->speed_mbit > 0)
			(void)snprintf(speed, sizeof(speed), "%u", tpu->speed_mbit);
		if (tpu->has_temperature)
			(void)snprintf(heat, sizeof(heat), "%.1f", tpu->millidegrees / 1000.0);
		fprintf(file,
			"%-16s %-8s %6s %-6s %6s %9" PRIu64 " %6" PRIu64 " %6" PRIu64
			" %8u %9.1f\n",
			tpu->name, state_name(tpu->state), speed,
			tpu->speed_mbit > 0 ? clock_name(tpu->clock) : "-", heat, tpu->runs,
			tpu->failures, tpu->recoveries, tpu->programs,
			ms(tpu->busy_ns) / 1000);
		if (tpu->why[0] && tpu->state == SERVE_TPU_DOWN)
			fprintf(file, "    %s\n", tpu->why);
	}
}

static void clients_text(FILE *file, const struct serve_status *status)
{
	fprintf(file, "\n%-8s %-16s %6s %-8s %8s %4s %9s %6s %9s\n", "client", "name", "user",
		"priority", "programs", "busy", "requests", "failed", "MiB");
	for (uint32_t i = 0; i < status->numbers.clients; i++) {
		const struct serve_client *client = &status->client[i];

		fprintf(file, "%-8u %-16s %6u %-8s %8u %4u %9" PRIu64 " %6" PRIu64 " %9.1f\n",
			client->pid, client->name, client->uid,
			priority_name(client->priority), client->programs, client->busy,
			client->requests, client->failures,
			(double)client->bytes / (1024 * 1024));
	}
}

static void programs_text(FILE *file, const struct serve_status *status)
{
	fprintf(file, "\n%-16s %-24s %5s %5s %5s %9s %9s\n", "program", "name", "users",
		"TPUs", "model", "runs", "MiB");
	for (uint32_t i = 0; i < status->numbers.programs; i++) {
		const struct serve_program *program = &status->program[i];

		fprintf(file, "%-16s %-24.24s %5u %5u %5s %9" PRIu64 " %9.1f\n",
			program->digest, program->name, program->users, program->holders,
			program->has_twin ? "yes" : "no", program->runs,
			(double)program->bytes / (1024 * 1024));
	}
}

static void waits_text(FILE *file, const struct serve_status *status)
{
	static const uint32_t order[] = { SERVE_HIGH, SERVE_NORMAL, SERVE_LOW };

	fprintf(file, "\n%-16s %9s %12s %12s\n", "waiting", "turns", "mean ms", "longest ms");
	for (uint32_t i = 0; i < SERVE_PRIORITIES; i++) {
		const struct serve_wait *wait = &status->numbers.wait[order[i]];

		fprintf(file, "%-16s %9" PRIu64 " %12.3f %12.3f\n", priority_names[order[i]],
			wait->requests, mean_ms(wait), ms(wait->longest_ns));
	}
}

void tpud_status_text(FILE *file, const struct serve_status *status)
{
	const struct serve_numbers *numbers = &status->numbers;

	fprintf(file, "process %u, up %.0f s: %" PRIu64 " requests answered, %" PRIu64
		" of them with an error, %" PRIu64 " tried twice; %u run, %u wait; %" PRIu64
		" connections refused\n", numbers->pid, (double)numbers->up_ns / 1e9,
		numbers->requests, numbers->failures, numbers->moved, numbers->running,
		numbers->waiting, numbers->refused);
	if (numbers->tpus > 0)
		tpus_text(file, status);
	if (numbers->clients > 0)
		clients_text(file, status);
	if (numbers->programs > 0)
		programs_text(file, status);
	waits_text(file, status);
}

static void integer(struct atoll_json *json, const char *key, uint64_t value)
{
	atoll_json_integer(json, key, (int64_t)value);
}

static void token(struct atoll_json *json, uint64_t value)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%016" PRIx64, value);
	atoll_json_string(json, "token", value ? text : NULL);
}

static void tpu_json(struct atoll_json *json, const struct serve_tpu *tpu)
{
	atoll_json_object(json, NULL);
	atoll_json_string(json, "name", tpu->name);
	atoll_json_string(json, "state", state_name(tpu->state));
	if (tpu->speed_mbit > 0) {
		integer(json, "speed_mbit", tpu->speed_mbit);
		atoll_json_string(json, "clock", clock_name(tpu->clock));
	}
	if (tpu->has_temperature)
		atoll_json_real(json, "temperature_c", tpu->millidegrees / 1000.0);
	integer(json, "programs", tpu->programs);
	integer(json, "runs", tpu->runs);
	integer(json, "failures", tpu->failures);
	integer(json, "recoveries", tpu->recoveries);
	integer(json, "busy_ns", tpu->busy_ns);
	token(json, tpu->token);
	atoll_json_string(json, "last_trouble", tpu->why[0] ? tpu->why : NULL);
	atoll_json_end(json);
}

static void client_json(struct atoll_json *json, const struct serve_client *client)
{
	atoll_json_object(json, NULL);
	integer(json, "pid", client->pid);
	integer(json, "uid", client->uid);
	atoll_json_string(json, "name", client->name);
	atoll_json_string(json, "priority", priority_name(client->priority));
	integer(json, "programs", client->programs);
	integer(json, "busy", client->busy);
	integer(json, "requests", client->requests);
	integer(json, "failures", client->failures);
	integer(json, "bytes", client->bytes);
	atoll_json_end(json);
}

static void program_json(struct atoll_json *json, const struct serve_program *program)
{
	atoll_json_object(json, NULL);
	atoll_json_string(json, "digest", program->digest);
	atoll_json_string(json, "name", program->name);
	integer(json, "users", program->users);
	integer(json, "tpus", program->holders);
	atoll_json_bool(json, "has_model", program->has_twin);
	integer(json, "runs", program->runs);
	integer(json, "bytes", program->bytes);
	token(json, program->token);
	atoll_json_end(json);
}

static void waits_json(struct atoll_json *json, const struct serve_numbers *numbers)
{
	atoll_json_object(json, "waits");
	for (uint32_t i = 0; i < SERVE_PRIORITIES; i++) {
		atoll_json_object(json, priority_names[i]);
		integer(json, "turns", numbers->wait[i].requests);
		integer(json, "total_ns", numbers->wait[i].total_ns);
		integer(json, "longest_ns", numbers->wait[i].longest_ns);
		atoll_json_end(json);
	}
	atoll_json_end(json);
}

void tpud_status_json(FILE *file, const struct serve_status *status)
{
	const struct serve_numbers *numbers = &status->numbers;
	struct atoll_json json = { .file = file };

	atoll_json_object(&json, NULL);
	integer(&json, "pid", numbers->pid);
	integer(&json, "up_ns", numbers->up_ns);
	integer(&json, "requests", numbers->requests);
	integer(&json, "failures", numbers->failures);
	integer(&json, "moved", numbers->moved);
	integer(&json, "running", numbers->running);
	integer(&json, "waiting", numbers->waiting);
	integer(&json, "refused", numbers->refused);
	waits_json(&json, numbers);
	atoll_json_array(&json, "tpus");
	for (uint32_t i = 0; i < numbers->tpus; i++)
		tpu_json(&json, &status->tpu[i]);
	atoll_json_end(&json);
	atoll_json_array(&json, "clients");
	for (uint32_t i = 0; i < numbers->clients; i++)
		client_json(&json, &status->client[i]);
	atoll_json_end(&json);
	atoll_json_array(&json, "programs");
	for (uint32_t i = 0; i < numbers->programs; i++)
		program_json(&json, &status->program[i]);
	atoll_json_end(&json);
	atoll_json_end(&json);
}
