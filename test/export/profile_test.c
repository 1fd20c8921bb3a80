// SPDX-License-Identifier: Apache-2.0
#include "export/profile.h"

#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "export/fixture.h"
#include "profile/decode.h"
#include "wire/profile_spec.h"

static struct fixture f;

static int setup(void **state)
{
    (void)state;
    fixture_init(&f);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fixture_release(&f);
    return 0;
}

static struct pp_profile *export(const struct pp_export_request *rq)
{
    struct pp_err err = {0};
    struct pp_profile *p = NULL;
    pp_str bytes;
    if (pp_export_profile(&f.arena, rq, &bytes, &err) || pp_profile_parse(&f.arena, bytes, NULL, &p, &err))
        fail_msg("%s", err.text);
    assert_true(pp_profile_valid(p, &err));
    return p;
}

#define assert_text(p, id, text) assert_true(pp_str_eq_c(pp_profile_str((p), (id)), (text)))

static void assert_types(const struct pp_profile *p, const char *const names[][2], uint32_t n)
{
    assert_int_equal(p->n_types, n);
    for (uint32_t i = 0; i < n; i++) {
        assert_text(p, p->types[i].type, names[i][0]);
        assert_text(p, p->types[i].unit, names[i][1]);
    }
}

/* Of a sample: "leaf;caller;..." with inlined frames, "?" for a nameless location. */
static const char *stack_text(const struct pp_profile *p, uint32_t sample)
{
    pp_str s = PP_STR("");
    for (uint64_t k = p->loc_off[sample]; k < p->loc_off[sample + 1]; k++) {
        const struct pp_location *loc = &p->locations[p->locs[k]];
        if (!loc->n_lines) s = pp_arena_fmt(&f.arena, "%.*s?;", PP_FMT(s));
        for (uint32_t i = 0; i < loc->n_lines; i++) {
            pp_str name = pp_profile_str(p, p->functions[p->lines[loc->first_line + i].function].name);
            s = pp_arena_fmt(&f.arena, "%.*s%.*s;", PP_FMT(s), PP_FMT(name));
        }
    }
    return s.p;
}

static void cpu_has_gos_types_and_values(void **state)
{
    (void)state;
    static const char *const types[][2] = {{"samples", "count"}, {"cpu", "nanoseconds"}};
    fixture_cpu(&f, STACK(&f, 0, 4, PARSE, MAIN), 3);
    fixture_cpu(&f, STACK(&f, 0, 4, MALLOC_USER, HANDLE, MAIN), 2);
    fixture_heap(&f, STACK(&f, 0, 4, HANDLE, MAIN), 64, 1, 0); /* another kind */
    struct pp_export_request rq = fixture_request(&f, PP_EXPORT_CPU);
    rq.duration_ns = 1500000000;
    rq.cpu_hz = 250;
    struct pp_profile *p = export(&rq);
    assert_types(p, types, 2);
    assert_text(p, p->period_type.type, "cpu");
    assert_text(p, p->period_type.unit, "nanoseconds");
    assert_int_equal(p->period, 4000000);
    assert_int_equal(p->time_nanos, 1795484127000000000);
    assert_int_equal(p->duration_nanos, 1500000000);
    assert_int_equal(p->default_type, 0);
    assert_int_equal(p->n_samples, 2);
    assert_string_equal(stack_text(p, 0), "parse;app::handle(int);main;");
    assert_int_equal(p->values[0][0], 3);
    assert_int_equal(p->values[1][0], 30000000);
    assert_string_equal(stack_text(p, 1), "malloc_user;app::handle(int);main;");
    assert_int_equal(p->n_locations, 4); /* main's is shared */
    assert_int_equal(f.n_lookups, 4);
    const struct pp_location *leaf = &p->locations[p->locs[0]];
    assert_int_equal(leaf->address, PARSE - 1);
    assert_int_equal(leaf->n_lines, 2);
    const struct pp_function *inner = &p->functions[p->lines[leaf->first_line].function];
    const struct pp_function *outer = &p->functions[p->lines[leaf->first_line + 1].function];
    assert_int_equal(p->lines[leaf->first_line].line, 77);
    assert_int_equal(p->lines[leaf->first_line].column, 3);
    assert_int_equal(inner->start_line, 70);
    assert_text(p, inner->filename, "/src/parse.h");
    assert_text(p, inner->system_name, "parse");
    assert_text(p, outer->system_name, "_ZN3app6handleEi");
}

