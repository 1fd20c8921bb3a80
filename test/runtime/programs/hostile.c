// SPDX-License-Identifier: Apache-2.0
/* A guest that writes nonsense into the ledger it shares with its parent, and ends.   hostile caps|stacks|text|ids|sums|fifo DIR|stranger PID */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ledger/ledger.h"

static char *map_ledger(void)
{
    int parent, fd, pid;
    char path[64];
    struct stat st;
    const char *run = getenv("PPROF_RUN");
    if (!run || sscanf(run, "%d:%d:%d", &parent, &fd, &pid) != 3) exit(2);
    snprintf(path, sizeof path, "/proc/%d/fd/%d", parent, fd);
    fd = open(path, O_RDWR);
    if (fd < 0 || fstat(fd, &st)) exit(2);
    return mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
}

static void spoil_paths(char *m, const char *path)
{
    struct pp_ledger_head *h = (void *)m;
    struct pp_ledger_module *mod = (void *)(m + h->modules.offset);
    strcpy(m + h->text.offset, path);
    for (unsigned i = 0; i < h->n_modules; i++) mod[i].text_path = 0, mod[i].n_path = (uint32_t)strlen(path);
}

static void claim(char *m, unsigned entry, int pid)
{
    struct pp_ledger_head *h = (void *)m;
    struct pp_ledger_process *p = (struct pp_ledger_process *)(m + h->processes.offset) + entry;
    char text[1024] = "", *at;
    unsigned long long start = 0;
    snprintf(text, sizeof text, "/proc/%d/stat", pid);
    FILE *f = fopen(text, "r");
    if (!f || !fgets(text, sizeof text, f) || !(at = strrchr(text, ')'))) exit(2);
    if (sscanf(at + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu", &start) != 1) exit(2);
    p->start_ticks = start;
    p->signal = 34;
    p->pid = (uint32_t)pid;
    p->state = PP_GUEST_ON;
}

/* Entries for a process that is none of the family, and for one that has an entry; stays until the end of stdin. */
static void claim_stranger(char *m, const char *pid)
{
    claim(m, 1, atoi(pid));
    claim(m, 2, getpid());
    ((struct pp_ledger_head *)m)->n_processes = 3;
    puts("claimed");
    fflush(stdout);
    while (getchar() != EOF) {}
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    for (int i = 0; i < 100; i++) {
        void *volatile p = malloc(100);
        (void)p;
    }
    char *m = map_ledger();
    struct pp_ledger_head *h = (void *)m;
    struct pp_bucket *b = (void *)(m + h->buckets.offset);
    struct pp_ledger_module *mod = (void *)(m + h->modules.offset);
    unsigned n_buckets = (unsigned)h->n_buckets, n_modules = h->n_modules;
    if (!strcmp(what, "stacks"))
        for (unsigned i = 0; i < n_buckets; i++) b[i].stack = 0x7fffffff;
    if (!strcmp(what, "text"))
        for (unsigned i = 0; i < n_modules; i++) mod[i].text_path = UINT64_MAX - 1, mod[i].n_path = 100;
    if (!strcmp(what, "ids"))
        for (unsigned i = 0; i < n_modules; i++) mod[i].n_build_id = UINT32_MAX, mod[i].start = 0, mod[i].end = UINT64_MAX;
    if (!strcmp(what, "sums"))
        for (unsigned i = 0; i < n_buckets; i++) b[i].v[0] = b[i].v[1] = UINT64_MAX / 2;
    if (!strcmp(what, "fifo")) {
        char path[256];
        snprintf(path, sizeof path, "%s/fifo", argv[2]);
        mkfifo(path, 0600);
        spoil_paths(m, path);
    }
    if (!strcmp(what, "stranger")) claim_stranger(m, argv[2]);
    if (!strcmp(what, "caps")) {
        struct pp_ledger_section *s = &h->stack_slots;
        memset(m + h->processes.offset, 0xff, (size_t)h->processes.cap * sizeof(struct pp_ledger_process));
        for (unsigned i = 0; i < n_buckets; i++) b[i].process = UINT16_MAX;
        for (unsigned i = 0; i < n_modules; i++) mod[i].first_gen = UINT32_MAX;
        for (struct pp_ledger_section *end = &h->text; s <= end; s++) s->cap = s->offset = UINT64_MAX / 3;
        h->n_buckets = h->n_stack_words = UINT64_MAX;
        h->n_modules = h->n_threads = h->n_processes = h->n_inert = UINT32_MAX;
    }
    puts("OK");
    fflush(stdout);
    _exit(0);
}
