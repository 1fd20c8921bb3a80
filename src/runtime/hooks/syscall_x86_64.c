// SPDX-License-Identifier: Apache-2.0
/* syscall(SYS_seccomp, ...) is how libseccomp loads a filter. A C frame may not stand in front of syscall() (vfork through it would
 * return into a frame that is gone), so this is a look at the number and a jump; only seccomp's takes the longer way, and futex's leads to a C function: no thread is made there. */
#include <stddef.h>

#include "runtime/hooks/next.h"

void *pp_syscall_next __attribute__((visibility("hidden"), used));
void *pp_syscall_resolve(void) __attribute__((visibility("hidden"), used));
void pp_freeze_for_seccomp(void) __attribute__((visibility("hidden")));

void *pp_syscall_resolve(void)
{
    return pp_syscall_next = pp_next_find("syscall", NULL);
}

#define SAVE_ARGUMENTS                                                                                                 \
    "push %rdi\n\tpush %rsi\n\tpush %rdx\n\tpush %rcx\n\tpush %r8\n\tpush %r9\n\tsub $8, %rsp\n\t.cfi_adjust_cfa_offset 56\n\t"
#define RESTORE_ARGUMENTS                                                                                              \
    "add $8, %rsp\n\tpop %r9\n\tpop %r8\n\tpop %rcx\n\tpop %rdx\n\tpop %rsi\n\tpop %rdi\n\t.cfi_adjust_cfa_offset -56\n\t"

__asm__(".text\n"
        ".globl syscall\n"
        ".type syscall, @function\n"
        "syscall:\n\t"
        ".cfi_startproc\n\t"
        "cmp $317, %rdi\n\t" /* SYS_seccomp */
        "je 2f\n\t"
        "cmp $202, %rdi\n\t" /* SYS_futex */
        "je 4f\n"
        "1:\tmov pp_syscall_next(%rip), %rax\n\t"
        "test %rax, %rax\n\t"
        "je 3f\n\t"
        "jmp *%rax\n"
        "2:\t" SAVE_ARGUMENTS "call pp_freeze_for_seccomp\n\t" RESTORE_ARGUMENTS "jmp 1b\n"
        "3:\t" SAVE_ARGUMENTS "call pp_syscall_resolve\n\t" RESTORE_ARGUMENTS "jmp *%rax\n"
        "4:\tcmpq $0, pp_syscall_next(%rip)\n\t"
        "jne pp_syscall_futex\n\t"
        SAVE_ARGUMENTS "call pp_syscall_resolve\n\t" RESTORE_ARGUMENTS "jmp pp_syscall_futex\n\t"
        ".cfi_endproc\n"
        ".size syscall, . - syscall\n");
