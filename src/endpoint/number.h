/* endpoint/number.h - numbers in requests as Go's strconv reads them (base/gonum.h needs libc's floats).   May run: everywhere. */
#ifndef PP_ENDPOINT_NUMBER_H
#define PP_ENDPOINT_NUMBER_H

#include "base/str.h"

/* strconv.ParseInt(s, 10, 64). The value is always set: 0 on bad syntax, the nearest limit when out of range; both give false. */
bool pp_endpoint_parse_int(pp_str s, int64_t *ret_value);

/* strconv.ParseUint(s, 0, 64): 0x, 0o, 0b, 0, else decimal; no underscores. 0 on bad syntax, UINT64_MAX out of range. */
uint64_t pp_endpoint_parse_address(pp_str s);

#endif
