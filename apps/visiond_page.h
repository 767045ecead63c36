/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_VISIOND_PAGE_H
#define ATOLL_APPS_VISIOND_PAGE_H

/*
 * apps/web/index.html as it was when the program was built, with a NUL behind it.
 *
 *	size_t length = (size_t)(visiond_page_last - visiond_page_first);
 */
extern const char visiond_page_first[], visiond_page_last[];

#endif
