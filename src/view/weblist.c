// SPDX-License-Identifier: Apache-2.0
#include "view/weblist.h"

#include <stdlib.h>

#include "base/gopath.h"
#include "base/gosort.h"

#define EXPAND 500      /* bytes around an address that are disassembled, too */
#define RANGES_MAX 25   /* the heaviest */
#define NEIGHBOURHOOD 32 /* bytes over which an instruction without line has that of the one before */
#define MERGE_LINES 20
#define MARGIN_LINES 5

/* One address of the samples. */
struct place {
    uint64_t addr;
    int64_t flat, cum;
    uint32_t location; /* of interest by this one; PP_NONE: not */
    uint32_t seen;     /* last sample that counted, + 1 */
    struct pp_objfile *object;
};

struct range {
    uint64_t begin, end;
    struct pp_objfile *object;
    int64_t score;
};

struct collector {
    struct pp_weblist *l;
    struct pp_report *r;
    PP_VEC(struct place) places;
    struct pp_hash place_index;
    uint32_t *place_of;            /* per location; PP_NONE: not met yet */
    uint8_t *function_match;       /* 0: not asked, 1: no, 2: yes */
    struct pp_objfile **object_of; /* per string id of a file name */
    uint8_t *object_asked;
    uint64_t next_synthetic;
    uint64_t wanted_address;
    bool has_wanted_address;
};

static bool matches(const struct collector *c, pp_string_id text)
{
    return pp_regex_match(c->r->o.symbol, pp_profile_str(c->r->p, text));
}

static bool function_matches(struct collector *c, uint32_t function)
{
    const struct pp_function *f = &c->r->p->functions[function];
    uint8_t *known = &c->function_match[function];
    if (!*known) *known = matches(c, f->name) || matches(c, f->system_name) || matches(c, f->filename) ? 2 : 1;
    return *known == 2;
}

static bool find_name(const struct pp_weblist *l, pp_str name, uint64_t hash)
{
    uint32_t i;
    for (struct pp_probe pr = pp_hash_probe(&l->interest_index, hash); pp_hash_next(&pr, &i);)
        if (pp_str_eq(l->interest.p[i], name)) return true;
    return false;
}

static void add_interest(struct pp_weblist *l, pp_str name)
{
    uint64_t h = pp_hash_str(name);
    if (find_name(l, name, h)) return;
    pp_hash_add(&l->r->arena, &l->interest_index, h, (uint32_t)l->interest.n);
    *PP_PUSH(&l->r->arena, &l->interest) = name;
}

/* One object per file, opened for the first mapping that asks. */
static struct pp_objfile *object_of(struct collector *c, uint32_t mapping)
{
    const struct pp_objects *objects = c->r->o.objects;
    if (mapping == PP_NONE || !objects) return NULL;
    pp_string_id file = c->r->p->mappings[mapping].file;
    if (!c->object_asked[file]) c->object_of[file] = objects->open(objects->ctx, c->r->p, mapping, NULL);
    c->object_asked[file] = 1;
    return c->object_of[file];
}

static uint32_t place_at(struct collector *c, uint64_t addr)
{
    uint64_t h = pp_hash_u64(addr);
    uint32_t i;
    for (struct pp_probe pr = pp_hash_probe(&c->place_index, h); pp_hash_next(&pr, &i);)
        if (c->places.p[i].addr == addr) return i;
    i = (uint32_t)c->places.n;
    pp_hash_add(&c->r->arena, &c->place_index, h, i);
    *PP_PUSH(&c->r->arena, &c->places) = (struct place){.addr = addr, .location = PP_NONE};
    return i;
}

static void mark_interest(struct collector *c, struct place *place, uint32_t location, uint32_t function)
{
    if (function == PP_NONE) return;
    const struct pp_function *f = &c->r->p->functions[function];
    add_interest(c->l, pp_profile_str(c->r->p, f->name));
    add_interest(c->l, pp_profile_str(c->r->p, f->system_name));
    if (place->location != PP_NONE) return;
    place->location = location;
    place->object = object_of(c, c->r->p->locations[location].mapping);
}