static void mappings_say_what_they_really_have(void **state)
{
    (void)state;
    fixture_cpu(&f, STACK(&f, 0, 4, PARSE, MAIN), 1);
    fixture_cpu(&f, STACK(&f, 0, 4, MALLOC_USER, MAIN), 1);
    fixture_cpu(&f, STACK(&f, 0, 2, PLUGIN, MAIN), 1);
    struct pp_export_request rq = fixture_request(&f, PP_EXPORT_CPU);
    struct pp_profile *p = export(&rq);
    const struct {
        const char *file, *id;
        bool functions, filenames, lines, inlines;
    } want[] = {{"/app/server", "ab000001", true, true, true, true},
                {"/lib/libc.so.6", "ab000002", true, false, false, false},
                {"/lib/old.so", "ab000003", false, false, false, false},  /* hit, not there any more */
                {"/lib/new.so", "ab000004", false, false, false, false}}; /* there, not hit */
    assert_int_equal(p->n_mappings, 4);
    for (int i = 0; i < 4; i++) {
        const struct pp_mapping *m = &p->mappings[i];
        assert_text(p, m->file, want[i].file);
        assert_text(p, m->build_id, want[i].id);
        assert_int_equal(m->has_functions, want[i].functions);
        assert_int_equal(m->has_filenames, want[i].filenames);
        assert_int_equal(m->has_line_numbers, want[i].lines);
        assert_int_equal(m->has_inline_frames, want[i].inlines);
    }
    assert_int_equal(p->mappings[0].start, 0x400000);
    assert_int_equal(p->mappings[0].limit, 0x410000);
    assert_int_equal(p->mappings[0].offset, 0x1000);
}

static void generations_merge_where_the_module_is_the_same(void **state)
{
    (void)state;
    fixture_cpu(&f, STACK(&f, 0, 2, MALLOC_USER, MAIN), 1);
    fixture_cpu(&f, STACK(&f, 0, 5, MALLOC_USER, MAIN), 10);
    fixture_cpu(&f, STACK(&f, 0, 2, PLUGIN, MAIN), 100);
    fixture_cpu(&f, STACK(&f, 0, 5, PLUGIN, MAIN), 1000);
    struct pp_export_request rq = fixture_request(&f, PP_EXPORT_CPU);
    struct pp_profile *p = export(&rq);
    assert_int_equal(p->n_samples, 3);
    assert_int_equal(p->values[0][0], 11);
    assert_int_equal(p->values[0][1], 100);
    assert_int_equal(p->values[0][2], 1000);
    const struct pp_location *old = &p->locations[p->locs[p->loc_off[1]]], *new = &p->locations[p->locs[p->loc_off[2]]];
    assert_text(p, p->mappings[old->mapping].file, "/lib/old.so");
    assert_text(p, p->mappings[new->mapping].file, "/lib/new.so");
    assert_int_equal(old->address, new->address);
}

static void cut_and_unknown_stacks_end_in_the_marker(void **state)
{
    (void)state;
    fixture_cpu(&f, STACK(&f, PP_STACK_CUT, 4, HANDLE), 1);
    fixture_cpu(&f, STACK(&f, 0, 4, HANDLE), 2);
    fixture_cpu(&f, 0, 4); /* the stack table was full */
    fixture_cpu(&f, STACK(&f, 0, 4, NOWHERE, MAIN), 8);
    struct pp_export_request rq = fixture_request(&f, PP_EXPORT_CPU);
    struct pp_profile *p = export(&rq);
    assert_int_equal(p->n_samples, 4);
    assert_string_equal(stack_text(p, 0), "app::handle(int);[truncated stack];");
    assert_string_equal(stack_text(p, 1), "app::handle(int);");
    assert_string_equal(stack_text(p, 2), "[truncated stack];");
    assert_string_equal(stack_text(p, 3), "?;main;");
    assert_int_equal(p->locations[p->locs[p->loc_off[3]]].mapping, PP_NONE);
}

