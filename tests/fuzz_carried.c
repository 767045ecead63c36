/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a carried graph and its parameters, in a package whose layers are those
 * of the small network: opened, restored, and run on the CPU.
 *
 *	[graph u32][cached u32] graph, parameters kept on the chip, parameters sent
 *
 *	fuzz_carried --seeds DIR    write such files to start from
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/carry.h"
#include "tests/seeds.h"

#define HEAD_BYTES 8

/* What a hostile shape may ask for. */
#define MEMORY_MAX ((size_t)64 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static struct carry *network; /* of which layers and instructions are */

static void set_parameters(struct edgetpu_executable *executable, struct edgetpu_hint *hint,
			   const uint8_t *bytes, size_t size)
{
	executable->parameters = bytes;
	executable->parameter_bytes = (uint32_t)size;
	hint->size = (uint32_t)size;
}

static void run(const struct atoll_model *model)
{
	const struct atoll_session_options options = {
		.device = "cpu", .threads = 1, .memory_max = MEMORY_MAX };
	struct atoll_session *session = atoll_session_open(model, &options, NULL);

	if (session)
		(void)atoll_session_invoke(session); /* may fail, not crash */
	atoll_session_close(session);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct atoll_model *model;
	uint32_t graph, cached;

	if (size < HEAD_BYTES)
		return 0;
	memcpy(&graph, bytes, 4);
	memcpy(&cached, bytes + 4, 4);
	bytes += HEAD_BYTES;
	size -= HEAD_BYTES;
	if (graph > size || cached > size - graph)
		return 0;
	free(network->graph);
	network->graph = malloc((size_t)graph + 1);
	if (!network->graph)
		return 0;
	memcpy(network->graph, bytes, graph);
	network->graph_bytes = graph;
	set_parameters(&network->caching, &network->hint[1][1], bytes + graph, cached);
	set_parameters(&network->main, &network->hint[0][2], bytes + graph + cached,
		       size - graph - cached);
	carry_seal(network);
	model = carried_model(&network->package, NULL);
	if (model)
		run(model);
	atoll_model_free(model);
	return 0;
}

static void write_seed(const char *folder, enum carry_split split)
{
	struct carry *carry = carry_new(split, 1);
	uint32_t graph = (uint32_t)carry->graph_bytes;
	uint32_t cached = carry->caching.parameter_bytes;
	uint32_t streamed = carry->main.parameter_bytes;
	size_t size = HEAD_BYTES + (size_t)graph + cached + streamed;
	uint8_t *file = malloc(size);
	char name[32];

	if (!file)
		abort();
	memcpy(file, &graph, 4);
	memcpy(file + 4, &cached, 4);
	memcpy(file + HEAD_BYTES, carry->graph, graph);
	memcpy(file + HEAD_BYTES + graph, carry->cached, cached);
	memcpy(file + HEAD_BYTES + graph + cached, carry->streamed, streamed);
	(void)snprintf(name, sizeof(name), "network-%d", (int)split);
	seeds_write(folder, name, file, size);
	free(file);
	carry_free(carry);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	if (seeds_wanted(*argc, *argv)) {
		write_seed((*argv)[2], CARRY_CACHED);
		write_seed((*argv)[2], CARRY_BOTH);
		exit(0);
	}
	network = carry_new(CARRY_BOTH, 1);
	return 0;
}
