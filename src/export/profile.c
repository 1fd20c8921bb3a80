// SPDX-License-Identifier: Apache-2.0
#include "export/profile.h"

#include <string.h>

#include "base/vec.h"
#include "export/samples.h"
#include "wire/gzip.h"
#include "wire/profile_enc.h"

struct function {
    uint32_t name, system_name, file;
    int64_t start_line;
};

struct writer {
    const struct pp_export_request *rq;
    struct pp_export_samples *s;
    struct pp_arena *arena;
    struct pp_out out;
    PP_VEC(pp_str) strings;
    PP_VEC(struct function) functions;
    struct pp_hash strings_seen, functions_seen;
    uint32_t *mapping_ids; /* by module index; 0: no mapping */
    uint8_t *written;      /* by location index */
    uint32_t *pid_ids;     /* strings by process; 0: not made yet */
    uint32_t n_pids;
    uint64_t ids[PP_STACK_DEPTH_MAX + 1];
    bool failed; /* memory refused */
};

static uint32_t string_id(struct writer *w, pp_str s)
{
    uint64_t h = pp_hash_str(s);
    uint32_t i;
    for (struct pp_probe pr = pp_hash_probe(&w->strings_seen, h); pp_hash_next(&pr, &i);)
        if (pp_str_eq(w->strings.p[i], s)) return i;
    pp_str *new = PP_TRY_PUSH(w->arena, &w->strings);
    if (new) *new = s;
    i = (uint32_t)(w->strings.n - 1);
    if (new &&pp_hash_add(w->arena, &w->strings_seen, h, i)) return i;
    w->failed = true;
    return 0;
}

/* Ids count from 1; *ret_new: the caller still has to write it. */
static uint32_t function_id(struct writer *w, const struct pp_frame_name *f, bool *ret_new)
{
    struct function fn = {string_id(w, f->name), 0, string_id(w, f->file), f->start_line};
    fn.system_name = f->system_name.n ? string_id(w, f->system_name) : fn.name;
    uint64_t h = pp_hash_u64((uint64_t)fn.name << 32 | fn.file) +
                 pp_hash_u64((uint64_t)fn.system_name << 32 | (uint32_t)fn.start_line);
    uint32_t i;
    *ret_new = false;
    for (struct pp_probe pr = pp_hash_probe(&w->functions_seen, h); pp_hash_next(&pr, &i);) {
        const struct function *o = &w->functions.p[i];
        if (o->name == fn.name && o->system_name == fn.system_name && o->file == fn.file &&
            o->start_line == fn.start_line)
            return i + 1;
    }
    struct function *new = PP_TRY_PUSH(w->arena, &w->functions);
    if (new) *new = fn;
    i = (uint32_t)(w->functions.n - 1);
    *ret_new = new &&pp_hash_add(w->arena, &w->functions_seen, h, i);
    if (!*ret_new) w->failed = true;
    return i + 1;
}

/* A location, then the functions that it is the first to name: Go's order. */
static void write_location(struct writer *w, uint32_t index)
{
    const struct pp_export_location *loc = &w->s->locs.v.p[index];
    struct pp_enc_line lines[PP_EXPORT_INLINE_MAX];
    uint32_t new_functions[PP_EXPORT_INLINE_MAX];
    size_t n_new = 0;
    for (uint32_t i = 0; i < loc->n_frames; i++) {
        bool is_new;
        uint32_t id = function_id(w, &loc->frames[i], &is_new);
        lines[i] = (struct pp_enc_line){id, loc->frames[i].line, loc->frames[i].column};
        if (is_new) new_functions[n_new++] = id;
    }
    pp_enc_location(&w->out, &(struct pp_enc_location){.id = index + 1,
                                                       .mapping_id = loc->module ? w->mapping_ids[loc->module - 1] : 0,
                                                       .address = loc->address,
                                                       .lines = lines,
                                                       .n_lines = loc->n_frames});
    for (size_t i = 0; i < n_new; i++) {
        const struct function *f = &w->functions.p[new_functions[i] - 1];
        pp_enc_function(&w->out,
                        &(struct pp_enc_function){new_functions[i], f->name, f->system_name, f->file, f->start_line});
    }
    w->written[index] = 1;
}

static bool is_heap(enum pp_export_kind kind) { return kind == PP_EXPORT_HEAP || kind == PP_EXPORT_ALLOCS; }

