/* SPDX-License-Identifier: Apache-2.0 */
/* Look into a model file, check it, run it on raw inputs. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "apps/model_compiled.h"
#include "apps/model_disasm.h"
#include "apps/options.h"
#include "board/json.h"
#include "runtime/edgetpu/package.h"
#include "runtime/fill.h"
#include "runtime/model.h"
#include "runtime/session.h"
#include "runtime/support.h"

static const char help[] =
"Usage: atoll-model info [--json] FILE...\n"
"       atoll-model ops [FILE]...\n"
"       atoll-model plan [OPTION]... FILE\n"
"       atoll-model verify FILE...\n"
"       atoll-model run [OPTION]... FILE\n"
"       atoll-model disasm [--all] FILE...\n"
"\n"
"Look into a .tflite model, check it, run it on raw inputs.\n"
"\n"
"  info      what is inside: inputs, outputs, operators, sizes\n"
"  ops       where each operator would run; without FILE, all that are supported\n"
"  plan      the order of work and the memory of a run\n"
"  verify    check the whole file and say what is wrong with it\n"
"  run       run once; without --output, say what came out\n"
"  disasm    the Edge TPU's instructions in a compiled model\n"
"\n"
"  -i, --input=FILE     raw bytes of the next input, - for standard input; once\n"
"                       for each input\n"
"      --fill=SET       fill inputs without --input: pattern, lcg or zero\n"
"                       (default zero)\n"
"  -o, --output=DIR     write output0.bin, output1.bin, ... there\n"
"      --dump-all=DIR   write every tensor there, as raw bytes, and index.json\n"
"  -d, --device=DEVICE  tpu, usb, usb:N, serve, emu, cpu, or a list of them\n"
"                       (default tpu,cpu)\n"
"      --twin=FILE      the model that a compiled one was made from\n"
"      --clock=LEVEL    of an Edge TPU: low, medium, high, max\n"
"  -t, --threads=N      threads, 0 chooses (default)\n"
"      --cache=DIR      keep prepared weights in this private directory\n"
"      --json           one JSON object per file\n"
"      --all            all fields of instructions, and bits that no field covers\n"
"  -h, --help           print this and exit\n"
"      --version        print the version and exit\n";

struct settings {
	struct atoll_session_options session;
	const char *twin_path, *clock;
	const char *input[64];
	uint32_t inputs;
	enum { FILL_ZERO, FILL_PATTERN, FILL_LCG } fill;
	const char *output;
	const char *dump;
	bool wants_json;
	bool wants_all;
};

static struct atoll_model *load(const char *path)
{
	struct atoll_error err;
	struct atoll_model *model = atoll_model_load(path, &err);

	if (!model)
		options_say("%s", err.text);
	return model;
}

/* How often each operator occurs, in the order of first appearance. */
struct tally {
	const struct atoll_operator *op;
	uint32_t count;
};

static uint32_t tally_operators(const struct atoll_graph *graph, struct tally *tally)
{
	uint32_t kinds = 0;

	for (uint32_t i = 0; i < graph->operators; i++) {
		uint32_t k = 0;

		while (k < kinds && (strcmp(tally[k].op->name, graph->op[i].name) != 0 ||
				     tally[k].op->version != graph->op[i].version))
			k++;
		if (k == kinds)
			tally[kinds++] = (struct tally){ .op = &graph->op[i] };
		tally[k].count++;
	}
	return kinds;
}

static struct tally *new_tally(const struct atoll_graph *graph, uint32_t *kinds)
{
	struct tally *tally = calloc((size_t)graph->operators + 1, sizeof(*tally));

	if (!tally)
		options_could_not("out of memory");
	*kinds = tally_operators(graph, tally);
	return tally;
}

static size_t constant_bytes(const struct atoll_graph *graph)
{
	size_t sum = 0;

	for (uint32_t i = 0; i < graph->tensors; i++)
		if (graph->tensor[i].data)
			sum += graph->tensor[i].bytes;
	return sum;
}

static void print_tensor(const char *what, uint32_t i, const struct atoll_tensor *tensor)
{
	char shape[ATOLL_SHAPE_TEXT];

	printf("  %s %u  %s  %s", what, i, atoll_type_name(tensor->type),
	       atoll_shape_text(tensor->rank, tensor->dims, shape));
	if (tensor->quant.channels == 1)
		printf("  real = %.9g * (stored - %" PRId32 ")", (double)tensor->quant.scale,
		       tensor->quant.zero_point);
	printf("  %s\n", tensor->name);
}

