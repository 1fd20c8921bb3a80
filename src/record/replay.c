// SPDX-License-Identifier: Apache-2.0
#include "record/replay.h"

#define UNWOUND_MAX 1024
#define CONTEXT_FIRST ((uint64_t)-4095) /* entries of a chain from here on say whose frames follow */
enum { CONTEXT_KERNEL = -128, CONTEXT_USER = -512, CONTEXT_DEFERRED = -640 };
enum { PROT_EXECUTE = 4, KSYMBOL_GONE = 1 };

static bool open_object(void *ctx, uint32_t object, pp_str *ret_bytes)
{
    struct pp_replay *r = ctx;
    const struct pp_replay_object *o = &r->objects.p[object];
    return r->o->open_object && !o->is_function && r->o->open_object(r->o->ctx, o->file, o->build_id, ret_bytes);
}

static pp_str unit_of(const struct pp_perf_event *e)
{
    bool is_clock = e->type == 1 && e->config <= 1; /* cpu-clock, task-clock */
    return is_clock ? PP_STR("nanoseconds") : PP_STR("count");
}

static void add_types(struct pp_replay *r, const bool *used)
{
    struct pp_arena *a = r->b.p->arena;
    uint32_t n = 0;
    for (size_t i = 0; i < r->file->events.n; i++) {
        const struct pp_perf_event *e = &r->file->events.p[i];
        r->type_of_event[i] = PP_NONE;
        if (!used[i]) continue;
        r->type_of_event[i] = n;
        pp_str name = pp_arena_join(a, e->name, PP_STR("_event"));
        pp_builder_type(&r->b, pp_arena_join(a, e->name, PP_STR("_sample")), PP_STR("count"));
        pp_builder_type(&r->b, name, unit_of(e));
        if (n == 0) {
            r->b.p->default_type = pp_profile_intern(r->b.p, name);
            r->b.p->period = e->is_freq ? 0 : (int64_t)e->period;
            r->b.p->has_period_type = true;
            r->b.p->period_type =
                (struct pp_value_type){pp_profile_intern_copy(r->b.p, e->name), pp_profile_intern(r->b.p, unit_of(e))};
        }
        n += 2;
    }
    r->values = PP_NEW_N(r->scratch, int64_t, n);
}

static void read_kallsyms(struct pp_replay *r)
{
    pp_str id = PP_STR(""), text;
    for (size_t i = 0; i < r->file->build_ids.n; i++)
        if (pp_str_eq_c(r->file->build_ids.p[i].file, "[kernel.kallsyms]")) id = r->file->build_ids.p[i].hex;
    if (r->o->kallsyms && r->o->kallsyms(r->o->ctx, id, &text)) pp_kallsyms_read(r->scratch, text, &r->kallsyms);
}

void pp_replay_init(struct pp_replay *r, struct pp_arena *a, const struct pp_perf_file *file, const bool *used,
                    const struct pp_record_options *o)
{
    *r = (struct pp_replay){.scratch = file->arena, .o = o, .file = file, .first_time = UINT64_MAX};
    pp_builder_init(&r->b, a);
    pp_perf_layout_init(&r->layout, file);
    pp_spaces_init(&r->spaces, r->scratch);
    if (pp_str_eq_c(file->machine, "x86_64") || !file->machine.n) r->stacks = pp_stacks_new(r->scratch, open_object, r);
    r->type_of_event = PP_NEW_N(r->scratch, uint32_t, file->events.n);
    add_types(r, used);
    r->comm_key = pp_profile_intern(r->b.p, PP_STR("comm"));
    r->pid_key = pp_profile_intern(r->b.p, PP_STR("pid"));
    r->tid_key = pp_profile_intern(r->b.p, PP_STR("tid"));
    for (uint32_t i = 0; i < file->build_ids.n; i++)
        pp_hash_add(r->scratch, &r->build_id_index, pp_hash_str(file->build_ids.p[i].file), i);
    pp_spaces_set_comm(&r->spaces, 0, pp_profile_intern(r->b.p, PP_STR("swapper"))); /* no record names it */
    read_kallsyms(r);
}