static size_t n_values(enum pp_export_kind kind)
{
    return kind == PP_EXPORT_THREADS ? 1 : is_heap(kind) ? 4 : 2;
}

static uint32_t pid_id(struct writer *w, uint32_t process)
{
    if (process >= w->n_pids) return 0;
    uint32_t *id = &w->pid_ids[process];
    if (!*id) *id = string_id(w, pp_arena_fmt(w->arena, "%u", atomic_load(&w->rq->ledger.processes[process].pid)));
    return *id;
}

static void write_samples(struct writer *w)
{
    enum pp_export_kind kind = w->rq->kind;
    bool heap = is_heap(kind), block = kind == PP_EXPORT_BLOCK;
    bool family = w->n_pids > 1;
    struct pp_enc_label labels[2] = {0}, *own = &labels[family];
    if (family) labels[0].key = string_id(w, PP_STR("pid"));
    if (heap) own->key = string_id(w, PP_STR("bytes"));
    if (block) own->key = string_id(w, PP_STR("kind"));
    for (size_t i = 0; i < w->s->v.n && !w->failed && !w->out.failed; i++) {
        const struct pp_export_sample *s = &w->s->v.p[i];
        const uint32_t *ids = w->s->ids.p + s->first;
        for (uint32_t k = 0; k < s->n; k++) {
            if (!w->written[ids[k]]) write_location(w, ids[k]);
            w->ids[k] = ids[k] + 1;
        }
        if (family) labels[0].str = pid_id(w, s->process);
        if (heap) own->num = (int64_t)s->aux;
        if (block) own->str = string_id(w, pp_str_c(s->aux < PP_WAIT_COUNT ? pp_wait_names[s->aux] : ""));
        pp_enc_sample(&w->out, &(struct pp_enc_sample){.location_ids = w->ids,
                                                       .n_location_ids = s->n,
                                                       .values = s->v,
                                                       .n_values = n_values(kind),
                                                       .labels = labels,
                                                       .n_labels = (size_t)family + ((heap || block) && s->aux)});
    }
}

static void value_type(struct writer *w, enum pp_pb_field field, pp_str type, pp_str unit)
{
    uint32_t t = string_id(w, type);
    pp_enc_value_type(&w->out, field, t, string_id(w, unit));
}

static void write_cpu_head(struct writer *w)
{
    const struct pp_export_request *rq = w->rq;
    int64_t hz = rq->cpu_hz > 0 ? rq->cpu_hz : 100;
    pp_enc_int(&w->out, PP_PB_PROFILE_TIME_NANOS, rq->time_ns);
    value_type(w, PP_PB_PROFILE_SAMPLE_TYPE, PP_STR("samples"), PP_STR("count"));
    value_type(w, PP_PB_PROFILE_SAMPLE_TYPE, PP_STR("cpu"), PP_STR("nanoseconds"));
    pp_enc_int(&w->out, PP_PB_PROFILE_DURATION_NANOS, rq->duration_ns);
    value_type(w, PP_PB_PROFILE_PERIOD_TYPE, PP_STR("cpu"), PP_STR("nanoseconds"));
    pp_enc_int(&w->out, PP_PB_PROFILE_PERIOD, 1000000000 / hz);
}

static void write_heap_head(struct writer *w)
{
    value_type(w, PP_PB_PROFILE_PERIOD_TYPE, PP_STR("space"), PP_STR("bytes"));
    pp_enc_int(&w->out, PP_PB_PROFILE_PERIOD, (int64_t)atomic_load(&w->rq->ledger.head->heap_rate));
    value_type(w, PP_PB_PROFILE_SAMPLE_TYPE, PP_STR("alloc_objects"), PP_STR("count"));
    value_type(w, PP_PB_PROFILE_SAMPLE_TYPE, PP_STR("alloc_space"), PP_STR("bytes"));
    value_type(w, PP_PB_PROFILE_SAMPLE_TYPE, PP_STR("inuse_objects"), PP_STR("count"));
    value_type(w, PP_PB_PROFILE_SAMPLE_TYPE, PP_STR("inuse_space"), PP_STR("bytes"));
    if (w->rq->kind == PP_EXPORT_ALLOCS)
        pp_enc_int(&w->out, PP_PB_PROFILE_DEFAULT_SAMPLE_TYPE, string_id(w, PP_STR("alloc_space")));
}

