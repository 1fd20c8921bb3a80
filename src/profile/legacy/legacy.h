/* profile/legacy/legacy.h - the older formats that google/pprof reads, one parser each (struct pp_format in profile/formats.h).
 *
 *   pp_legacy_cpu         gperftools' CPU profiles: words of 32 or 64 bits in either byte order; Java's with a table of names
 *   pp_legacy_heap        "heap profile: ..." of gperftools, tcmalloc and Go (debug=1), growth and fragmentation
 *   pp_legacy_count       "goroutine profile: total 5" and the like
 *   pp_legacy_thread      "--- threadz 1 ---", "--- Thread 7f00 (name: main/12) stack: ---"
 *   pp_legacy_contention  "--- contentionz 1 ---", "--- mutex:", "--- contention:"
 *   pp_legacy_java        "--- heapz 1 ---", "--- contentionz 1 ---" with a table of names
 * Their errors are google/pprof's. Time and memory are linear in the input.
 */
#ifndef PP_PROFILE_LEGACY_LEGACY_H
#define PP_PROFILE_LEGACY_LEGACY_H

#include "profile/formats.h"
#include "profile/legacy/gather.h"
#include "profile/legacy/lines.h"

pp_format_parse pp_legacy_cpu, pp_legacy_heap, pp_legacy_count, pp_legacy_thread, pp_legacy_contention, pp_legacy_java;

/* Frames of allocators, locks and the profiler itself (drop_frames, keep_frames), by the sample types. */
void pp_legacy_set_frames(struct pp_profile *p);

/* ---- what several of them do ---- */

struct pp_addresses { /* as PP_VEC(uint64_t) */
    uint64_t *p;
    size_t n, cap;
};

/* Appends all addresses that stand in `text`. */
PP_MUST_USE enum pp_code pp_legacy_addresses(struct pp_arena *a, pp_str text, struct pp_addresses *to,
                                             struct pp_err *err);

/* Return addresses: one less is within the call. */
void pp_legacy_add_calls(struct pp_gather *g, const uint64_t *address, size_t n);

/* "malformed sample: LINE: " before the text. */
enum pp_format_answer pp_legacy_bad_sample(pp_str line, struct pp_err *err);

/* strconv.ParseInt with its errors; base 0: by prefix. */
PP_MUST_USE enum pp_code pp_legacy_int(pp_str s, unsigned base, int64_t *ret_value, struct pp_err *err);

/* Estimates all objects and bytes from sampled ones; `rate` is the mean number of bytes between two samples. */
void pp_legacy_unsample(int64_t *count, int64_t *size, int64_t rate);

static inline int64_t pp_legacy_mul(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a * (uint64_t)b);
} /* wraps, as Go */

/* b is not 0. */
static inline int64_t pp_legacy_div(int64_t a, int64_t b) { return b == -1 ? (int64_t)(0 - (uint64_t)a) : a / b; }

/* Skips to the memory map (it is not read yet, or its first line is the current one), reads it, and finishes the profile. */
enum pp_format_answer pp_legacy_finish(struct pp_gather *g, struct pp_lines *l, struct pp_profile **ret_profile,
                                       struct pp_err *err);

/* Reads Java's table of names for the addresses of g and finishes the profile. */
enum pp_format_answer pp_legacy_finish_java(struct pp_gather *g, pp_str names, struct pp_profile **ret_profile,
                                            struct pp_err *err);

/* A leaf that stands there twice, once as the interrupted address and once as its call, becomes one. */
void pp_legacy_merge_leaves(struct pp_profile *p);

#endif
