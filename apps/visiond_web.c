/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/visiond_web.h"

#include <errno.h>
#include <microhttpd.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "apps/visiond_guard.h"
#include "apps/visiond_page.h"
#include "apps/visiond_picture.h"
#include "apps/visiond_viewers.h"
#include "board/clock.h"
#include "board/json.h"
#include "camera/controls.h"

/* Connections beside those of viewers and listeners. */
#define SPARE_CONNECTIONS 24
#define SPARE_OF_ONE_ADDRESS 16

/* Request line and headers fit into part of it; a longer request is refused (431). */
#define CONNECTION_BYTES (32 * 1024)

/* A connection on which nothing moves for so long is closed. */
#define IDLE_S 15

/* Bytes that may wait in the kernel unsent: a slow viewer gets a new picture late
   rather than many old ones. */
#define UNSENT_BYTES (64 * 1024)

/* The body of a POST. */
#define BODY_BYTES_MAX 4096

/* No frame for so long: there is no picture to be had. */
#define STALE_NS INT64_C(3000000000)

struct visiond_web {
	struct MHD_Daemon *daemon;
	struct visiond_picture *picture;
	struct visiond_viewers *viewers;
	int fd;                      /* -1: the daemon's by now */
	char *token;
	char host[64], address[96];
	struct visiond_guard guard;

	pthread_mutex_t lock;
	char camera[64];             /* under lock, as all below; "": none */
	int64_t last_frame_ns;
	uint64_t refused;
};

/* One request on its way, between the calls of libmicrohttpd. */
struct request {
	struct MHD_PostProcessor *post; /* NULL unless it has a body */
	char name[48], value[128];      /* of a control */
	size_t bytes;                   /* of the body so far */
	bool is_too_long;
};

/* What every answer says: for this page alone, and nothing of it runs but what we
   mean (`policy`: more of a Content-Security-Policy). */
static bool add_headers(struct MHD_Response *response, const char *type,
			const char *policy)
{
	char security[256];

	(void)snprintf(security, sizeof(security),
		       "default-src 'none'; frame-ancestors 'none'; base-uri 'none'%s",
		       policy ? policy : "");
	return (!type || MHD_add_response_header(response, "Content-Type", type) == MHD_YES) &&
	       MHD_add_response_header(response, "Content-Security-Policy", security) ==
		       MHD_YES &&
	       MHD_add_response_header(response, "X-Content-Type-Options", "nosniff") ==
		       MHD_YES &&
	       MHD_add_response_header(response, "Referrer-Policy", "no-referrer") ==
		       MHD_YES &&
	       MHD_add_response_header(response, "Cross-Origin-Resource-Policy",
				       "same-origin") == MHD_YES &&
	       MHD_add_response_header(response, "Cache-Control", "no-store") == MHD_YES;
}

