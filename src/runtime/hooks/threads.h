/* runtime/hooks/threads.h - the registry of threads in the ledger, which all profiled processes of the family share.
 *
 * A slot is claimed by the creator (its stack is known there), gets its tid from the new thread and is given back at the end. A thread
 * that ends without telling us (cancelled, ended by a raw system call) keeps its slot until somebody finds its tid gone.
 * Serial numbers are never used twice; 1 is the guest's main thread.   May run: hooks. Lock-free.
 */
#ifndef PP_RUNTIME_HOOKS_THREADS_H
#define PP_RUNTIME_HOOKS_THREADS_H

#include <stdint.h>

/* Index + 1 of a new slot for a thread that the caller creates; 0: no room (the thread is not listed, else all works). */
uint32_t pp_threads_announce(uint32_t creator_stack, uintptr_t start_routine);
uint32_t pp_threads_announce_main(void);
void pp_threads_begin(uint32_t thread);  /* on the new thread */
void pp_threads_end(uint32_t thread);    /* on the ending thread; 0 is fine */
void pp_threads_cancel(uint32_t thread); /* creation failed */
void pp_threads_reap(void);              /* cold: frees this process's slots whose threads are gone */

#endif