static void children_are_told_by_the_label_pid(void **state)
{
    (void)state;
    uint32_t stack = STACK(&f, 0, 4, HANDLE, MAIN), process;
    bool known;
    assert_true(pp_ledger_claim_process(&f.ledger, 4712, 1, &process, &known));
    atomic_store(&f.ledger.processes[0].pid, 4711);
    fixture_heap(&f, stack, 1024, 3, 1);
    f.ledger.process = process;
    fixture_heap(&f, stack, 1024, 5, 0);
    struct pp_export_request rq = fixture_request(&f, PP_EXPORT_HEAP);
    struct pp_profile *p = export(&rq);
    assert_int_equal(p->n_samples, 2);
    assert_int_equal(p->label_off[2], 4);
    for (uint32_t i = 0; i < 2; i++) {
        const struct pp_label *pid = &p->labels[2 * i], *bytes = pid + 1;
        assert_text(p, pid->key, "pid");
        assert_false(pid->is_num);
        assert_text(p, pid->str, i ? "4712" : "4711");
        assert_text(p, bytes->key, "bytes");
        assert_int_equal(bytes->num, 1024);
    }
}

static void cpu_time_without_a_stack_has_a_name(void **state)
{
    (void)state;
    fixture_cpu(&f, STACK(&f, 0, 0, PP_PC_BLOCKED), 1);
    fixture_cpu(&f, STACK(&f, 0, 0, PP_PC_IO_URING), 2);
    fixture_cpu(&f, STACK(&f, 0, 4, PP_PC_BLOCKED), 4); /* one place, whatever the generation */
    fixture_cpu(&f, STACK(&f, 0, 0, PP_PC_KERNEL_WORKER), 8);
    struct pp_export_request rq = fixture_request(&f, PP_EXPORT_CPU);
    struct pp_profile *p = export(&rq);
    assert_int_equal(p->n_samples, 3);
    assert_string_equal(stack_text(p, 0), "[signals blocked];");
    assert_string_equal(stack_text(p, 1), "[io_uring worker];");
    assert_string_equal(stack_text(p, 2), "[kernel worker];");
    assert_int_equal(p->values[0][0], 5);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(p->locations[p->locs[p->loc_off[i]]].mapping, PP_NONE);
        assert_int_equal(p->locations[p->locs[p->loc_off[i]]].address, 0);
    }
    assert_null(pp_ledger_pseudo_name(0));
    assert_null(pp_ledger_pseudo_name(1));
    assert_null(pp_ledger_pseudo_name(MAIN));
}

static void heap_is_scaled_and_labelled_as_by_go(void **state)
{
    (void)state;
    static const char *const types[][2] = {
        {"alloc_objects", "count"}, {"alloc_space", "bytes"}, {"inuse_objects", "count"}, {"inuse_space", "bytes"}};
    uint32_t stack = STACK(&f, 0, 4, HANDLE, MAIN);
    fixture_heap(&f, stack, 1024, 3, 1);
    fixture_heap(&f, stack, 1048576, 2, 2);
    struct pp_export_request rq = fixture_request(&f, PP_EXPORT_HEAP);
    struct pp_profile *p = export(&rq);
    assert_types(p, types, 4);
    assert_text(p, p->period_type.type, "space");
    assert_text(p, p->period_type.unit, "bytes");
    assert_int_equal(p->period, 524288);
    assert_int_equal(p->default_type, 0);
    assert_int_equal(p->duration_nanos, 0);
    assert_int_equal(p->n_samples, 2);
    /* What Go's scaleHeapSample gives for (3, 3072), (2, 2048), (2, 2097152), (0, 0) at 524288. */
    const int64_t want[2][4] = {{1537, 1574400, 1025, 1049600}, {2, 2425393, 0, 0}};
    for (int s = 0; s < 2; s++)
        for (int t = 0; t < 4; t++)
            assert_int_equal(p->values[t][s], want[s][t]);
    assert_non_null(p->label_off);
    assert_int_equal(p->label_off[2], 2);
    assert_true(p->labels[0].is_num);
    assert_text(p, p->labels[0].key, "bytes");
    assert_int_equal(p->labels[0].num, 1024);
    assert_int_equal(p->labels[1].num, 1048576);
    rq.kind = PP_EXPORT_ALLOCS;
    p = export(&rq);
    assert_text(p, p->default_type, "alloc_space");
    atomic_store(&f.ledger.head->heap_rate, 1);
    p = export(&rq);
    assert_int_equal(p->values[0][0], 3);
    assert_int_equal(p->values[3][0], 2048);
}

