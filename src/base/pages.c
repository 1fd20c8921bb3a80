// SPDX-License-Identifier: Apache-2.0
#include "base/pages.h"

#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "base/syscall.h"

/* ThreadSanitizer must see memory come and go, or it takes a reused page's old accesses for races. */
#if defined(__SANITIZE_THREAD__)
#define KERNEL_MMAP(...) (long)mmap(__VA_ARGS__)
#define KERNEL_MUNMAP(p, n) munmap(p, n)
#define KERNEL_MREMAP(p, old_n, new_n, flags) (long)mremap(p, old_n, new_n, flags)
#else
#define KERNEL_MMAP(...) pp_sys(SYS_mmap, __VA_ARGS__)
#define KERNEL_MUNMAP(p, n) pp_sys(SYS_munmap, p, n)
#define KERNEL_MREMAP(p, old_n, new_n, flags) pp_sys(SYS_mremap, p, old_n, new_n, flags, 0)
#endif

static size_t round_up(size_t size)
{
    return (size + PP_PAGE - 1) & ~(PP_PAGE - 1);
}

void *pp_pages_map(size_t size)
{
    if (size == 0 || size > (size_t)1 << 46) return NULL;
    long r = KERNEL_MMAP(NULL, round_up(size), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return pp_sys_failed(r) ? NULL : (void *)r;
}

void pp_pages_unmap(void *pages, size_t size)
{
    if (pages) KERNEL_MUNMAP(pages, round_up(size));
}

void *pp_pages_grow(void *pages, size_t old_size, size_t new_size)
{
    if (!pages) return pp_pages_map(new_size);
    if (new_size > (size_t)1 << 46) return NULL;
    long r = KERNEL_MREMAP(pages, round_up(old_size), round_up(new_size), MREMAP_MAYMOVE);
    return pp_sys_failed(r) ? NULL : (void *)r;
}

void pp_pages_discard(const void *p, size_t size)
{
    uintptr_t from = ((uintptr_t)p + PP_PAGE - 1) & ~(uintptr_t)(PP_PAGE - 1);
    uintptr_t to = ((uintptr_t)p + size) & ~(uintptr_t)(PP_PAGE - 1);
    if (from < to) pp_sys(SYS_madvise, from, to - from, MADV_DONTNEED);
}

bool pp_pages_move(void *to, void *from, size_t size)
{
    int flags = MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP;
    return !pp_sys_failed(pp_sys(SYS_mremap, from, size, size, flags, to));
}

void pp_pages_prefer_huge(void *pages, size_t size)
{
    pp_sys(SYS_madvise, pages, round_up(size), MADV_HUGEPAGE);
}