static void json_tensor(struct atoll_json *json, const struct atoll_tensor *tensor)
{
	atoll_json_string(json, "name", tensor->name);
	atoll_json_string(json, "dtype", atoll_type_name(tensor->type));
	atoll_json_array(json, "shape");
	for (uint32_t i = 0; i < tensor->rank; i++)
		atoll_json_integer(json, NULL, tensor->dims[i]);
	atoll_json_end(json);
	if (tensor->quant.channels == 1) {
		atoll_json_real(json, "scale", (double)tensor->quant.scale);
		atoll_json_integer(json, "zero_point", tensor->quant.zero_point);
	} else if (tensor->quant.channels > 1) {
		atoll_json_integer(json, "n_scales", tensor->quant.channels);
		atoll_json_integer(json, "quantized_dimension", tensor->quant.axis);
	}
}

static void info_text(const struct atoll_model *model)
{
	const struct atoll_graph *graph = &model->graph[0];
	uint32_t kinds;
	struct tally *tally = new_tally(graph, &kinds);

	printf("%s: %zu bytes, %u operators, %u tensors, %zu bytes of constants\n",
	       model->path, model->size, graph->operators, graph->tensors,
	       constant_bytes(graph));
	if (*model->description)
		printf("  description  %s\n", model->description);
	if (edgetpu_next_compiled(graph, NULL))
		printf("  compiled for the Edge TPU\n");
	if (model->graphs > 1)
		printf("  %u graphs; the first one is described\n", model->graphs);
	for (uint32_t i = 0; i < graph->inputs; i++)
		print_tensor("input ", i, &graph->tensor[graph->input[i]]);
	for (uint32_t i = 0; i < graph->outputs; i++)
		print_tensor("output", i, &graph->tensor[graph->output[i]]);
	for (uint32_t i = 0; i < kinds; i++)
		printf("  %5u x %s version %d\n", tally[i].count, tally[i].op->name,
		       tally[i].op->version);
	for (uint32_t i = 0; i < model->metadata; i++)
		printf("  metadata  %s, %zu bytes\n", model->metadatum[i].name,
		       model->metadatum[i].size);
	model_print_compiled(graph);
	free(tally);
}

static void json_tensors(struct atoll_json *json, const char *key,
			 const struct atoll_graph *graph, const int32_t *index,
			 uint32_t count)
{
	atoll_json_array(json, key);
	for (uint32_t i = 0; i < count; i++) {
		atoll_json_object(json, NULL);
		atoll_json_integer(json, "index", index[i]);
		json_tensor(json, &graph->tensor[index[i]]);
		atoll_json_end(json);
	}
	atoll_json_end(json);
}

static void info_json(const struct atoll_model *model)
{
	const struct atoll_graph *graph = &model->graph[0];
	struct atoll_json json = { .file = stdout };
	uint32_t kinds;
	struct tally *tally = new_tally(graph, &kinds);

	atoll_json_object(&json, NULL);
	atoll_json_string(&json, "path", model->path);
	atoll_json_string(&json, "description", model->description);
	atoll_json_integer(&json, "bytes", (int64_t)model->size);
	atoll_json_integer(&json, "graphs", model->graphs);
	atoll_json_integer(&json, "tensors", graph->tensors);
	atoll_json_integer(&json, "constant_bytes", (int64_t)constant_bytes(graph));
	atoll_json_bool(&json, "compiled_for_edgetpu", edgetpu_next_compiled(graph, NULL));
	json_tensors(&json, "inputs", graph, graph->input, graph->inputs);
	json_tensors(&json, "outputs", graph, graph->output, graph->outputs);
	atoll_json_array(&json, "operators");
	for (uint32_t i = 0; i < kinds; i++) {
		atoll_json_object(&json, NULL);
		atoll_json_string(&json, "name", tally[i].op->name);
		atoll_json_integer(&json, "version", tally[i].op->version);
		atoll_json_integer(&json, "count", tally[i].count);
		atoll_json_end(&json);
	}
	atoll_json_end(&json);
	if (edgetpu_next_compiled(graph, NULL))
		model_json_compiled(&json, graph);
	atoll_json_end(&json);
	free(tally);
}

static bool info(const struct settings *settings, const char *path)
{
	struct atoll_model *model = load(path);

	if (!model)
		return false;
	if (settings->wants_json)
		info_json(model);
	else
		info_text(model);
	atoll_model_free(model);
	return true;
}

static void list_supported(void)
{
	struct atoll_support support;

	for (uint32_t i = 0; atoll_support_at(i, &support); i++)
		printf("%-32s %s to version %d, %s\n", support.name,
		       support.is_custom ? "custom " : "builtin", support.version_max,
		       support.types);
}

