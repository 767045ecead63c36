/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/edgetpu/executable.h"

#include <errno.h>
#include <string.h>

#include "tests/check.h"
#include "tests/compiled.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A copy of the sample with tiles in which anything may be changed. */
struct copy {
	struct edgetpu_package package;
	struct edgetpu_executable main, caching;
	struct edgetpu_layer in[2], out[3];
	struct edgetpu_hint hint[14];
	struct edgetpu_chunk chunk[2], caching_chunk;
	struct edgetpu_field field[2];
};

static void copy_sample(struct copy *c)
{
	const struct edgetpu_package *from = compiled_sample(COMPILED_TILES);

	c->package = *from;
	c->main = *from->main;
	c->caching = *from->caching;
	memcpy(c->in, from->main->input, sizeof(c->in));
	memcpy(c->out, from->main->output, sizeof(c->out));
	memcpy(c->hint, from->main->hint, sizeof(c->hint));
	memcpy(c->chunk, from->main->chunk, sizeof(c->chunk));
	memcpy(c->field, from->caching->chunk->field, sizeof(c->field));
	c->caching_chunk = *from->caching->chunk;
	c->caching_chunk.field = c->field;
	c->package.main = &c->main;
	c->package.caching = &c->caching;
	c->main.input = c->in;
	c->main.output = c->out;
	c->main.hint = c->hint;
	c->main.chunk = c->chunk;
	c->caching.chunk = &c->caching_chunk;
}

#define CHANGE(name, what) static void name(struct copy *c) { what; }

CHANGE(the_chunk, c->hint[0].index = 2)
CHANGE(the_input, c->hint[1].index = 9)
CHANGE(the_output, c->hint[9].index = 9)
CHANGE(the_part_of_an_input, c->hint[3].size += 8)
CHANGE(the_part_of_an_output, c->hint[10].offset = 8)
CHANGE(no_bytes, c->hint[1].size = 0)
CHANGE(bytes_before, c->hint[1].offset = 0xfffffff8)
CHANGE(the_parameters, c->hint[11].offset = 72)
CHANGE(the_scratch, c->main.scratch_bytes = 63)
CHANGE(the_interrupt, c->hint[13].index = 4)
CHANGE(no_instructions, c->main.chunks = 0)
CHANGE(empty_instructions, c->chunk[1].size = 0)
CHANGE(half_an_instruction, c->chunk[1].size = 24)
CHANGE(the_field, c->field[1].bit = 8 * 64 - 31)
CHANGE(the_kind_of_field, c->field[0].kind = 4)
CHANGE(the_name_of_a_field, c->field[0].kind = 1)
CHANGE(the_type_of_executable, c->main.type = (enum edgetpu_executable_type)3)
CHANGE(the_size_of_scratch, c->main.scratch_bytes = 0x80000000)
CHANGE(too_small, c->in[0].size = 296)
CHANGE(too_much, c->in[0].executions = 0x7fffffff)
CHANGE(no_width, c->in[0].x = 0)
CHANGE(huge, c->in[0].x = c->in[0].y = 0x7fffffff)
CHANGE(another_shape, c->out[0].shape[1].end++)
CHANGE(no_shape, c->out[0].shape[1].end = -1)
CHANGE(the_type_of_numbers, c->in[1].type = (enum edgetpu_type)6)
CHANGE(no_name, c->in[0].name = "")
CHANGE(the_same_name, c->out[2].name = c->out[0].name)
CHANGE(an_unknown_state, c->out[2].name = "film_variable_output")
CHANGE(a_state_of_another_size, c->out[2].name = "picture_variable_output")
CHANGE(no_token, c->caching.token = 0)
CHANGE(layers_of_parameters, (c->caching.inputs = 1, c->caching.input = c->in))