static void waits_have_gos_types_and_a_kind(void **state)
{
    (void)state;
    static const char *const types[][2] = {{"contentions", "count"}, {"delay", "nanoseconds"}};
    uint32_t stack = STACK(&f, 0, 4, HANDLE, MAIN);
    fixture_wait(&f, PP_KIND_BLOCK, PP_WAIT_LOCK, stack, 2.5, 5000000000);
    fixture_wait(&f, PP_KIND_BLOCK, PP_WAIT_LOCK, stack, 2.75, 1);
    fixture_wait(&f, PP_KIND_BLOCK, PP_WAIT_IO, stack, 1, 70);
    fixture_wait(&f, PP_KIND_MUTEX, PP_WAIT_NONE, stack, 8, 900);
    fixture_cpu(&f, stack, 3);
    struct pp_export_request rq = fixture_request(&f, PP_EXPORT_BLOCK);
    struct pp_profile *p = export(&rq);
    assert_types(p, types, 2);
    assert_text(p, p->period_type.type, "contentions");
    assert_text(p, p->period_type.unit, "count");
    assert_int_equal(p->period, 1);
    assert_int_equal(p->default_type, 0);
    assert_int_equal(p->n_samples, 2);
    assert_int_equal(p->values[0][0], 5); /* as Go, truncated once */
    assert_int_equal(p->values[1][0], 5000000001);
    assert_int_equal(p->values[0][1], 1);
    assert_int_equal(p->values[1][1], 70);
    assert_text(p, p->labels[0].key, "kind");
    assert_text(p, p->labels[0].str, "lock");
    assert_text(p, p->labels[1].str, "io");
    rq.kind = PP_EXPORT_MUTEX;
    p = export(&rq);
    assert_types(p, types, 2);
    assert_int_equal(p->n_samples, 1);
    assert_null(p->label_off);
    assert_int_equal(p->values[0][0], 8);
    assert_int_equal(p->values[1][0], 900);
    assert_int_equal(pp_export_count(&f.ledger, PP_EXPORT_BLOCK), 2);
    assert_int_equal(pp_export_count(&f.ledger, PP_EXPORT_MUTEX), 1);
}

static void a_torn_bucket_is_never_negative(void **state)
{
    (void)state;
    fixture_heap(&f, STACK(&f, 0, 4, MAIN), 100, 1, 2);
    struct pp_export_request rq = fixture_request(&f, PP_EXPORT_HEAP);
    struct pp_profile *p = export(&rq);
    assert_int_equal(p->values[2][0], 0);
    assert_int_equal(p->values[3][0], 0);
}