/* "[kernel.kallsyms]_text" has the build id of "[kernel.kallsyms]". */
static pp_str known_build_id(const struct pp_replay *r, pp_str file)
{
    const pp_str kernel = PP_STR("[kernel.kallsyms]");
    pp_str name = pp_str_has_prefix(file, kernel) ? kernel : file;
    uint32_t i;
    for (struct pp_probe pr = pp_hash_probe(&r->build_id_index, pp_hash_str(name)); pp_hash_next(&pr, &i);)
        if (pp_str_eq(r->file->build_ids.p[i].file, name)) return r->file->build_ids.p[i].hex;
    return PP_STR("");
}

static uint32_t object_of(struct pp_replay *r, const struct pp_replay_object *o)
{
    uint64_t hash = pp_hash_u64(pp_hash_str(o->file) ^ pp_hash_u64(pp_hash_str(o->build_id)));
    uint32_t i;
    for (struct pp_probe pr = pp_hash_probe(&r->object_index, hash); pp_hash_next(&pr, &i);) {
        const struct pp_replay_object *have = &r->objects.p[i];
        if (have->is_kernel == o->is_kernel && have->is_function == o->is_function && pp_str_eq(have->file, o->file) &&
            pp_str_eq(have->build_id, o->build_id))
            return i;
    }
    i = (uint32_t)r->objects.n;
    *PP_PUSH(r->scratch, &r->objects) = *o;
    pp_hash_add(r->scratch, &r->object_index, hash, i);
    return i;
}

/* The kernel's own mapping says where its first symbol was: if kallsyms has it elsewhere, that is another boot. */
static void check_kernel(struct pp_replay *r, pp_str file, const struct pp_space_map *m)
{
    const pp_str kernel = PP_STR("[kernel.kallsyms]");
    if (!pp_str_has_prefix(file, kernel) || !r->kallsyms.symbols.n) return;
    pp_str symbol = pp_str_from(file, kernel.n);
    r->has_kallsyms = pp_kallsyms_is_at(&r->kallsyms, symbol.n ? symbol : PP_STR("_stext"), m->offset);
}

static void add_map(struct pp_replay *r, const struct pp_perf_record *record)
{
    struct pp_perf_reader rd = pp_perf_reader(record->body, r->file->swap);
    unsigned mode = record->misc & PP_PERF_MODE;
    bool is_mmap2 = record->type == PP_PERF_MMAP2, is_executable = !(record->misc & PP_PERF_MISC_DATA);
    struct pp_replay_object o = {0};
    int32_t pid = (int32_t)pp_perf_u32(&rd);
    pp_perf_u32(&rd); /* thread */
    struct pp_space_map m = {.start = pp_perf_u64(&rd)};
    if (__builtin_add_overflow(m.start, pp_perf_u64(&rd), &m.end)) m.end = UINT64_MAX;
    m.offset = pp_perf_u64(&rd);
    if (is_mmap2) {
        pp_str inode = pp_perf_bytes(&rd, 24); /* device, inode, generation; or a build id behind its length */
        if (record->misc & PP_PERF_MISC_BUILD_ID && !rd.failed && (uint8_t)inode.p[0] <= 20)
            o.build_id = pp_perf_hex(r->scratch, (pp_str){inode.p + 4, (uint8_t)inode.p[0]});
        is_executable = pp_perf_u32(&rd) & PROT_EXECUTE;
        pp_perf_u32(&rd); /* flags */
    }
    o.file = pp_perf_text(&rd, pp_perf_left(&rd));
    if (rd.failed || !is_executable || mode >= PP_PERF_MODE_GUEST_KERNEL) return;
    o.is_kernel = mode == PP_PERF_MODE_KERNEL || pid == -1;
    if (!o.build_id.n) o.build_id = known_build_id(r, o.file);
    m.object = object_of(r, &o);
    if (o.is_kernel) check_kernel(r, o.file, &m);
    struct pp_space *space = o.is_kernel ? &r->spaces.kernel : pp_spaces_of(&r->spaces, pid);
    bool is_file = pp_str_has_prefix(o.file, PP_STR("/")) && !pp_str_has_prefix(o.file, PP_STR("//"));
    if (is_file && space->first_object == UINT32_MAX) space->first_object = m.object;
    pp_spaces_map(&r->spaces, space, &m);
}

