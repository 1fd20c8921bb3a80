// SPDX-License-Identifier: Apache-2.0
/* Work for async_test: recursion, qsort and bsearch callbacks, alloca, realigned stacks, libc calls. Compiled
 * several times with different flags; LOAD is the name of the entry. */
#include <alloca.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

unsigned LOAD(unsigned seed);

static volatile unsigned sink;

static int compare(const void *a, const void *b)
{
    unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;
    return (x > y) - (x < y);
}

__attribute__((noinline)) static unsigned sorts(unsigned s)
{
    unsigned v[64];
    for (int i = 0; i < 64; i++)
        v[i] = s = s * 1664525u + 1013904223u;
    qsort(v, 64, sizeof v[0], compare);
    const unsigned *p = bsearch(&v[13], v, 64, sizeof v[0], compare);
    return p ? *p ^ v[3] : 0;
}

__attribute__((noinline)) static unsigned prints(unsigned s)
{
    char b[128];
    snprintf(b, sizeof b, "%u-%s-%x-%d", s, "text", s * 3, (int)s);
    return (unsigned)(strtoul(b, NULL, 10) + strlen(b));
}

__attribute__((noinline)) static unsigned allocates(unsigned s)
{
    unsigned char *p[8];
    unsigned r = 0;
    for (unsigned i = 0; i < 8; i++) {
        p[i] = malloc((s >> i * 2) % 700 + 1);
        if (p[i]) memset(p[i], (int)i, 1);
    }
    for (unsigned i = 0; i < 8; i++) {
        if (p[i]) r += p[i][0];
        free(p[i]);
    }
    return r;
}

__attribute__((noinline)) static unsigned grows_stack(unsigned s)
{
    unsigned n = s % 200 + 8;
    unsigned char *p = alloca(n);
    memset(p, (int)s, n);
    return p[n / 2] + sorts(s);
}

typedef float vector __attribute__((vector_size(32)));

__attribute__((noinline)) static void use_vector(vector *p, unsigned s)
{
    for (int i = 0; i < 8; i++)
        (*p)[i] += (float)(s & (unsigned)i);
    sink += prints(s);
}

/* The stack is realigned and grows: its CFA is found through a saved pointer. */
__attribute__((noinline)) static unsigned realigns(unsigned s, int a, int b, int c, int d, int e, int f, int g)
{
    vector x __attribute__((aligned(64))) = {(float)a, (float)g};
    char *q = alloca(s % 64 + 1);
    q[0] = (char)s;
    use_vector(&x, s);
    return (unsigned)x[s & 7] + (unsigned)q[0] + (unsigned)(b + c + d + e + f + g);
}

static unsigned recurses(int depth, unsigned s);

__attribute__((noinline)) static unsigned keeps_many(int depth, unsigned s, unsigned a, unsigned b, unsigned c,
                                                     unsigned e)
{
    unsigned r = recurses(depth - 1, s + a);
    r += recurses(depth - 2, s ^ b) + c;
    return r * e + a;
}

static unsigned recurses(int depth, unsigned s)
{
    if (depth > 0) return keeps_many(depth, s, s * 3, s >> 2, 7, s | 1) + 1;
    switch (s % 6) {
    case 0: return sorts(s);
    case 1: return prints(s);
    case 2: return allocates(s);
    case 3: return grows_stack(s);
    case 4: return realigns(s, 1, 2, 3, 4, 5, 6, (int)s);
    default: return (unsigned)rand_r(&s);
    }
}

__attribute__((visibility("default"))) unsigned LOAD(unsigned seed) { return recurses(6, seed); }
