// SPDX-License-Identifier: Apache-2.0
#include "record/file.h"

#include <string.h>

enum { HEADER_BYTES = 104, HEADER_WITHOUT_FEATURES = 72, PIPE_HEADER_BYTES = 16, ATTR_MIN = 64, BUILD_ID_BYTES = 20 };
enum {
    FEATURE_BUILD_ID = 2,
    FEATURE_HOSTNAME = 3,
    FEATURE_ARCH = 6,
    FEATURE_COMMAND = 11,
    FEATURE_EVENTS = 12,
    FEATURE_CLOCK = 29
};
enum { N_FEATURES = 256, N_EVENTS_MAX = 65536 };
enum { MISC_BUILD_ID_SIZE = 1 << 15, MISC_MODE = 7, MODE_KERNEL = 1 };
enum { UPDATE_NAME = 2 };
enum { FLAG_FREQ = 10, FLAG_SAMPLE_ID_ALL = 18 };

static bool take(struct pp_perf_reader *r, void *to, size_t n)
{
    if (pp_perf_left(r) < n) {
        r->failed = true;
        r->p = r->end;
        memset(to, 0, n);
        return false;
    }
    memcpy(to, r->p, n);
    r->p += n;
    return true;
}

uint16_t pp_perf_u16(struct pp_perf_reader *r)
{
    uint16_t v;
    take(r, &v, sizeof v);
    return r->swap ? __builtin_bswap16(v) : v;
}

uint32_t pp_perf_u32(struct pp_perf_reader *r)
{
    uint32_t v;
    take(r, &v, sizeof v);
    return r->swap ? __builtin_bswap32(v) : v;
}

uint64_t pp_perf_u64(struct pp_perf_reader *r)
{
    uint64_t v;
    take(r, &v, sizeof v);
    return r->swap ? __builtin_bswap64(v) : v;
}

pp_str pp_perf_bytes(struct pp_perf_reader *r, uint64_t n)
{
    if (n > pp_perf_left(r)) {
        r->failed = true;
        r->p = r->end;
        return (pp_str){0};
    }
    pp_str s = {(const char *)r->p, (size_t)n};
    if (n) r->p += n; /* p may be NULL */
    return s;
}

pp_str pp_perf_text(struct pp_perf_reader *r, uint64_t n)
{
    pp_str s = pp_perf_bytes(r, n);
    size_t end = pp_str_find_byte(s, '\0');
    return end == PP_NOT_FOUND ? s : (pp_str){s.p, end};
}

pp_str pp_perf_hex(struct pp_arena *a, pp_str id)
{
    static const char digits[] = "0123456789abcdef";
    char *to = pp_alloc(a, 2 * id.n + 1, 1);
    for (size_t i = 0; i < id.n; i++) {
        to[2 * i] = digits[(uint8_t)id.p[i] >> 4];
        to[2 * i + 1] = digits[(uint8_t)id.p[i] & 15];
    }
    return (pp_str){to, 2 * id.n};
}

/* The bit field of flags is stored from the other end of each byte where the byte order is the other. */
static uint64_t read_flags(struct pp_perf_reader *r)
{
    uint8_t b[8];
    uint64_t v = 0;
    take(r, b, sizeof b);
    for (unsigned i = 0; i < 64; i++) {
        unsigned bit = r->swap ? 7 - i % 8 : i % 8;
        v |= (uint64_t)(b[i / 8] >> bit & 1) << i;
    }
    return v;
}

/* `body` is one perf_event_attr, possibly of an older or newer size. */
static struct pp_perf_event read_attr(pp_str body, bool swap)
{
    struct pp_perf_reader r = pp_perf_reader(body, swap);
    struct pp_perf_event e = {.type = pp_perf_u32(&r)};
    pp_perf_u32(&r); /* size */
    e.config = pp_perf_u64(&r);
    e.period = pp_perf_u64(&r);
    e.sample_type = pp_perf_u64(&r);
    e.read_format = pp_perf_u64(&r);
    uint64_t flags = read_flags(&r);
    e.is_freq = flags >> FLAG_FREQ & 1;
    e.sample_id_all = flags >> FLAG_SAMPLE_ID_ALL & 1;
    pp_perf_bytes(&r, 4 + 4 + 8 + 8); /* wake-up, breakpoint type, two words of configuration */
    e.branch_type = pp_perf_u64(&r);
    e.regs_user = pp_perf_u64(&r);
    return e;
}