/* Code that the kernel made (bpf programs, trampolines). */
static void add_kernel_symbol(struct pp_replay *r, const struct pp_perf_record *record)
{
    struct pp_perf_reader rd = pp_perf_reader(record->body, r->file->swap);
    struct pp_space_map m = {.start = pp_perf_u64(&rd)};
    if (__builtin_add_overflow(m.start, pp_perf_u32(&rd), &m.end)) return;
    pp_perf_u16(&rd);
    bool gone = pp_perf_u16(&rd) & KSYMBOL_GONE;
    struct pp_replay_object o = {.file = pp_perf_text(&rd, pp_perf_left(&rd)), .is_function = true};
    if (rd.failed || gone || !o.file.n) return;
    m.object = object_of(r, &o);
    pp_spaces_map(&r->spaces, &r->spaces.kernel, &m);
}

static void add_comm(struct pp_replay *r, const struct pp_perf_record *record)
{
    struct pp_perf_reader rd = pp_perf_reader(record->body, r->file->swap);
    int32_t pid = (int32_t)pp_perf_u32(&rd), tid = (int32_t)pp_perf_u32(&rd);
    pp_str comm = pp_perf_text(&rd, pp_perf_left(&rd));
    if (rd.failed) return;
    if (record->misc & PP_PERF_MISC_EXEC) pp_spaces_exec(&r->spaces, pid);
    pp_spaces_set_comm(&r->spaces, tid, pp_profile_intern_copy(r->b.p, comm));
}

static void add_fork(struct pp_replay *r, const struct pp_perf_record *record)
{
    struct pp_perf_reader rd = pp_perf_reader(record->body, r->file->swap);
    int32_t pid = (int32_t)pp_perf_u32(&rd), parent = (int32_t)pp_perf_u32(&rd);
    int32_t tid = (int32_t)pp_perf_u32(&rd), parent_tid = (int32_t)pp_perf_u32(&rd);
    if (!rd.failed) pp_spaces_fork(&r->spaces, pid, parent, tid, parent_tid);
}

/* The mapping of the profile for one in some process. */
static const struct pp_replay_place *place_of(struct pp_replay *r, const struct pp_space_map *m)
{
    struct pp_replay_place p = {.object = m->object, .offset = m->offset, .size = m->end - m->start, .start = m->start};
    uint64_t hash = pp_hash_u64(p.offset ^ pp_hash_u64(p.size ^ (uint64_t)p.object << 32));
    uint32_t i;
    for (struct pp_probe pr = pp_hash_probe(&r->place_index, hash); pp_hash_next(&pr, &i);) {
        const struct pp_replay_place *have = &r->places.p[i];
        if (have->object == p.object && have->offset == p.offset && have->size == p.size) return have;
    }
    const struct pp_replay_object *o = &r->objects.p[m->object];
    const pp_str kernel = PP_STR("[kernel.kallsyms]");
    struct pp_profile *to = r->b.p;
    struct pp_mapping made = {.start = m->start,
                              .limit = m->end,
                              .offset = m->offset,
                              .file = pp_profile_intern_copy(to, o->is_function ? PP_STR("[bpf]") : o->file),
                              .build_id = pp_profile_intern_copy(to, o->build_id)};
    if (pp_str_has_prefix(o->file, kernel))
        made.kernel_relocation_symbol = pp_profile_intern_copy(to, pp_str_from(o->file, kernel.n));
    made.has_functions = o->is_function || (o->is_kernel && r->has_kallsyms);
    p.mapping = pp_builder_mapping(&r->b, &made);
    pp_hash_add(r->scratch, &r->place_index, hash, (uint32_t)r->places.n);
    *PP_PUSH(r->scratch, &r->places) = p;
    return &r->places.p[r->places.n - 1];
}

