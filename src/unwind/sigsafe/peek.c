// SPDX-License-Identifier: Apache-2.0
#include "unwind/sigsafe/peek.h"

#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "base/syscall.h"

#define READS_MAX 64
#define BEFORE 64 /* a window starts on this boundary: walks go upwards */

void pp_peek_init_own(struct pp_peek *m, uintptr_t lo, uintptr_t hi, uint8_t *window, size_t window_size)
{
    *m = (struct pp_peek){
        .lo = lo, .hi = hi, .at = (const uint8_t *)lo, .win = window, .win_cap = window_size, .mem_fd = -1};
}

void pp_peek_init_remote(struct pp_peek *m, int pid, uintptr_t lo, const uint8_t *copy, size_t copy_n, uint8_t *window,
                         size_t window_size)
{
    *m = (struct pp_peek){.lo = lo,
                          .hi = copy ? lo + copy_n : lo,
                          .at = copy,
                          .win = window,
                          .win_cap = window_size,
                          .pid = pid,
                          .mem_fd = -1};
}

size_t pp_peek_copy(int pid, int mem_fd, uintptr_t address, void *ret_bytes, size_t n)
{
    struct iovec local = {ret_bytes, n}, remote = {(void *)address, n};
    long r = pp_sys(SYS_process_vm_readv, pid ? pid : pp_sys(SYS_getpid), &local, 1, &remote, 1, 0);
    if (pp_sys_failed(r) && r != -14 /* EFAULT */ && mem_fd >= 0)
        r = pp_sys(SYS_pread64, mem_fd, ret_bytes, n, address);
    return pp_sys_failed(r) ? 0 : (size_t)r;
}

static bool in_window(const struct pp_peek *m, uintptr_t address, size_t n)
{
    return address >= m->win_lo && m->win_n >= n && address - m->win_lo <= m->win_n - n;
}

bool pp_peek_slow(struct pp_peek *m, uintptr_t address, void *ret_bytes, size_t n)
{
    if (!m->win || n > BEFORE || m->win_cap < 2 * BEFORE || address > UINTPTR_MAX - m->win_cap) return false;
    if (!in_window(m, address, n)) {
        if (m->n_reads >= (m->max_reads ? m->max_reads : READS_MAX)) return false;
        m->n_reads++;
        m->win_lo = address & ~(uintptr_t)(BEFORE - 1);
        m->win_n = pp_peek_copy(m->pid, m->mem_fd, m->win_lo, m->win, m->win_cap);
        if (!in_window(m, address, n)) return false;
    }
    memcpy(ret_bytes, m->win + (address - m->win_lo), n);
    return true;
}
