// SPDX-License-Identifier: Apache-2.0
// fuzz: src/profile/*.c src/profile/*/*.c src/wire/*.c src/regex/*.c src/regex/regex.cc src/base/*.c -- -ldeflate -lre2 -lstdc++ -lm
// Any bytes: an error or a valid profile. What was decoded must survive encoding: same bytes the second time, same tables,
// and filters, granularity and merging must leave a valid profile.
// Seeds: files of test/corpus/edge, inflated where they are small.

#include "fuzz/encoded.h"
#include "fuzz/harness.h"
#include "profile/aggregate.h"
#include "profile/decode.h"
#include "profile/filter.h"
#include "profile/merge.h"
#include "profile/prune.h"

static void say_nothing(void *ctx, pp_str line)
{
    (void)ctx;
    (void)line;
}

static void round_trip(struct pp_arena *a, const struct pp_profile *p)
{
    struct pp_profile *q;
    struct pp_err err;
    pp_str first = encoded(a, p);
    check(pp_profile_parse(a, first, NULL, &q, &err) == PP_OK && pp_profile_valid(q, &err));
    check(p->n_samples == q->n_samples && p->loc_off[p->n_samples] == q->loc_off[q->n_samples]);
    check(p->n_locations == q->n_locations && p->n_lines == q->n_lines && p->n_functions == q->n_functions);
    /* A text label whose text is "" is dropped by the first trip: only from then on nothing changes. */
    pp_str second = encoded(a, q);
    check(pp_profile_parse(a, second, NULL, &q, &err) == PP_OK);
    check(pp_str_eq(second, encoded(a, q)));
}

static void work(struct pp_arena *a, struct pp_profile *p)
{
    struct pp_err err;
    struct pp_label_units units;
    struct pp_profile *copy = pp_profile_copy(a, p), *merged;
    const struct pp_filters filters = {.focus = PP_STR("a|^$"),
                                       .hide = PP_STR("b"),
                                       .show_from = PP_STR("."),
                                       .tagignore = PP_STR("7kb:"),
                                       .taghide = PP_STR("k"),
                                       .prune_from = PP_STR("m")};
    pp_labels_units(a, copy, say_nothing, NULL, &units);
    pp_labels_to_frames(copy, PP_STR("key,bytes"), PP_STR("n"), PP_STR("auto"), say_nothing, NULL);
    check(pp_profile_valid(copy, &err));
    check(pp_filter_apply(a, copy, &filters, &units, say_nothing, NULL, &err) == PP_OK);
    check(pp_profile_valid(copy, &err));
    check(pp_aggregate_by_name(copy, PP_STR("lines"), true, false, &err) == PP_OK);
    check(pp_profile_merge(a, (struct pp_profile *[]){copy, p, p}, 3, &merged, &err) == PP_OK);
    check(pp_profile_valid(merged, &err) && pp_profile_valid(p, &err));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pp_arena a;
    struct pp_err err;
    struct pp_profile *p;
    if (size > 1 << 16) return 0;
    pp_arena_init(&a, 0, no_memory);
    if (!pp_profile_parse(&a, (pp_str){(const char *)data, size}, &(struct pp_decode_options){.max_bytes = 1 << 20}, &p,
                          &err)) {
        check(pp_profile_valid(p, &err));
        round_trip(&a, p);
        work(&a, p);
    }
    pp_arena_release(&a);
    return 0;
}
