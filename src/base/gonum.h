/* base/gonum.h - numbers to text and back as Go's strconv and fmt do it.
 *
 * For the tool: uses libc's floating point printf and strtod (locale "C" for LC_NUMERIC).   May run: cold code.
 */
#ifndef PP_BASE_GONUM_H
#define PP_BASE_GONUM_H

#include "base/err.h"

#define PP_GO_FLOAT_MAX 400 /* longest text of %f with up to 60 digits, and the NUL */

/* strconv.FormatFloat(v, verb, precision, 64); verb: e, f or g; precision -1: the shortest text that reads back as v
 * (at most 60 otherwise). fmt's %v and %g are ('g', -1), %.2f is ('f', 2). Infinities are "+Inf" and "-Inf", as in fmt.
 * Returns the length; a NUL follows. Pad with pp_fmt("%5s"). */
size_t pp_go_float(char buf[PP_GO_FLOAT_MAX], double v, char verb, int precision);

enum pp_go_num {
    PP_GO_NUM_OK = 0,
    PP_GO_NUM_SYNTAX, /* "invalid syntax" */
    PP_GO_NUM_RANGE,  /* "value out of range"; the result is the nearest limit (infinity for floats) */
};

/* strconv.ParseInt and ParseUint. base 0: by prefix (0x 0b 0o 0), and "_" may separate digits; else 2 to 36.
 * bits: 1 to 64 (Atoi: base 10, 64). The result is always set: 0 on bad syntax. */
enum pp_go_num pp_go_parse_int(pp_str s, unsigned base, unsigned bits, int64_t *ret_value);
enum pp_go_num pp_go_parse_uint(pp_str s, unsigned base, unsigned bits, uint64_t *ret_value);
enum pp_go_num pp_go_parse_float(pp_str s, double *ret_value); /* strconv.ParseFloat(s, 64) */
bool pp_go_parse_bool(pp_str s, bool *ret_value);              /* 1 t T TRUE true True 0 f F ...; false: bad syntax */

/* Go's text of the error: `strconv.ParseInt: parsing "x": invalid syntax`; fn is "ParseInt", "Atoi", ... */
enum pp_code pp_go_num_fail(struct pp_err *err, enum pp_go_num kind, const char *fn, pp_str s);

#endif