/* What a location has to do with the regexp; the same in whatever sample it stands. */
static void meet_location(struct collector *c, uint32_t location)
{
    const struct pp_profile *p = c->r->p;
    const struct pp_location *loc = &p->locations[location];
    const struct pp_line *lines = &p->lines[loc->first_line];
    uint32_t at = place_at(c, loc->address ? loc->address : c->next_synthetic++);
    struct place *place = &c->places.p[at];
    c->place_of[location] = at;
    for (uint32_t i = 0; i < loc->n_lines; i++)
        if (lines[i].function != PP_NONE)
            c->l->pretty[p->functions[lines[i].function].system_name] = p->functions[lines[i].function].name;
    if (!c->r->o.symbol || (c->has_wanted_address && place->addr == c->wanted_address)) {
        if (loc->n_lines) mark_interest(c, place, location, lines[loc->n_lines - 1].function);
        return;
    }
    bool by_file = loc->mapping != PP_NONE && loc->n_lines && matches(c, p->mappings[loc->mapping].file);
    for (uint32_t i = 0; i < loc->n_lines; i++)
        if ((i == 0 && by_file) || (lines[i].function != PP_NONE && function_matches(c, lines[i].function)))
            mark_interest(c, place, location, lines[i].function);
}

static void collect_samples(struct collector *c)
{
    const struct pp_profile *p = c->r->p;
    for (uint32_t s = 0; s < p->n_samples; s++) {
        int64_t value = p->values[c->r->o.value_index][s];
        if (c->r->o.mean) value = pp_go_mean(value, p->values[0][s]);
        for (uint64_t k = p->loc_off[s + 1]; k-- > p->loc_off[s];) {
            uint32_t location = p->locs[k];
            if (c->place_of[location] == PP_NONE) meet_location(c, location);
            struct place *place = &c->places.p[c->place_of[location]];
            if (place->seen != s + 1) place->cum = pp_go_add(place->cum, value);
            place->seen = s + 1;
            if (k == p->loc_off[s]) place->flat = pp_go_add(place->flat, value);
        }
    }
}

static uint32_t *filled(struct pp_arena *a, size_t n)
{
    uint32_t *p = PP_NEW_N(a, uint32_t, n);
    for (size_t i = 0; i < n; i++)
        p[i] = PP_NONE;
    return p;
}

static void begin(struct collector *c, struct pp_report *r, struct pp_weblist *l)
{
    const struct pp_profile *p = r->p;
    *l = (struct pp_weblist){.r = r, .pretty = filled(&r->arena, p->n_strings)};
    *c = (struct collector){.l = l, .r = r, .next_synthetic = 1, .place_of = filled(&r->arena, p->n_locations)};
    c->function_match = PP_NEW_N(&r->arena, uint8_t, p->n_functions);
    c->object_of = PP_NEW_N(&r->arena, struct pp_objfile *, p->n_strings);
    c->object_asked = PP_NEW_N(&r->arena, uint8_t, p->n_strings);
    c->has_wanted_address = pp_report_symbol_address(r, &c->wanted_address);
    for (uint32_t m = 0; m < p->n_mappings; m++)
        if (c->next_synthetic < p->mappings[m].limit) c->next_synthetic = p->mappings[m].limit;
}

static int compare_places(const void *va, const void *vb)
{
    const struct place *a = *(struct place *const *)va, *b = *(struct place *const *)vb;
    return a->addr < b->addr ? -1 : a->addr > b->addr;
}

/* The places of interest with an object, or those without; by address. */
static struct place **sorted_places(struct collector *c, bool with_object, size_t *ret_n)
{
    struct place **sorted = PP_NEW_N(&c->r->arena, struct place *, c->places.n);
    size_t n = 0;
    for (size_t i = 0; i < c->places.n; i++) {
        struct place *place = &c->places.p[i];
        if (place->location != PP_NONE && (place->object != NULL) == with_object) sorted[n++] = place;
    }
    if (n) qsort(sorted, n, sizeof(struct place *), compare_places);
    *ret_n = n;
    return sorted;
}

