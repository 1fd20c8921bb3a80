/* base/pages.h - memory straight from the kernel: for arenas, tables and stacks.
 *
 * Raw system calls: no errno, no TLS, no libc lock, so also fit for malloc hooks and for threads that libc doesn't know.
 * Sizes are rounded up to 4 KiB; fresh pages are zero.   May run: everywhere.
 */
#ifndef PP_BASE_PAGES_H
#define PP_BASE_PAGES_H

#include <stdbool.h>
#include <stddef.h>

#define PP_PAGE ((size_t)4096)

void *pp_pages_map(size_t size);                                     /* NULL when the kernel refuses */
void pp_pages_unmap(void *pages, size_t size);                       /* NULL is fine */
void *pp_pages_grow(void *pages, size_t old_size, size_t new_size); /* may move; NULL: refused, old pages stay */

/* Gives the memory of the whole pages inside [p, p+size) back to the system; they read as zeros (file pages: as the file). */
void pp_pages_discard(const void *p, size_t size);

#define PP_PAGES_HUGE ((size_t)2 << 20)

/* Moves the contents of whole anonymous pages: `to` has them without a copy, `from` reads as zeros. Huge pages stay whole when both
 * are multiples of PP_PAGES_HUGE. False: the kernel refuses, nothing happened. */
bool pp_pages_move(void *to, void *from, size_t size);

/* Asks for huge pages where the kernel gives them on request: a big block is then filled with 1/500 of the page faults. */
void pp_pages_prefer_huge(void *pages, size_t size);

#endif
