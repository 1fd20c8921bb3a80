// SPDX-License-Identifier: Apache-2.0
#include "base/procstat.h"

/* Fields are counted from 1 as in proc(5); the state is the third and the first behind the name. */
enum { FIELD_STATE = 3, FIELD_PARENT = 4, FIELD_THREADS = 20, FIELD_START = 22 };

bool pp_procstat_parse(pp_str text, struct pp_procstat *ret)
{
    size_t name = pp_str_find_byte(text, ' '), behind = pp_str_rfind_byte(text, ')');
    uint64_t v;
    if (behind == PP_NOT_FOUND || name > behind || !pp_str_to_u64(pp_str_sub(text, 0, name), 10, &v)) return false;
    *ret = (struct pp_procstat){.pid = (uint32_t)v};
    pp_str rest = pp_str_from(text, behind + 2), field;
    for (int i = FIELD_STATE; i <= FIELD_START && pp_str_next(&rest, ' ', &field); i++) {
        if (i == FIELD_STATE && field.n == 1) ret->state = field.p[0];
        if (i == FIELD_PARENT && pp_str_to_u64(field, 10, &v)) ret->parent = (uint32_t)v;
        if (i == FIELD_THREADS && pp_str_to_u64(field, 10, &v)) ret->n_threads = (uint32_t)v;
        if (i == FIELD_START) return ret->state && pp_str_to_u64(field, 10, &ret->start_ticks);
    }
    return false;
}
