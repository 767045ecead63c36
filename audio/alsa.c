/* SPDX-License-Identifier: Apache-2.0 */
#include "audio/alsa.h"

static void swallow(const char *file, int line, const char *function, int err,
		    const char *format, va_list arguments)
{
	(void)file;
	(void)line;
	(void)function;
	(void)err;
	(void)format;
	(void)arguments;
}

snd_local_error_handler_t alsa_hush(void)
{
	return snd_lib_error_set_local(swallow);
}

void alsa_unhush(snd_local_error_handler_t spoke)
{
	(void)snd_lib_error_set_local(spoke); /* returns ours */
}

int alsa_begin(struct alsa *alsa)
{
	int r;

	*alsa = (struct alsa){ .spoke = alsa_hush() };
	r = snd_config_update_r(&alsa->config, &alsa->update, NULL);
	return r < 0 ? r : 0;
}

void alsa_end(struct alsa *alsa)
{
	if (alsa->update)
		(void)snd_config_update_free(alsa->update); /* always 0 */
	if (alsa->config)
		(void)snd_config_delete(alsa->config); /* fails only while referred to */
	alsa_unhush(alsa->spoke);
}

void alsa_copy_text(char *to, size_t size, const char *said)
{
	size_t i = 0;

	for (; i + 1 < size && said[i]; i++)
		to[i] = (unsigned char)said[i] < ' ' || said[i] == 0x7f ? '?' : said[i];
	to[i] = '\0';
}
