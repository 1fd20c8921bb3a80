/* tool/web/json.h - JSON: what pages embed and settings.json holds.
 *
 * Written strings may stand inside <script>: <, >, & and U+2028/9 are escaped, bytes that are no UTF-8 become U+FFFD, as Go's
 * encoding/json does it. The reader takes one value of at most 100 levels.   May run: cold code.
 */
#ifndef PP_TOOL_WEB_JSON_H
#define PP_TOOL_WEB_JSON_H

#include "base/out.h"

void pp_json_str(struct pp_out *o, pp_str s); /* with the quotes */

enum pp_json_kind {
    PP_JSON_NULL,
    PP_JSON_FALSE,
    PP_JSON_TRUE,
    PP_JSON_NUMBER,
    PP_JSON_STRING,
    PP_JSON_ARRAY,
    PP_JSON_OBJECT
};

struct pp_json {
    enum pp_json_kind kind;
    pp_str text;           /* of a number or a string */
    pp_str name;           /* of an object's member */
    struct pp_json *first; /* of an array or an object */
    struct pp_json *next;
};

/* Errors name the offset. */
enum pp_code pp_json_parse(struct pp_arena *a, pp_str text, struct pp_json **ret_value, struct pp_err *err) PP_MUST_USE;

/* The last member of that name; NULL: none, or no object. */
const struct pp_json *pp_json_member(const struct pp_json *object, const char *name);

#endif
