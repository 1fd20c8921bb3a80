/* unwind/sigsafe/code_x86_64.h - what a few instruction bytes tell about a stack where no unwind information is.
 *
 * Works on bytes that the caller has read.   May run: sigsafe.
 */
#ifndef PP_UNWIND_SIGSAFE_CODE_X86_64_H
#define PP_UNWIND_SIGSAFE_CODE_X86_64_H

#include "unwind/sigsafe/table.h"

#include <stdbool.h>

#define PP_CALL_BYTES 7 /* the longest call looked for */
#define PP_CODE_BYTES 16

enum pp_call { PP_CALL_NONE, PP_CALL_DIRECT, PP_CALL_SLOT, PP_CALL_INDIRECT };

/* Do the PP_CALL_BYTES bytes before `after` end in a call? DIRECT: ret_target is where it leads; SLOT (call
 * *x(%rip)): the address of the pointer it goes through. */
enum pp_call pp_code_call(const uint8_t before[PP_CALL_BYTES], uint64_t after, uint64_t *ret_target) PP_SIGSAFE;

/* n bytes at pc: the rule for a thread stopped exactly there, as far as the instruction gives it away: ret, or the
 * first instructions of a function that sets up a frame pointer; the kernel's signal return: PP_RULE_SIGNAL. Else
 * PP_RULE_CHAIN. */
uint64_t pp_code_rule(const uint8_t *code, size_t n, bool is_exact) PP_SIGSAFE;

/* A PLT entry ([endbr64] [bnd] jmp *x(%rip)) at `at`: the address of the pointer it jumps through. */
bool pp_code_plt_slot(const uint8_t *code, size_t n, uint64_t at, uint64_t *ret_slot) PP_SIGSAFE;

#endif
