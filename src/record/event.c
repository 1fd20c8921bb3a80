// SPDX-License-Identifier: Apache-2.0
#include "record/event.h"

enum { READ_ENABLED = 1, READ_RUNNING = 2, READ_ID = 4, READ_GROUP = 8, READ_LOST = 16 };
enum { BRANCH_HW_INDEX = 17, BRANCH_COUNTERS = 19, BRANCH_ENTRY_BYTES = 24 };

bool pp_perf_next(pp_str *rest, bool swap, struct pp_perf_record *ret_record, bool *ret_broken)
{
    struct pp_perf_reader r = pp_perf_reader(*rest, swap);
    *ret_broken = false;
    if (!rest->n) return false;
    uint32_t type = pp_perf_u32(&r);
    uint16_t misc = pp_perf_u16(&r), size = pp_perf_u16(&r);
    if (r.failed || size < 8 || size > rest->n) {
        *ret_broken = true;
        return false;
    }
    *ret_record = (struct pp_perf_record){type, misc, pp_str_sub(*rest, 8, size)};
    *rest = pp_str_from(*rest, size);
    return true;
}

static unsigned words(uint64_t sample_type, uint64_t fields)
{
    return (unsigned)__builtin_popcountll(sample_type & fields);
}

void pp_perf_layout_init(struct pp_perf_layout *l, const struct pp_perf_file *f)
{
    *l = (struct pp_perf_layout){.file = f, .time_at = PP_NOT_FOUND};
    const uint64_t tail =
        PP_PERF_TID | PP_PERF_TIME | PP_PERF_ID | PP_PERF_STREAM_ID | PP_PERF_CPU | PP_PERF_IDENTIFIER;
    for (uint32_t i = 0; i < f->events.n; i++)
        for (size_t k = 0; k < f->events.p[i].ids.n; k++) {
            uint64_t id = f->events.p[i].ids.p[k];
            pp_hash_add(f->arena, &l->ids, pp_hash_u64(id), (uint32_t)l->id_list.n);
            *PP_PUSH(f->arena, &l->id_list) = id;
            *PP_PUSH(f->arena, &l->id_event) = i;
        }
    if (!f->events.n) return;
    const struct pp_perf_event *e = &f->events.p[0];
    uint64_t t = e->sample_type;
    l->has_id = t & (PP_PERF_ID | PP_PERF_IDENTIFIER);
    if (!(t & PP_PERF_IDENTIFIER)) l->id_at = 8 * words(t, PP_PERF_IP | PP_PERF_TID | PP_PERF_TIME | PP_PERF_ADDR);
    if (!e->sample_id_all) return;
    l->tail = 8 * words(t, tail);
    if (t & PP_PERF_TIME) l->time_at = 8 * words(t, PP_PERF_TID);
}

static uint32_t event_of(const struct pp_perf_layout *l, uint64_t id)
{
    uint32_t i;
    for (struct pp_probe pr = pp_hash_probe(&l->ids, pp_hash_u64(id)); pp_hash_next(&pr, &i);)
        if (l->id_list.p[i] == id) return l->id_event.p[i];
    return id == 0 ? 0 : PP_PERF_UNKNOWN_EVENT;
}

static void skip_read(struct pp_perf_reader *r, uint64_t format)
{
    uint64_t n = 1, each = 1 + !!(format & READ_ID) + !!(format & READ_LOST);
    if (format & READ_GROUP) n = pp_perf_u64(r);
    pp_perf_bytes(r, 8 * (uint64_t)(!!(format & READ_ENABLED) + !!(format & READ_RUNNING)));
    pp_perf_bytes(r, n > pp_perf_left(r) ? UINT64_MAX : n * each * 8);
}

static void skip_branches(struct pp_perf_reader *r, uint64_t branch_type)
{
    uint64_t n = pp_perf_u64(r), each = BRANCH_ENTRY_BYTES + 8 * (branch_type >> BRANCH_COUNTERS & 1);
    if (branch_type >> BRANCH_HW_INDEX & 1) pp_perf_u64(r);
    pp_perf_bytes(r, n > pp_perf_left(r) ? UINT64_MAX : n * each);
}

static struct pp_perf_reader sub_reader(struct pp_perf_reader *r, uint64_t n_words)
{
    return pp_perf_reader(pp_perf_bytes(r, n_words > pp_perf_left(r) ? UINT64_MAX : 8 * n_words), r->swap);
}