static void add_ids(struct pp_perf_file *f, struct pp_perf_event *e, pp_str ids)
{
    struct pp_perf_reader r = pp_perf_reader(ids, f->swap);
    while (pp_perf_left(&r) >= 8)
        *PP_PUSH(f->arena, &e->ids) = pp_perf_u64(&r);
}

void pp_perf_add_attr(struct pp_perf_file *f, pp_str body)
{
    struct pp_perf_reader r = pp_perf_reader(body, f->swap);
    pp_perf_u32(&r);
    uint32_t size = pp_perf_u32(&r);
    if (!size) size = ATTR_MIN;
    if (size < ATTR_MIN || size > body.n || f->events.n >= N_EVENTS_MAX) return;
    struct pp_perf_event *e = PP_PUSH(f->arena, &f->events);
    *e = read_attr((pp_str){body.p, size}, f->swap);
    add_ids(f, e, pp_str_from(body, size));
}

static struct pp_perf_event *event_with_id(struct pp_perf_file *f, uint64_t id)
{
    for (size_t i = 0; i < f->events.n; i++)
        for (size_t k = 0; k < f->events.p[i].ids.n; k++)
            if (f->events.p[i].ids.p[k] == id) return &f->events.p[i];
    return NULL;
}

void pp_perf_add_update(struct pp_perf_file *f, pp_str body)
{
    struct pp_perf_reader r = pp_perf_reader(body, f->swap);
    uint64_t type = pp_perf_u64(&r);
    struct pp_perf_event *e = event_with_id(f, pp_perf_u64(&r));
    if (type == UPDATE_NAME && e) e->name = pp_perf_text(&r, pp_perf_left(&r));
}

void pp_perf_add_build_id(struct pp_perf_file *f, uint16_t misc, pp_str body)
{
    struct pp_perf_reader r = pp_perf_reader(body, f->swap);
    pp_perf_u32(&r); /* process: -1, or of the guest */
    pp_str id = pp_perf_bytes(&r, BUILD_ID_BYTES + 4);
    if (r.failed) return;
    size_t n = misc & MISC_BUILD_ID_SIZE ? (uint8_t)id.p[BUILD_ID_BYTES] : BUILD_ID_BYTES;
    pp_str file = pp_perf_text(&r, pp_perf_left(&r));
    if (pp_str_has_prefix(file, PP_STR("nel.kallsyms]"))) { /* perf of 2.6.3x had no process here */
        id.p -= 4;
        file = PP_STR("[kernel.kallsyms]");
    }
    if (!n || n > BUILD_ID_BYTES || !file.n) return;
    *PP_PUSH(f->arena, &f->build_ids) = (struct pp_perf_build_id){
        .file = file, .hex = pp_perf_hex(f->arena, (pp_str){id.p, n}), .is_kernel = (misc & MISC_MODE) == MODE_KERNEL};
}

static void add_build_ids(struct pp_perf_file *f, pp_str section)
{
    struct pp_perf_reader r = pp_perf_reader(section, f->swap);
    while (pp_perf_left(&r) > 8) {
        pp_perf_u32(&r);
        uint16_t misc = pp_perf_u16(&r), size = pp_perf_u16(&r);
        pp_str body = pp_perf_bytes(&r, size < 8 ? UINT64_MAX : size - 8u);
        if (r.failed) return;
        pp_perf_add_build_id(f, misc, body);
    }
}

static pp_str read_string(struct pp_perf_reader *r)
{
    uint32_t n = pp_perf_u32(r);
    return pp_perf_text(r, n);
}

static void read_command(struct pp_perf_file *f, struct pp_perf_reader *r)
{
    uint32_t n = pp_perf_u32(r);
    pp_str line = {0};
    for (uint32_t i = 0; i < n && !r->failed; i++) {
        pp_str word = read_string(r);
        if (r->failed) return;
        line = i ? pp_arena_fmt(f->arena, "%.*s %.*s", PP_FMT(line), PP_FMT(word)) : word;
    }
    f->command = line;
}

/* The names of the events, found again by their ids, else by their order. */
static void read_event_names(struct pp_perf_file *f, struct pp_perf_reader *r)
{
    uint32_t n = pp_perf_u32(r), attr_size = pp_perf_u32(r);
    for (uint32_t i = 0; i < n && !r->failed; i++) {
        pp_perf_bytes(r, attr_size);
        uint32_t n_ids = pp_perf_u32(r);
        pp_str name = read_string(r);
        pp_str ids = pp_perf_bytes(r, (uint64_t)n_ids * 8);
        if (r->failed) return;
        struct pp_perf_reader id = pp_perf_reader(ids, f->swap);
        struct pp_perf_event *e = n_ids ? event_with_id(f, pp_perf_u64(&id)) : NULL;
        if (!e && i < f->events.n) e = &f->events.p[i];
        if (e) e->name = name;
    }
}

