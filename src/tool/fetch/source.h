/* tool/fetch/source.h - one source: a file, a perf.data file, or a URL -> a checked profile with its binaries named.
 *
 * Threads: one per source, started by fetch.c.
 */
#ifndef PP_TOOL_FETCH_SOURCE_H
#define PP_TOOL_FETCH_SOURCE_H

#include <semaphore.h>

#include "profile/model.h"
#include "tool/cmdline.h"
#include "tool/fetch/bytes.h"

struct pp_source {
    pp_str addr;
    const struct pp_cmdline *cmdline;
    sem_t *decoders; /* held while decoding: as many at once as there are cores */
    struct pp_arena arena;
    struct pp_bytes bytes;
    struct pp_profile *profile; /* NULL: failed, see code and err */
    bool remote;
    enum pp_code code;
    struct pp_err err;
};

void pp_source_init(struct pp_source *s, pp_str addr, const struct pp_cmdline *c, sem_t *decoders,
                    void (*oom)(size_t wanted));
void pp_source_read(struct pp_source *s);

#endif
