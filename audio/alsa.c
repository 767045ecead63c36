/* SPDX-License-Identifier: Apache-2.0 */
#include "audio/alsa.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

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

int alsa_reach_card(int card)
{
	char path[32];
	int fd;

	(void)snprintf(path, sizeof(path), "/dev/snd/controlC%d", card);
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	(void)close(fd); /* only looked */
	return 0;
}

int alsa_why_no_card(int r)
{
	if (r != -ENODEV && r != -ENOENT)
		return r;
	for (int card = 0; card < ALSA_CARDS_MAX; card++)
		if (alsa_reach_card(card) == -EACCES)
			return -EACCES;
	return r;
}

void alsa_copy_text(char *to, size_t size, const char *said)
{
	size_t i = 0;

	for (; i + 1 < size && said[i]; i++)
		to[i] = (unsigned char)said[i] < ' ' || said[i] == 0x7f ? '?' : said[i];
	to[i] = '\0';
}