static uint32_t function_at(struct pp_replay *r, const struct pp_replay_object *o, uint64_t address)
{
    const struct pp_kallsym *k = NULL;
    if (o->is_function) return pp_builder_function(&r->b, pp_arena_dup(r->b.p->arena, o->file), PP_STR(""));
    if (o->is_kernel && r->has_kallsyms) k = pp_kallsyms_find(&r->kallsyms, address);
    if (!k) return PP_NONE;
    pp_string_id name = pp_profile_intern_copy(r->b.p, k->name);
    return pp_builder_function(&r->b, pp_profile_str(r->b.p, name), PP_STR(""));
}

static uint32_t location_at(struct pp_replay *r, const struct pp_space *space, uint64_t address)
{
    const struct pp_space_map *m = pp_space_find(space, address);
    if (!m) return pp_builder_location(&r->b, PP_NONE, address, PP_NONE, 0);
    const struct pp_replay_place *p = place_of(r, m);
    uint32_t function = function_at(r, &r->objects.p[m->object], address);
    return pp_builder_location(&r->b, p->mapping, address - m->start + p->start, function, 0);
}

static void push_frame(struct pp_replay *r, const struct pp_space *space, uint64_t address)
{
    uint32_t location = location_at(r, space, address);
    *PP_PUSH(r->scratch, &r->locs) = location;
}

/* The frames of the call chain that the kernel wrote; skip_user: those of the program come from elsewhere. */
static void add_chain(struct pp_replay *r, const struct pp_perf_sample *s, struct pp_space *user, bool is_kernel,
                      bool skip_user)
{
    struct pp_perf_reader chain = s->chain;
    bool is_exact = true; /* the first entry of each context is no return address */
    while (pp_perf_left(&chain)) {
        uint64_t v = pp_perf_u64(&chain);
        if (v >= CONTEXT_FIRST) {
            if ((int64_t)v == CONTEXT_DEFERRED) return; /* a cookie follows, the frames are somewhere else */
            is_kernel = (int64_t)v == CONTEXT_KERNEL;
            is_exact = true;
            continue;
        }
        if (is_kernel || !skip_user) push_frame(r, is_kernel ? &r->spaces.kernel : user, v - !is_exact);
        is_exact = false;
    }
}

static void add_frames(struct pp_replay *r, const struct pp_perf_sample *s, unsigned mode)
{
    uintptr_t pcs[UNWOUND_MAX];
    bool is_kernel = mode == PP_PERF_MODE_KERNEL;
    struct pp_space *user = pp_spaces_of(&r->spaces, s->pid);
    const struct pp_perf_event *e = &r->file->events.p[s->event];
    size_t n = r->stacks ? pp_stacks_walk(r->stacks, user, e, s, pcs, UNWOUND_MAX) : 0;
    r->n_stacks += s->stack.n != 0;
    r->n_unwound += n > 1;
    r->locs.n = 0;
    add_chain(r, s, user, is_kernel, n > 0);
    if (n && !is_kernel && !r->locs.n) pcs[0] = s->ip + 1; /* where registers and event differ, the event counts */
    for (size_t i = 0; i < n; i++)
        push_frame(r, user, pcs[i] - 1);
    if (!r->locs.n && e->sample_type & PP_PERF_IP) push_frame(r, is_kernel ? &r->spaces.kernel : user, s->ip);
}

static size_t make_labels(const struct pp_replay *r, const struct pp_perf_sample *s, struct pp_label labels[3])
{
    size_t n = 0;
    pp_string_id comm = pp_spaces_comm(&r->spaces, s->tid);
    if (s->tid == -1) return 0;
    if (comm) labels[n++] = (struct pp_label){.key = r->comm_key, .str = comm};
    /* profile.proto has no label of number 0: the idle task's would be lost when it is written */
    if (s->pid) labels[n++] = (struct pp_label){.key = r->pid_key, .num = s->pid, .is_num = true};
    if (s->tid) labels[n++] = (struct pp_label){.key = r->tid_key, .num = s->tid, .is_num = true};
    return n;
}