static void read_clock(struct pp_perf_file *f, struct pp_perf_reader *r)
{
    pp_perf_u32(r); /* version */
    pp_perf_u32(r); /* which clock */
    uint64_t wall = pp_perf_u64(r), clock = pp_perf_u64(r);
    f->has_clock = !r->failed;
    f->clock_wall_ns = wall;
    f->clock_ns = clock;
}

void pp_perf_add_feature(struct pp_perf_file *f, unsigned feature, pp_str body)
{
    struct pp_perf_reader r = pp_perf_reader(body, f->swap);
    switch (feature) {
    case FEATURE_BUILD_ID: add_build_ids(f, body); break;
    case FEATURE_ARCH: f->machine = read_string(&r); break;
    case FEATURE_COMMAND: read_command(f, &r); break;
    case FEATURE_EVENTS: read_event_names(f, &r); break;
    case FEATURE_CLOCK: read_clock(f, &r); break;
    }
}

/* The bits are words of the recording machine: of 64 bits, or (seen by the host name, which is always there) of 32. */
static void read_feature_bits(struct pp_perf_reader *r, uint64_t bits[4])
{
    for (unsigned i = 0; i < 4; i++)
        bits[i] = pp_perf_u64(r);
    if (!r->swap || bits[0] >> FEATURE_HOSTNAME & 1) return;
    for (unsigned i = 0; i < 4; i++)
        bits[i] = bits[i] >> 32 | bits[i] << 32;
    if (bits[0] >> FEATURE_HOSTNAME & 1) return;
    memset(bits, 0, 4 * sizeof *bits);
    bits[0] = 1 << FEATURE_BUILD_ID;
}

static pp_str section_of(const struct pp_perf_file *f, uint64_t at, uint64_t n)
{
    if (at > f->bytes.n) return (pp_str){0};
    return pp_str_sub(f->bytes, (size_t)at, n > f->bytes.n - at ? f->bytes.n : (size_t)(at + n));
}

static void read_features(struct pp_perf_file *f, const uint64_t bits[4], uint64_t table_at)
{
    struct pp_perf_reader r = pp_perf_reader(section_of(f, table_at, UINT64_MAX), f->swap);
    for (unsigned i = 0; i < N_FEATURES; i++) {
        if (!(bits[i / 64] >> i % 64 & 1)) continue;
        uint64_t at = pp_perf_u64(&r), n = pp_perf_u64(&r);
        if (r.failed) return;
        pp_perf_add_feature(f, i, section_of(f, at, n));
    }
}

static enum pp_code read_attrs(struct pp_perf_file *f, pp_str section, uint64_t attr_size, struct pp_err *err)
{
    if (attr_size < ATTR_MIN + 16 || attr_size > section.n)
        return pp_fail(err, PP_E_FORMAT, "perf.data: attributes of %llu bytes in a section of %zu",
                       (unsigned long long)attr_size, section.n);
    for (size_t at = 0; section.n - at >= attr_size; at += attr_size) {
        if (f->events.n >= N_EVENTS_MAX)
            return pp_fail(err, PP_E_LIMIT, "perf.data: more than %d events", N_EVENTS_MAX);
        struct pp_perf_event *e = PP_PUSH(f->arena, &f->events);
        *e = read_attr(pp_str_sub(section, at, at + attr_size - 16), f->swap);
        struct pp_perf_reader ids = pp_perf_reader(pp_str_sub(section, at + attr_size - 16, at + attr_size), f->swap);
        uint64_t ids_at = pp_perf_u64(&ids), n = pp_perf_u64(&ids);
        add_ids(f, e, section_of(f, ids_at, n));
    }
    return PP_OK;
}

bool pp_perf_is(pp_str bytes)
{
    bool swap = pp_str_has_prefix(bytes, PP_STR("2ELIFREP"));
    struct pp_perf_reader r = pp_perf_reader(pp_str_from(bytes, 8), swap);
    if (!swap && !pp_str_has_prefix(bytes, PP_STR("PERFILE2"))) return false;
    uint64_t size = pp_perf_u64(&r);
    return size == HEADER_BYTES || size == HEADER_WITHOUT_FEATURES || size == PIPE_HEADER_BYTES;
}

