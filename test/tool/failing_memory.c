// SPDX-License-Identifier: Apache-2.0
/* Linked into a pprof of its own (failing_test.py): of all requests for memory and threads after the start of main the $PP_FAIL_AT-th
 * is refused, and with $PP_FAIL_ON all after it. At the end the number of requests goes to the descriptor $PP_FAIL_COUNT.
 * libc's and libstdc++'s calls come here, too: an executable's malloc stands before theirs. */
#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#define VISIBLE __attribute__((visibility("default")))

void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);
void *__libc_memalign(size_t align, size_t n);
void *__real_pp_pages_map(size_t size);
void *__real_pp_pages_grow(void *pages, size_t old_size, size_t new_size);
void *__wrap_pp_pages_map(size_t size);
void *__wrap_pp_pages_grow(void *pages, size_t old_size, size_t new_size);

static atomic_ulong requests;
static unsigned long fail_at;
static bool is_on, fail_on;

static bool refused(void)
{
    if (!is_on) return false;
    unsigned long i = atomic_fetch_add(&requests, 1) + 1;
    bool no = fail_at && (fail_on ? i >= fail_at : i == fail_at);
    if (no) errno = ENOMEM;
    return no;
}

VISIBLE void *malloc(size_t n) { return refused() ? NULL : __libc_malloc(n); }
VISIBLE void *calloc(size_t n, size_t size) { return refused() ? NULL : __libc_calloc(n, size); }
VISIBLE void *realloc(void *p, size_t n) { return refused() ? NULL : __libc_realloc(p, n); }
VISIBLE void *memalign(size_t align, size_t n) { return refused() ? NULL : __libc_memalign(align, n); }
VISIBLE void *aligned_alloc(size_t align, size_t n) { return refused() ? NULL : __libc_memalign(align, n); }

VISIBLE int posix_memalign(void **ret, size_t align, size_t n)
{
    void *p = refused() ? NULL : __libc_memalign(align, n);
    if (!p) return ENOMEM;
    *ret = p;
    return 0;
}

VISIBLE int pthread_create(pthread_t *ret, const pthread_attr_t *attr, void *(*run)(void *), void *arg)
{
    int (*next)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *) =
        (__typeof__(next))dlsym(RTLD_NEXT, "pthread_create");
    return refused() ? EAGAIN : next(ret, attr, run, arg);
}

void *__wrap_pp_pages_map(size_t size) { return refused() ? NULL : __real_pp_pages_map(size); }

void *__wrap_pp_pages_grow(void *pages, size_t old_size, size_t new_size)
{
    return refused() ? NULL : __real_pp_pages_grow(pages, old_size, new_size);
}

__attribute__((constructor)) static void begin(void)
{
    const char *at = getenv("PP_FAIL_AT");
    fail_at = at ? strtoul(at, NULL, 10) : 0;
    fail_on = getenv("PP_FAIL_ON") != NULL;
    is_on = at != NULL;
}

__attribute__((destructor)) static void end(void)
{
    const char *fd = getenv("PP_FAIL_COUNT");
    is_on = false;
    if (fd) dprintf(atoi(fd), "%lu\n", atomic_load(&requests));
}
