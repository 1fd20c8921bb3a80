/* record/record.h - perf.data -> struct pp_profile.
 *
 * Two passes over the records: the first unpacks compressed ones, takes what describes the recording, and notes when each record was
 * made; the second replays them in the order of time: mappings, names and processes come and go, samples find their place.
 *
 *     sample types   <event>_sample/count and <event>_event/count (nanoseconds for cpu-clock and task-clock), for each event that has samples,
 *                    in the order of the file; the default is the first event's second
 *     labels         comm (the thread's name), pid, tid
 *     locations      addresses with mappings and build ids; names only for the kernel (kallsyms, if they are this very kernel's) and
 *                    for what it compiled itself. Callers are call sites: return addresses less 1
 *     mappings       the same part of the same file is one, whatever address it has in each process (the first one seen)
 *     comments       the command line, lost samples, and what is wrong with the file
 * A file that breaks off gives what it has, with a warning. Stacks of --call-graph dwarf are unwound with the binaries that
 * open_object finds.   Memory: the profile lives in `a` and does not need `bytes`; scratch memory is freed.   May run: the tool only.
 */
#ifndef PP_RECORD_RECORD_H
#define PP_RECORD_RECORD_H

#include "profile/model.h"

struct pp_record_options {
    size_t max_bytes; /* of unpacked records; 0: no limit of ours */
    /* The bytes of a file as it was recorded; build_id "" unknown. False: not here. They stay valid until the reading ends. May be NULL. */
    bool (*open_object)(void *ctx, pp_str file, pp_str build_id, pp_str *ret_bytes);
    /* kallsyms of the kernel with that build id; "" unknown. Stays valid as above. May be NULL. */
    bool (*kallsyms)(void *ctx, pp_str build_id, pp_str *ret_text);
    void (*warn)(void *ctx, pp_str text); /* may be NULL */
    void *ctx;
};

bool pp_record_is(pp_str bytes); /* the magic, and a header that exists */

PP_MUST_USE enum pp_code pp_record_read(struct pp_arena *a, pp_str bytes, const struct pp_record_options *o,
                                        struct pp_profile **ret_profile, struct pp_err *err);

#endif