/* Takes the response, which may be NULL. */
static enum MHD_Result answer(struct MHD_Connection *connection, unsigned status,
			      struct MHD_Response *response, const char *type,
			      const char *policy)
{
	enum MHD_Result result = MHD_NO; /* hangs up */

	if (!response)
		return MHD_NO;
	if (add_headers(response, type, policy))
		result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result say(struct MHD_Connection *connection, unsigned status,
			   const char *sentence)
{
	char text[256];
	int length = snprintf(text, sizeof(text), "%s\n", sentence);

	if (length >= (int)sizeof(text))
		length = (int)sizeof(text) - 1;
	return answer(connection, status,
		      MHD_create_response_from_buffer((size_t)length, text,
						      MHD_RESPMEM_MUST_COPY),
		      "text/plain; charset=utf-8", NULL);
}

/* Where people are who come without a token, or with a wrong one. */
static enum MHD_Result ask_for_token(struct MHD_Connection *connection)
{
	static char form[] =
"<!DOCTYPE html>\n"
"<html lang=\"en\">\n"
"<meta charset=\"utf-8\">\n"
"<meta name=\"viewport\" content=\"width=device-width\">\n"
"<meta name=\"color-scheme\" content=\"light dark\">\n"
"<title>Atoll</title>\n"
"<h1>Atoll</h1>\n"
"<form>\n"
"<p><label>This camera is shown to those who know its token:<br>\n"
"<input name=\"token\" type=\"password\" autocomplete=\"current-password\" required>"
"</label>\n"
"<button>Show</button>\n"
"</form>\n"
"</html>\n";
	struct MHD_Response *response = MHD_create_response_from_buffer(
		strlen(form), form, MHD_RESPMEM_PERSISTENT);

	if (response && MHD_add_response_header(response, "WWW-Authenticate", "Bearer") !=
				MHD_YES) {
		MHD_destroy_response(response);
		return MHD_NO;
	}
	return answer(connection, 401, response, "text/html; charset=utf-8",
		      "; form-action 'self'");
}

/* A word that nobody can know beforehand, in hexadecimal. */
static bool draw_nonce(char nonce[33])
{
	unsigned char random[16];

	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		return false;
	for (size_t i = 0; i < sizeof(random); i++)
		(void)snprintf(nonce + 2 * i, 3, "%02x", random[i]);
	return true;
}

/* The page with `nonce` wherever it says @nonce@: only the script and the style so
   marked count. malloc'ed. */
static char *page_with(const char *nonce, size_t *length)
{
	static const char mark[] = "@nonce@";
	const char *from = visiond_page_first, *next;
	char *page = NULL;
	FILE *file = open_memstream(&page, length);

	if (!file)
		return NULL;
	while ((next = strstr(from, mark))) {
		(void)fwrite(from, 1, (size_t)(next - from), file);
		(void)fputs(nonce, file);
		from = next + strlen(mark);
	}
	(void)fputs(from, file);
	if (fclose(file) != 0) {
		free(page);
		return NULL;
	}
	return page;
}

static enum MHD_Result send_page(struct visiond_web *web, struct MHD_Connection *connection)
{
	char nonce[33], policy[192], *page;
	struct MHD_Response *response;
	size_t length;

	(void)web;
	if (!draw_nonce(nonce))
		return MHD_NO;
	page = page_with(nonce, &length);
	if (!page)
		return MHD_NO;
	(void)snprintf(policy, sizeof(policy),
		       "; script-src 'nonce-%s'; style-src 'nonce-%s'; img-src 'self' data:; "
		       "connect-src 'self'", nonce, nonce);
	response = MHD_create_response_from_buffer(length, page, MHD_RESPMEM_MUST_FREE);
	if (!response)
		free(page);
	return answer(connection, 200, response, "text/html; charset=utf-8", policy);
}

static enum MHD_Result send_view(struct visiond_web *web, struct MHD_Connection *connection,
				 enum visiond_view view)
{
	struct MHD_Response *response;
	bool has_picture;

	(void)pthread_mutex_lock(&web->lock);
	has_picture = web->last_frame_ns && atoll_clock_ns() - web->last_frame_ns < STALE_NS;
	(void)pthread_mutex_unlock(&web->lock);
	if (view != VISIOND_EVENTS && !has_picture)
		return say(connection, 503, "There is no picture now.");

	response = visiond_viewers_join(web->viewers, view, connection);
	if (!response) {
		(void)pthread_mutex_lock(&web->lock);
		web->refused++;
		(void)pthread_mutex_unlock(&web->lock);
		return say(connection, 503, "As many as may are watching already.");
	}
	return answer(connection, 200, response, NULL, NULL);
}

static enum MHD_Result send_stream(struct visiond_web *web, struct MHD_Connection *connection)
{
	return send_view(web, connection, VISIOND_STREAM);
}

static enum MHD_Result send_snapshot(struct visiond_web *web,
				     struct MHD_Connection *connection)
{
	return send_view(web, connection, VISIOND_SNAPSHOT);
}

static enum MHD_Result send_events(struct visiond_web *web, struct MHD_Connection *connection)
{
	return send_view(web, connection, VISIOND_EVENTS);
}

static enum MHD_Result send_state(struct visiond_web *web, struct MHD_Connection *connection)
{
	struct MHD_Response *response = visiond_viewers_last_state(web->viewers);

	if (!response)
		return say(connection, 503, "Not yet.");
	return answer(connection, 200, response, "application/json", NULL);
}

static void tell_control(struct atoll_json *json, const struct atoll_control *control)
{
	atoll_json_object(json, NULL);
	atoll_json_string(json, "name", control->name);
	atoll_json_string(json, "kind", atoll_control_kind_name(control->kind));
	atoll_json_integer(json, "low", control->low);
	atoll_json_integer(json, "high", control->high);
	atoll_json_integer(json, "step", control->step);
	atoll_json_integer(json, "standard", control->standard);
	atoll_json_integer(json, "value", control->value);
	atoll_json_bool(json, "is_fixed", control->is_read_only || control->is_inactive);
	if (control->kind == ATOLL_CONTROL_MENU) {
		atoll_json_array(json, "choices");
		for (size_t i = 0; i < control->choices; i++) {
			atoll_json_object(json, NULL);
			atoll_json_integer(json, "value", control->choice[i].value);
			atoll_json_string(json, "name", control->choice[i].name);
			atoll_json_end(json);
		}
		atoll_json_end(json);
	}
	atoll_json_end(json);
}

/* The camera's controls, or NULL when there is no camera or it does not let us. */
static struct atoll_controls *open_controls(struct visiond_web *web, struct atoll_error *err)
{
	char path[sizeof(web->camera)];

	(void)pthread_mutex_lock(&web->lock);
	memcpy(path, web->camera, sizeof(path));
	(void)pthread_mutex_unlock(&web->lock);
	if (path[0])
		return atoll_controls_open(path, err);
	(void)atoll_error_set(err, -ENODEV, "there is no camera now");
	return NULL;
}

static enum MHD_Result send_controls(struct visiond_web *web,
				     struct MHD_Connection *connection)
{
	struct atoll_controls *controls = open_controls(web, NULL);
	size_t length, count = controls ? atoll_controls_count(controls) : 0;
	struct atoll_json json = { .file = NULL };
	struct MHD_Response *response;
	char *text = NULL;

	json.file = open_memstream(&text, &length);
	if (json.file) {
		atoll_json_array(&json, NULL);
		for (size_t i = 0; i < count; i++) {
			const struct atoll_control *control = atoll_controls_at(controls, i);

			if (control && control->kind <= ATOLL_CONTROL_BUTTON)
				tell_control(&json, control);
		}
		atoll_json_end(&json);
	}
	atoll_controls_close(controls);
	if (!json.file || fclose(json.file) != 0) {
		free(text);
		return MHD_NO;
	}
	response = MHD_create_response_from_buffer(length, text, MHD_RESPMEM_MUST_FREE);
	if (!response)
		free(text);
	return answer(connection, 200, response, "application/json", NULL);
}

static enum MHD_Result set_control(struct visiond_web *web,
				   struct MHD_Connection *connection,
				   const struct request *request)
{
	struct atoll_controls *controls;
	struct atoll_error err;
	int r;

	if (request->is_too_long)
		return say(connection, 413, "That is too long for a control.");
	if (!request->name[0])
		return say(connection, 400, "Which control? Say name=NAME&value=VALUE.");
	controls = open_controls(web, &err);
	if (!controls)
		return say(connection, err.code == -ENODEV ? 503 : 500, err.text);
	r = atoll_controls_set(controls, request->name, request->value, &err);
	atoll_controls_close(controls);
	if (r == 0)
		return say(connection, 200, "Done.");
	return say(connection, r == -ENOENT ? 404 : r == -EACCES ? 403 :
		   r == -EINVAL || r == -ERANGE ? 400 : 500, err.text);
}

static const struct route {
	const char *path;
	enum MHD_Result (*send)(struct visiond_web *web, struct MHD_Connection *connection);
	bool is_endless, takes_post;
} routes[] = {
	{ "/", send_page, false, false },
	{ "/stream.mjpeg", send_stream, true, false },
	{ "/snapshot.jpg", send_snapshot, true, false },
	{ "/state.json", send_state, false, false },
	{ "/events", send_events, true, false },
	{ "/controls", send_controls, false, true },
};

static const struct route *find_route(const char *path)
{
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++)
		if (strcmp(path, routes[i].path) == 0)
			return &routes[i];
	return NULL;
}

