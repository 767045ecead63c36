/* SPDX-License-Identifier: Apache-2.0 */
#include "audio/wav_header.h"

#include <errno.h>
#include <string.h>

/*
 *   "RIFF"  size  "WAVE"                       or RF64, BW64 (EBU Tech 3306, ITU-R
 *      "ds64"  size  riff, data, samples       BS.2088), whose sizes are in ds64
 *      "fmt "  size  tag channels rate bytes/s align bits [extension]
 *      "data"  size  samples
 *
 * Sizes and numbers are little-endian; after a chunk of odd size comes a byte that is
 * not counted. The size behind "RIFF" is of no use: programs that write to a pipe do
 * not know it, and what really is there counts.
 */

/* Format tags and their names, from the list Microsoft keeps in mmreg.h. */
enum { TAG_PCM = 1, TAG_FLOAT = 3, TAG_EXTENSIBLE = 0xFFFE };

static const struct {
	uint16_t tag;
	const char *name;
} codings[] = {
	{ 0x0002, "Microsoft ADPCM" },
	{ 0x0006, "A-law" },
	{ 0x0007, "mu-law" },
	{ 0x0010, "OKI ADPCM" },
	{ 0x0011, "IMA ADPCM" },
	{ 0x0016, "G.723 ADPCM" },
	{ 0x0031, "GSM 6.10" },
	{ 0x0040, "G.721 ADPCM" },
	{ 0x0045, "G.726 ADPCM" },
	{ 0x0050, "MPEG audio" },
	{ 0x0055, "MP3" },
	{ 0x0064, "G.726 ADPCM" },
	{ 0x0065, "G.722 ADPCM" },
	{ 0x00FF, "AAC" },
	{ 0x0160, "Windows Media Audio" },
	{ 0x0161, "Windows Media Audio" },
	{ 0x0162, "Windows Media Audio" },
	{ 0x0163, "Windows Media Audio" },
	{ 0x1610, "AAC" },
	{ 0x2000, "AC-3" },
	{ 0x674F, "Vorbis" },
	{ 0x6750, "Vorbis" },
	{ 0x6751, "Vorbis" },
	{ 0x704F, "Opus" },
	{ 0xA109, "Speex" },
	{ 0xF1AC, "FLAC" },
};

/* What people give us instead of WAV files begins so. */
static const struct {
	const char *begin, *name;
} others[] = {
	{ "RIFX", "a big-endian WAV file" },
	{ "OggS", "Ogg" },
	{ "fLaC", "FLAC" },
	{ "ID3", "MP3" },
	{ "\xFF\xFB", "MP3" },
	{ "\xFF\xF3", "MP3" },
	{ "\xFF\xF1", "AAC" },
	{ "FORM", "AIFF" },
	{ "caff", "CAF" },
	{ ".snd", "AU" },
	{ "\x1A\x45\xDF\xA3", "Matroska or WebM" },
	{ "#!AMR", "AMR" },
};

/* After the tag, a GUID of the extensible header goes on so. */
static const uint8_t guid_rest[14] = { 0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38,
				       0x9B, 0x71 };

/* Writers to a pipe put a size that cannot be: none, all ones, or close to two GiB
   (SoX 0x7FFFF000, arecord 0x7FFFFFFF and 0x80000000). */
#define SIZE_OF_A_PIPE 0x7FFFF000u

/* With the most that we know what to do with. */
#define FORMAT_BYTES 40

struct format {
	uint16_t tag, channels, align, bits, valid_bits;
	uint32_t rate;
	bool is_known, has_other_guid;
};

static uint16_t u16(const uint8_t *bytes)
{
	return (uint16_t)(bytes[0] | bytes[1] << 8);
}

static uint32_t u32(const uint8_t *bytes)
{
	return u16(bytes) | (uint32_t)u16(bytes + 2) << 16;
}

static uint64_t u64(const uint8_t *bytes)
{
	return u32(bytes) | (uint64_t)u32(bytes + 4) << 32;
}

/* The name of a chunk, in letters that do nothing to a terminal. */
static const char *id_text(const uint8_t *id, char text[5])
{
	for (int i = 0; i < 4; i++)
		text[i] = id[i] >= ' ' && id[i] < 0x7F ? (char)id[i] : '?';
	text[4] = '\0';
	return text;
}

static int refuse_reading(int64_t r, struct atoll_error *err)
{
	return atoll_error_set(err, (int)r, "%s", strerror((int)-r));
}

/*
 * The format.
 */

static int refuse_coding(const struct format *format, struct atoll_error *err)
{
	for (size_t i = 0; i < sizeof(codings) / sizeof(codings[0]); i++)
		if (codings[i].tag == format->tag && !format->has_other_guid)
			return atoll_error_set(err, -ENOTSUP,
					       "its sound is coded as %s; we read PCM "
					       "and 32-bit float",
					       codings[i].name);
	return atoll_error_set(err, -ENOTSUP,
			       "its sound is coded in an unknown format (%s0x%04x); we "
			       "read PCM and 32-bit float",
			       format->has_other_guid ? "GUID of its own, " : "",
			       format->tag);
}

