// SPDX-License-Identifier: Apache-2.0
/* Allocates through jemalloc's own names and through malloc; half stays alive. Prints SITE lines as heap_truth. */
#include <jemalloc/jemalloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOINLINE __attribute__((noinline, noclone))

NOINLINE static void site_mallocx(void)
{
    for (int i = 0; i < 1000; i++) {
        void *p = memset(mallocx(1000, MALLOCX_ALIGN(64)), 1, 8);
        if (i & 1) sdallocx(p, 1000, MALLOCX_ALIGN(64));
    }
    puts("SITE site_mallocx 500 500000 1000 1000000");
}

NOINLINE static void site_rallocx(void)
{
    for (int i = 0; i < 100; i++) {
        void *p = memset(rallocx(memset(mallocx(100, 0), 1, 8), 3000, 0), 1, 8);
        if (i & 1) dallocx(p, 0);
    }
    puts("SITE site_rallocx 50 150000 200 310000");
}

NOINLINE static void site_malloc(void)
{
    for (int i = 0; i < 100; i++) {
        void *p = memset(malloc(500), 1, 8);
        if (i & 1) free(p);
    }
    puts("SITE site_malloc 50 25000 100 50000");
}

int main(void)
{
    site_mallocx();
    site_rallocx();
    site_malloc();
    return 0;
}