/* Replaces one of the same address. */
static uint32_t put_inst(struct pp_weblist *l, const struct pp_weblist_inst *inst)
{
    uint64_t h = pp_hash_u64(inst->addr);
    uint32_t i;
    for (struct pp_probe pr = pp_hash_probe(&l->inst_index, h); pp_hash_next(&pr, &i);) {
        if (l->insts.p[i].addr != inst->addr) continue;
        l->insts.p[i] = *inst;
        return i;
    }
    i = (uint32_t)l->insts.n;
    pp_hash_add(&l->r->arena, &l->inst_index, h, i);
    *PP_PUSH(&l->r->arena, &l->insts) = *inst;
    return i;
}

static struct pp_weblist_file *file_named(struct pp_weblist *l, pp_str name)
{
    if (pp_str_has_prefix(name, PP_STR("/proc/self/cwd/"))) name = pp_str_from(name, sizeof "/proc/self/cwd/" - 1);
    if (pp_str_has_prefix(name, PP_STR("./"))) name = pp_str_from(name, 2);
    name = pp_go_path_clean(&l->r->arena, name);
    uint64_t h = pp_hash_str(name);
    uint32_t i;
    for (struct pp_probe pr = pp_hash_probe(&l->file_index, h); pp_hash_next(&pr, &i);)
        if (pp_str_eq(l->files.p[i].name, name)) return &l->files.p[i];
    pp_hash_add(&l->r->arena, &l->file_index, h, (uint32_t)l->files.n);
    struct pp_weblist_file *f = PP_PUSH(&l->r->arena, &l->files);
    *f = (struct pp_weblist_file){.name = name};
    return f;
}

/* frame: innermost first. */
struct frame {
    pp_str function, file;
    int64_t line;
};

typedef PP_VEC(struct frame) frames;

/* The instruction goes to the line of each frame whose function is of interest. */
static void add_stack(struct pp_weblist *l, uint32_t inst, const frames *stack)
{
    struct pp_arena *a = &l->r->arena;
    for (size_t i = 0; i < stack->n; i++) {
        const struct frame *f = &stack->p[i];
        if (!find_name(l, f->function, pp_hash_str(f->function))) continue;
        struct pp_weblist_file *file = file_named(l, f->file);
        struct pp_weblist_entry e = {.line = f->line, .inst = inst, .order = (uint32_t)file->entries.n, .function = f->function};
        e.calls = PP_NEW_N(a, struct pp_weblist_call, i);
        for (size_t k = i; k-- > 0;)
            e.calls[e.n_calls++] = (struct pp_weblist_call){stack->p[k].file, stack->p[k].line};
        *PP_PUSH(a, &file->entries) = e;
    }
}

static void add_without_object(struct collector *c)
{
    const struct pp_profile *p = c->r->p;
    size_t n;
    struct place **places = sorted_places(c, false, &n);
    for (size_t i = 0; i < n; i++) {
        const struct pp_location *loc = &p->locations[places[i]->location];
        frames stack = {0};
        for (uint32_t k = 0; k < loc->n_lines; k++) {
            const struct pp_line *line = &p->lines[loc->first_line + k];
            if (line->function == PP_NONE) continue;
            const struct pp_function *f = &p->functions[line->function];
            *PP_PUSH(&c->r->arena, &stack) =
                (struct frame){pp_profile_str(p, f->name), pp_profile_str(p, f->filename), line->line};
        }
        struct pp_weblist_inst x = {.addr = places[i]->addr, .own_addr = places[i]->addr, .length = 1};
        if (stack.n) {
            x.file = stack.p[0].file;
            x.line = stack.p[0].line;
        }
        add_stack(c->l, put_inst(c->l, &x), &stack);
    }
}

typedef PP_VEC(struct range) ranges;

static bool heavier(void *ctx, size_t i, size_t j)
{
    const ranges *r = ctx;
    return r->p[i].score > r->p[j].score;
}

static void swap_ranges(void *ctx, size_t i, size_t j)
{
    ranges *r = ctx;
    struct range t = r->p[i];
    r->p[i] = r->p[j];
    r->p[j] = t;
}

