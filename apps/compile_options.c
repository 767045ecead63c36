/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/compile_options.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "apps/options.h"

static const char help[] =
"Usage: atoll-compile [OPTION]... MODEL...\n"
"\n"
"Map quantized TensorFlow Lite models to the Edge TPU. Several models are for use\n"
"at the same time: they share the chip's memory for parameters.\n"
"\n"
"  -o, --out-dir=DIR    write compiled models and logs there (default: the\n"
"                       current directory)\n"
"  -m, --min-runtime-version=N\n"
"                       the oldest runtime to run on, 10 to 14 (default 14)\n"
"  -s, --show-operations\n"
"                       print the table of operators, too\n"
"  -i, --intermediate-tensors=NAMES\n"
"                       tensors, with commas, that become outputs of the\n"
"                       compiled part, which ends there; for several models\n"
"                       a list for each, with colons\n"
"  -n, --num-segments=N\n"
"                       cut the model into N, for as many Edge TPUs\n"
"  -a, --enable-multiple-subgraphs\n"
"                       compile every group of operators, not the first alone\n"
"  -d, --search-delegate\n"
"                       when it fails, try again with fewer operators\n"
"  -k, --delegate-search-step=N\n"
"                       so many fewer each time (default 1)\n"
"  -t, --timeout-sec=N  give up after so many seconds (default 180)\n"
"      --target=TARGET  emulator (default); like=FILE: take the instructions of\n"
"                       this file, which the vendor compiled from the same\n"
"                       graph, for other weights; or silicon: write them,\n"
"                       for dense layers and some convolutions (experimental:\n"
"                       verified on the emulator, not on a chip)\n"
"      --twin=FILE      what that was compiled from (default: X.tflite beside\n"
"                       X_edgetpu.tflite)\n"
"      --cache-rule=N   which parameters of several models stay on the chip: 16\n"
"                       the largest (default), 15 those of the first model\n"
"      --check          write no model; say for each operator where it runs, why\n"
"                       not on the Edge TPU, and what to change\n"
"      --estimate       say how long an inference would take, by bus\n"
"      --json           one JSON object on a line in place of the report\n"
"      --html=FILE      write a page with graph, memory and reasons\n"
"  -h, --help           print this and exit\n"
"  -v, --version        print the version and exit\n"
"\n"
"Long options may have _ in place of -, as those of edgetpu_compiler have.\n";

enum {
	OPTION_TARGET = OPTION_FIRST_OWN, OPTION_TWIN, OPTION_CACHE_RULE, OPTION_CHECK,
	OPTION_ESTIMATE, OPTION_JSON, OPTION_PAGE,
};

static uint32_t number(const char *option, const char *text, int64_t low, int64_t high)
{
	return (uint32_t)options_number(option, text, low, high);
}

static void set_target(struct compile_settings *settings, const char *target)
{
	static const char like[] = "like=";

	if (strcmp(target, "emulator") == 0) {
		settings->options.target = ATOLL_TARGET_EMULATOR;
		settings->like_path = NULL;
	} else if (strcmp(target, "silicon") == 0) {
		settings->options.target = ATOLL_TARGET_SILICON;
		settings->like_path = NULL;
	} else if (strncmp(target, like, strlen(like)) == 0 && target[strlen(like)]) {
		settings->options.target = ATOLL_TARGET_LIKE;
		settings->like_path = target + strlen(like);
	} else {
		options_wrong("--target: '%s' is not emulator, silicon or like=FILE", target);
	}
}

static void set_cache_rule(struct compile_settings *settings, const char *rule)
{
	if (strcmp(rule, "15") != 0 && strcmp(rule, "16") != 0)
		options_wrong("--cache-rule: '%s' is not one of 15, 16", rule);
	settings->options.caches_in_order = strcmp(rule, "15") == 0;
}

/* What does not go together. */
static void check(const struct compile_settings *settings)
{
	const bool is_cut = settings->segments > 0;
	const bool is_like = settings->options.target == ATOLL_TARGET_LIKE;

	if (settings->models == 0)
		options_wrong("which model?");
	if (is_cut && settings->models > 1)
		options_wrong("--num-segments: one model at a time");
	if (is_cut && settings->stops)
		options_wrong("--num-segments does not go with --intermediate-tensors");
	if (settings->searches && settings->models > 1)
		options_wrong("--search-delegate: one model at a time");
	if (is_like && settings->models > 1)
		options_wrong("--target=like: one model at a time");
	if (is_like && is_cut)
		options_wrong("--target=like does not go with --num-segments");
	if (settings->options.target == ATOLL_TARGET_SILICON && is_cut)
		options_wrong("--target=silicon does not go with --num-segments");
	if (settings->twin_path && !is_like)
		options_wrong("--twin goes with --target=like=FILE");
	if (settings->is_check && (is_cut || settings->searches))
		options_wrong("--check is about the whole model: without --%s",
			      is_cut ? "num-segments" : "search-delegate");
}