/* One line: where operators of this kind would run, and why not. */
static void print_place(const struct tally *tally)
{
	const struct atoll_operator *op = tally->op;
	struct atoll_support support;

	printf("%5u x %-28s version %-3d ", tally->count, op->name, op->version);
	if (edgetpu_is_compiled(op))
		puts("tpu");
	else if (!atoll_support_of(op, &support))
		puts("nowhere: the operator is unknown");
	else if (op->version > support.version_max)
		printf("nowhere: versions up to %d are supported\n", support.version_max);
	else
		puts("cpu");
}

static bool ops(const struct settings *settings, const char *path)
{
	struct atoll_model *model = load(path);
	struct tally *tally;
	uint32_t kinds;

	(void)settings;
	if (!model)
		return false;
	if (edgetpu_next_compiled(&model->graph[0], NULL))
		printf("%s: compiled for the Edge TPU\n", path);
	tally = new_tally(&model->graph[0], &kinds);
	for (uint32_t i = 0; i < kinds; i++)
		print_place(&tally[i]);
	free(tally);
	atoll_model_free(model);
	return true;
}

static bool verify(const struct settings *settings, const char *path)
{
	struct atoll_model *model = load(path);
	struct atoll_error err;
	bool is_good;

	(void)settings;
	if (!model)
		return false;
	is_good = model_check_compiled(&model->graph[0], &err) == 0;
	if (is_good)
		printf("%s: ok%s\n", path, edgetpu_next_compiled(&model->graph[0], NULL) ?
		       ", compiled for the Edge TPU" : "");
	else
		options_say("%s: %s", path, err.text);
	atoll_model_free(model);
	return is_good;
}

static struct atoll_session *open_session(const struct settings *settings,
					  const struct atoll_model *model)
{
	struct atoll_error err;
	struct atoll_session *session =
		atoll_session_open(model, &settings->session, &err);

	if (session)
		options_session(session);
	else
		options_say("%s", err.text);
	return session;
}

static void print_plan(const struct atoll_graph *graph,
		       const struct atoll_session *session)
{
	const struct atoll_session_plan *plan = atoll_session_plan(session);
	char shape[ATOLL_SHAPE_TEXT];

	printf("device %s, %s instructions, threads %u\n", plan->device,
	       plan->instructions, plan->threads);
	printf("arena %zu bytes, packed weights %zu bytes%s, known results %zu bytes\n",
	       plan->arena_bytes, plan->packed_bytes,
	       plan->is_from_cache ? " (from the cache)" : "", plan->constant_bytes);
	printf("%5s %-28s %-9s %10s %10s %10s  %s\n", "step", "operator", "device",
	       "offset", "bytes", "scratch", "output");
	for (uint32_t i = 0; i < plan->steps; i++) {
		const struct atoll_session_step *step = &plan->step[i];
		const struct atoll_operator *op = &graph->op[step->op];
		const struct atoll_tensor *output = !op->outputs ? NULL :
			atoll_session_tensor(session, (uint32_t)op->output[0]);

		printf("%5u %-28s %-9s %10zu %10zu %10zu  %s\n", i, step->name,
		       step->device, step->output_offset, step->output_bytes,
		       step->scratch_bytes,
		       output ? atoll_shape_text(output->rank, output->dims, shape) : "");
	}
}

static bool plan(const struct settings *settings, const char *path)
{
	struct atoll_model *model = load(path);
	struct atoll_session *session = model ? open_session(settings, model) : NULL;

	if (session) {
		print_plan(&model->graph[0], session);
		model_print_carried(&model->graph[0]);
	}
	atoll_session_close(session);
	atoll_model_free(model);
	return session != NULL;
}

static bool read_input(const char *path, struct atoll_tensor *input)
{
	FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "rbe");
	size_t got = 0;
	bool is_more = false;
	int why = 0;

	if (file) {
		got = fread(input->data, 1, input->bytes, file);
		is_more = got == input->bytes && fgetc(file) != EOF;
	}
	if (!file || ferror(file))
		why = errno;
	if (file && file != stdin)
		(void)fclose(file); /* only read */
	if (why)
		options_say("%s: %s", path, strerror(why));
	else if (is_more)
		options_say("%s: more than the %zu bytes of input %s", path, input->bytes,
			    input->name);
	else if (got < input->bytes)
		options_say("%s: %zu bytes, input %s has %zu", path, got, input->name,
			    input->bytes);
	return !why && !is_more && got == input->bytes;
}

