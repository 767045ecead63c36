/* SPDX-License-Identifier: Apache-2.0 */
#include "camera/jpeg_input.h"

#include <errno.h>

/* After jpeglib.h: which messages there are depends on what that defines. */
#include <jerror.h>

/*
 * Progressive files have about ten scans, and every one costs a walk over the
 * whole picture however short it is: a small file could keep us for hours.
 */
#define SCANS_MAX 100

static int code_of(int message)
{
	switch (message) {
	case JERR_OUT_OF_MEMORY:
		return -ENOMEM;
	case JERR_BAD_PRECISION:
	case JERR_CCIR601_NOTIMPL:
	case JERR_CONVERSION_NOTIMPL:
	case JERR_FRACT_SAMPLE_NOTIMPL:
	case JERR_NOT_COMPILED:
	case JERR_SOF_UNSUPPORTED:
		return -ENOTSUP;
	default:
		return -EBADMSG;
	}
}

/* Give up with the library's own sentence. */
static _Noreturn void fail(j_common_ptr info)
{
	struct jpeg_input *input = info->client_data;
	char why[JMSG_LENGTH_MAX];

	input->errors.format_message(info, why);
	atoll_error_set(&input->err, code_of(input->errors.msg_code), "%s", why);
	if (input->has_rows)
		atoll_error_prefix(&input->err, "row %u", input->info.output_scanline);
	longjmp(input->failed, 1);
}

static _Noreturn void fail_short(struct jpeg_input *input)
{
	struct jpeg_decompress_struct *info = &input->info;

	if (!input->is_decoding)
		atoll_error_set(&input->err, -EBADMSG,
				"the file ends early, before the first row");
	else if (jpeg_has_multiple_scans(info))
		atoll_error_set(&input->err, -EBADMSG,
				"the file ends early: detail is missing from scan %d on",
				info->input_scan_number);
	else
		atoll_error_set(&input->err, -EBADMSG,
				"the file ends early: %u of %u rows are there",
				info->output_scanline, info->output_height);
	longjmp(input->failed, 1);
}

/*
 * Warnings (level -1) are of two kinds: samples were made up, which ends the
 * reading, and oddities without consequence, such as a few bytes between two
 * markers, as some cameras write them. Many are what a decoder that lost its way
 * has left over.
 */
static void warn(j_common_ptr info, int level)
{
	struct jpeg_input *input = info->client_data;

	if (level >= 0)
		return;
	switch (input->errors.msg_code) {
	case JWRN_HIT_MARKER: /* a marker before the last sample */
		if (input->is_dry)
			fail_short(input);
		fail(info);
	case JWRN_EXTRANEOUS_DATA:
		if (input->errors.msg_parm.i[0] > input->extra_max)
			fail(info);
		return;
	case JWRN_ARITH_BAD_CODE:
	case JWRN_HUFF_BAD_CODE:
	case JWRN_MUST_RESYNC:
		fail(info);
	default:
		return;
	}
}

static void count_scans(j_common_ptr info)
{
	struct jpeg_input *input = info->client_data;

	if (input->info.input_scan_number <= SCANS_MAX)
		return;
	atoll_error_set(&input->err, -ENOTSUP, "more than %d scans", SCANS_MAX);
	longjmp(input->failed, 1);
}

/* The file is one buffer, there from the start: nothing to open or close. */
static void do_nothing(j_decompress_ptr info)
{
	(void)info;
}

/*
 * Past the end of the file. In a picture of one scan the decoder may merely
 * be looking ahead, which an end marker satisfies; if it needs the bits, it
 * will warn with JWRN_HIT_MARKER. Anywhere else the end has come too soon.
 */
static boolean look_past_end(j_decompress_ptr info)
{
	static const JOCTET end[] = { 0xff, JPEG_EOI };
	struct jpeg_input *input = info->client_data;

	if (!input->is_decoding || jpeg_has_multiple_scans(info))
		fail_short(input);
	input->is_dry = true;
	info->src->next_input_byte = end;
	info->src->bytes_in_buffer = sizeof(end);
	return TRUE;
}

static void skip(j_decompress_ptr info, long count)
{
	struct jpeg_source_mgr *source = info->src;

	if (count <= 0)
		return;
	if ((unsigned long)count > source->bytes_in_buffer)
		fail_short(info->client_data);
	source->next_input_byte += count;
	source->bytes_in_buffer -= (size_t)count;
}

void jpeg_input_set(struct jpeg_input *input)
{
	input->info.err = jpeg_std_error(&input->errors);
	input->info.client_data = input;
	input->errors.error_exit = fail;
	input->errors.emit_message = warn; /* and with it, nothing is printed */
	input->progress.progress_monitor = count_scans;
	input->source = (struct jpeg_source_mgr){
		.init_source = do_nothing,
		.fill_input_buffer = look_past_end,
		.skip_input_data = skip,
		.resync_to_restart = jpeg_resync_to_restart,
		.term_source = do_nothing,
	};
}

void jpeg_input_begin(struct jpeg_input *input, const void *bytes, size_t size)
{
	input->is_decoding = input->has_rows = input->is_dry = false;
	input->source.next_input_byte = bytes;
	input->source.bytes_in_buffer = size;
	input->info.src = &input->source;
	input->info.progress = &input->progress;
}
