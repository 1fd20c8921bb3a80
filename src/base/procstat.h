/* base/procstat.h - the fields of /proc/PID/stat that we ask for. The name in it may hold anything, blanks and brackets included. */
#ifndef PP_BASE_PROCSTAT_H
#define PP_BASE_PROCSTAT_H

#include "base/str.h"

struct pp_procstat {
    uint32_t pid;
    uint32_t parent; /* 0: none that can be seen */
    char state; /* of the first thread: R S D Z T t X I */
    uint32_t n_threads;
    uint64_t start_ticks; /* after boot; pid and start_ticks name a process for ever */
};

/* False: not such a text. */
bool pp_procstat_parse(pp_str text, struct pp_procstat *ret);

#endif