static int read_format(struct wav_input *input, uint32_t size, struct format *format,
		       struct atoll_error *err)
{
	uint8_t bytes[FORMAT_BYTES];
	uint32_t wanted = size < FORMAT_BYTES ? size : FORMAT_BYTES;
	int64_t got = wav_input_read(input, bytes, wanted);

	if (got < 0)
		return refuse_reading(got, err);
	if (got < 16)
		return atoll_error_set(err, -EBADMSG,
				       "its format takes 16 bytes or more, "
				       "and there are %d", (int)got);
	*format = (struct format){
		.tag = u16(bytes), .channels = u16(bytes + 2), .rate = u32(bytes + 4),
		.align = u16(bytes + 12), .bits = u16(bytes + 14), .is_known = true,
	};
	if (format->tag != TAG_EXTENSIBLE)
		return 0;
	if (got < FORMAT_BYTES)
		return atoll_error_set(err, -EBADMSG,
				       "its extensible format takes 40 bytes, "
				       "and there are %d", (int)got);
	format->valid_bits = u16(bytes + 18);
	format->tag = u16(bytes + 24);
	format->has_other_guid = memcmp(bytes + 26, guid_rest, sizeof(guid_rest)) != 0;
	return 0;
}

static int find_samples(const struct format *format, enum atoll_samples *samples,
			struct atoll_error *err)
{
	static const enum atoll_samples pcm[] = { ATOLL_U8, ATOLL_S16, ATOLL_S24_3,
						  ATOLL_S32 };

	if (format->has_other_guid || (format->tag != TAG_PCM && format->tag != TAG_FLOAT))
		return refuse_coding(format, err);
	if (format->tag == TAG_FLOAT ? format->bits != 32 :
	    format->bits % 8 != 0 || format->bits < 8 || format->bits > 32)
		return atoll_error_set(err, -ENOTSUP,
				       "its sound is %s of %u bits; we read PCM of 8, "
				       "16, 24 and 32 bits and 32-bit float",
				       format->tag == TAG_FLOAT ? "float" : "PCM",
				       format->bits);
	*samples = format->tag == TAG_FLOAT ? ATOLL_F32 : pcm[format->bits / 8 - 1];
	/* As arecord writes S24_LE. Nobody else puts 24 bits into four bytes without
	   saying 32. */
	if (format->bits == 24 && format->align == 4 * format->channels)
		*samples = ATOLL_S24;
	return 0;
}

int wav_form_check(const struct atoll_wav_form *form, int code, struct atoll_error *err)
{
	if (form->channels < 1 || form->channels > ATOLL_CHANNELS_MAX)
		return atoll_error_set(err, code, "%u channels; we take 1 to %u",
				       form->channels, ATOLL_CHANNELS_MAX);
	if (form->rate < ATOLL_WAV_RATE_MIN || form->rate > ATOLL_WAV_RATE_MAX)
		return atoll_error_set(err, code, "%u samples a second; we take %u to %u",
				       form->rate, ATOLL_WAV_RATE_MIN, ATOLL_WAV_RATE_MAX);
	return 0;
}

static int check_format(const struct format *format, struct atoll_wav_form *form,
			struct atoll_error *err)
{
	enum atoll_samples samples = ATOLL_S16;
	int r = find_samples(format, &samples, err);

	*form = (struct atoll_wav_form){
		.samples = samples, .rate = format->rate, .channels = format->channels,
	};
	if (r == 0)
		r = wav_form_check(form, -EBADMSG, err);
	if (r < 0)
		return r;
	if (format->align != format->channels * atoll_samples_bytes(samples))
		return atoll_error_set(err, -EBADMSG, "%u bytes a frame are not %u x %u bits",
				       format->align, format->channels, format->bits);
	if (format->valid_bits > format->bits)
		return atoll_error_set(err, -EBADMSG,
				       "%u bits of each sample count, which has but %u",
				       format->valid_bits, format->bits);
	return 0;
}

/*
 * The chunks.
 */

/* Where the samples are. */
struct data {
	uint64_t at, bytes;
	bool is_known;
};

