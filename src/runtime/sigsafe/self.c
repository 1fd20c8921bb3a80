// SPDX-License-Identifier: Apache-2.0
#include "runtime/sigsafe/self.h"

#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>

#include "base/hash.h"
#include "base/pages.h"
#include "base/syscall.h"

__thread struct pp_self pp_self __attribute__((tls_model("initial-exec"), visibility("hidden")));

uint64_t pp_self_seed;

uint64_t pp_self_random(struct pp_self *s)
{
    if (!s->random && pp_self_seed) s->random = pp_hash_u64(pp_self_seed * 1000003 + s->serial + 1) | 1;
    if (!s->random) {
        struct timespec t = {0};
        pp_sys(SYS_clock_gettime, CLOCK_MONOTONIC, &t);
        s->random = pp_hash_u64((uint64_t)(uintptr_t)s ^ (uint64_t)t.tv_nsec << 20 ^ (uint64_t)t.tv_sec) | 1;
    }
    uint64_t x = s->random;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    s->random = x;
    return x * 0x2545f4914f6cdd1du;
}

/* 16 pages are looked at by one system call: one byte of each. Reading stops at the first page that is not there. */
#define PAGES_PER_LOOK 16
#define LOOK_MAX ((uintptr_t)1 << 20) /* a gap larger than this between two stack pointers is not the same stack */

static bool pages_readable(uintptr_t from, uintptr_t to)
{
    char bytes[PAGES_PER_LOOK];
    struct iovec remote[PAGES_PER_LOOK];
    int pid = (int)pp_sys(SYS_getpid);
    while (from < to) {
        unsigned n = 0;
        for (; n < PAGES_PER_LOOK && from < to; n++, from += PP_PAGE) remote[n] = (struct iovec){(void *)from, 1};
        struct iovec local = {bytes, n};
        if (pp_sys(SYS_process_vm_readv, pid, &local, 1, remote, n, 0) != (long)n) return false;
    }
    return true;
}

bool pp_self_covers(struct pp_self *s, uintptr_t sp)
{
    if (sp >= s->stack_lo && sp < s->stack_hi) return true;
    if (!s->stack_hi || sp >= s->stack_hi || s->stack_lo - sp > LOOK_MAX) return false;
    uintptr_t lo = sp & ~(PP_PAGE - 1);
    if (!pages_readable(lo, (s->stack_lo + PP_PAGE - 1) & ~(PP_PAGE - 1))) return false;
    s->stack_lo = lo;
    return true;
}
