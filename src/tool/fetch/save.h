/* tool/fetch/save.h - keeps a copy of what came over the network: DIR/pprof.<binary>.<types>.NNN.pb.gz. */
#ifndef PP_TOOL_FETCH_SAVE_H
#define PP_TOOL_FETCH_SAVE_H

#include "profile/model.h"

/* Says where on stderr. A copy that can't be written is only warned about; an error means that there is no directory. */
enum pp_code pp_save(struct pp_arena *a, const struct pp_profile *p, struct pp_err *err) PP_MUST_USE;

#endif