/* The variable parts, in the order of the kernel. What follows them is not needed. */
static void read_variable(const struct pp_perf_event *e, struct pp_perf_reader *r, struct pp_perf_sample *s)
{
    uint64_t t = e->sample_type;
    if (t & PP_PERF_READ) skip_read(r, e->read_format);
    if (t & PP_PERF_CALLCHAIN) s->chain = sub_reader(r, pp_perf_u64(r));
    if (t & PP_PERF_RAW) pp_perf_bytes(r, pp_perf_u32(r));
    if (t & PP_PERF_BRANCH_STACK) skip_branches(r, e->branch_type);
    if (t & PP_PERF_REGS_USER) {
        s->regs_abi = pp_perf_u64(r);
        if (s->regs_abi) s->regs = sub_reader(r, words(e->regs_user, UINT64_MAX));
    }
    if (!(t & PP_PERF_STACK_USER)) return;
    uint64_t n = pp_perf_u64(r);
    if (!n) return;
    s->stack = pp_perf_bytes(r, n);
    uint64_t used = pp_perf_u64(r);
    if (used < s->stack.n) s->stack.n = (size_t)used;
}

bool pp_perf_sample_read(const struct pp_perf_layout *l, pp_str body, struct pp_perf_sample *ret_sample,
                         bool *ret_unknown)
{
    const struct pp_perf_file *f = l->file;
    struct pp_perf_sample s = {0};
    *ret_unknown = !f->events.n;
    if (!f->events.n) return false;
    if (f->events.n > 1 && l->has_id) {
        struct pp_perf_reader id = pp_perf_reader(pp_str_from(body, l->id_at), f->swap);
        s.event = event_of(l, pp_perf_u64(&id));
        *ret_unknown = s.event == PP_PERF_UNKNOWN_EVENT;
        if (id.failed || *ret_unknown) return false;
    }
    const struct pp_perf_event *e = &f->events.p[s.event];
    uint64_t t = e->sample_type;
    struct pp_perf_reader r = pp_perf_reader(body, f->swap);
    s.period = e->is_freq ? 1 : e->period;
    s.pid = s.tid = -1;
    if (t & PP_PERF_IDENTIFIER) pp_perf_u64(&r);
    if (t & PP_PERF_IP) s.ip = pp_perf_u64(&r);
    if (t & PP_PERF_TID) s.pid = (int32_t)pp_perf_u32(&r), s.tid = (int32_t)pp_perf_u32(&r);
    if (t & PP_PERF_TIME) s.time = pp_perf_u64(&r);
    pp_perf_bytes(&r, 8 * words(t, PP_PERF_ADDR | PP_PERF_ID | PP_PERF_STREAM_ID | PP_PERF_CPU));
    if (t & PP_PERF_PERIOD) s.period = pp_perf_u64(&r);
    read_variable(e, &r, &s);
    if (r.failed) return false;
    *ret_sample = s;
    return true;
}

static uint64_t sample_time(const struct pp_perf_layout *l, pp_str body)
{
    const struct pp_perf_file *f = l->file;
    uint64_t t = f->events.n ? f->events.p[0].sample_type : 0;
    if (!(t & PP_PERF_TIME)) return 0;
    struct pp_perf_reader r = pp_perf_reader(body, f->swap);
    pp_perf_bytes(&r, 8 * words(t, PP_PERF_IDENTIFIER | PP_PERF_IP | PP_PERF_TID));
    return pp_perf_u64(&r);
}

uint64_t pp_perf_time(const struct pp_perf_layout *l, const struct pp_perf_record *r)
{
    uint64_t time = 0;
    struct pp_perf_reader rd = pp_perf_reader(r->body, l->file->swap);
    if (r->type == PP_PERF_SAMPLE) {
        time = sample_time(l, r->body);
    } else if (r->type == PP_PERF_FORK) {
        pp_perf_bytes(&rd, 16);
        time = pp_perf_u64(&rd);
    } else if (l->time_at != PP_NOT_FOUND && l->tail <= r->body.n) {
        pp_perf_bytes(&rd, r->body.n - l->tail + l->time_at);
        time = pp_perf_u64(&rd);
    }
    return time == UINT64_MAX ? 0 : time;
}
