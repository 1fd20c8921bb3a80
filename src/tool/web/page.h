/* tool/web/page.h - the page around a view: one document for all views, with the data inside (shapes: data.h).
 *
 * All texts are escaped; only `svg` and `frame` are markup, made by dot and by our own weblist.   May run: cold code.
 */
#ifndef PP_TOOL_WEB_PAGE_H
#define PP_TOOL_WEB_PAGE_H

#include "base/out.h"
#include "base/vec.h"
#include "tool/web/query.h"
#include "tool/web/settings.h"
#include "view/report.h"

struct pp_page {
    const char *view;
    const struct pp_profile *profile; /* as loaded */
    const struct pp_report_options *options;
    const struct pp_query *query;
    pp_str *legend;
    size_t n_legend;
    PP_VEC(pp_str) errors;
    pp_named_configs configs;
    pp_str data;  /* members of the JSON object, each behind a comma */
    pp_str text;  /* a report as text, or */
    pp_str svg;   /* a picture, or */
    pp_str frame; /* a whole document of its own */
};

/* The document, or only its data. */
pp_str pp_page_write(struct pp_arena *a, const struct pp_page *page, bool only_data);

void pp_html_str(struct pp_out *o, pp_str s); /* & < > " ' escaped; a NUL becomes U+FFFD */

struct pp_page_asset {
    const char *path, *type, *text;
};
const struct pp_page_asset *pp_page_asset(pp_str path); /* NULL: none of that name */

#endif