static const struct {
	void (*change)(struct copy *c);
	int code;
	const char *sentence;
} changes[] = {
	{ the_chunk, -EINVAL, "(hint 0: chunk 2 of 2)..." },
	{ the_input, -EINVAL, "(hint 1: no layer 'nobody')..." },
	{ the_output, -EINVAL, "(hint 9: no layer 'nobody')..." },
	{ the_part_of_an_input, -EINVAL, "(hint 3: 216 bytes from 96 of 304)..." },
	{ the_part_of_an_output, -EINVAL, "(hint 10: 336 bytes from 8 of 336)..." },
	{ no_bytes, -EINVAL, "(hint 1: 0 bytes from 0 of 16)..." },
	{ bytes_before, -EINVAL, "(hint 1: 16 bytes from -8 of 16)..." },
	{ the_parameters, -EINVAL, "(hint 11: 8 bytes from 72 of 72)..." },
	{ the_scratch, -EINVAL, "(hint 5: 48 bytes from 16 of 63)..." },
	{ the_interrupt, -EINVAL, "(hint 13: interrupt 4)..." },
	{ no_instructions, -EINVAL, "(no instructions)..." },
	{ empty_instructions, -EINVAL,
	  "(chunk 1: 0 bytes are no whole instructions)..." },
	{ half_an_instruction, -EINVAL,
	  "(chunk 1: 24 bytes are no whole instructions)..." },
	{ the_field, -EINVAL, "(chunk 0: field 1: at bit 481 of 64 bytes)..." },
	{ the_kind_of_field, -EINVAL, "(chunk 0: field 0: the address of thing 4)..." },
	{ the_name_of_a_field, -EINVAL, "(chunk 0: field 0: no layer '')..." },
	{ the_type_of_executable, -EINVAL, "(of type 3)..." },
	{ the_size_of_scratch, -EINVAL, "(-2147483648 bytes of scratch)..." },
	{ too_small, -EINVAL,
	  "(input layer 0: 297 numbers of 1 bytes in 1 x 296 bytes)..." },
	{ too_much, -EINVAL,
	  "(input layer 0: 297 numbers of 1 bytes in 2147483647 x 304..." },
	{ no_width, -EINVAL, "(input layer 0: x_dim 0)..." },
	{ huge, -EINVAL, "(input layer 0: 2147483647x2147483647x3 numbers)..." },
	{ another_shape, -EINVAL,
	  "6x7x5 numbers, which is not what its shape has)..." },
	{ no_shape, -EINVAL, "its shape has more than 5 or empty dimensions)..." },
	{ the_type_of_numbers, -ENOTSUP, "(input layer 1: numbers of type 6)..." },
	{ no_name, -EINVAL, "(input layer 0: has no name)..." },
	{ the_same_name, -EINVAL, "(output layer 2: has the name of layer 0)..." },
	{ an_unknown_state, -EINVAL,
	  "(output layer 2: no input layer has this state)..." },
	{ a_state_of_another_size, -EINVAL,
	  "(output layer 2: 60 bytes for a state of 297)..." },
	{ no_token, -EINVAL, "(parameters to keep have no token)..." },
	{ layers_of_parameters, -EINVAL, "(what brings parameters has layers)..." },
};

static void what_leads_astray_is_named(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(changes); i++) {
		struct copy c;

		copy_sample(&c);
		changes[i].change(&c);
		compiled_refused(&c.package, NULL, changes[i].code, changes[i].sentence);
	}
}

static void a_state_stands_behind_all_other_outputs(void **state)
{
	struct edgetpu_package package = *compiled_sample(COMPILED_STATE);
	struct edgetpu_executable main = *package.main;
	struct edgetpu_layer out[2] = { main.output[1], main.output[0] };

	(void)state;
	package.main = &main;
	main.output = out;
	compiled_refused(&package, NULL, -EINVAL, "(output layer 1: comes behind a state)...");
}

static void more_than_a_program_can_need_is_refused(void **state)
{
	static struct edgetpu_hint hints[65537];
	static struct edgetpu_layer layers[257];
	struct copy c;

	(void)state;
	copy_sample(&c);
	for (size_t i = 0; i < COUNT(hints); i++)
		hints[i] = (struct edgetpu_hint){ .kind = EDGETPU_FENCE };
	c.main.hint = hints;
	c.main.hints = COUNT(hints);
	compiled_refused(&c.package, NULL, -ENOTSUP, "(65537 hints)...");
	copy_sample(&c);
	for (size_t i = 0; i < COUNT(layers); i++)
		layers[i] = c.in[0];
	c.main.input = layers;
	c.main.inputs = COUNT(layers);
	compiled_refused(&c.package, NULL, -ENOTSUP, "(257 input layers)...");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_leads_astray_is_named),
		cmocka_unit_test(a_state_stands_behind_all_other_outputs),
		cmocka_unit_test(more_than_a_program_can_need_is_refused),
	};

	return CHECK_RUN(tests);
}
