// SPDX-License-Identifier: Apache-2.0
#include "record/record.h"

#include <stdlib.h>

#include "profile/zstd.h"
#include "record/file.h"
#include "record/replay.h"

/* A record and its place in the order of time. */
struct moment {
    uint64_t time;
    uint64_t number; /* in the order of the file */
    struct pp_perf_record record;
};

struct reading {
    struct pp_arena scratch;
    const struct pp_record_options *o;
    struct pp_perf_file file;
    struct pp_perf_layout layout;
    bool has_layout;
    struct pp_zstd_stream zstd;
    pp_str rest; /* of unpacked bytes: the beginning of a record */
    PP_VEC(struct moment) moments;
    pp_str trouble; /* what ended the reading early */
};

static void take_records(struct reading *r, pp_str *bytes, bool is_unpacked);

static void unpack(struct reading *r, const struct pp_perf_record *record)
{
    struct pp_perf_reader rd = pp_perf_reader(record->body, r->file.swap);
    pp_str packed = record->body, bytes;
    struct pp_err err;
    if (record->type == PP_PERF_USER_COMPRESSED2) packed = pp_perf_bytes(&rd, pp_perf_u64(&rd));
    enum pp_code c = r->zstd.dctx ? PP_OK : pp_zstd_stream_init(&r->zstd, r->o->max_bytes, &err);
    if (!c) c = pp_zstd_stream_next(&r->zstd, &r->scratch, r->rest, packed, &bytes, &err);
    if (c) {
        r->trouble = pp_arena_fmt(&r->scratch, "compressed records: %s", err.text);
        return;
    }
    take_records(r, &bytes, true);
    r->rest = bytes;
}

/* Records that have more bytes behind them than their size says. */
static void skip_payload(struct reading *r, const struct pp_perf_record *record, pp_str *bytes)
{
    struct pp_perf_reader rd = pp_perf_reader(record->body, r->file.swap);
    uint64_t n = record->type == PP_PERF_USER_AUXTRACE ? pp_perf_u64(&rd) : ((uint64_t)pp_perf_u32(&rd) + 7) & ~7ull;
    *bytes = pp_str_from(*bytes, n > bytes->n ? bytes->n : (size_t)n);
}

static void note(struct reading *r, const struct pp_perf_record *record)
{
    if (!r->has_layout) { /* all attributes come before the first of these */
        pp_perf_layout_init(&r->layout, &r->file);
        r->has_layout = true;
    }
    *PP_PUSH(&r->scratch, &r->moments) = (struct moment){pp_perf_time(&r->layout, record), r->moments.n, *record};
}

static void take_record(struct reading *r, const struct pp_perf_record *record, pp_str *bytes)
{
    struct pp_perf_reader rd = pp_perf_reader(record->body, r->file.swap);
    uint64_t feature;
    switch (record->type) {
    case PP_PERF_USER_ATTR:
        if (r->file.is_pipe && !r->has_layout) pp_perf_add_attr(&r->file, record->body);
        break;
    case PP_PERF_USER_EVENT_UPDATE: pp_perf_add_update(&r->file, record->body); break;
    case PP_PERF_USER_BUILD_ID: pp_perf_add_build_id(&r->file, record->misc, record->body); break;
    case PP_PERF_USER_FEATURE:
        feature = pp_perf_u64(&rd);
        if (feature < UINT32_MAX) pp_perf_add_feature(&r->file, (unsigned)feature, pp_str_from(record->body, 8));
        break;
    case PP_PERF_USER_TRACING_DATA:
    case PP_PERF_USER_AUXTRACE: skip_payload(r, record, bytes); break;
    case PP_PERF_USER_COMPRESSED:
    case PP_PERF_USER_COMPRESSED2: unpack(r, record); break;
    default:
        if (record->type < PP_PERF_USER_FIRST) note(r, record);
    }
}

static void take_records(struct reading *r, pp_str *bytes, bool is_unpacked)
{
    struct pp_perf_record record;
    size_t all = bytes->n;
    bool broken = false;
    while (!r->trouble.n && pp_perf_next(bytes, r->file.swap, &record, &broken)) {
        bool is_nested =
            is_unpacked && (record.type == PP_PERF_USER_COMPRESSED || record.type == PP_PERF_USER_COMPRESSED2);
        if (!is_nested) take_record(r, &record, bytes);
    }
    if (broken && !is_unpacked && !r->trouble.n)
        r->trouble = pp_arena_fmt(&r->scratch, "the recording breaks off after %zu bytes of records", all - bytes->n);
}

static int compare(const void *x, const void *y)
{
    const struct moment *a = x, *b = y;
    if (a->time != b->time) return a->time < b->time ? -1 : 1;
    return a->number < b->number ? -1 : a->number > b->number;
}

/* Which events have samples; none: all of them count as used, so that there are sample types. */
static bool *find_used(struct reading *r)
{
    bool *used = PP_NEW_N(&r->scratch, bool, r->file.events.n), any = false, unknown;
    struct pp_perf_sample s;
    for (size_t i = 0; i < r->moments.n; i++) {
        const struct pp_perf_record *record = &r->moments.p[i].record;
        if (record->type == PP_PERF_SAMPLE && pp_perf_sample_read(&r->layout, record->body, &s, &unknown))
            used[s.event] = any = true;
    }
    for (size_t i = 0; !any && i < r->file.events.n; i++)
        used[i] = true;
    return used;
}

static void warn(const struct reading *r, pp_str text)
{
    if (r->o->warn && text.n) r->o->warn(r->o->ctx, text);
}

static struct pp_profile *replay(struct pp_arena *a, struct reading *r)
{
    struct pp_replay play;
    pp_replay_init(&play, a, &r->file, find_used(r), r->o);
    for (size_t i = 0; i < r->moments.n; i++)
        pp_replay_record(&play, &r->moments.p[i].record);
    if (r->trouble.n) pp_builder_comment(&play.b, pp_arena_dup(a, r->trouble));
    return pp_replay_finish(&play);
}

static enum pp_code read_file(struct pp_arena *a, struct reading *r, struct pp_profile **ret_profile,
                              struct pp_err *err)
{
    pp_str data = r->file.data;
    take_records(r, &data, false);
    if (!r->file.events.n) return pp_fail(err, PP_E_FORMAT, "perf.data: no events are described");
    pp_perf_name_events(&r->file);
    if (!r->has_layout) pp_perf_layout_init(&r->layout, &r->file);
    if (r->file.is_cut && !r->trouble.n)
        r->trouble = pp_arena_dup(
            &r->scratch,
            PP_STR(
                "perf.data was not closed or is cut off: names of events, build ids and the command line are missing"));
    if (r->moments.n) qsort(r->moments.p, r->moments.n, sizeof *r->moments.p, compare);
    warn(r, r->trouble);
    *ret_profile = replay(a, r);
    return PP_OK;
}

bool pp_record_is(pp_str bytes) { return pp_perf_is(bytes); }

enum pp_code pp_record_read(struct pp_arena *a, pp_str bytes, const struct pp_record_options *o,
                            struct pp_profile **ret_profile, struct pp_err *err)
{
    struct reading r = {.o = o};
    pp_arena_init(&r.scratch, 0, a->oom);
    enum pp_code c = pp_perf_file_open(&r.scratch, bytes, &r.file, err);
    if (!c) c = read_file(a, &r, ret_profile, err);
    pp_zstd_stream_release(&r.zstd);
    pp_arena_release(&r.scratch);
    return c;
}
