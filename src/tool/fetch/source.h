/* tool/fetch/source.h - one source: a file, a perf.data file, "-" (standard input), or a URL -> a checked profile with its
 * binaries named.
 *
 * Threads: one per source, started by fetch.c.
 */
#ifndef PP_TOOL_FETCH_SOURCE_H
#define PP_TOOL_FETCH_SOURCE_H

#include "base/vec.h"
#include "profile/model.h"
#include "tool/cmdline.h"
#include "tool/fetch/bytes.h"
#include "tool/fetch/turns.h"
#include "tool/fetch/url.h"

/* A mapping of a source that came from a URL: whoever serves that may know its symbols. */
struct pp_mapping_source {
    pp_str key; /* the mapping's build id, else its file, else the URL, which then becomes its file */
    uint64_t start;
    struct pp_url url;
};

typedef PP_VEC(struct pp_mapping_source) pp_mapping_sources;

struct pp_source {
    pp_str addr;
    const struct pp_cmdline *cmdline;
    struct pp_turns *turns;
    size_t index; /* in turns */
    struct pp_arena arena, profile_arena;
    struct pp_bytes bytes;
    struct pp_profile *profile; /* NULL: failed, see code and err; or is_forgotten */
    bool remote;
    bool can_repeat; /* small and local: the bytes stay, it can be forgotten and decoded again */
    bool is_forgotten;
    pp_mapping_sources mapping_sources; /* of a remote one */
    enum pp_code code;
    struct pp_err err;
};

void pp_source_init(struct pp_source *s, pp_str addr, const struct pp_cmdline *c, struct pp_turns *turns, size_t index,
                    void (*oom)(size_t wanted));
void pp_source_read(struct pp_source *s);

/* The profile's memory goes to others; the profile comes back by decoding it again (quietly). Only where it can_repeat. */
void pp_source_forget(struct pp_source *s);
void pp_source_decode_again(struct pp_source *s);

#endif
