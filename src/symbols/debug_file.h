/* symbols/debug_file.h - finding the separate debug file of an object.
 *
 * Tried in this order: DIR/.build-id/xx/yyyy.debug for each debug directory, then the .gnu_debuglink name in the object's own
 * directory, its .debug/ below, and DIR/<directory of the object>/. A file found by build id must have that build id; one found
 * by link must have it, too, or (without build ids) the CRC of the link.  Also the alternate file of dwz (.gnu_debugaltlink).
 */
#ifndef PP_SYMBOLS_DEBUG_FILE_H
#define PP_SYMBOLS_DEBUG_FILE_H

#include "symbols/object.h"

struct pp_debug_paths {
    pp_str dirs; /* colon list; empty: /usr/lib/debug */
    pp_str root; /* "/proc/PID/root" for a process in another mount namespace: tried first; empty: none */
};

/* PP_E_NOTFOUND: there is none; the text says what was tried. The object found lives in o's arena. */
enum pp_code pp_debug_file_open(const struct pp_object *o, const struct pp_debug_paths *paths,
                                struct pp_object *ret_debug, struct pp_err *err);

/* The same for the alternate file that `debug` names. PP_E_NOTFOUND also when it names none (then err's text is empty). */
enum pp_code pp_debug_file_open_alt(const struct pp_object *debug, const struct pp_debug_paths *paths,
                                    struct pp_object *ret_alt, struct pp_err *err);

#endif
