// SPDX-License-Identifier: Apache-2.0
#include "export/text.h"

#include "base/fmt.h"
#include "base/utf8.h"
#include "base/vec.h"
#include "export/samples.h"

#define UNKNOWN_FILE "??" /* what Go's own parsers accept in place of a name */
#define TAB 8

static enum pp_code no_memory(struct pp_err *err) { return pp_fail(err, PP_E_NOMEM, "out of memory for the profile"); }

/* A frame line of debug=1: "#", pc, name, place; a frame without a name ends behind its pc. */
struct line {
    uint64_t pc;
    pp_str name; /* "malloc_user+0x1f"; empty: unknown */
    pp_str file;
    int64_t line;
    uint32_t pc_width, name_width;
};

struct lines {
    PP_VEC(struct line) v;
};

static uint32_t hex_width(uint64_t v)
{
    uint32_t n = 3;
    while (v >>= 4)
        n++;
    return n;
}

static bool add_line(struct lines *lines, struct pp_arena *a, const struct pp_export_location *loc,
                     const struct pp_frame_name *f)
{
    struct line *line = PP_TRY_PUSH(a, &lines->v);
    if (!line) return false;
    *line = (struct line){.pc = loc->address, .pc_width = hex_width(loc->address)};
    if (!f || !f->name.n) return true;
    line->name = f->name;
    if (loc->entry && loc->entry <= loc->address)
        line->name = pp_arena_fmt(a, "%.*s+0x%llx", PP_FMT(f->name), (unsigned long long)(loc->address - loc->entry));
    line->name_width = (uint32_t)pp_utf8_count(line->name);
    line->file = f->file.n ? f->file : PP_STR(UNKNOWN_FILE);
    line->line = f->line;
    return line->name.n;
}

/* Tabs up to the next column, whose start is `width` rounded up to a tab stop: Go's tabwriter with padding by tabs. */
static void pad(struct pp_out *o, uint32_t text_width, uint32_t width)
{
    uint32_t cell = (width + TAB - 1) / TAB * TAB;
    pp_out_repeat(o, '\t', (cell - text_width + TAB - 1) / TAB);
}

/* Columns are as wide as their widest cell in adjacent lines that have them, and 1. */
static void write_block(struct pp_out *o, const struct line *lines, size_t n)
{
    uint32_t pc_width = 0, name_width = 0;
    for (size_t i = 0; i < n; i++) {
        if (lines[i].pc_width > pc_width) pc_width = lines[i].pc_width;
        if (lines[i].name_width > name_width) name_width = lines[i].name_width;
    }
    for (size_t i = 0; i < n; i++) {
        pp_out_fmt(o, "#\t0x%llx", (unsigned long long)lines[i].pc);
        pad(o, lines[i].pc_width, pc_width + 1);
        pp_out_str(o, lines[i].name);
        pad(o, lines[i].name_width, name_width + 1);
        pp_out_fmt(o, "%.*s:%lld\n", PP_FMT(lines[i].file), (long long)lines[i].line);
    }
}

static bool write_frames(struct pp_export_samples *s, const struct pp_export_sample *sample, struct lines *lines,
                         struct pp_out *o)
{
    lines->v.n = 0;
    for (uint32_t i = 0; i < sample->n; i++) {
        const struct pp_export_location *loc = &s->locs.v.p[s->ids.p[sample->first + i]];
        if (!loc->n_frames && !add_line(lines, s->locs.arena, loc, NULL)) return false;
        for (uint32_t k = 0; k < loc->n_frames; k++)
            if (!add_line(lines, s->locs.arena, loc, &loc->frames[k])) return false;
    }
    for (size_t i = 0, end; i < lines->v.n; i = end) {
        for (end = i; end < lines->v.n && lines->v.p[end].name.n; end++) {
        }
        write_block(o, lines->v.p + i, end - i);
        if (end < lines->v.n) pp_out_fmt(o, "#\t0x%llx\n", (unsigned long long)lines->v.p[end++].pc);
    }
    pp_out_char(o, '\n');
    return true;
}

static void write_pcs(struct pp_out *o, const struct pp_export_sample *s)
{
    pp_out_c(o, s->n_pcs ? " @" : " @ 0x1"); /* google/pprof wants one: the marker's address 0 as a return address */
    for (uint32_t i = 0; i < s->n_pcs; i++)
        pp_out_fmt(o, " 0x%llx", (unsigned long long)s->pcs[i]);
    pp_out_char(o, '\n');
}

static void write_heap_counts(struct pp_out *o, const int64_t v[PP_EXPORT_VALUES_MAX])
{
    pp_out_fmt(o, "%lld: %lld [%lld: %lld]", (long long)v[2], (long long)v[3], (long long)v[0], (long long)v[1]);
}

static void write_figure(struct pp_out *o, const char *name, int64_t v)
{
    pp_out_fmt(o, "# %s = %lld\n", name, (long long)v);
}

