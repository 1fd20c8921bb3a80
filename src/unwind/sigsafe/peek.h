/* unwind/sigsafe/peek.h - reads memory that may not be there, without a SIGSEGV handler.
 *
 * Inside [lo, hi) the bytes are known to be readable at `at`: for a thread that looks at its own stack at == (const
 * uint8_t *)lo, for a copied stack at is the copy. Everywhere else one process_vm_readv brings a window into memory
 * of ours (1.2-1.8 us); following reads within the window are plain. A refused read makes the call return false.
 * Where process_vm_readv is forbidden and mem_fd is a descriptor of /proc/PID/mem, pread on it is used.
 *
 *     struct pp_peek mem;
 *     pp_peek_init_own(&mem, stack_lo, stack_hi, window, sizeof window);   window: NULL is fine (no reads outside then)
 *
 * lo: for the own stack give the interrupted SP (rounded down is fine), hi: the end of the mapping as known from the
 * thread's start. Unknown bounds: lo = hi = 0; then everything comes through windows. Threads: one at a time per
 * peek.
 */
#ifndef PP_UNWIND_SIGSAFE_PEEK_H
#define PP_UNWIND_SIGSAFE_PEEK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/zone.h"

#define PP_PEEK_WINDOW 4096 /* a good size for `window`: reads are not split over its end, min. 64 */

struct pp_peek {
    uintptr_t lo, hi;
    const uint8_t *at; /* where the bytes of lo are */
    uint8_t *win;      /* memory of ours, win_cap bytes; NULL: no reads outside [lo, hi) */
    size_t win_cap, win_n;
    uintptr_t win_lo;   /* the window holds win_n bytes from here */
    int pid;            /* 0: ourselves */
    int mem_fd;         /* -1: none */
    uint32_t n_reads;   /* system calls made */
    uint32_t max_reads; /* beyond: false; 0: 64 */
};

void pp_peek_init_own(struct pp_peek *m, uintptr_t lo, uintptr_t hi, uint8_t *window, size_t window_size) PP_SIGSAFE;
/* copy: bytes of [lo, lo + copy_n) of the process, taken before; may be NULL. */
void pp_peek_init_remote(struct pp_peek *m, int pid, uintptr_t lo, const uint8_t *copy, size_t copy_n, uint8_t *window,
                         size_t window_size) PP_SIGSAFE;

/* Through the window, whatever the range says. n <= 64. */
bool pp_peek_slow(struct pp_peek *m, uintptr_t address, void *ret_bytes, size_t n) PP_SIGSAFE;

/* Copies straight into ret_bytes with one system call, without window; gives the bytes read (short at a hole), 0: none.
 * For stack copies and instruction bytes. */
size_t pp_peek_copy(int pid, int mem_fd, uintptr_t address, void *ret_bytes, size_t n) PP_SIGSAFE;

static inline bool pp_peek_u64(struct pp_peek *m, uintptr_t address, uint64_t *ret_value) PP_SIGSAFE
{
    if (address >= m->lo && address < m->hi && m->hi - address >= 8) {
        __builtin_memcpy(ret_value, m->at + (address - m->lo), 8);
        return true;
    }
    return pp_peek_slow(m, address, ret_value, 8);
}

#endif
