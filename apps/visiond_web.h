/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_VISIOND_WEB_H
#define ATOLL_APPS_VISIOND_WEB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "apps/visiond_config.h"
#include "board/error.h"
#include "camera/frame.h"

/*
 * The page: HTTP for a few people who look at what the daemon sees.
 *
 *	GET  /              the page (apps/web/index.html)
 *	GET  /stream.mjpeg  pictures, one after another
 *	GET  /snapshot.jpg  one
 *	GET  /state.json    what is seen, how fast, and all counts
 *	GET  /events        the same again and again (server-sent events)
 *	GET  /controls      the camera's knobs
 *	POST /controls      turn one: name=brightness&value=10
 *
 *	web = visiond_web_open(config, &err);
 *	visiond_web_picture(web, &frame);       each frame
 *	visiond_web_state(web, json, length);   when there is news
 *	visiond_web_tick(web);                  once a second
 *	visiond_web_close(web);
 *
 * libmicrohttpd's thread does the talking, another one the encoding; the calls
 * here return at once. Each viewer takes the newest picture when its connection
 * has room again, so a slow one gets fewer, and one that does not read is dropped.
 *
 * No request reaches a file. Who may ask: with a token only who knows it, else
 * only pages of this very address; nobody can make a browser ask for them.
 */
struct visiond_web;

/* All but close take a NULL web, which is one that is switched off. */
struct visiond_web *visiond_web_open(const struct visiond_config *config,
				     struct atoll_error *err);
void visiond_web_close(struct visiond_web *web); /* NULL is allowed */

/* New limits and rates, for a page that stays open. */
void visiond_web_set(struct visiond_web *web, const struct visiond_config *config);

/* "http://127.0.0.1:8080/", with the port that was found. Lives as long as `web`. */
const char *visiond_web_address(const struct visiond_web *web);

void visiond_web_picture(struct visiond_web *web, const struct atoll_frame *frame);

/* `json` is one object and a newline. Copied. */
void visiond_web_state(struct visiond_web *web, const char *json, size_t length);

/* The node whose controls are meant, NULL for none. Copied. */
void visiond_web_camera(struct visiond_web *web, const char *path);

void visiond_web_tick(struct visiond_web *web);

struct visiond_web_counts {
	uint32_t watching;           /* streams */
	uint32_t listening;          /* of server-sent events */
	uint64_t pictures, failures; /* encoded; not encoded */
	uint64_t refused;            /* viewers above the limit */
};

struct visiond_web_counts visiond_web_counts(struct visiond_web *web);

#endif