static void write_waits_head(struct writer *w)
{
    value_type(w, PP_PB_PROFILE_PERIOD_TYPE, PP_STR("contentions"), PP_STR("count"));
    pp_enc_int(&w->out, PP_PB_PROFILE_PERIOD, 1);
    value_type(w, PP_PB_PROFILE_SAMPLE_TYPE, PP_STR("contentions"), PP_STR("count"));
    value_type(w, PP_PB_PROFILE_SAMPLE_TYPE, PP_STR("delay"), PP_STR("nanoseconds"));
}

static void write_threads_head(struct writer *w)
{
    value_type(w, PP_PB_PROFILE_PERIOD_TYPE, PP_STR("goroutine"), PP_STR("count"));
    pp_enc_int(&w->out, PP_PB_PROFILE_PERIOD, 1);
    value_type(w, PP_PB_PROFILE_SAMPLE_TYPE, PP_STR("goroutine"), PP_STR("count"));
}

/* Which losses say something about a kind. */
static bool concerns(enum pp_export_kind kind, int reason)
{
    if (reason == PP_DROP_FOREIGN_TID || reason == PP_DROP_NO_TIMER || reason == PP_DROP_ENDED_UNSEEN) return kind == PP_EXPORT_CPU;
    if (reason == PP_DROP_LIVE_FULL || reason == PP_DROP_FREE_UNSEEN) return is_heap(kind);
    if (reason == PP_DROP_LOCKS_FULL) return kind == PP_EXPORT_MUTEX;
    return true;
}

static void add_comment(struct writer *w, int64_t *ids, size_t *n, pp_str text)
{
    if (text.n) ids[(*n)++] = string_id(w, text);
}

/* "off", and what never comes by our wrappers. */
static void add_kind_comments(struct writer *w, int64_t *ids, size_t *n)
{
    const struct pp_ledger_head *h = w->rq->ledger.head;
    enum pp_export_kind kind = w->rq->kind;
    bool waits = kind == PP_EXPORT_BLOCK || kind == PP_EXPORT_MUTEX;
    if (is_heap(kind) && !atomic_load(&h->heap_rate)) add_comment(w, ids, n, PP_STR("heap profiling is off"));
    if (kind == PP_EXPORT_BLOCK && !atomic_load(&h->block_rate)) add_comment(w, ids, n, PP_STR("block profiling is off now"));
    if (kind == PP_EXPORT_MUTEX && !atomic_load(&h->mutex_fraction)) add_comment(w, ids, n, PP_STR("mutex profiling is off now"));
    if (waits) add_comment(w, ids, n, PP_STR("not seen: waits inside libc (stdio, malloc, getaddrinfo), spin locks, futexes by inline system calls"));
    if (kind == PP_EXPORT_MUTEX) add_comment(w, ids, n, PP_STR("not seen: holders in other processes than the one that waits"));
}

static void write_comments(struct writer *w)
{
    const struct pp_export_request *rq = w->rq;
    int64_t ids[PP_DROP_COUNT + 5];
    size_t n = 0;
    add_comment(w, ids, &n, PP_STR("libpprof " PP_VERSION));
    add_comment(w, ids, &n, rq->note);
    add_kind_comments(w, ids, &n);
    for (int i = 0; i < PP_DROP_COUNT && rq->kind != PP_EXPORT_THREADS; i++) {
        unsigned long long lost = atomic_load(&rq->ledger.head->drops[i]) - (rq->since ? rq->since->drops[i] : 0);
        if (!lost || !concerns(rq->kind, i)) continue;
        add_comment(w, ids, &n, i == PP_DROP_STACK_CUT ? pp_arena_fmt(w->arena, "stacks cut: %llu", lost)
                                                       : pp_arena_fmt(w->arena, "samples lost: %llu (%s)", lost, pp_drop_names[i]));
    }
    pp_enc_ints(&w->out, PP_PB_PROFILE_COMMENT, ids, n);
}

/* One mapping per distinct module that is there now or was hit. Ids are needed before the locations, the flags come after. */
static bool number_mappings(struct writer *w)
{
    const struct pp_export_locations *ls = &w->s->locs;
    uint32_t n = 0;
    w->mapping_ids = PP_NEW_N(w->arena, uint32_t, ls->n_modules);
    w->written = PP_NEW_N(w->arena, uint8_t, ls->v.n);
    w->n_pids = pp_ledger_n_processes(&ls->ledger);
    w->pid_ids = PP_NEW_N(w->arena, uint32_t, w->n_pids);
    if (!w->mapping_ids || !w->written || !w->pid_ids) return false;
    for (size_t i = 0; i < ls->v.n; i++)
        if (ls->v.p[i].module) w->mapping_ids[ls->v.p[i].module - 1] = 1;
    for (uint32_t i = 0; i < ls->n_modules; i++)
        if (ls->ledger.modules[i].last_gen == UINT32_MAX) w->mapping_ids[ls->same_module[i]] = 1;
    for (uint32_t i = 0; i < ls->n_modules; i++)
        if (w->mapping_ids[i]) w->mapping_ids[i] = ++n;
    return true;
}

