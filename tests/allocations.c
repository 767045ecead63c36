/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/allocations.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define IS_SANITIZED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define IS_SANITIZED
#endif
#endif

static atomic_ulong count;

#ifdef IS_SANITIZED

/* sanitizer/allocator_interface.h, which gcc does not install everywhere. */
int __sanitizer_install_malloc_and_free_hooks(
	void (*taken)(const volatile void *block, size_t bytes),
	void (*given_back)(const volatile void *block));

static void taken(const volatile void *block, size_t bytes)
{
	(void)block;
	(void)bytes;
	atomic_fetch_add(&count, 1);
}

static void given_back(const volatile void *block)
{
	(void)block;
}

unsigned long allocations(void)
{
	static atomic_bool is_installed;

	if (!atomic_exchange(&is_installed, true))
		__sanitizer_install_malloc_and_free_hooks(taken, given_back);
	return atomic_load(&count);
}

#else

/* The names under which glibc keeps its own for such as us; free stays its. */
void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t items, size_t bytes);
void *__libc_realloc(void *block, size_t bytes);
void *__libc_memalign(size_t alignment, size_t bytes);

void *malloc(size_t bytes)
{
	atomic_fetch_add(&count, 1);
	return __libc_malloc(bytes);
}

void *calloc(size_t items, size_t bytes)
{
	atomic_fetch_add(&count, 1);
	return __libc_calloc(items, bytes);
}

void *realloc(void *block, size_t bytes)
{
	atomic_fetch_add(&count, 1);
	return __libc_realloc(block, bytes);
}

void *aligned_alloc(size_t alignment, size_t bytes)
{
	atomic_fetch_add(&count, 1);
	return __libc_memalign(alignment, bytes);
}

int posix_memalign(void **block, size_t alignment, size_t bytes)
{
	void *taken = aligned_alloc(alignment, bytes);

	if (!taken)
		return ENOMEM;
	*block = taken;
	return 0;
}

unsigned long allocations(void)
{
	return atomic_load(&count);
}

#endif