static const char *header(struct MHD_Connection *connection, const char *name)
{
	return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

static unsigned judge(const struct visiond_web *web, struct MHD_Connection *connection,
		      const char *path, bool is_change, const char **why)
{
	struct visiond_asked asked = {
		.host = header(connection, "Host"),
		.origin = header(connection, "Origin"),
		.authorization = header(connection, "Authorization"),
		.token = MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND,
						     "token"),
		.fetch_site = header(connection, "Sec-Fetch-Site"),
		.fetch_mode = header(connection, "Sec-Fetch-Mode"),
		.is_page = strcmp(path, "/") == 0,
		.is_change = is_change,
	};

	return visiond_guard_judge(&web->guard, &asked, why);
}

/* A piece of a field of the body, at `offset` of its value. */
static enum MHD_Result take_field(void *data, enum MHD_ValueKind kind, const char *key,
				  const char *filename, const char *type,
				  const char *encoding, const char *bytes, uint64_t offset,
				  size_t size)
{
	struct request *request = data;
	bool is_name = strcmp(key, "name") == 0;
	char *field = is_name ? request->name : request->value;
	size_t room = is_name ? sizeof(request->name) : sizeof(request->value);

	(void)kind, (void)filename, (void)type, (void)encoding;
	if (!is_name && strcmp(key, "value") != 0)
		return MHD_YES;
	if (offset >= room || size >= room - offset) {
		request->is_too_long = true;
		return MHD_YES;
	}
	memcpy(field + offset, bytes, size); /* zero behind it, from calloc */
	return MHD_YES;
}

