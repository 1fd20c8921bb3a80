// SPDX-License-Identifier: Apache-2.0
#include "runtime/hooks/stack.h"

#include "ledger/sigsafe/book.h"
#include "runtime/os/os.h"
#include "runtime/sigsafe/take.h"
#include "runtime/tables/modules.h"

/* A cut stack that met an unknown module is taken again once the module is known. */
uint32_t pp_hook_stack(struct pp_self *s, const struct pp_walk_regs *regs)
{
    if (!s->tid) s->tid = (uint32_t)pp_os_gettid();
    if (!atomic_load_explicit(&pp_guest.modules.current, memory_order_relaxed)) pp_runtime_modules_refresh(true);
    bool cut;
    uint32_t stack = pp_take_stack(&pp_guest.hook_pool, s, regs, &cut);
    if (atomic_load_explicit(&pp_guest.modules_stale, memory_order_relaxed) && pp_runtime_modules_refresh(false))
        stack = pp_take_stack(&pp_guest.hook_pool, s, regs, &cut);
    if (cut) pp_book_drop(&pp_guest.ledger, PP_DROP_STACK_CUT);
    return stack;
}
