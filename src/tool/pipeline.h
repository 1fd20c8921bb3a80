/* tool/pipeline.h - the story of the tool, from the words of a command line to the bytes of a report. */
#ifndef PP_TOOL_PIPELINE_H
#define PP_TOOL_PIPELINE_H

#include "tool/cmdline.h"

enum pp_code pp_pipeline_run(struct pp_arena *a, const struct pp_cmdline *c, struct pp_err *err) PP_MUST_USE;

#endif
