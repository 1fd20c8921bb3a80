/* record/event.h - one record of perf.data, taken apart.
 *
 * Layouts are those of perf_event_open(2): fields are there or not as the event's sample_type says. Nothing is copied: call chain,
 * registers and stack stay in the file's bytes (and byte order).
 */
#ifndef PP_RECORD_EVENT_H
#define PP_RECORD_EVENT_H

#include "base/hash.h"
#include "record/file.h"

enum pp_perf_type {
    PP_PERF_MMAP = 1,
    PP_PERF_LOST = 2,
    PP_PERF_COMM = 3,
    PP_PERF_FORK = 7,
    PP_PERF_SAMPLE = 9,
    PP_PERF_MMAP2 = 10,
    PP_PERF_LOST_SAMPLES = 13,
    PP_PERF_KSYMBOL = 17,
    PP_PERF_USER_ATTR = 64,
    PP_PERF_USER_TRACING_DATA = 66,
    PP_PERF_USER_BUILD_ID = 67,
    PP_PERF_USER_AUXTRACE = 71,
    PP_PERF_USER_EVENT_UPDATE = 78,
    PP_PERF_USER_FEATURE = 80,
    PP_PERF_USER_COMPRESSED = 81,
    PP_PERF_USER_COMPRESSED2 = 83,
};
#define PP_PERF_USER_FIRST 64u

#define PP_PERF_UNKNOWN_EVENT UINT32_MAX
enum { PP_PERF_MODE = 7, PP_PERF_MODE_KERNEL = 1, PP_PERF_MODE_USER = 2, PP_PERF_MODE_GUEST_KERNEL = 4 };
enum { PP_PERF_MISC_EXEC = 1 << 13, PP_PERF_MISC_DATA = 1 << 13, PP_PERF_MISC_BUILD_ID = 1 << 14 };

struct pp_perf_record {
    uint32_t type;
    uint16_t misc;
    pp_str body; /* behind the 8 bytes of header */
};

/* Takes the next record off *rest; false at the end or where the bytes are none (*ret_broken). */
bool pp_perf_next(pp_str *rest, bool swap, struct pp_perf_record *ret_record, bool *ret_broken);

struct pp_perf_sample {
    uint32_t event; /* index */
    uint64_t ip, time, period;
    int32_t pid, tid;
    struct pp_perf_reader chain; /* u64 each, contexts among them */
    uint64_t regs_abi;           /* 0: none, 1: 32 bit, 2: 64 bit */
    struct pp_perf_reader regs;  /* one u64 for each bit of the event's regs_user */
    pp_str stack;                /* from the stack pointer on */
};

/* Which event a sample belongs to, and where other records have their time. */
struct pp_perf_layout {
    const struct pp_perf_file *file;
    struct pp_hash ids;       /* id -> event */
    PP_VEC(uint64_t) id_list; /* the ids, and the event of each */
    PP_VEC(uint32_t) id_event;
    bool has_id;
    size_t id_at;   /* of a sample's id, in its body */
    size_t tail;    /* bytes behind other records: sample_id */
    size_t time_at; /* of the time in there; PP_NOT_FOUND: none */
};
void pp_perf_layout_init(struct pp_perf_layout *l, const struct pp_perf_file *f);

/* False: shorter than its fields, or of an event that the file does not describe (*ret_unknown). */
bool pp_perf_sample_read(const struct pp_perf_layout *l, pp_str body, struct pp_perf_sample *ret_sample,
                         bool *ret_unknown);

/* When the record was made; 0: says nothing, so it comes first. */
uint64_t pp_perf_time(const struct pp_perf_layout *l, const struct pp_perf_record *r);

#endif
