/* wire/gzip.h - gzip in memory, through libdeflate.
 *
 * Reading follows Go's gzip reader: several members are read through, bytes behind the last member must be a member, header and
 * data checksums are verified. On any failure a small slow inflater of our own runs over the same bytes to find Go's text and
 * offset ("gzip: invalid header", "unexpected EOF", "flate: corrupt input before offset 17", "gzip: invalid checksum").
 * Memory: the output grows as data arrives, at most 1032 bytes for each byte of input (no more is possible) and max_bytes.
 * May run: cold code; in the runtime after pp_gzip_use_pages().
 */
#ifndef PP_WIRE_GZIP_H
#define PP_WIRE_GZIP_H

#include "base/arena.h"

/* Of 1..12. Measured on 16 MB of samples: level 1 292 MB/s, 5.35 MB; level 6 173 MB/s, 5.21 MB (gzip -6: 5.24); level 9 55 MB/s,
 * 5.17 MB. */
#define PP_GZIP_LEVEL 6

/* Whether it starts as gzip (1f 8b). */
bool pp_gzip_is(pp_str bytes);

/* The size of the text by what the end of the file says, within what its own size allows. */
size_t pp_gzip_size_hint(pp_str bytes);

/* The inflated bytes live in `a`. max_bytes 0: no limit but the ratio. PP_E_FORMAT: Go's text; PP_E_LIMIT; PP_E_NOMEM. */
PP_MUST_USE enum pp_code pp_gzip_decompress(struct pp_arena *a, pp_str in, size_t max_bytes, pp_str *ret_bytes,
                                            struct pp_err *err);

/* One member, header as Go's writer makes it (no name, no time). */
PP_MUST_USE enum pp_code pp_gzip_compress(struct pp_arena *a, pp_str in, int level, pp_str *ret_bytes,
                                          struct pp_err *err);

/* Lets libdeflate take its memory from base/pages instead of malloc; for the whole process, before the first use. */
void pp_gzip_use_pages(void);

#endif