/* Addresses at most 2 * EXPAND apart are one range. */
static ranges find_ranges(struct collector *c)
{
    size_t n;
    struct place **at = sorted_places(c, true, &n);
    ranges all = {0};
    for (size_t i = 0; i < n;) {
        const struct place *first = at[i++];
        const struct pp_mapping *m = &c->r->p->mappings[c->r->p->locations[first->location].mapping];
        struct range r = {first->addr, first->addr, first->object, first->flat};
        for (; i < n && at[i]->addr <= r.end + 2 * EXPAND && at[i]->addr < m->limit; i++) {
            r.end = at[i]->addr;
            r.score = pp_go_add(r.score, at[i]->flat);
        }
        r.begin = m->start - r.begin >= EXPAND ? r.begin - EXPAND : m->start; /* unsigned, as in Go */
        r.end = m->limit - r.end >= EXPAND ? r.end + EXPAND : m->limit;
        *PP_PUSH(&c->r->arena, &all) = r;
    }
    struct pp_go_sort by_score = {heavier, swap_ranges, &all};
    pp_go_sort(&by_score, all.n);
    if (all.n > RANGES_MAX) all.n = RANGES_MAX;
    return all;
}

static frames frames_of(struct collector *c, struct pp_objfile *object, uint64_t addr, const struct pp_inst *inst)
{
    pp_frames found = {0};
    frames all = {0};
    if (!c->r->o.objects->frames(object, addr, &c->r->arena, &found))
        *PP_PUSH(&c->r->arena, &all) = (struct frame){inst->function, inst->file, inst->line};
    for (size_t i = 0; i < found.n; i++)
        *PP_PUSH(&c->r->arena, &all) = (struct frame){found.p[i].name, found.p[i].file, found.p[i].line};
    return all;
}

static void add_insts(struct collector *c, struct pp_objfile *object, uint64_t base, const pp_insts *insts)
{
    frames last = {0};
    uint64_t last_addr = 0, max_addr = 0;
    for (size_t i = 0; i < insts->n; i++) {
        const struct pp_inst *in = &insts->p[i];
        uint64_t addr = in->addr + base;
        if (addr <= max_addr) continue; /* printed twice */
        max_addr = addr;
        struct pp_weblist_inst x = {.addr = addr, .own_addr = in->addr, .length = 1, .text = in->text};
        if (i + 1 < insts->n && insts->p[i + 1].addr > in->addr) x.length = insts->p[i + 1].addr - in->addr;
        frames stack = frames_of(c, object, addr, in);
        if (stack.n) {
            x.file = stack.p[0].file;
            x.line = stack.p[0].line;
        }
        uint32_t inst = put_inst(c->l, &x);
        if (stack.n && stack.p[0].line) {
            last = stack;
            last_addr = addr;
        } else if (addr - last_addr <= NEIGHBOURHOOD && last.n) {
            stack = last;
        }
        add_stack(c->l, inst, &stack);
    }
}

static void fail_address(struct collector *c, const char *which, uint64_t addr, const struct pp_err *why)
{
    const struct pp_objects *objects = c->r->o.objects;
    objects->say(objects->ctx, pp_arena_fmt(&c->r->arena, "Failed to compute objdump address for range %s %llx: %s", which,
                                            (unsigned long long)addr, why->text));
}

static void add_with_object(struct collector *c)
{
    ranges all = find_ranges(c);
    const struct pp_objects *objects = c->r->o.objects;
    for (size_t i = 0; i < all.n; i++) {
        const struct range *r = &all.p[i];
        uint64_t from, to;
        struct pp_err err;
        pp_insts insts;
        if (objects->address(r->object, r->begin, &from, &err))
            fail_address(c, "start", r->begin, &err);
        else if (objects->address(r->object, r->end, &to, &err))
            fail_address(c, "end", r->end, &err);
        else if (!objects->disassemble(r->object, from, to, c->r->o.intel_syntax, &c->r->arena, &insts, NULL))
            add_insts(c, r->object, r->begin - from, &insts);
    }
}

static int compare_addrs(const void *va, const void *vb)
{
    const struct place *a = va, *b = vb;
    return a->addr < b->addr ? -1 : a->addr > b->addr;
}

/* Samples in the middle of an instruction count for it. The places are sorted: no walk over bytes, of which objdump may claim 2^64.
 * From here on their index is stale. */
