/* runtime/os/on_stack.h - runs a function on another stack: hooks come on coroutine stacks of a few KiB, where deep work has no room. */
#ifndef PP_RUNTIME_OS_ON_STACK_H
#define PP_RUNTIME_OS_ON_STACK_H

/* top: its upper end, 16-byte aligned. Returns when run(arg) has returned. */
void pp_os_on_stack(void *top, void (*run)(void *arg), void *arg);

#endif
