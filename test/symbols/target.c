// SPDX-License-Identifier: Apache-2.0
/* What symfile_test.c looks at: it names lines of this file, so keep them. */
#include <unistd.h>

static inline __attribute__((always_inline)) int innermost(int x)
{
    __asm__ volatile(".globl mark_inner\nmark_inner: nop" : "+r"(x));
    return x;
}

static inline __attribute__((always_inline)) int middle(int x)
{
    return innermost(x * 7) + 1;
}

int outermost(int x);
__attribute__((noinline)) int outermost(int x)
{
    x ^= 5;
    return middle(x) ^ x;
}

/* Symbols of all kinds at addresses that are known relative to each other. */
__asm__(".text\n"
        ".balign 64\n"
        ".globl place_start\n"
        "place_start:\n"
        /* aliases: 16 bytes */
        ".type __alias_global,@function\n.globl __alias_global\n__alias_global:\n"
        ".type alias_weak,@function\n.weak alias_weak\nalias_weak:\n"
        ".type alias_local,@function\nalias_local:\n"
        ".skip 16,0x90\n"
        ".size __alias_global,16\n.size alias_weak,16\n.size alias_local,16\n"
        /* a gap of 16 bytes, then outer (32) around inner (8 bytes at 8) */
        ".skip 16,0x90\n"
        ".type nest_outer,@function\nnest_outer:\n.skip 8,0x90\n"
        ".type nest_inner,@function\nnest_inner:\n.skip 24,0x90\n"
        ".size nest_outer,32\n.size nest_inner,8\n"
        /* one without size and 70,000 bytes behind it */
        ".globl unsized\nunsized:\n.skip 70000,0x90\n"
        ".type behind,@function\n.globl behind\nbehind:\n.skip 16,0x90\n.size behind,16\n");

int main(int argc, char **argv)
{
    (void)argv;
    return outermost(argc + (int)getppid()) & 1;
}
