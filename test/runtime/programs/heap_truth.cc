// SPDX-License-Identifier: Apache-2.0
// Allocates known bytes at known sites through every door of the allocator; half of each site's objects stay alive.
// Prints "SITE name live_objects live_bytes all_objects all_bytes".   heap_truth [scale]
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <malloc.h>
#include <new>

#define NOINLINE __attribute__((noinline, noclone))

static void **kept;
static size_t n_kept;
static void keep(void *p)
{
    kept[n_kept++] = p;
}

#define SITE(name, count, size, make, drop)                                                                            \
    NOINLINE static void name(long scale)                                                                              \
    {                                                                                                                  \
        long n = (count)*scale;                                                                                        \
        for (long i = 0; i < n; i++) {                                                                                 \
            void *p = make;                                                                                            \
            memset(p, 1, 8);                                                                                           \
            if (i & 1) keep(p);                                                                                        \
            else drop;                                                                                                 \
        }                                                                                                              \
        printf("SITE " #name " %ld %ld %ld %ld\n", n / 2, n / 2 * (long)(size), n, n * (long)(size));                  \
    }

static void *aligned(size_t align, size_t n)
{
    void *p = nullptr;
    return posix_memalign(&p, align, n) ? nullptr : p;
}

SITE(site_malloc_16, 20000, 16, malloc(16), free(p))
SITE(site_malloc_1k, 2000, 1024, malloc(1024), free(p))
SITE(site_malloc_300k, 8, 300000, malloc(300000), free(p))
SITE(site_calloc, 4000, 7 * 48, calloc(7, 48), free(p))
SITE(site_memalign, 1000, 640, memalign(64, 640), free(p))
SITE(site_posix_memalign, 1000, 512, aligned(256, 512), free(p))
SITE(site_aligned_alloc, 1000, 4096, aligned_alloc(4096, 4096), free(p))
SITE(site_reallocarray, 1000, 700, reallocarray(nullptr, 7, 100), free(p))
SITE(site_new, 4000, 24, ::operator new(24), ::operator delete(p))
SITE(site_new_array, 2000, 200, ::operator new[](200), ::operator delete[](p))
SITE(site_new_nothrow, 2000, 72, ::operator new(72, std::nothrow), ::operator delete(p, std::nothrow))
SITE(site_new_aligned, 1000, 1280, ::operator new(1280, std::align_val_t(128)), ::operator delete(p, std::align_val_t(128)))

// Grown from 100 to 1600 bytes in five steps: each step is an allocation, and frees the one before.
NOINLINE static void site_realloc(long scale)
{
    long n = 400 * scale;
    for (long i = 0; i < n; i++) {
        void *p = nullptr;
        for (size_t size = 100; size <= 1600; size *= 2) p = realloc(p, size);
        if (i & 1) keep(p);
        else free(p);
    }
    printf("SITE site_realloc %ld %ld %ld %ld\n", n / 2, n / 2 * 1600, n * 5, n * 3100);
}

int main(int argc, char **argv)
{
    long scale = argc > 1 ? atol(argv[1]) : 1;
    setvbuf(stdout, nullptr, _IOFBF, 1 << 16);
    kept = static_cast<void **>(calloc(static_cast<size_t>(scale) * 64000, sizeof *kept));
    site_malloc_16(scale);
    site_malloc_1k(scale);
    site_malloc_300k(scale);
    site_calloc(scale);
    site_memalign(scale);
    site_posix_memalign(scale);
    site_aligned_alloc(scale);
    site_reallocarray(scale);
    site_new(scale);
    site_new_array(scale);
    site_new_nothrow(scale);
    site_new_aligned(scale);
    site_realloc(scale);
    fflush(stdout);
    return 0;
}