static struct request *begin_request(struct MHD_Connection *connection, bool is_post)
{
	struct request *request = calloc(1, sizeof(*request));

	if (request && is_post)
		request->post =
			MHD_create_post_processor(connection, 512, take_field, request);
	return request;
}

/* The body comes in pieces; what is too much is read and forgotten, but not for
   ever. */
static enum MHD_Result take_body(struct request *request, const char *bytes, size_t *size)
{
	request->bytes += *size;
	if (request->bytes > BODY_BYTES_MAX)
		request->is_too_long = true;
	else if (request->post)
		(void)MHD_post_process(request->post, bytes, *size); /* bad: no name */
	*size = 0;
	return request->bytes > 16 * BODY_BYTES_MAX ? MHD_NO : MHD_YES;
}

/* libmicrohttpd calls first with the headers alone, then with each piece of a body,
   then once more. */
static enum MHD_Result serve(void *data, struct MHD_Connection *connection,
			     const char *path, const char *method, const char *version,
			     const char *body, size_t *body_bytes, void **context)
{
	struct visiond_web *web = data;
	bool is_post = strcmp(method, "POST") == 0, is_head = strcmp(method, "HEAD") == 0;
	struct request *request = *context;
	const struct route *route = find_route(path);
	const char *why = NULL;
	unsigned status;

	(void)version;
	if (!request) {
		status = judge(web, connection, path, is_post, &why);
		if (status == 401 && strcmp(path, "/") == 0)
			return ask_for_token(connection);
		if (status != 200)
			return say(connection, status, why);
		if (!route)
			return say(connection, 404, "There is nothing here.");
		if (!(strcmp(method, "GET") == 0 || (is_head && !route->is_endless) ||
		      (is_post && route->takes_post)))
			return say(connection, 405, "This cannot be done here.");
		*context = begin_request(connection, is_post);
		return *context ? MHD_YES : MHD_NO;
	}
	if (*body_bytes > 0)
		return take_body(request, body, body_bytes);
	if (is_post)
		return set_control(web, connection, request);
	return route->send(web, connection);
}

static void end_request(void *data, struct MHD_Connection *connection, void **context,
			enum MHD_RequestTerminationCode code)
{
	struct request *request = *context;

	(void)data, (void)connection, (void)code;
	if (!request)
		return;
	if (request->post)
		(void)MHD_destroy_post_processor(request->post); /* was it whole? no matter */
	free(request);
	*context = NULL;
}

/* A socket that listens, and the address with the port it got. */
static int open_socket(struct visiond_web *web, const struct visiond_listen *listen_at,
		       struct atoll_error *err)
{
	struct atoll_address address = listen_at->address;
	char text[ATOLL_ADDRESS_TEXT];
	const int unsent = UNSENT_BYTES;

	web->fd = atoll_address_listen(&address, err);
	if (web->fd < 0)
		return atoll_error_prefix(err, "page");
	/* Connections inherit it. It only helps: without, little is lost. */
	(void)setsockopt(web->fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof(unsent));
	(void)atoll_address_text(&address, text);
	(void)snprintf(web->host, sizeof(web->host), "%.*s", (int)(strrchr(text, ':') - text),
		       text);
	(void)snprintf(web->address, sizeof(web->address), "http://%s/", text);
	return 0;
}

static void picture_ready(void *data)
{
	struct visiond_web *web = data;

	visiond_viewers_wake(web->viewers, VISIOND_STREAM);
	visiond_viewers_wake(web->viewers, VISIOND_SNAPSHOT);
}