static void scaling_follows_the_exact_formula(void **state)
{
    (void)state;
    const uint64_t rates[] = {2, 1000, 524288, 1048576, 1ull << 30};
    for (size_t r = 0; r < sizeof rates / sizeof *rates; r++) {
        for (int64_t size = 1; size < (1ll << 40); size = size * 3 / 2 + 1) {
            int64_t count, bytes, n = 1000000;
            pp_export_scale_heap(n, n * size, rates[r], &count, &bytes);
            double exact = (double)n / -expm1(-(double)size / (double)rates[r]);
            /* 1 - exp(-x) loses bits for small x, in Go as here: 2^-53 / x; and the result is cut to an integer. */
            double loss = 1e-14 + 2.3e-16 * (double)rates[r] / (double)size;
            assert_true(fabs((double)count - exact) <= exact * loss + 1);
            assert_true(fabs((double)bytes - exact * (double)size) <= exact * (double)size * loss + 1);
        }
    }
    int64_t count = 7, bytes = 7;
    pp_export_scale_heap(0, 100, 524288, &count, &bytes);
    assert_int_equal(count, 0);
    assert_int_equal(bytes, 0);
}

static void deltas_subtract_and_drop_zeros(void **state)
{
    (void)state;
    struct pp_err err;
    struct pp_export_snapshot before;
    uint32_t a = STACK(&f, 0, 4, HANDLE, MAIN), b = STACK(&f, 0, 4, MALLOC_USER, MAIN),
             c = STACK(&f, 0, 4, FREE_ALL, MAIN);
    atomic_store(&f.ledger.head->heap_rate, 1);
    fixture_heap(&f, a, 10, 5, 1);
    fixture_heap(&f, b, 10, 5, 1);
    atomic_store(&f.ledger.head->drops[PP_DROP_LIVE_FULL], 5);
    assert_int_equal(pp_export_snapshot(&f.arena, &f.ledger, PP_EXPORT_HEAP, NULL, &before, &err), PP_OK);
    fixture_heap(&f, a, 10, 2, 5);
    fixture_heap(&f, c, 30, 1, 0);
    atomic_store(&f.ledger.head->drops[PP_DROP_LIVE_FULL], 7);
    struct pp_export_request rq = fixture_request(&f, PP_EXPORT_HEAP);
    rq.since = &before;
    rq.duration_ns = 1000;
    struct pp_profile *p = export(&rq);
    const int64_t want[2][4] = {{2, 20, -3, -30}, {1, 30, 1, 30}};
    assert_int_equal(p->n_samples, 2);
    for (int s = 0; s < 2; s++)
        for (int t = 0; t < 4; t++)
            assert_int_equal(p->values[t][s], want[s][t]);
    assert_int_equal(p->duration_nanos, 1000);
    assert_text(p, p->comments[2], "samples lost: 2 (live object table full)");
}

static void threads_count_by_stack(void **state)
{
    (void)state;
    static const char *const types[][2] = {{"goroutine", "count"}};
    const uint64_t one[] = {HANDLE, MAIN}, two[] = {FREE_ALL, MAIN};
    struct pp_thread_info infos[] = {{.generation = 4, .serial = 1, .state = "running", .pcs = one, .n_pcs = 2},
                                     {.generation = 4, .serial = 2, .state = "sleep", .pcs = two, .n_pcs = 2},
                                     {.generation = 4, .serial = 5, .state = "sleep", .pcs = two, .n_pcs = 2},
                                     {.generation = 4, .serial = 6, .state = "runnable", .cut = true}};
    struct pp_thread_dump dump = {infos, 4};
    struct pp_export_request rq = fixture_request(&f, PP_EXPORT_THREADS);
    struct pp_export_snapshot before;
    struct pp_err err;
    rq.threads = &dump;
    atomic_store(&f.ledger.head->drops[PP_DROP_LIVE_FULL], 7); /* nothing to do with threads */
    struct pp_profile *p = export(&rq);
    assert_types(p, types, 1);
    assert_text(p, p->period_type.type, "goroutine");
    assert_int_equal(p->period, 1);
    assert_int_equal(p->n_samples, 3);
    assert_int_equal(p->values[0][0], 2);
    assert_string_equal(stack_text(p, 0), "free_all;main;");
    assert_string_equal(stack_text(p, 1), "[truncated stack];");
    assert_string_equal(stack_text(p, 2), "app::handle(int);main;");
    assert_int_equal(p->n_comments, 2);
    assert_int_equal(pp_export_snapshot(&f.arena, &f.ledger, PP_EXPORT_THREADS, &dump, &before, &err), PP_OK);
    struct pp_thread_dump later = {infos, 2};
    rq.threads = &later;
    rq.since = &before;
    p = export(&rq);
    assert_int_equal(p->n_samples, 2); /* handle is unchanged */
    for (uint32_t i = 0; i < 2; i++)
        assert_int_equal(p->values[0][i], -1);
}

