/* record/file.h - the outside of a perf.data file: who recorded what, and where its records are.
 *
 * File mode (header, attributes, data, feature sections), pipe mode (everything is a record), both byte orders, headers without
 * feature bits (perf before 2.6.34), attributes of any size. What perf_event_open(2) and the kernel's
 * tools/perf/Documentation/perf.data-file-format.txt describe.
 *
 *     "PERFILE2" | size 104 | attr size | attrs {at, n} | data {at, n} | event types {at, n} | feature bits 256
 *     "PERFILE2" | size 16 | records                                                          pipe
 * The other byte order has the magic backwards. Offsets and sizes are checked against the bytes that are there; a data section
 * that is cut off, or whose size was never written, ends where the bytes end (is_cut says so).
 */
#ifndef PP_RECORD_FILE_H
#define PP_RECORD_FILE_H

#include "base/vec.h"

/* Bytes with a place in them, in the file's byte order. Reads beyond the end give 0 and set `failed`. */
struct pp_perf_reader {
    const uint8_t *p, *end;
    bool swap, failed;
};

static inline struct pp_perf_reader pp_perf_reader(pp_str bytes, bool swap)
{
    const uint8_t *p = (const uint8_t *)bytes.p;
    return (struct pp_perf_reader){p, bytes.n ? p + bytes.n : p, swap, false};
}
static inline size_t pp_perf_left(const struct pp_perf_reader *r) { return (size_t)(r->end - r->p); }
uint16_t pp_perf_u16(struct pp_perf_reader *r);
uint32_t pp_perf_u32(struct pp_perf_reader *r);
uint64_t pp_perf_u64(struct pp_perf_reader *r);
pp_str pp_perf_bytes(struct pp_perf_reader *r, uint64_t n); /* empty and failed if there are fewer */
pp_str pp_perf_text(struct pp_perf_reader *r, uint64_t n);  /* the same, up to a NUL */

/* struct perf_event_attr: what counts here, and how its samples look. */
struct pp_perf_event {
    pp_str name; /* as perf's list calls it; "" until it is known */
    uint32_t type;
    uint64_t config, period, sample_type, read_format, branch_type, regs_user;
    bool is_freq, sample_id_all;
    PP_VEC(uint64_t) ids;
};

enum { /* sample_type */
       PP_PERF_IP = 1 << 0,
       PP_PERF_TID = 1 << 1,
       PP_PERF_TIME = 1 << 2,
       PP_PERF_ADDR = 1 << 3,
       PP_PERF_READ = 1 << 4,
       PP_PERF_CALLCHAIN = 1 << 5,
       PP_PERF_ID = 1 << 6,
       PP_PERF_CPU = 1 << 7,
       PP_PERF_PERIOD = 1 << 8,
       PP_PERF_STREAM_ID = 1 << 9,
       PP_PERF_RAW = 1 << 10,
       PP_PERF_BRANCH_STACK = 1 << 11,
       PP_PERF_REGS_USER = 1 << 12,
       PP_PERF_STACK_USER = 1 << 13,
       PP_PERF_IDENTIFIER = 1 << 16,
};

struct pp_perf_build_id {
    pp_str file;
    pp_str hex;
    bool is_kernel;
};

struct pp_perf_file {
    struct pp_arena *arena;
    pp_str bytes;
    bool swap, is_pipe, is_cut;
    pp_str data; /* the records */
    PP_VEC(struct pp_perf_event) events;
    PP_VEC(struct pp_perf_build_id) build_ids;
    pp_str command; /* "perf record ...", "" unknown */
    pp_str machine; /* as uname -m */
    bool has_clock;
    uint64_t clock_wall_ns, clock_ns; /* the same moment by wall clock and by the clock of the samples */
};

/* Is it perf.data at all? The magic and a size of header that exists. */
bool pp_perf_is(pp_str bytes);

PP_MUST_USE enum pp_code pp_perf_file_open(struct pp_arena *a, pp_str bytes, struct pp_perf_file *ret_file,
                                           struct pp_err *err);

/* The parts of pipe mode that come as records: bodies without their header. */
void pp_perf_add_attr(struct pp_perf_file *f, pp_str body);   /* PERF_RECORD_HEADER_ATTR */
void pp_perf_add_update(struct pp_perf_file *f, pp_str body); /* PERF_RECORD_EVENT_UPDATE */
void pp_perf_add_build_id(struct pp_perf_file *f, uint16_t misc, pp_str body);
void pp_perf_add_feature(struct pp_perf_file *f, unsigned feature, pp_str body);

/* After the last of them: every event gets a name. */
void pp_perf_name_events(struct pp_perf_file *f);

/* Lower-case hexadecimal of a build id. */
pp_str pp_perf_hex(struct pp_arena *a, pp_str id);

#endif