static int start_daemon(struct visiond_web *web, uint32_t viewers, struct atoll_error *err)
{
	/* libmicrohttpd's own logger stays off: every line of it could be provoked
	   from outside. */
	web->daemon = MHD_start_daemon(
		MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL,
		serve, web,
		MHD_OPTION_LISTEN_SOCKET, web->fd,
		MHD_OPTION_NOTIFY_COMPLETED, end_request, web,
		MHD_OPTION_CONNECTION_LIMIT, 2 * viewers + SPARE_CONNECTIONS,
		MHD_OPTION_PER_IP_CONNECTION_LIMIT, 2 * viewers + SPARE_OF_ONE_ADDRESS,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_S,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_BYTES,
		MHD_OPTION_STRICT_FOR_CLIENT, 1,
		MHD_OPTION_END);
	if (!web->daemon)
		return atoll_error_set(err, -ENOMEM, "page: %s: libmicrohttpd cannot start",
				       web->address);
	web->fd = -1;
	return 0;
}

struct visiond_web *visiond_web_open(const struct visiond_config *config,
				     struct atoll_error *err)
{
	struct visiond_web *web = calloc(1, sizeof(*web));

	if (!web) {
		(void)atoll_error_set(err, -ENOMEM, "page: %s", strerror(ENOMEM));
		return NULL;
	}
	web->fd = -1;
	(void)pthread_mutex_init(&web->lock, NULL); /* cannot fail on Linux */
	web->guard.host = web->host;
	if (config->token) {
		web->token = strdup(config->token);
		if (!web->token) {
			(void)atoll_error_set(err, -ENOMEM, "page: %s", strerror(ENOMEM));
			goto fail;
		}
		web->guard.token = web->token;
	}
	web->picture = visiond_picture_new(visiond_viewers_takers(config->viewers),
					   picture_ready, web, err);
	if (!web->picture)
		goto fail;
	web->viewers = visiond_viewers_new(web->picture, config->viewers, err);
	if (!web->viewers || open_socket(web, &config->listen, err) < 0 ||
	    start_daemon(web, config->viewers, err) < 0)
		goto fail;
	visiond_web_set(web, config);
	return web;

fail:
	visiond_web_close(web);
	return NULL;
}

void visiond_web_close(struct visiond_web *web)
{
	if (!web)
		return;
	if (web->viewers)
		visiond_viewers_stop(web->viewers);
	if (web->daemon)
		MHD_stop_daemon(web->daemon);
	if (web->fd >= 0)
		(void)close(web->fd); /* nobody was accepted on it */
	visiond_picture_free(web->picture); /* its thread wakes viewers */
	visiond_viewers_free(web->viewers);
	(void)pthread_mutex_destroy(&web->lock);
	free(web->token);
	free(web);
}

void visiond_web_set(struct visiond_web *web, const struct visiond_config *config)
{
	if (web)
		visiond_picture_set(web->picture, config->page_rate_mhz, config->page_quality);
}

const char *visiond_web_address(const struct visiond_web *web)
{
	return web ? web->address : "";
}

void visiond_web_picture(struct visiond_web *web, const struct atoll_frame *frame)
{
	if (!web)
		return;
	(void)pthread_mutex_lock(&web->lock);
	web->last_frame_ns = atoll_clock_ns();
	(void)pthread_mutex_unlock(&web->lock);
	visiond_picture_offer(web->picture, frame);
}

void visiond_web_state(struct visiond_web *web, const char *json, size_t length)
{
	if (web)
		visiond_viewers_state(web->viewers, json, length);
}

void visiond_web_camera(struct visiond_web *web, const char *path)
{
	if (!web)
		return;
	(void)pthread_mutex_lock(&web->lock);
	(void)snprintf(web->camera, sizeof(web->camera), "%s", path ? path : "");
	(void)pthread_mutex_unlock(&web->lock);
}

void visiond_web_tick(struct visiond_web *web)
{
	if (!web)
		return;
	picture_ready(web);
}

struct visiond_web_counts visiond_web_counts(struct visiond_web *web)
{
	struct visiond_web_counts counts = { .watching = 0 };

	if (!web)
		return counts;
	counts.watching = visiond_viewers_count(web->viewers, VISIOND_STREAM);
	counts.listening = visiond_viewers_count(web->viewers, VISIOND_EVENTS);
	counts.pictures = visiond_picture_count(web->picture);
	counts.failures = visiond_picture_failures(web->picture);
	(void)pthread_mutex_lock(&web->lock);
	counts.refused = web->refused;
	(void)pthread_mutex_unlock(&web->lock);
	return counts;
}