static void comments_tell_what_was_lost(void **state)
{
    (void)state;
    atomic_store(&f.ledger.head->drops[PP_DROP_STACK_CUT], 3);
    atomic_store(&f.ledger.head->drops[PP_DROP_NO_TIMER], 4);
    atomic_store(&f.ledger.head->drops[PP_DROP_LIVE_FULL], 5);
    struct pp_export_request rq = fixture_request(&f, PP_EXPORT_CPU);
    struct pp_profile *p = export(&rq);
    assert_int_equal(p->n_comments, 4);
    assert_text(p, p->comments[0], "libpprof " PP_VERSION);
    assert_text(p, p->comments[1], "made by a test");
    assert_text(p, p->comments[2], "samples lost: 4 (thread without timer)");
    assert_text(p, p->comments[3], "stacks cut: 3");
    atomic_store(&f.ledger.head->heap_rate, 0);
    rq.kind = PP_EXPORT_HEAP;
    rq.note = (pp_str){0};
    p = export(&rq);
    assert_int_equal(p->n_comments, 4);
    assert_text(p, p->comments[1], "heap profiling is off");
    assert_text(p, p->comments[2], "samples lost: 5 (live object table full)");
}

/* Field numbers of the message in order, runs of the same one once. */
static const char *field_order(pp_str proto)
{
    pp_str s = PP_STR("");
    int last = 0;
    for (size_t at = 0; at < proto.n;) {
        unsigned tag = (unsigned char)proto.p[at++];
        uint64_t v = 0;
        for (unsigned shift = 0;; shift += 7) {
            unsigned char byte = (unsigned char)proto.p[at++];
            v |= (uint64_t)(byte & 127) << shift;
            if (byte < 128) break;
        }
        if ((tag & 7) == PP_PB_WIRE_BYTES) at += v;
        if ((int)(tag >> 3) != last) s = pp_arena_fmt(&f.arena, "%.*s%d ", PP_FMT(s), last = (int)(tag >> 3));
    }
    return s.p;
}

static void fields_come_in_gos_order(void **state)
{
    (void)state;
    struct pp_err err;
    pp_str proto;
    fixture_cpu(&f, STACK(&f, 0, 4, PARSE, MAIN), 1);
    fixture_heap(&f, STACK(&f, 0, 4, PARSE), 16, 1, 0);
    fixture_heap(&f, STACK(&f, 0, 4, PARSE), 32, 1, 0);
    struct pp_export_request rq = fixture_request(&f, PP_EXPORT_CPU);
    rq.duration_ns = 5;
    assert_int_equal(pp_export_proto(&f.arena, &rq, &proto, &err), PP_OK);
    assert_string_equal(field_order(proto), "9 1 10 11 12 4 5 4 5 2 3 13 6 ");
    rq.kind = PP_EXPORT_ALLOCS;
    rq.duration_ns = 0;
    assert_int_equal(pp_export_proto(&f.arena, &rq, &proto, &err), PP_OK);
    assert_string_equal(field_order(proto), "11 12 1 14 4 5 2 9 3 13 6 ");
}

