// SPDX-License-Identifier: Apache-2.0
#include "tool/fetch/fetch.h"

#include <pthread.h>
#include <semaphore.h>
#include <string.h>
#include <unistd.h>

#include "profile/merge.h"
#include "tool/fetch/fold.h"
#include "tool/fetch/source.h"
#include "tool/fetch/turns.h"
#include "tool/fetch/url.h"
#include "tool/ui.h"

#define CHUNK 128 /* sources read at once */

/* The sources, or the bases: read, complained about, combined. */
struct group {
    const struct pp_cmdline *cmdline;
    const pp_str *addrs;
    size_t n_addrs;
    struct pp_turns turns;
    struct pp_source *sources;
    struct pp_arena arena; /* of what is combined */
    struct pp_profile *profile;
    size_t n_fetched;
    bool remote;
    pp_mapping_sources mapping_sources; /* of those that were fetched */
    enum pp_code code;                  /* of combining */
    struct pp_err err;
};

static void *read_source(void *ctx)
{
    pp_source_read(ctx);
    return NULL;
}

/* Reads all at once, merges those that come in order meanwhile. */
static struct pp_profile *read_chunk(struct group *g, struct pp_source *sources, size_t n)
{
    pthread_t threads[CHUNK];
    bool started[CHUNK];
    struct pp_fold fold;
    pp_fold_init(&g->arena, &fold, sources);
    pp_turns_first(&g->turns);
    for (size_t i = 0; i < n; i++)
        started[i] = n > 1 && !pthread_create(&threads[i], NULL, read_source, &sources[i]);
    for (size_t i = 0; i < n; i++) {
        if (started[i])
            pthread_join(threads[i], NULL);
        else
            pp_source_read(&sources[i]);
        pp_fold_add(&fold);
        pp_turns_next(&g->turns);
    }
    return pp_fold_end(&fold);
}

static void note_source(struct group *g, const struct pp_source *s)
{
    g->n_fetched++;
    g->remote |= s->remote;
    for (size_t k = 0; k < s->mapping_sources.n; k++)
        *PP_PUSH(&g->arena, &g->mapping_sources) = s->mapping_sources.p[k];
}

/* One profile of what this chunk and those before it gave; `chunk` is NULL when it isn't merged yet. */
static enum pp_code combine_chunk(struct group *g, struct pp_source *sources, size_t n, struct pp_profile *chunk)
{
    struct pp_profile *profiles[CHUNK];
    size_t n_profiles = 0;
    for (size_t i = 0; i < n; i++) {
        if (!sources[i].code) note_source(g, &sources[i]);
        if (sources[i].profile) profiles[n_profiles++] = sources[i].profile;
    }
    if (!chunk && !n_profiles) return PP_OK;
    enum pp_code c = chunk ? PP_OK : pp_profile_combine(&g->arena, profiles, n_profiles, &chunk, &g->err);
    if (c) return c;
    if (g->profile)
        return pp_profile_combine(&g->arena, (struct pp_profile *[]){g->profile, chunk}, 2, &g->profile, &g->err);
    g->profile = chunk;
    return PP_OK;
}

static void *read_group(void *ctx)
{
    struct group *g = ctx;
    for (size_t at = 0; at < g->n_addrs && !g->code; at += CHUNK) {
        size_t n = g->n_addrs - at < CHUNK ? g->n_addrs - at : CHUNK;
        for (size_t i = at; i < at + n; i++)
            pp_source_init(&g->sources[i], g->addrs[i], g->cmdline, &g->turns, i - at, g->arena.oom);
        struct pp_profile *merged = read_chunk(g, g->sources + at, n);
        g->code = combine_chunk(g, g->sources + at, n, merged);
    }
    pp_turns_stop(&g->turns);
    return NULL;
}

static void report_failures(const struct group *g)
{
    for (size_t i = 0; i < g->n_addrs; i++)
        if (g->sources[i].code) pp_ui_warn("%.*s: %s", PP_FMT(g->addrs[i]), g->sources[i].err.text);
}

static enum pp_code check_groups(const struct group *source, const struct group *base, struct pp_err *err)
{
    report_failures(source);
    report_failures(base);
    if (source->code) return pp_fail(err, source->code, "problem fetching source profiles: %s", source->err.text);
    if (base->code) return pp_fail(err, base->code, "problem fetching base profiles: %s,", base->err.text);
    if (!source->n_fetched) return pp_fail(err, PP_E_EMPTY, "failed to fetch any source profiles");
    if (!base->n_fetched && base->n_addrs) return pp_fail(err, PP_E_EMPTY, "failed to fetch any base profiles");
    if (source->n_fetched != source->n_addrs)
        pp_ui_warn("Fetched %zu source profiles out of %zu", source->n_fetched, source->n_addrs);
    if (base->n_fetched != base->n_addrs)
        pp_ui_warn("Fetched %zu base profiles out of %zu", base->n_fetched, base->n_addrs);
    return PP_OK;
}

static void group_init(struct group *g, struct pp_arena *a, const struct pp_cmdline *c, const pp_str *addrs, size_t n,
                       sem_t *cores, size_t n_cores)
{
    *g = (struct group){.cmdline = c, .addrs = addrs, .n_addrs = n};
    pp_turns_init(&g->turns, cores, n_cores, a->oom);
    g->sources = PP_NEW_N(a, struct pp_source, n);
    pp_arena_init(&g->arena, 0, a->oom);
}

enum pp_code pp_fetch(struct pp_arena *a, const struct pp_cmdline *c, struct pp_fetched *ret_fetched,
                      struct pp_err *err)
{
    sem_t cores;
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    unsigned n_cores = online > 0 ? (unsigned)online : 1;
    sem_init(&cores, 0, n_cores);
    struct group *g = PP_NEW_N(a, struct group, 2); /* the sources, the bases */
    group_init(&g[0], a, c, c->sources, c->n_sources, &cores, n_cores);
    group_init(&g[1], a, c, c->bases, c->n_bases, &cores, n_cores);
    pthread_t base_thread;
    bool has_thread = g[1].n_addrs && !pthread_create(&base_thread, NULL, read_group, &g[1]);
    read_group(&g[0]);
    if (has_thread)
        pthread_join(base_thread, NULL);
    else
        read_group(&g[1]);
    sem_destroy(&cores);
    enum pp_code code = check_groups(&g[0], &g[1], err);
    if (code) return code;
    struct pp_fetched all = {g[0].profile, g[0].remote || g[1].remote, g[0].mapping_sources};
    for (size_t i = 0; i < g[1].mapping_sources.n; i++)
        *PP_PUSH(a, &all.mapping_sources) = g[1].mapping_sources.p[i];
    struct pp_base_options how = {.diff_base = c->diff_base, .normalize = c->config.normalize};
    if (g[1].n_addrs && (code = pp_profile_subtract(a, g[0].profile, g[1].profile, &how, &all.profile, err)))
        return code;
    *ret_fetched = all;
    return PP_OK;
}

void pp_fetch_unname_mappings(struct pp_profile *p)
{
    struct pp_arena a;
    pp_arena_init(&a, 0, p->arena->oom);
    for (uint32_t i = 0; i < p->n_mappings; i++) {
        struct pp_url u;
        struct pp_mapping *m = &p->mappings[i];
        if (!m->build_id && pp_url_parse(&a, pp_profile_str(p, m->file), &u) && u.scheme.n) m->file = 0;
    }
    pp_arena_release(&a);
}