static enum pp_code open_file(struct pp_perf_file *f, uint64_t size, struct pp_perf_reader r, struct pp_err *err)
{
    uint64_t attr_size = pp_perf_u64(&r), attrs_at = pp_perf_u64(&r), attrs_n = pp_perf_u64(&r);
    uint64_t data_at = pp_perf_u64(&r), data_n = pp_perf_u64(&r), bits[4] = {0};
    pp_perf_bytes(&r, 16); /* the section of event types is history */
    if (size == HEADER_BYTES) read_feature_bits(&r, bits);
    if (r.failed || data_at > f->bytes.n)
        return pp_fail(err, PP_E_FORMAT, "perf.data: the file ends before its data, at %zu bytes", f->bytes.n);
    f->data = section_of(f, data_at, data_n ? data_n : UINT64_MAX); /* 0: perf did not come to write it */
    f->is_cut = f->data.n != data_n;
    enum pp_code c = read_attrs(f, section_of(f, attrs_at, attrs_n), attr_size, err);
    if (c) return c;
    if (!f->is_cut) read_features(f, bits, data_at + data_n);
    return PP_OK;
}

enum pp_code pp_perf_file_open(struct pp_arena *a, pp_str bytes, struct pp_perf_file *ret_file, struct pp_err *err)
{
    if (!pp_perf_is(bytes)) return pp_fail(err, PP_E_FORMAT, "perf.data: no header of a known size");
    struct pp_perf_file f = {.arena = a, .bytes = bytes, .swap = bytes.p[0] == '2'};
    struct pp_perf_reader r = pp_perf_reader(pp_str_from(bytes, 8), f.swap);
    uint64_t size = pp_perf_u64(&r);
    f.is_pipe = size == PIPE_HEADER_BYTES;
    if (f.is_pipe) {
        f.data = pp_str_from(bytes, PIPE_HEADER_BYTES);
    } else {
        enum pp_code c = open_file(&f, size, r, err);
        if (c) return c;
    }
    *ret_file = f;
    return PP_OK;
}

/* What perf calls an event of which only type and number are known. */
static pp_str name_of(struct pp_arena *a, const struct pp_perf_event *e)
{
    static const char *const hardware[] = {
        "cycles",        "instructions", "cache-references",        "cache-misses",           "branches",
        "branch-misses", "bus-cycles",   "stalled-cycles-frontend", "stalled-cycles-backend", "ref-cycles"};
    static const char *const software[] = {"cpu-clock",        "task-clock",   "page-faults",  "context-switches",
                                           "cpu-migrations",   "minor-faults", "major-faults", "alignment-faults",
                                           "emulation-faults", "dummy",        "bpf-output",   "cgroup-switches"};
    uint64_t i = e->config;
    if (e->type == 0 && (uint32_t)i < sizeof hardware / sizeof *hardware) return pp_str_c(hardware[(uint32_t)i]);
    if (e->type == 1 && i < sizeof software / sizeof *software) return pp_str_c(software[i]);
    if (e->type == 2) return pp_arena_fmt(a, "tracepoint-%llu", (unsigned long long)i);
    if (e->type == 4) return pp_arena_fmt(a, "r%llx", (unsigned long long)i);
    return pp_arena_fmt(a, "event-%u-%llx", e->type, (unsigned long long)i);
}

static bool name_is_taken(const struct pp_perf_file *f, size_t n, pp_str name)
{
    for (size_t i = 0; i < n; i++)
        if (pp_str_eq(f->events.p[i].name, name)) return true;
    return false;
}

/* cycles:ppp is cycles, as long as no other event is. */
static pp_str without_modifiers(pp_str name)
{
    size_t colon = pp_str_rfind_byte(name, ':');
    if (colon == PP_NOT_FOUND || colon == 0 || colon + 1 == name.n) return name;
    for (size_t i = colon + 1; i < name.n; i++)
        if (pp_str_find_byte(PP_STR("ukhHGpPSDIWeb"), name.p[i]) == PP_NOT_FOUND) return name;
    return (pp_str){name.p, colon};
}

void pp_perf_name_events(struct pp_perf_file *f)
{
    for (size_t i = 0; i < f->events.n; i++) {
        struct pp_perf_event *e = &f->events.p[i];
        pp_str full = e->name.n ? e->name : name_of(f->arena, e);
        e->name = without_modifiers(full);
        if (name_is_taken(f, i, e->name)) e->name = full;
        for (unsigned k = 2; name_is_taken(f, i, e->name); k++)
            e->name = pp_arena_fmt(f->arena, "%.*s#%u", PP_FMT(full), k);
    }
}