static void refused_memory_is_an_error(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 3000; i++) {
        uint64_t pcs[3] = {0x402000 + i, 0x401000 + i % 50, MAIN};
        fixture_heap(&f, fixture_stack(&f, pcs, 3, 0, 4), 16 + i, 2, 1);
    }
    struct pp_export_request rq = fixture_request(&f, PP_EXPORT_HEAP);
    unsigned n_refused = 0;
    enum pp_code c = PP_E_NOMEM;
    for (size_t max = 4096; c; max += 100000) {
        struct pp_arena a = {.max_bytes = max};
        struct pp_err err = {0};
        struct pp_out o;
        pp_str bytes;
        pp_out_to_memory(&o, &f.arena);
        enum pp_code text = pp_export_heap_text(&a, &rq, NULL, &o, &err);
        assert_true(text == PP_OK || text == PP_E_NOMEM);
        pp_arena_release(&a);
        c = pp_export_profile(&a, &rq, &bytes, &err);
        assert_true(c == PP_OK || c == PP_E_NOMEM);
        n_refused += c == PP_E_NOMEM;
        pp_arena_release(&a);
    }
    assert_true(n_refused > 3);
}

static void *export_again(void *arg)
{
    struct pp_export_request rq = fixture_request(&f, PP_EXPORT_CPU);
    struct pp_arena a = {0};
    (void)arg;
    for (int i = 0; i < 50; i++) {
        pp_str bytes;
        assert_int_equal(pp_export_proto(&a, &rq, &bytes, NULL), PP_OK);
        pp_arena_reset(&a);
    }
    pp_arena_release(&a);
    return NULL;
}

static void exports_at_once_share_the_symbolizer(void **state)
{
    (void)state;
    pthread_t t[4];
    for (uint64_t i = 0; i < 100; i++)
        fixture_cpu(&f, STACK(&f, 0, 4, 0x402000 + i, MAIN), 1);
    for (int i = 0; i < 4; i++)
        pthread_create(&t[i], NULL, export_again, NULL);
    for (int i = 0; i < 4; i++)
        pthread_join(t[i], NULL);
    assert_int_equal(f.n_lookups, 4 * 50 * 101); /* an unguarded counter would lose some */
}

static void counts_and_names_for_the_endpoints(void **state)
{
    (void)state;
    pp_str name;
    fixture_heap(&f, STACK(&f, 0, 4, MAIN), 16, 1, 0);
    fixture_heap(&f, STACK(&f, 0, 4, MAIN), 32, 1, 0);
    fixture_cpu(&f, STACK(&f, 0, 4, MAIN), 1);
    f.ledger.threads[1].tid = 77;
    f.ledger.threads[2].tid = 78;
    f.ledger.head->n_threads = 3;
    assert_int_equal(pp_export_count(&f.ledger, PP_EXPORT_HEAP), 2);
    assert_int_equal(pp_export_count(&f.ledger, PP_EXPORT_ALLOCS), 2);
    assert_int_equal(pp_export_count(&f.ledger, PP_EXPORT_THREADS), 2);
    assert_true(pp_export_symbol(&f.arena, &f.ledger, &f.symbols, PARSE, &name));
    assert_true(pp_str_eq_c(name, "app::handle(int)"));
    assert_false(pp_export_symbol(&f.arena, &f.ledger, &f.symbols, PLUGIN, &name));
    assert_false(pp_export_symbol(&f.arena, &f.ledger, NULL, MAIN, &name));
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(cpu_has_gos_types_and_values),
        TEST(mappings_say_what_they_really_have),
        TEST(generations_merge_where_the_module_is_the_same),
        TEST(cut_and_unknown_stacks_end_in_the_marker),
        TEST(children_are_told_by_the_label_pid),
        TEST(cpu_time_without_a_stack_has_a_name),
        TEST(heap_is_scaled_and_labelled_as_by_go),
        TEST(waits_have_gos_types_and_a_kind),
        TEST(a_torn_bucket_is_never_negative),
        TEST(scaling_follows_the_exact_formula),
        TEST(deltas_subtract_and_drop_zeros),
        TEST(threads_count_by_stack),
        TEST(comments_tell_what_was_lost),
        TEST(fields_come_in_gos_order),
        TEST(refused_memory_is_an_error),
        TEST(exports_at_once_share_the_symbolizer),
        TEST(counts_and_names_for_the_endpoints),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
