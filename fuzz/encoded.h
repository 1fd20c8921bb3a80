/* fuzz/encoded.h - a profile as bytes of profile.proto, in `a`. */
#ifndef PP_FUZZ_ENCODED_H
#define PP_FUZZ_ENCODED_H

#include "profile/encode.h"

static inline pp_str encoded(struct pp_arena *a, const struct pp_profile *p)
{
    struct pp_out o;
    pp_out_to_memory(&o, a);
    pp_profile_encode(a, p, &o);
    return pp_out_bytes(&o);
}

#endif