static int read_begin(struct wav_input *input, bool *has_long_sizes, struct atoll_error *err)
{
	uint8_t bytes[12] = { 0 };
	int64_t got = wav_input_read(input, bytes, sizeof(bytes));
	char text[5];

	if (got < 0)
		return refuse_reading(got, err);
	if (got == 0)
		return atoll_error_set(err, -EBADMSG, "empty, not a WAV file");
	*has_long_sizes = memcmp(bytes, "RF64", 4) == 0 || memcmp(bytes, "BW64", 4) == 0;
	if (*has_long_sizes || memcmp(bytes, "RIFF", 4) == 0) {
		if (memcmp(bytes + 8, "WAVE", 4) == 0)
			return 0;
		return atoll_error_set(err, -ENOTSUP,
				       "a RIFF file, but of the kind '%s', not WAVE",
				       id_text(bytes + 8, text));
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (memcmp(bytes, others[i].begin, strlen(others[i].begin)) == 0)
			return atoll_error_set(err, -ENOTSUP,
					       "%s; we read little-endian WAV files",
					       others[i].name);
	return atoll_error_set(err, -ENOTSUP, "not a WAV file");
}

/* The size of the data, in place of the one in its chunk. */
static int read_long_sizes(struct wav_input *input, uint32_t size, uint64_t *data_bytes,
			   struct atoll_error *err)
{
	uint8_t bytes[16];
	int64_t got = size < sizeof(bytes) ? 0 : wav_input_read(input, bytes, sizeof(bytes));

	if (got < 0)
		return refuse_reading(got, err);
	if (got < (int64_t)sizeof(bytes))
		return atoll_error_set(err, -EBADMSG, "its long sizes ('ds64') are cut off");
	*data_bytes = u64(bytes + 8);
	return 0;
}

/* Sizes that were not known when the header was written become endless. */
static uint64_t real_size(const struct wav_input *input, uint64_t said)
{
	uint64_t left = input->size == WAV_INPUT_ENDLESS ? 0 :
			input->size > input->at ? input->size - input->at : 0;

	if (said == 0 || (said >= SIZE_OF_A_PIPE && said <= UINT32_MAX && said > left))
		return WAV_INPUT_ENDLESS;
	return said;
}

/* Before the samples a chunk must be whole; behind them nobody looks. */
static int pass(struct wav_input *input, const uint8_t *id, uint64_t begin, uint32_t size,
		struct atoll_error *err)
{
	uint64_t end = begin + size + (size & 1);
	int r = wav_input_skip(input, end - input->at);
	char text[5];

	if (r == -ENODATA)
		return atoll_error_set(err, -EBADMSG,
				       "its chunk '%s' of %u bytes goes past the end "
				       "of the file", id_text(id, text), size);
	return r < 0 ? refuse_reading(r, err) : 0;
}

static int refuse_end(const struct format *format, const struct data *data,
		      struct atoll_error *err)
{
	return atoll_error_set(err, -EBADMSG, "it ends before its %s came",
			       format->is_known ? "samples ('data')" :
			       data->is_known ? "format ('fmt ')" : "format and samples");
}

/* Go through the chunks until both the format and the samples were seen. */
static int read_chunks(struct wav_input *input, bool has_long_sizes, struct format *format,
		       struct data *data, struct atoll_error *err)
{
	uint64_t long_bytes = 0;
	int r = 0;

	while (r == 0 && !(format->is_known && data->is_known)) {
		uint8_t head[8];
		int64_t got = wav_input_read(input, head, sizeof(head));
		uint32_t size = u32(head + 4);
		uint64_t begin = input->at;

		if (got < 0)
			return refuse_reading(got, err);
		if (got < (int64_t)sizeof(head))
			return refuse_end(format, data, err);
		if (memcmp(head, "fmt ", 4) == 0) {
			r = read_format(input, size, format, err);
		} else if (memcmp(head, "ds64", 4) == 0 && has_long_sizes) {
			r = read_long_sizes(input, size, &long_bytes, err);
		} else if (memcmp(head, "data", 4) == 0) {
			bool is_long = size == UINT32_MAX && has_long_sizes;

			data->at = begin;
			data->bytes = real_size(input, is_long ? long_bytes : size);
			data->is_known = true;
			if (format->is_known)
				return 0;
		}
		if (r == 0)
			r = pass(input, head, begin, size, err);
	}
	return r;
}

int wav_header_read(struct wav_input *input, struct wav_header *header,
		    struct atoll_error *err)
{
	struct format format = { 0 };
	struct data data = { 0 };
	bool has_long_sizes = false;
	int r = read_begin(input, &has_long_sizes, err);

	if (r == 0)
		r = read_chunks(input, has_long_sizes, &format, &data, err);
	if (r == 0)
		r = check_format(&format, &header->form, err);
	if (r < 0)
		return r;
	header->data_bytes = data.bytes;
	if (data.bytes != WAV_INPUT_ENDLESS)
		header->form.frames = data.bytes / format.align;
	if (input->at == data.at)
		return 0;
	r = wav_input_seek(input, data.at);
	if (r == -ESPIPE)
		return atoll_error_set(err, r, "its samples come before their format, which "
				       "takes a file, not a pipe");
	return r < 0 ? refuse_reading(r, err) : 0;
}
