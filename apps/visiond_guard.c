/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/visiond_guard.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

/* Takes as long for a wrong token as for the right one, so that its beginning
   cannot be found letter by letter. Its length is no secret. */
static bool is_token(const char *token, const char *said)
{
	size_t length = strlen(token);
	volatile unsigned char differs = 0;

	if (strlen(said) != length)
		return false;
	for (size_t i = 0; i < length; i++)
		differs = (unsigned char)(differs | (token[i] ^ said[i]));
	return differs == 0;
}

static bool knows_token(const struct visiond_guard *guard, const struct visiond_asked *asked)
{
	static const char bearer[] = "Bearer ";
	const char *said = asked->authorization;

	if (said && strncasecmp(said, bearer, strlen(bearer)) == 0 &&
	    is_token(guard->token, said + strlen(bearer)))
		return true;
	return asked->token && is_token(guard->token, asked->token);
}

/* "NAME" or "NAME:PORT", in either case. */
static bool is_host(const char *said, const char *name)
{
	size_t length = strlen(name);

	return strncasecmp(said, name, length) == 0 &&
	       (said[length] == '\0' ||
		(said[length] == ':' &&
		 said[length + 1 + strspn(said + length + 1, "0123456789")] == '\0'));
}

static bool is_own_host(const struct visiond_guard *guard, const char *said)
{
	return said && (is_host(said, "localhost") || is_host(said, "127.0.0.1") ||
			is_host(said, "[::1]") || is_host(said, guard->host));
}

/* "null" is what a page without an origin of its own says. */
static bool is_own_origin(const char *origin, const char *host)
{
	const char *from = strstr(origin, "://");

	return from && host && strcasecmp(from + 3, host) == 0;
}

static bool came_through_a_stranger(const struct visiond_asked *asked)
{
	const char *site = asked->fetch_site;

	if (asked->is_change && asked->origin && !is_own_origin(asked->origin, asked->host))
		return true;
	if (!site || strcmp(site, "same-origin") == 0 || strcmp(site, "none") == 0)
		return false;
	return !(asked->is_page && asked->fetch_mode &&
		 strcmp(asked->fetch_mode, "navigate") == 0);
}

unsigned visiond_guard_judge(const struct visiond_guard *guard,
			     const struct visiond_asked *asked, const char **why)
{
	if (guard->token && !knows_token(guard, asked)) {
		*why = "This camera wants to be asked with its token.";
		return 401;
	}
	if (!guard->token && !is_own_host(guard, asked->host)) {
		*why = "This machine is not called that.";
		return 403;
	}
	if (came_through_a_stranger(asked)) {
		*why = "Other pages may not ask for this.";
		return 403;
	}
	return 200;
}