static void add_values(struct collector *c)
{
    const struct place *places = c->places.p, *end = places + c->places.n;
    if (c->places.n) qsort(c->places.p, c->places.n, sizeof *places, compare_addrs);
    for (size_t i = 0; i < c->l->insts.n; i++) {
        struct pp_weblist_inst *inst = &c->l->insts.p[i];
        size_t from = 0, to = c->places.n;
        while (from < to) {
            size_t middle = (from + to) / 2;
            if (places[middle].addr < inst->addr)
                from = middle + 1;
            else
                to = middle;
        }
        for (const struct place *at = places + from; at < end && at->addr - inst->addr < inst->length; at++) {
            inst->flat = pp_go_add(inst->flat, at->flat);
            inst->cum = pp_go_add(inst->cum, at->cum);
        }
    }
}

static int compare_entries(const void *va, const void *vb)
{
    const struct pp_weblist_entry *a = va, *b = vb;
    if (a->line != b->line) return a->line < b->line ? -1 : 1;
    return a->order < b->order ? -1 : a->order > b->order;
}

static int compare_files(const void *va, const void *vb)
{
    const struct pp_weblist_file *a = va, *b = vb;
    return pp_str_cmp(a->name, b->name);
}

bool pp_weblist_collect(struct pp_report *r, struct pp_weblist *ret_list)
{
    struct collector c;
    begin(&c, r, ret_list);
    collect_samples(&c);
    if (!ret_list->interest.n) return false;
    add_without_object(&c);
    if (r->o.objects) add_with_object(&c);
    add_values(&c);
    for (size_t i = 0; i < ret_list->files.n; i++) {
        struct pp_weblist_file *f = &ret_list->files.p[i];
        qsort(f->entries.p, f->entries.n, sizeof *f->entries.p, compare_entries);
    }
    if (ret_list->files.n) qsort(ret_list->files.p, ret_list->files.n, sizeof *ret_list->files.p, compare_files);
    return true;
}

static pp_str pretty_name(const struct pp_weblist *l, pp_str name)
{
    pp_string_id id = pp_profile_find_string(l->r->p, name);
    if (id == PP_NONE || l->pretty[id] == PP_NONE) return name;
    return pp_profile_str(l->r->p, l->pretty[id]);
}

/* Lines around the functions are shown, too; a gap between two is shared. */
static void add_margins(pp_weblist_functions *all)
{
    for (size_t i = 0; i < all->n; i++) {
        struct pp_weblist_function *f = &all->p[i];
        if (i == 0) {
            if (f->begin > MARGIN_LINES)
                f->begin -= MARGIN_LINES;
            else if (f->begin > 1) /* 0 is "not known" and stays alone */
                f->begin = 1;
            continue;
        }
        int64_t gap, half = MARGIN_LINES;
        if (!__builtin_sub_overflow(f->begin, f[-1].end, &gap) && gap / 2 < half) half = gap / 2;
        f[-1].end += half;
        f->begin -= half;
    }
    if (all->n) all->p[all->n - 1].end = pp_go_add(all->p[all->n - 1].end, MARGIN_LINES);
}

pp_weblist_functions pp_weblist_functions_of(struct pp_weblist *l, const struct pp_weblist_file *f)
{
    pp_weblist_functions all = {0};
    for (size_t i = 0; i < f->entries.n;) {
        int64_t line = f->entries.p[i].line;
        struct pp_weblist_function fn = {.name = pretty_name(l, f->entries.p[i].function), .begin = line, .end = pp_go_add(line, 1)};
        for (; i < f->entries.n && f->entries.p[i].line == line; i++) {
            const struct pp_weblist_inst *inst = &l->insts.p[f->entries.p[i].inst];
            fn.flat = pp_go_add(fn.flat, inst->flat);
            fn.cum = pp_go_add(fn.cum, inst->cum);
        }
        struct pp_weblist_function *last = all.n ? &all.p[all.n - 1] : NULL;
        int64_t gap;
        if (!last || __builtin_sub_overflow(line, last->end, &gap) || gap >= MERGE_LINES || !pp_str_eq(last->name, fn.name)) {
            *PP_PUSH(&l->r->arena, &all) = fn;
            continue;
        }
        last->end = fn.end;
        last->flat = pp_go_add(last->flat, fn.flat);
        last->cum = pp_go_add(last->cum, fn.cum);
    }
    add_margins(&all);
    return all;
}
