/* endpoint/index.h - the page at /debug/pprof/, byte for byte Go's for the profiles that are here. */
#ifndef PP_ENDPOINT_INDEX_H
#define PP_ENDPOINT_INDEX_H

#include "endpoint/target.h"

void pp_endpoint_index(const struct pp_target *t, struct pp_out *o);
void pp_endpoint_html(struct pp_out *o, pp_str text); /* Go's html.EscapeString */

#endif