static void set(struct compile_settings *settings, int option)
{
	switch (option) {
	case 'o': settings->folder = optarg; break;
	case 'm':
		settings->options.runtime_version =
			(int32_t)number("--min-runtime-version", optarg, 10, 14);
		break;
	case 's': settings->shows_operations = true; break;
	case 'i': settings->stops = optarg; break;
	case 'n': settings->segments = number("--num-segments", optarg, 1, 1000); break;
	case 'a': settings->options.has_many_parts = true; break;
	case 'd': settings->searches = true; break;
	case 'k':
		settings->search_step = number("--delegate-search-step", optarg, 1, 1000000);
		break;
	case 't': settings->timeout_s = number("--timeout-sec", optarg, 1, 1000000); break;
	case OPTION_TARGET: set_target(settings, optarg); break;
	case OPTION_TWIN: settings->twin_path = optarg; break;
	case OPTION_CACHE_RULE: set_cache_rule(settings, optarg); break;
	case OPTION_CHECK: settings->is_check = true; break;
	case OPTION_ESTIMATE: settings->wants_estimate = true; break;
	case OPTION_JSON: settings->wants_json = true; break;
	case OPTION_PAGE: settings->page_path = optarg; break;
	case 'h': options_help(help);
	default: options_wrong(NULL);
	}
}

_Noreturn static void show_version(bool is_vendors, const char *version)
{
	if (!is_vendors)
		options_version();
	printf("Edge TPU Compiler version %s\n", version);
	exit(options_end(EXIT_SUCCESS));
}

void compile_options_read(int argc, char **argv, bool is_vendors,
			  struct compile_settings *settings)
{
	static const struct option names[] = {
		{ "out-dir", required_argument, NULL, 'o' },
		{ "out_dir", required_argument, NULL, 'o' },
		{ "min-runtime-version", required_argument, NULL, 'm' },
		{ "min_runtime_version", required_argument, NULL, 'm' },
		{ "show-operations", no_argument, NULL, 's' },
		{ "show_operations", no_argument, NULL, 's' },
		{ "intermediate-tensors", required_argument, NULL, 'i' },
		{ "intermediate_tensors", required_argument, NULL, 'i' },
		{ "num-segments", required_argument, NULL, 'n' },
		{ "num_segments", required_argument, NULL, 'n' },
		{ "enable-multiple-subgraphs", no_argument, NULL, 'a' },
		{ "enable_multiple_subgraphs", no_argument, NULL, 'a' },
		{ "search-delegate", no_argument, NULL, 'd' },
		{ "search_delegate", no_argument, NULL, 'd' },
		{ "delegate-search-step", required_argument, NULL, 'k' },
		{ "delegate_search_step", required_argument, NULL, 'k' },
		{ "timeout-sec", required_argument, NULL, 't' },
		{ "timeout_sec", required_argument, NULL, 't' },
		{ "target", required_argument, NULL, OPTION_TARGET },
		{ "twin", required_argument, NULL, OPTION_TWIN },
		{ "cache-rule", required_argument, NULL, OPTION_CACHE_RULE },
		{ "check", no_argument, NULL, OPTION_CHECK },
		{ "estimate", no_argument, NULL, OPTION_ESTIMATE },
		{ "json", no_argument, NULL, OPTION_JSON },
		{ "html", required_argument, NULL, OPTION_PAGE },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'v' },
		{ 0 },
	};
	int c;

	*settings = (struct compile_settings){
		.version = is_vendors ? "16.0.384591198" : "atoll " ATOLL_VERSION,
		.search_step = 1, .timeout_s = 180,
	};
	while ((c = getopt_long(argc, argv, "o:m:si:n:adk:t:hv", names, NULL)) != -1) {
		if (c == 'v')
			show_version(is_vendors, settings->version);
		set(settings, c);
	}
	settings->models = (uint32_t)(argc - optind);
	settings->path = argv + optind;
	check(settings);
}
