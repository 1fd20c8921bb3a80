/* tool/symbolz.h - names from whoever served the profile: addresses are posted, names come back.
 *
 *     POST http://host/debug/pprof/symbol      0x4011d6+0x401200
 *     0x4011d6 main.work                       one line each; what does not look so is skipped
 * For each mapping that came from a URL and has no functions yet; only addresses without lines are asked for. Addresses are moved
 * by what merging changed in the mapping's start.   May run: cold code.
 */
#ifndef PP_TOOL_SYMBOLZ_H
#define PP_TOOL_SYMBOLZ_H

#include "tool/fetch/http.h"
#include "tool/fetch/source.h"

/* An error of the first server that fails is the whole one's. force: mappings that have functions, too. */
enum pp_code pp_symbolz(struct pp_profile *p, const pp_mapping_sources *sources, bool force,
                        const struct pp_http_options *o, size_t max_answer, struct pp_err *err) PP_MUST_USE;

/* What an answer says, applied to the locations of a mapping whose addresses were moved by `offset` to ask. */
enum pp_code pp_symbolz_apply(struct pp_profile *p, uint32_t mapping, int64_t offset, pp_str answer,
                              struct pp_err *err) PP_MUST_USE;

/* addr + offset. False: the result would be on the other side of 0 (an offset below zero that changes nothing counts as that, as
 * in Go). */
bool pp_symbolz_move(uint64_t addr, int64_t offset, uint64_t *ret_addr);

#endif
