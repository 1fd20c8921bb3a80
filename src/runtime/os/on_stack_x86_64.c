// SPDX-License-Identifier: Apache-2.0
#include "runtime/os/on_stack.h"

/* Unwinders cross it: the CFA stays with rbp. */
__asm__(".text\n"
        ".globl pp_os_on_stack\n"
        ".hidden pp_os_on_stack\n"
        ".type pp_os_on_stack, @function\n"
        "pp_os_on_stack:\n\t"
        ".cfi_startproc\n\t"
        "push %rbp\n\t"
        ".cfi_def_cfa_offset 16\n\t"
        ".cfi_offset rbp, -16\n\t"
        "mov %rsp, %rbp\n\t"
        ".cfi_def_cfa_register rbp\n\t"
        "mov %rdi, %rsp\n\t"
        "mov %rdx, %rdi\n\t"
        "call *%rsi\n\t"
        "mov %rbp, %rsp\n\t"
        "pop %rbp\n\t"
        ".cfi_def_cfa rsp, 8\n\t"
        "ret\n\t"
        ".cfi_endproc\n"
        ".size pp_os_on_stack, . - pp_os_on_stack\n");
