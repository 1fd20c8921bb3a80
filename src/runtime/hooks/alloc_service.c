// SPDX-License-Identifier: Apache-2.0
#include "runtime/hooks/alloc_service.h"

#include "runtime/hooks/next.h"

static bool counted(size_t n)
{
    return pp_heap_count(n) && pp_heap_due(n);
}

static void freed(const void *p)
{
    if (p && pp_live_maybe(p)) pp_heap_free(p);
}

static bool take_out(const void *p, struct pp_live_object *ret)
{
    return p && pp_live_maybe(p) && pp_heap_take_out(p, ret);
}

static void *next(const char *name)
{
    return pp_next_find_behind_companions(name);
}

const struct pp_alloc_service pprof_alloc_service = {
    .counted = counted,
    .took = pp_heap_took,
    .freed = freed,
    .take_out = take_out,
    .put_back = pp_heap_put_back,
    .charge_free = pp_heap_charge_free,
    .next = next,
};
