/* runtime/hooks/stack.h - the stack of the calling thread as its id in the ledger, for hooks.
 *
 * All signals are blocked by the caller: a handler that leaves by longjmp must not leave a scratch buffer claimed.   May run: hooks.
 */
#ifndef PP_RUNTIME_HOOKS_STACK_H
#define PP_RUNTIME_HOOKS_STACK_H

#include "runtime/sigsafe/self.h"
#include "unwind/sigsafe/walk.h"

/* 0: none could be kept (counted by reason). */
uint32_t pp_hook_stack(struct pp_self *s, const struct pp_walk_regs *regs);

#endif
