// SPDX-License-Identifier: Apache-2.0
#include "tool/pipeline.h"

#include <string.h>

#include "base/vec.h"
#include "profile/prune.h"
#include "tool/fetch/fetch.h"
#include "tool/fetch/save.h"
#include "tool/generate.h"
#include "tool/objects.h"
#include "tool/progress.h"
#include "tool/shell/shell.h"
#include "tool/symbolize.h"
#include "tool/web/web.h"

static void add_comment(struct pp_profile *p, pp_str text)
{
    pp_string_id *comments = PP_NEW_N(p->arena, pp_string_id, p->n_comments + 1);
    if (p->n_comments) memcpy(comments, p->comments, p->n_comments * sizeof *comments);
    comments[p->n_comments++] = pp_profile_intern(p, text);
    p->comments = comments;
}

enum pp_code pp_pipeline_run(struct pp_arena *a, const struct pp_cmdline *c, struct pp_err *err)
{
    struct pp_fetched fetched;
    enum pp_code code = pp_fetch(a, c, &fetched, err);
    if (code) return code;
    struct pp_profile *p = fetched.profile;
    if (c->source.all_frames) p->drop_frames = p->keep_frames = 0;
    pp_progress_begin("Looking for names");
    if ((code = pp_symbolize(&fetched, &c->source, err))) return code;
    (void)pp_prune_uninteresting(a, p, NULL); /* fails when drop_frames is no regexp: then nothing is pruned */
    pp_fetch_unname_mappings(p);
    if (c->source.add_comment.n) add_comment(p, c->source.add_comment);
    if (fetched.remote && (code = pp_save(a, p, err))) return code;
    pp_objects_use_tools(c->source.tools);
    if (c->source.http.n) return pp_web_run(a, p, c, err);
    if (!c->command) return pp_shell_run(a, p, &c->config, err);
    pp_progress_begin("Making the report");
    return pp_generate(a, p, c->command, c->param, &c->config, err);
}