static bool set_inputs(const struct settings *settings, struct atoll_session *session)
{
	uint32_t inputs = atoll_session_inputs(session);

	if (settings->inputs > inputs) {
		options_say("--input: given %u times, the model has %u inputs",
			    settings->inputs, inputs);
		return false;
	}
	for (uint32_t i = 0; i < inputs; i++) {
		struct atoll_tensor *input = atoll_session_input(session, i);

		if (i < settings->inputs) {
			if (!read_input(settings->input[i], input))
				return false;
		} else if (settings->fill == FILL_ZERO) {
			memset(input->data, 0, input->bytes);
		} else {
			atoll_fill(settings->fill == FILL_LCG ? ATOLL_FILL_LCG :
				   ATOLL_FILL_PATTERN, i, input);
		}
	}
	return true;
}

/* The file `name` below `folder`, open for writing; the folder is made. */
static FILE *create(const char *folder, const char *name)
{
	char *path;
	FILE *file;

	if (asprintf(&path, "%s/%s", folder, name) < 0)
		options_could_not("out of memory");
	file = mkdir(folder, 0777) < 0 && errno != EEXIST ? NULL : fopen(path, "wbe");
	if (!file)
		options_say("%s: %s", path, strerror(errno));
	free(path);
	return file;
}

static bool finish(FILE *file, const char *folder, const char *name)
{
	bool is_good = !ferror(file);

	if (fclose(file) == 0 && is_good)
		return true;
	options_say("%s/%s: %s", folder, name, strerror(errno));
	return false;
}

static bool write_tensor(const char *folder, const char *name,
			 const struct atoll_tensor *tensor)
{
	FILE *file = create(folder, name);

	if (!file)
		return false;
	fwrite(tensor->data, 1, tensor->bytes, file);
	return finish(file, folder, name);
}

static bool write_outputs(const struct atoll_session *session, const char *folder)
{
	char name[32];

	for (uint32_t i = 0; i < atoll_session_outputs(session); i++) {
		(void)snprintf(name, sizeof(name), "output%u.bin", i);
		if (!write_tensor(folder, name, atoll_session_output(session, i)))
			return false;
	}
	return true;
}

static bool dump_tensor(struct atoll_json *json, const char *folder, uint32_t index,
			const struct atoll_tensor *tensor)
{
	char name[32], digits[ATOLL_DIGEST_TEXT];

	(void)snprintf(name, sizeof(name), "tensor%u.bin", index);
	if (!write_tensor(folder, name, tensor))
		return false;
	atoll_tensor_digest(tensor, digits);
	atoll_json_object(json, NULL);
	atoll_json_integer(json, "index", index);
	json_tensor(json, tensor);
	atoll_json_integer(json, "bytes", (int64_t)tensor->bytes);
	atoll_json_string(json, "sha256", digits);
	atoll_json_string(json, "file", name);
	atoll_json_end(json);
	return true;
}

/* Every tensor that has contents; the index is written last. */
static bool dump_all(const struct atoll_session *session, const char *folder)
{
	const struct atoll_tensor *tensor;
	struct atoll_json json = { .file = create(folder, "index.json") };
	bool is_good = json.file != NULL;

	if (!is_good)
		return false;
	atoll_json_array(&json, NULL);
	for (uint32_t i = 0; is_good && (tensor = atoll_session_tensor(session, i)); i++)
		if (tensor->data)
			is_good = dump_tensor(&json, folder, i, tensor);
	atoll_json_end(&json);
	return finish(json.file, folder, "index.json") && is_good;
}

static void print_outputs(const struct atoll_session *session)
{
	for (uint32_t i = 0; i < atoll_session_outputs(session); i++) {
		const struct atoll_tensor *output = atoll_session_output(session, i);
		char digits[ATOLL_DIGEST_TEXT];

		print_tensor("output", i, output);
		atoll_tensor_digest(output, digits);
		printf("    sha256 %s\n", digits);
	}
}

static bool run_session(const struct settings *settings, struct atoll_session *session)
{
	int r;

	if (!set_inputs(settings, session))
		return false;
	r = atoll_session_invoke(session);
	if (r < 0) {
		options_say("%s", atoll_session_error(session));
		return false;
	}
	if (settings->output && !write_outputs(session, settings->output))
		return false;
	if (settings->dump && !dump_all(session, settings->dump))
		return false;
	if (!settings->output && !settings->dump)
		print_outputs(session);
	return true;
}

static bool run(const struct settings *settings, const char *path)
{
	struct atoll_model *model = load(path);
	struct atoll_session *session = model ? open_session(settings, model) : NULL;
	bool is_good = session && run_session(settings, session);

	atoll_session_close(session);
	atoll_model_free(model);
	return is_good;
}