/* What all locations of a module have; google/pprof's meaning of the flags. */
struct flags {
    bool hit, functions, filenames, lines, inlines;
};

static void look_at_location(struct flags *f, const struct pp_export_location *loc)
{
    if (!f->hit) *f = (struct flags){.hit = true, .functions = true, .filenames = true, .lines = true};
    if (!loc->n_frames) f->functions = f->filenames = f->lines = false;
    for (uint32_t i = 0; i < loc->n_frames; i++) {
        f->functions &= loc->frames[i].name.n != 0;
        f->filenames &= loc->frames[i].file.n != 0;
        f->lines &= loc->frames[i].line != 0;
    }
    f->inlines |= loc->n_frames > 1;
}

static pp_str hex(struct pp_arena *a, const uint8_t *bytes, size_t n)
{
    static const char digits[] = "0123456789abcdef";
    char *to = pp_alloc(a, 2 * n, 1);
    if (!to) return PP_STR("");
    for (size_t i = 0; i < n; i++) {
        to[2 * i] = digits[bytes[i] >> 4];
        to[2 * i + 1] = digits[bytes[i] & 15];
    }
    return (pp_str){to, 2 * n};
}

static void write_mappings(struct writer *w)
{
    const struct pp_export_locations *ls = &w->s->locs;
    struct flags *flags = PP_NEW_N(w->arena, struct flags, ls->n_modules);
    if (!flags) {
        w->failed = true;
        return;
    }
    for (size_t i = 0; i < ls->v.n; i++)
        if (ls->v.p[i].module) look_at_location(&flags[ls->v.p[i].module - 1], &ls->v.p[i]);
    for (uint32_t i = 0; i < ls->n_modules; i++) {
        const struct pp_ledger_module *m = &ls->ledger.modules[i];
        size_t n_id = m->n_build_id < sizeof m->build_id ? m->n_build_id : sizeof m->build_id;
        if (!w->mapping_ids[i]) continue;
        uint32_t file = string_id(w, pp_ledger_module_path(&ls->ledger, m));
        pp_enc_mapping(&w->out, &(struct pp_enc_mapping){.id = w->mapping_ids[i],
                                                         .start = m->start,
                                                         .limit = m->end,
                                                         .offset = m->offset,
                                                         .file = file,
                                                         .build_id = string_id(w, hex(w->arena, m->build_id, n_id)),
                                                         .has_functions = flags[i].functions,
                                                         .has_filenames = flags[i].filenames,
                                                         .has_line_numbers = flags[i].lines,
                                                         .has_inline_frames = flags[i].inlines});
    }
}

static void write_all(struct writer *w)
{
    string_id(w, PP_STR(""));
    switch (w->rq->kind) {
    case PP_EXPORT_CPU: write_cpu_head(w); break;
    case PP_EXPORT_HEAP:
    case PP_EXPORT_ALLOCS: write_heap_head(w); break;
    case PP_EXPORT_THREADS: write_threads_head(w); break;
    case PP_EXPORT_BLOCK:
    case PP_EXPORT_MUTEX: write_waits_head(w); break;
    }
    write_samples(w);
    if (w->rq->kind != PP_EXPORT_CPU) {
        pp_enc_int(&w->out, PP_PB_PROFILE_TIME_NANOS, w->rq->time_ns);
        pp_enc_int(&w->out, PP_PB_PROFILE_DURATION_NANOS, w->rq->duration_ns);
    }
    write_mappings(w);
    write_comments(w);
    for (size_t i = 0; i < w->strings.n; i++)
        pp_enc_string(&w->out, w->strings.p[i]);
}

