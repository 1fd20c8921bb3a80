/* wire/gunzip.h - one gzip member, inflated piece by piece.
 *
 * libdeflate inflates a whole buffer or nothing. Here whoever reads the text starts with the first piece while the rest is still
 * compressed, and the memory is that of a few pieces, whatever the size. About as fast as libdeflate.
 * A piece is PP_GUNZIP_PIECE bytes long (the last one less, any of them PP_GUNZIP_OVER more), and up to PP_GUNZIP_BACK bytes in
 * front of it are what came before.
 * Anything but one sound member up to the end of the input is refused without a text: wire/gzip then reads it from the start,
 * and says what Go says.
 * May run: cold code.
 */
#ifndef PP_WIRE_GUNZIP_H
#define PP_WIRE_GUNZIP_H

#include "base/arena.h"

#define PP_GUNZIP_BACK ((size_t)64 << 10) /* at least deflate's window */
#define PP_GUNZIP_PIECE ((size_t)512 << 10)
#define PP_GUNZIP_OVER ((size_t)512)
#define PP_GUNZIP_ROOM (PP_GUNZIP_BACK + PP_GUNZIP_PIECE + PP_GUNZIP_OVER) /* of a buffer */

struct pp_gunzip;

/* NULL: not such a member, or out of memory. The input stays the caller's. */
struct pp_gunzip *pp_gunzip_new(struct pp_arena *a, pp_str in);

/* The next piece into `buffer` (PP_GUNZIP_ROOM bytes; another one than the last time, which is still read): it begins at
 * buffer + PP_GUNZIP_BACK, *ret_n bytes of it, 0 behind the last one. False: refused. */
bool pp_gunzip_next(struct pp_gunzip *g, uint8_t *buffer, size_t *ret_n);

/* How far the input is read. */
size_t pp_gunzip_at(const struct pp_gunzip *g);

#endif
