// SPDX-License-Identifier: Apache-2.0
#include "profile/legacy/legacy.h"

#include "base/gomath.h"
#include "base/gonum.h"
#include "profile/legacy/memory_map.h"
#include "profile/legacy/rows.h"
#include "profile/units.h"

enum pp_code pp_legacy_addresses(struct pp_arena *a, pp_str text, struct pp_addresses *to, struct pp_err *err)
{
    for (pp_str s; pp_row_next_address(&text, &s);) {
        uint64_t address;
        if (pp_go_parse_uint(s, 0, 64, &address))
            return pp_fail(err, PP_E_FORMAT, "failed to parse as hex 64-bit number: %.*s", PP_FMT(s));
        *PP_PUSH(a, to) = address;
    }
    return PP_OK;
}

void pp_legacy_add_calls(struct pp_gather *g, const uint64_t *address, size_t n)
{
    for (size_t i = 0; i < n; i++)
        pp_gather_frame(g, address[i] - 1);
}

enum pp_format_answer pp_legacy_bad_sample(pp_str line, struct pp_err *err)
{
    pp_within(err, "malformed sample: %.*s", PP_FMT(line));
    return PP_FORMAT_BROKEN;
}

enum pp_code pp_legacy_int(pp_str s, unsigned base, int64_t *ret_value, struct pp_err *err)
{
    enum pp_go_num kind = pp_go_parse_int(s, base, 64, ret_value);
    return kind ? pp_go_num_fail(err, kind, "ParseInt", s) : PP_OK;
}

/* Sampling is a Poisson process: an object of that size is sampled with probability 1 - exp(-size / rate). */
void pp_legacy_unsample(int64_t *count, int64_t *size, int64_t rate)
{
    if (*count == 0 || *size == 0) {
        *count = *size = 0;
    } else if (rate > 1) {
        double mean = (double)*size / (double)*count;
        double scale = 1 / (1 - pp_go_exp(-mean / (double)rate));
        *count = pp_units_int((double)*count * scale);
        *size = pp_units_int((double)*size * scale);
    }
}

enum pp_format_answer pp_legacy_finish(struct pp_gather *g, struct pp_lines *l, struct pp_profile **ret_profile,
                                       struct pp_err *err)
{
    while (!pp_line_starts_maps(l->line) && pp_lines_next(l))
        ;
    if (l->too_long) {
        pp_lines_fail(err);
        return PP_FORMAT_BROKEN;
    }
    pp_gather_finish(g);
    if (pp_memory_map_read(g->p, l, err)) return PP_FORMAT_BROKEN;
    pp_memory_map_assign(g->p);
    *ret_profile = g->p;
    return PP_FORMAT_READ;
}

void pp_legacy_merge_leaves(struct pp_profile *p)
{
    uint32_t *to = p->locs;
    uint64_t from = 0;
    for (uint32_t i = 0; i < p->n_samples; i++) {
        const uint32_t *stack = p->locs + from;
        uint64_t n = p->loc_off[i + 1] - from;
        bool twice = n > 1 && p->locations[stack[0]].address == p->locations[stack[1]].address + 1;
        from = p->loc_off[i + 1];
        for (uint64_t k = 0; k < n; k++)
            if (!twice || k != 1) *to++ = stack[k];
        p->loc_off[i + 1] = (uint64_t)(to - p->locs);
    }
}

/* ---- uninteresting frames ---- */

static const char allocators[] =
    "calloc|cfree|malloc|free|memalign|do_memalign|(__)?posix_memalign|pvalloc|valloc|realloc|"
    "tcmalloc::.*|tc_calloc|tc_cfree|tc_malloc|tc_free|tc_memalign|tc_posix_memalign|tc_pvalloc|tc_valloc|tc_realloc|"
    "tc_new|tc_delete|tc_newarray|tc_deletearray|tc_new_nothrow|tc_newarray_nothrow|"
    "malloc_zone_malloc|malloc_zone_calloc|malloc_zone_valloc|malloc_zone_realloc|malloc_zone_memalign|malloc_zone_"
    "free|"
    "runtime\\..*|"
    "BaseArena::.*|(::)?do_malloc_no_errno|(::)?do_malloc_pages|(::)?do_malloc|DoSampledAllocation|"
    "MallocedMemBlock::MallocedMemBlock|_M_allocate|__builtin_(vec_)?delete|__builtin_(vec_)?new|"
    "__gnu_cxx::new_allocator::allocate|__libc_malloc|__malloc_alloc_template::allocate|allocate|cpp_alloc|"
    "operator new(\\[\\])?|simple_alloc::allocate";
static const char kept_allocators[] = "runtime\\.panic|runtime\\.reflectcall|runtime\\.call[0-9]*";
static const char profilers[] =
    "ProfileData::Add|ProfileData::prof_handler|CpuProfiler::prof_handler|__pthread_sighandler|__restore";
static const char locks[] =
    "RecordLockProfileData|(base::)?RecordLockProfileData.*|(base::)?SubmitMutexProfileData.*|"
    "(base::)?SubmitSpinLockProfileData.*|(base::Mutex::)?AwaitCommon.*|(base::Mutex::)?Unlock.*|"
    "(base::Mutex::)?UnlockSlow.*|(base::Mutex::)?ReaderUnlock.*|(base::MutexLock::)?~MutexLock.*|(Mutex::)?"
    "AwaitCommon.*|"
    "(Mutex::)?Unlock.*|(Mutex::)?UnlockSlow.*|(Mutex::)?ReaderUnlock.*|(MutexLock::)?~MutexLock.*|(SpinLock::)?Unlock."
    "*|"
    "(SpinLock::)?SlowUnlock.*|(SpinLockHolder::)?~SpinLockHolder.*";

static const struct kind {
    const char *types[PP_GATHER_TYPES]; /* names of the sample types */
    const char *drop, *keep;
} kinds[] = {
    {{"allocations", "size"}, allocators, kept_allocators},
    {{"objects", "space"}, allocators, kept_allocators},
    {{"inuse_objects", "inuse_space"}, allocators, kept_allocators},
    {{"alloc_objects", "alloc_space"}, allocators, kept_allocators},
    {{"alloc_objects", "alloc_space", "inuse_objects", "inuse_space"}, allocators, kept_allocators},
    {{"contentions", "delay"}, locks, ""},
};

static bool is_kind(const struct pp_profile *p, const struct kind *k)
{
    unsigned n = 0;
    for (; n < PP_GATHER_TYPES && k->types[n]; n++)
        if (n >= p->n_types || !pp_str_eq_c(pp_profile_str(p, p->types[n].type), k->types[n])) return false;
    return n == p->n_types;
}

void pp_legacy_set_frames(struct pp_profile *p)
{
    const char *drop = profilers, *keep = "";
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (!is_kind(p, &kinds[i])) continue;
        drop = kinds[i].drop;
        keep = kinds[i].keep;
    }
    p->drop_frames = pp_profile_intern(p, pp_str_c(drop));
    p->keep_frames = pp_profile_intern(p, pp_str_c(keep));
}