/* Of Go's MemStats what means something here; sums over all samples, scaled: estimates of what the program holds and did. */
static void write_memstats(struct pp_out *o, const int64_t total[PP_EXPORT_VALUES_MAX], const struct pp_memstats *ms)
{
    pp_out_c(o, "\n# runtime.MemStats\n");
    write_figure(o, "Alloc", total[3]);
    write_figure(o, "TotalAlloc", total[1]);
    if (ms && ms->sys_bytes) write_figure(o, "Sys", (int64_t)ms->sys_bytes);
    write_figure(o, "Mallocs", total[0]);
    write_figure(o, "Frees", total[0] - total[2]);
    write_figure(o, "HeapAlloc", total[3]);
    write_figure(o, "HeapObjects", total[2]);
    if (ms && ms->max_rss_bytes) write_figure(o, "MaxRSS", (int64_t)ms->max_rss_bytes);
}

static void add_scaled(int64_t total[PP_EXPORT_VALUES_MAX], const int64_t v[PP_EXPORT_VALUES_MAX], uint64_t rate)
{
    int64_t count, bytes;
    for (int k = 0; k < PP_EXPORT_VALUES_MAX; k += 2) {
        pp_export_scale_heap(v[k], v[k + 1], rate, &count, &bytes);
        total[k] += count;
        total[k + 1] += bytes;
    }
}

enum pp_code pp_export_heap_text(struct pp_arena *a, const struct pp_export_request *rq, const struct pp_memstats *ms,
                                 struct pp_out *o, struct pp_err *err)
{
    struct pp_export_samples s;
    struct lines lines = {0};
    uint64_t rate = atomic_load(&rq->ledger.head->heap_rate);
    int64_t raw[PP_EXPORT_VALUES_MAX] = {0}, scaled[PP_EXPORT_VALUES_MAX] = {0};
    enum pp_code c = pp_export_samples_gather(a, rq, false, &s, err);
    if (c || (c = pp_export_samples_sort_heap(&s, err))) return c;
    for (size_t i = 0; i < s.v.n; i++) {
        add_scaled(raw, s.v.p[i].v, 0);
        add_scaled(scaled, s.v.p[i].v, rate);
    }
    /* Equal totals would make google/pprof read two columns instead of four; Go counts one up, too. */
    if (raw[1] == raw[3]) raw[1]++;
    pp_out_c(o, "heap profile: ");
    write_heap_counts(o, raw);
    pp_out_fmt(o, " @ heap/%llu\n", 2ull * rate);
    for (size_t i = 0; i < s.v.n && !o->failed; i++) {
        write_heap_counts(o, s.v.p[i].v);
        write_pcs(o, &s.v.p[i]);
        if (!write_frames(&s, &s.v.p[i], &lines, o)) return no_memory(err);
    }
    write_memstats(o, scaled, ms);
    return PP_OK;
}

enum pp_code pp_export_waits_text(struct pp_arena *a, const struct pp_export_request *rq, struct pp_out *o, struct pp_err *err)
{
    struct pp_export_samples s;
    struct lines lines = {0};
    enum pp_code c = pp_export_samples_gather(a, rq, false, &s, err);
    if (c || (c = pp_export_samples_sort_waits(&s, err))) return c;
    pp_out_fmt(o, "--- %s:\ncycles/second=1000000000\n", rq->kind == PP_EXPORT_MUTEX ? "mutex" : "contention");
    if (rq->kind == PP_EXPORT_MUTEX) pp_out_c(o, "sampling period=1\n");
    for (size_t i = 0; i < s.v.n && !o->failed; i++) {
        pp_out_fmt(o, "%lld %lld", (long long)s.v.p[i].v[1], (long long)s.v.p[i].v[0]);
        write_pcs(o, &s.v.p[i]);
        if (!write_frames(&s, &s.v.p[i], &lines, o)) return no_memory(err);
    }
    return PP_OK;
}

enum pp_code pp_export_threads_text(struct pp_arena *a, const struct pp_export_request *rq, struct pp_out *o,
                                    struct pp_err *err)
{
    struct pp_export_samples s;
    struct lines lines = {0};
    enum pp_code c = pp_export_samples_gather(a, rq, false, &s, err);
    if (c || (c = pp_export_samples_sort_threads(&s, err))) return c;
    pp_out_fmt(o, "goroutine profile: total %u\n", rq->threads->n);
    for (size_t i = 0; i < s.v.n && !o->failed; i++) {
        pp_out_fmt(o, "%lld", (long long)s.v.p[i].v[0]);
        write_pcs(o, &s.v.p[i]);
        if (!write_frames(&s, &s.v.p[i], &lines, o)) return no_memory(err);
    }
    return PP_OK;
}

/* debug=2. Go shows the innermost and the outermost 50 frames of a deep stack. */
#define DUMP_SHOWN 50

struct dump {
    struct pp_export_locations locs;
    const struct pp_thread_dump *threads;
    struct pp_out *o;
};

