/* tool/web/site.h - from a request to its answer; knows no sockets.
 *
 *     /                  307 to /ui              /ui/            301 to flamegraph        /ui/flamegraph2, flamegraphold   301
 *     /ui/flamegraph     flame graph             /ui/top         table                    /ui/graph         dot's picture
 *     /ui/peek           callers, callees        /ui/source      annotated source         /ui/disasm        assembly
 *     /ui/download       profile.pb.gz           /ui/saveconfig, /ui/deleteconfig         settings.json
 *     /ui/assets/NAME    scripts and style of the pages
 * A page holds its data, so that one request draws it; `format=json` gives the data alone (shapes: data.h).
 * Threads: one request at a time (the caller locks).   May run: cold code.
 */
#ifndef PP_TOOL_WEB_SITE_H
#define PP_TOOL_WEB_SITE_H

#include "profile/model.h"
#include "tool/options.h"
#include "tool/web/query.h"

struct pp_site {
    const struct pp_profile *profile;
    struct pp_config config; /* of the command line */
    pp_str own_host;         /* of -http */
    pp_str allowed_hosts;    /* -http_allow_host */
    void (*oom)(size_t wanted);
};

struct pp_site_request {
    pp_str method, target;           /* "GET", "/ui/top?f=main" */
    pp_str host, origin, fetch_site; /* headers of these names; "": not sent */
};

struct pp_site_answer {
    unsigned status;
    const char *content_type; /* NULL: none */
    pp_str location, disposition;
    pp_str body;
    bool nosniff;
    bool is_page;  /* gets a content security policy */
    bool is_asset; /* may be kept by the browser */
};

/* The answer's texts live in the arena or are constants. */
void pp_site_answer(struct pp_arena *a, const struct pp_site *site, const struct pp_site_request *rq,
                    struct pp_site_answer *ret_answer);

#endif
