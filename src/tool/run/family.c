// SPDX-License-Identifier: Apache-2.0
/* Which processes of the family still run. Most are no children of ours: nobody tells us their end, /proc does. */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/procstat.h"
#include "tool/run/guest.h"

#define CLIMBS 8
#define ANCESTORS_MAX 1000
#define PID_BITS 22

static bool read_stat(uint32_t pid, struct pp_procstat *ret)
{
    char path[40], text[1024];
    snprintf(path, sizeof path, "/proc/%u/stat", pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return false;
    ssize_t n = read(fd, text, sizeof text);
    close(fd);
    return n > 0 && pp_procstat_parse((pp_str){text, (size_t)n}, ret);
}

/* The family may write what it likes into its entries: a process that does not descend from us (the subreaper) is none of it.
 * An ancestor that ends while we climb hands its children to the next one: begin again. */
static bool descends_from_us(uint32_t pid)
{
    uint32_t us = (uint32_t)getpid();
    struct pp_procstat s;
    for (int tries = 0; tries < CLIMBS && pid != us; tries++) {
        uint32_t at = pid;
        for (int i = 0; i < ANCESTORS_MAX && at != us && at && read_stat(at, &s); i++) at = s.parent;
        if (at == us) return true;
        if (!at) return false;
    }
    return false;
}

/* One process, one entry: thousands for one would each get a module map. */
static bool has_another_entry(struct pp_run_guest *g, uint32_t process, const struct pp_procstat *s, uint64_t key)
{
    if (s->pid == (uint32_t)g->pid && !atomic_load(&g->gone)) return true;
    for (uint32_t i = 1; i < PP_PROCESSES_MAX; i++)
        if (i != process && atomic_load(&g->members[i]) == key) return true;
    return false;
}

/* Asked once for each entry. A pid has 22 bits, the ticks of 1000 years 42. */
static bool is_member(struct pp_run_guest *g, uint32_t process, const struct pp_procstat *s)
{
    uint64_t key = s->start_ticks << PID_BITS | s->pid, known = atomic_load(&g->members[process]);
    if (known) return known == key;
    if (has_another_entry(g, process, s, key) || !descends_from_us(s->pid)) return false;
    return atomic_compare_exchange_strong(&g->members[process], &known, key) || known == key;
}

pid_t pp_run_family_pid(struct pp_run_guest *g, uint32_t process)
{
    return process ? (pid_t)(atomic_load(&g->members[process]) & ((1u << PID_BITS) - 1)) : g->pid;
}

/* A process whose first thread has ended (Z) lives on while it has others. */
bool pp_run_family_lives(struct pp_run_guest *g, uint32_t process, bool *ret_stopped)
{
    const struct pp_ledger_process *p = &g->ledger.processes[process];
    uint32_t pid = process ? atomic_load(&p->pid) : (uint32_t)g->pid;
    struct pp_procstat s;
    if (!pid || atomic_load(&p->state) == PP_GUEST_ENDED || !read_stat(pid, &s)) return false;
    if (process && (s.start_ticks != p->start_ticks || !is_member(g, process, &s))) return false;
    if (ret_stopped) *ret_stopped = s.state == 'T';
    return (s.state != 'Z' && s.state != 'X') || s.n_threads > 1;
}

/* Process 0 is our child: run.c reaps it and notes its end; its heap stays as it was then. */
bool pp_run_family_look(struct pp_run_guest *g)
{
    bool gone[PP_PROCESSES_MAX] = {0}, any_gone = false, any_lives = false;
    pthread_mutex_lock(&g->family_lock);
    for (uint32_t i = 1, n = pp_ledger_n_processes(&g->ledger); i < n; i++) {
        struct pp_ledger_process *p = &g->ledger.processes[i];
        if (!atomic_load(&p->pid) || atomic_load(&p->state) == PP_GUEST_ENDED) continue;
        gone[i] = !pp_run_family_lives(g, i, NULL);
        if (gone[i]) atomic_store(&p->state, PP_GUEST_ENDED);
        any_gone |= gone[i];
        any_lives |= !gone[i];
    }
    if (any_gone) pp_ledger_close_images(&g->ledger, gone);
    pthread_mutex_unlock(&g->family_lock);
    return any_lives;
}