/* "\t/src/server.c:120 +0x4f"; inlined calls have no offset. */
static void write_place(struct pp_out *o, const struct pp_export_location *loc, const struct pp_frame_name *f,
                        bool offset)
{
    pp_out_fmt(o, "\t%.*s:%lld", PP_FMT(f && f->file.n ? f->file : PP_STR(UNKNOWN_FILE)), (long long)(f ? f->line : 0));
    if (offset && loc->entry && loc->entry <= loc->address)
        pp_out_fmt(o, " +0x%llx", (unsigned long long)(loc->address + 1 - loc->entry));
    pp_out_char(o, '\n');
}

/* Of a place without a name: "libfoo.so+0x1234", else its address. */
static void write_nameless(struct dump *d, const struct pp_export_location *loc)
{
    const struct pp_ledger_module *m = loc->module ? &d->locs.ledger.modules[loc->module - 1] : NULL;
    if (m)
        pp_out_fmt(d->o, "%.*s+0x%llx", PP_FMT(pp_str_base(pp_ledger_module_path(&d->locs.ledger, m))),
                   (unsigned long long)(loc->address - m->start + m->offset));
    else
        pp_out_fmt(d->o, "0x%llx", (unsigned long long)loc->address);
}

static void write_name(struct dump *d, const struct pp_export_location *loc, const struct pp_frame_name *f)
{
    if (f && f->name.n)
        pp_out_str(d->o, f->name);
    else
        write_nameless(d, loc);
}

struct frame_window {
    uint64_t at, total; /* frames so far, in all */
};

static void write_dump_frame(struct dump *d, struct frame_window *w, const struct pp_export_location *loc,
                             const struct pp_frame_name *f, bool outermost)
{
    uint64_t at = w->at++;
    bool elide = w->total > 2 * DUMP_SHOWN;
    if (elide && at == DUMP_SHOWN)
        pp_out_fmt(d->o, "...%llu frames elided...\n", (unsigned long long)(w->total - 2 * DUMP_SHOWN));
    if (elide && at >= DUMP_SHOWN && at < w->total - DUMP_SHOWN) return;
    write_name(d, loc, f);
    pp_out_c(d->o, "(...)\n");
    write_place(d->o, loc, f, outermost);
}

static bool write_dump_frames(struct dump *d, const struct pp_thread_info *t)
{
    struct frame_window w = {0};
    for (int pass = 0; pass < 2; pass++) {
        for (uint32_t i = 0; i < t->n_pcs; i++) {
            uint32_t index = pp_export_locations_find(&d->locs, t->pcs[i], t->generation);
            if (index == PP_EXPORT_LOCATION_NONE) return false;
            const struct pp_export_location *loc = &d->locs.v.p[index];
            if (pass == 0)
                w.total += loc->n_frames ? loc->n_frames : 1;
            else if (!loc->n_frames)
                write_dump_frame(d, &w, loc, NULL, true);
            for (uint32_t k = 0; pass && k < loc->n_frames; k++)
                write_dump_frame(d, &w, loc, &loc->frames[k], k + 1 == loc->n_frames);
        }
    }
    if (t->n_pcs == 0)
        pp_out_c(d->o, "\tgoroutine running on other thread; stack unavailable\n");
    else if (t->cut)
        pp_out_c(d->o, "...additional frames elided...\n");
    return true;
}

static bool write_creator(struct dump *d, const struct pp_thread_info *t)
{
    struct pp_stack_view stack = pp_ledger_stack(&d->locs.ledger, t->creator_stack);
    if (!stack.n) return true;
    uint32_t index = pp_export_locations_find(&d->locs, stack.pcs[0], stack.generation);
    if (index == PP_EXPORT_LOCATION_NONE) return false;
    const struct pp_export_location *loc = &d->locs.v.p[index];
    const struct pp_frame_name *f = loc->n_frames ? &loc->frames[0] : NULL;
    pp_out_c(d->o, "created by ");
    write_name(d, loc, f);
    if (t->creator_serial) pp_out_fmt(d->o, " in goroutine %u", t->creator_serial);
    pp_out_char(d->o, '\n');
    write_place(d->o, loc, f, true);
    return true;
}

static bool write_thread(struct dump *d, const struct pp_thread_info *t)
{
    uint64_t minutes = t->waiting_ns / 60000000000u;
    pp_out_fmt(d->o, "goroutine %u [%s", t->serial, t->state);
    if (minutes) pp_out_fmt(d->o, ", %llu minutes", (unsigned long long)minutes);
    pp_out_c(d->o, "]:\n");
    return write_dump_frames(d, t) && write_creator(d, t);
}

enum pp_code pp_export_threads_dump(struct pp_arena *a, const struct pp_export_request *rq, struct pp_out *o,
                                    struct pp_err *err)
{
    struct dump d = {.threads = rq->threads, .o = o};
    if (!pp_export_locations_init(&d.locs, a, &rq->ledger, rq->symbols)) return no_memory(err);
    for (uint32_t i = 0; i < rq->threads->n && !o->failed; i++) {
        if (i) pp_out_char(o, '\n');
        if (!write_thread(&d, &rq->threads->threads[i])) return no_memory(err);
    }
    return PP_OK;
}