enum pp_code pp_export_proto(struct pp_arena *a, const struct pp_export_request *rq, pp_str *ret_bytes,
                             struct pp_err *err)
{
    struct pp_export_samples *s = PP_NEW(a, struct pp_export_samples);
    struct writer *w = PP_NEW(a, struct writer);
    if (!s || !w) return pp_fail(err, PP_E_NOMEM, "out of memory for the profile");
    enum pp_code c = pp_export_samples_gather(a, rq, true, s, err);
    if (c) return c;
    if (rq->kind == PP_EXPORT_THREADS && (c = pp_export_samples_sort_threads(s, err))) return c;
    *w = (struct writer){.rq = rq, .s = s, .arena = a};
    pp_out_to_memory(&w->out, a);
    if (number_mappings(w))
        write_all(w);
    else
        w->failed = true;
    if (w->failed || w->out.failed || a->failed) return pp_fail(err, PP_E_NOMEM, "out of memory for the profile");
    *ret_bytes = pp_out_bytes(&w->out);
    return PP_OK;
}

enum pp_code pp_export_profile(struct pp_arena *a, const struct pp_export_request *rq, pp_str *ret_bytes,
                               struct pp_err *err)
{
    pp_str proto;
    enum pp_code c = pp_export_proto(a, rq, &proto, err);
    return c ? c : pp_gzip_compress(a, proto, PP_EXPORT_GZIP_LEVEL, ret_bytes, err);
}

static enum pp_code copy_counters(struct pp_arena *a, const struct pp_ledger *l, struct pp_export_snapshot *s,
                                  struct pp_err *err)
{
    s->n_buckets = pp_ledger_n_buckets(l);
    s->counters = pp_alloc_n(a, s->n_buckets, sizeof *s->counters, _Alignof(uint64_t));
    if (!s->counters) return pp_fail(err, PP_E_NOMEM, "out of memory for the profile");
    for (uint32_t i = 0; i < s->n_buckets; i++)
        for (int k = 0; k < 4; k++)
            s->counters[i][k] = atomic_load_explicit(&l->buckets[i].v[k], memory_order_relaxed);
    return PP_OK;
}

enum pp_code pp_export_snapshot(struct pp_arena *a, const struct pp_ledger *l, enum pp_export_kind kind,
                                const struct pp_thread_dump *threads, struct pp_export_snapshot *ret,
                                struct pp_err *err)
{
    struct pp_export_snapshot s = {.heap_rate = atomic_load(&l->head->heap_rate)};
    enum pp_code c = PP_OK;
    for (int i = 0; i < PP_DROP_COUNT; i++)
        s.drops[i] = atomic_load(&l->head->drops[i]);
    if (kind == PP_EXPORT_THREADS)
        s.threads = *threads;
    else if (kind != PP_EXPORT_CPU)
        c = copy_counters(a, l, &s, err);
    if (!c) *ret = s;
    return c;
}

uint32_t pp_export_count(const struct pp_ledger *l, enum pp_export_kind kind)
{
    uint32_t count = 0;
    if (kind == PP_EXPORT_THREADS) {
        for (uint32_t i = 0, n = pp_ledger_n_threads(l); i < n; i++)
            count += atomic_load(&l->threads[i].tid) != 0;
        return count;
    }
    uint32_t want = pp_export_buckets_of(kind), n = pp_ledger_n_buckets(l);
    for (uint32_t i = 0; i < n; i++)
        count += l->buckets[i].kind == want;
    return count;
}

/* In the guest, else in any process of its family. */
static const struct pp_ledger_module *module_now_at(const struct pp_ledger *l, uint64_t pc)
{
    const struct pp_ledger_module *m = pp_ledger_module_at(l, pc, atomic_load(&l->processes[0].module_generation));
    for (uint32_t i = 0, n = pp_ledger_n_modules(l); !m && i < n; i++) {
        if (pc < l->modules[i].start || pc >= l->modules[i].end) continue;
        uint32_t process = pp_ledger_process_of(l->modules[i].first_gen);
        return pp_ledger_module_at(l, pc, atomic_load(&l->processes[process].module_generation));
    }
    return m;
}

bool pp_export_symbol(struct pp_arena *a, const struct pp_ledger *l, const struct pp_symbolizer *symbols, uint64_t pc,
                      pp_str *ret_name)
{
    struct pp_frame_name frames[PP_EXPORT_INLINE_MAX];
    uint64_t entry;
    const struct pp_ledger_module *m = module_now_at(l, pc);
    size_t n = pp_export_symbolize(symbols, a, l, m, pc, frames, PP_EXPORT_INLINE_MAX, &entry);
    if (n == 0 || frames[n - 1].name.n == 0) return false;
    *ret_name = frames[n - 1].name;
    return true;
}
