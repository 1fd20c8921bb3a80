/* runtime/sigsafe/take.h - from the registers of a thread to the id of its stack in the ledger. */
#ifndef PP_RUNTIME_SIGSAFE_TAKE_H
#define PP_RUNTIME_SIGSAFE_TAKE_H

#include "runtime/sigsafe/guest.h"
#include "runtime/sigsafe/self.h"
#include "unwind/sigsafe/walk.h"

/* 0: no stack could be kept (counted by reason). Frames of libpprof itself are left out. */
uint32_t pp_take_stack(struct pp_scratch_pool *pool, struct pp_self *self, const struct pp_walk_regs *regs, bool *ret_cut) PP_SIGSAFE;

/* The same, and a stack that did not reach its end is counted. */
uint32_t pp_take_counted(struct pp_scratch_pool *pool, struct pp_self *self, const struct pp_walk_regs *regs) PP_SIGSAFE;

#endif