static bool disasm(const struct settings *settings, const char *path)
{
	struct atoll_model *model = load(path);
	struct atoll_error err;
	bool is_good = model && model_disasm(&model->graph[0], settings->wants_all, &err) == 0;

	if (model && !is_good)
		options_say("%s: %s", path, err.text);
	atoll_model_free(model);
	return is_good;
}

static const struct command {
	const char *name;
	bool (*do_file)(const struct settings *settings, const char *path);
	bool takes_many;
	bool may_have_none;
} commands[] = {
	{ "info", info, true, false },
	{ "ops", ops, true, true },
	{ "plan", plan, false, false },
	{ "verify", verify, true, false },
	{ "run", run, false, false },
	{ "disasm", disasm, true, false },
};

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	options_wrong("'%s' is not one of info, ops, plan, verify, run, disasm", name);
}

static void set_fill(struct settings *settings, const char *set)
{
	if (strcmp(set, "pattern") == 0)
		settings->fill = FILL_PATTERN;
	else if (strcmp(set, "lcg") == 0)
		settings->fill = FILL_LCG;
	else if (strcmp(set, "zero") == 0)
		settings->fill = FILL_ZERO;
	else
		options_wrong("--fill: '%s' is not one of pattern, lcg, zero", set);
}

enum { OPTION_FILL = OPTION_FIRST_OWN, OPTION_DUMP, OPTION_TWIN, OPTION_CLOCK,
       OPTION_CACHE, OPTION_JSON, OPTION_ALL };

static void read_options(int argc, char **argv, struct settings *settings)
{
	static const struct option names[] = {
		{ "input", required_argument, NULL, 'i' },
		{ "fill", required_argument, NULL, OPTION_FILL },
		{ "output", required_argument, NULL, 'o' },
		{ "dump-all", required_argument, NULL, OPTION_DUMP },
		{ "device", required_argument, NULL, 'd' },
		{ "twin", required_argument, NULL, OPTION_TWIN },
		{ "clock", required_argument, NULL, OPTION_CLOCK },
		{ "threads", required_argument, NULL, 't' },
		{ "cache", required_argument, NULL, OPTION_CACHE },
		{ "json", no_argument, NULL, OPTION_JSON },
		{ "all", no_argument, NULL, OPTION_ALL },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, OPTION_VERSION },
		{ 0 },
	};
	const uint32_t room = sizeof(settings->input) / sizeof(settings->input[0]);
	int c;

	while ((c = getopt_long(argc, argv, "i:o:d:t:h", names, NULL)) != -1) {
		switch (c) {
		case 'i':
			if (settings->inputs == room)
				options_wrong("--input: more than %u", room);
			settings->input[settings->inputs++] = optarg;
			break;
		case OPTION_FILL: set_fill(settings, optarg); break;
		case 'o': settings->output = optarg; break;
		case OPTION_DUMP:
			settings->dump = optarg;
			settings->session.keeps_tensors = true;
			break;
		case 'd': settings->session.device = optarg; break;
		case 't':
			settings->session.threads =
				(uint32_t)options_number("--threads", optarg, 0, 64);
			break;
		case OPTION_TWIN: settings->twin_path = optarg; break;
		case OPTION_CLOCK: settings->clock = optarg; break;
		case OPTION_CACHE: settings->session.cache = optarg; break;
		case OPTION_JSON: settings->wants_json = true; break;
		case OPTION_ALL: settings->wants_all = true; break;
		case 'h': options_help(help);
		case OPTION_VERSION: options_version();
		default: options_wrong(NULL);
		}
	}
}

int main(int argc, char **argv)
{
	struct settings settings = { 0 };
	const struct command *command;
	struct atoll_model *twin;
	int status = EXIT_SUCCESS, files;

	options_begin("atoll-model");
	read_options(argc, argv, &settings);
	if (optind == argc)
		options_wrong("no command: one of info, ops, plan, verify, run, disasm");
	command = find_command(argv[optind++]);
	files = argc - optind;
	if (files == 0 && !command->may_have_none)
		options_wrong("%s: which file?", command->name);
	if (files > 1 && !command->takes_many)
		options_wrong("%s: one file at a time", command->name);
	settings.session.devices = options_devices(settings.clock);
	settings.session.twin = twin = options_twin(settings.twin_path);
	if (files == 0)
		list_supported();
	for (int i = optind; i < argc; i++)
		if (!command->do_file(&settings, argv[i]))
			status = EXIT_COULD_NOT;
	atoll_model_free(twin);
	atoll_devices_free(settings.session.devices);
	return options_end(status);
}