static void add_sample(struct pp_replay *r, const struct pp_perf_record *record)
{
    struct pp_perf_sample s;
    struct pp_label labels[3];
    bool unknown;
    if (!pp_perf_sample_read(&r->layout, record->body, &s, &unknown)) {
        r->n_unknown_event += unknown;
        r->n_unreadable += !unknown;
        return;
    }
    if (s.time && s.time < r->first_time) r->first_time = s.time;
    if (s.time > r->last_time) r->last_time = s.time;
    add_frames(r, &s, record->misc & PP_PERF_MODE);
    int64_t *values = r->values + r->type_of_event[s.event];
    values[0] = 1;
    values[1] = s.period > INT64_MAX ? INT64_MAX : (int64_t)s.period;
    pp_spaces_of(&r->spaces, s.pid)->weight += s.period;
    pp_builder_add(&r->b, r->locs.p, r->locs.n, r->values, labels, make_labels(r, &s, labels));
    values[0] = values[1] = 0;
}

void pp_replay_record(struct pp_replay *r, const struct pp_perf_record *record)
{
    struct pp_perf_reader rd = pp_perf_reader(record->body, r->file->swap);
    switch (record->type) {
    case PP_PERF_MMAP:
    case PP_PERF_MMAP2: add_map(r, record); break;
    case PP_PERF_COMM: add_comm(r, record); break;
    case PP_PERF_FORK: add_fork(r, record); break;
    case PP_PERF_SAMPLE: add_sample(r, record); break;
    case PP_PERF_KSYMBOL: add_kernel_symbol(r, record); break;
    case PP_PERF_LOST:
        pp_perf_u64(&rd);
        r->n_lost += pp_perf_u64(&rd);
        break;
    case PP_PERF_LOST_SAMPLES: r->n_lost += pp_perf_u64(&rd); break;
    }
}

/* The program that ran most, under the name that is taken for the whole profile's. */
static void choose_main(struct pp_replay *r)
{
    const struct pp_space *top = NULL;
    for (size_t i = 0; i < r->spaces.list.n; i++) {
        const struct pp_space *s = r->spaces.list.p[i];
        if (s->pid > 0 && s->first_object != UINT32_MAX && (!top || s->weight > top->weight)) top = s;
    }
    for (size_t i = 0; top && i < top->maps.n; i++) {
        if (top->maps.p[i].object != top->first_object) continue;
        pp_builder_put_first(&r->b, place_of(r, &top->maps.p[i])->mapping);
        return;
    }
}

static void remark(struct pp_replay *r, uint64_t n, const char *what)
{
    if (!n) return;
    pp_str text = pp_arena_fmt(r->b.p->arena, "%llu %s", (unsigned long long)n, what);
    pp_builder_comment(&r->b, text);
}

struct pp_profile *pp_replay_finish(struct pp_replay *r)
{
    struct pp_profile *p = r->b.p;
    choose_main(r);
    if (r->file->command.n) pp_builder_comment(&r->b, pp_arena_dup(p->arena, r->file->command));
    remark(r, r->n_lost, "samples lost: perf's buffer was full");
    remark(r, r->n_unreadable, "samples left out: shorter than their fields");
    remark(r, r->n_unknown_event, "samples left out: of an event that the file does not describe");
    remark(r, r->spaces.n_dropped, "mappings left out: too many");
    if (r->n_stacks && !r->n_unwound)
        pp_builder_comment(&r->b, PP_STR("the recorded stacks were not unwound: the binaries are not on this machine, "
                                         "or of another architecture"));
    if (r->first_time <= r->last_time) {
        p->duration_nanos = (int64_t)(r->last_time - r->first_time);
        if (r->file->has_clock) p->time_nanos = (int64_t)(r->file->clock_wall_ns + (r->first_time - r->file->clock_ns));
    }
    pp_stacks_release(r->stacks);
    return pp_builder_finish(&r->b);
}
