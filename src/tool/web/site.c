// SPDX-License-Identifier: Apache-2.0
#include "tool/web/site.h"

#include "profile/encode.h"
#include "tool/child.h"
#include "tool/generate.h"
#include "tool/output.h"
#include "tool/ui.h"
#include "tool/web/access.h"
#include "tool/web/data.h"
#include "tool/web/page.h"
#include "tool/web/settings.h"

#define HOTTEST 50 /* functions that the pages of source and assembly show when none is named */

/* One request on its way. */
struct visit {
    struct pp_arena *arena;
    const struct pp_site *site;
    const struct pp_site_request *rq;
    struct pp_site_answer *answer;
    struct pp_query query;
    struct pp_profile *profile; /* a copy, filtered */
    struct pp_generated report;
    struct pp_page page;
};

#define TEXT "text/plain; charset=utf-8"

/* As Go's http.Error. */
static void refuse(struct visit *v, unsigned status, pp_str text)
{
    *v->answer = (struct pp_site_answer){
        .status = status, .content_type = TEXT, .nosniff = true, .body = pp_arena_join(v->arena, text, PP_STR("\n"))};
}

/* The reader's request was wrong: said on both sides. */
static void refuse_bad(struct visit *v, const struct pp_err *err)
{
    pp_ui_warn("%s", err->text);
    refuse(v, 400, pp_arena_dup(v->arena, (pp_str){err->text, err->n}));
}

static void redirect(struct visit *v, unsigned status, pp_str to)
{
    if (v->query.raw.n) to = pp_arena_fmt(v->arena, "%.*s?%.*s", PP_FMT(to), PP_FMT(v->query.raw));
    *v->answer = (struct pp_site_answer){.status = status, .location = to};
}

/* As Go's ServeMux leads to the clean path: with a page that says so. */
static void redirect_to_clean(struct visit *v, pp_str to)
{
    struct pp_out o;
    redirect(v, 307, to);
    bool is_get = pp_str_eq_c(v->rq->method, "GET");
    if (is_get || pp_str_eq_c(v->rq->method, "HEAD")) v->answer->content_type = "text/html; charset=utf-8";
    if (!is_get) return;
    pp_out_to_memory(&o, v->arena);
    pp_out_c(&o, "<a href=\"");
    pp_html_str(&o, v->answer->location);
    pp_out_c(&o, "\">Temporary Redirect</a>.\n\n");
    v->answer->body = pp_out_bytes(&o);
}

static void collect(void *ctx, pp_str line)
{
    struct visit *v = ctx;
    pp_ui_warn("%.*s", PP_FMT(line));
    *PP_PUSH(v->arena, &v->page.errors) = pp_arena_dup(v->arena, line);
}

/* The profile with the URL's options as `command` wants it. */
static enum pp_code prepare(struct visit *v, const char *command, pp_str param, void (*edit)(struct pp_config *),
                            struct pp_err *err)
{
    struct pp_config cfg = v->site->config;
    enum pp_code code = pp_query_configure(v->arena, &v->query, &cfg, err);
    if (code) return code;
    if (edit) edit(&cfg);
    v->profile = pp_profile_copy(v->arena, v->site->profile);
    return pp_generate_prepare(v->arena, v->profile, pp_command_find(pp_str_c(command)), param, &cfg, collect, v,
                               &v->report, err);
}

static bool wants_json(const struct visit *v) { return pp_str_eq_c(pp_query_get(&v->query, "format"), "json"); }

static void read_configs(struct visit *v)
{
    struct pp_err err;
    pp_str path;
    pp_named_configs configs = {0};
    if (pp_settings_file(v->arena, &path, &err) || pp_settings_read(v->arena, path, &v->site->config, &configs, &err))
        return; /* the menu just has none; saving says why */
    v->page.configs = configs;
}

/* v->page.data and body are there: the page around them, or the data alone. */
static void deliver(struct visit *v, const char *view)
{
    v->page.view = view;
    v->page.profile = v->site->profile;
    v->page.options = &v->report.options;
    v->page.query = &v->query;
    read_configs(v);
    v->page.legend = pp_report_profile_labels(v->arena, v->profile, &v->report.options, &v->page.n_legend);
    bool json = wants_json(v);
    *v->answer = (struct pp_site_answer){.status = 200,
                                         .content_type = json ? "application/json" : "text/html",
                                         .is_page = !json,
                                         .nosniff = json,
                                         .body = pp_page_write(v->arena, &v->page, json)};
    pp_generated_release(&v->report);
}

static void edit_flame(struct pp_config *cfg)
{
    cfg->call_tree = true;
    cfg->trim = false;
    if (!cfg->granularity.n) cfg->granularity = PP_STR("filefunctions");
}

static void show_flame(struct visit *v)
{
    struct pp_err err;
    struct pp_out o;
    enum pp_code code = prepare(v, "svg", PP_STR(""), edit_flame, &err);
    if (code) {
        refuse_bad(v, &err);
        return;
    }
    pp_out_to_memory(&o, v->arena);
    code = pp_data_flame(v->arena, &o, v->profile, &v->report.options, &v->query, &err);
    v->page.data = pp_out_bytes(&o);
    if (!code) {
        deliver(v, "flamegraph");
        return;
    }
    pp_generated_release(&v->report);
    refuse_bad(v, &err);
}

/* All rows unless the reader limits them. */
static void edit_top(struct pp_config *cfg)
{
    if (cfg->nodecount == -1) cfg->trim = false;
}

static void show_top(struct visit *v)
{
    struct pp_err err;
    struct pp_out o;
    if (prepare(v, "top", PP_STR(""), edit_top, &err)) {
        refuse_bad(v, &err);
        return;
    }
    pp_out_to_memory(&o, v->arena);
    pp_data_top(v->arena, &o, v->profile, &v->report.options);
    v->page.data = pp_out_bytes(&o);
    deliver(v, "top");
}

/* The report as text; refused if it fails: "no matches found for regexp x" names what the reader gave. */
static bool report_text(struct visit *v, pp_str *ret_text)
{
    struct pp_err err;
    struct pp_out o;
    pp_out_to_memory(&o, v->arena);
    enum pp_code code = pp_report_write(&o, v->profile, &v->report.options, &err);
    if (code) {
        if (code == PP_E_NOTFOUND && v->report.symbol && !pp_query_get(&v->query, "f").n)
            pp_fail(&err, code, "no matches found for regexp ");
        pp_generated_release(&v->report);
        refuse_bad(v, &err);
        return false;
    }
    *ret_text = pp_out_bytes(&o);
    return true;
}

static void show_graph(struct visit *v)
{
    struct pp_err err;
    pp_str dot, svg;
    const char *const argv[] = {"dot", "-Tsvg", NULL};
    if (prepare(v, "svg", PP_STR(""), NULL, &err)) {
        refuse_bad(v, &err);
        return;
    }
    if (!report_text(v, &dot)) return;
    if (pp_child_filter(v->arena, argv, dot, &svg, &err)) {
        pp_generated_release(&v->report);
        pp_ui_warn("Failed to execute dot. Is Graphviz installed?\n%s", err.text);
        refuse(v, 501, PP_STR("Could not execute dot; may need to install graphviz."));
        return;
    }
    size_t at = pp_str_find(svg, PP_STR("<svg"));
    v->page.svg = at == PP_NOT_FOUND ? svg : pp_str_from(svg, at);
    deliver(v, "graph");
}

static void edit_lines(struct pp_config *cfg) { cfg->granularity = PP_STR("lines"); }

static void show_peek(struct visit *v)
{
    struct pp_err err;
    if (prepare(v, "peek", pp_query_get(&v->query, "f"), edit_lines, &err))
        refuse_bad(v, &err);
    else if (report_text(v, &v->page.text))
        deliver(v, "peek");
}

static void edit_hottest(struct pp_config *cfg)
{
    cfg->granularity = PP_STR("functions");
    cfg->nodecount = HOTTEST;
    cfg->trim = true;
}

/* The functions of a page of source or assembly: those that `f` names, else the heaviest. */
static enum pp_code which_functions(struct visit *v, pp_str *ret_regexp, struct pp_err *err)
{
    *ret_regexp = pp_query_get(&v->query, "f");
    if (ret_regexp->n) return PP_OK;
    enum pp_code code = prepare(v, "top", PP_STR(""), edit_hottest, err);
    if (code) return code;
    *ret_regexp = pp_data_hottest(v->arena, v->profile, &v->report.options);
    pp_generated_release(&v->report);
    v->page.errors.n = 0; /* the report itself says it again */
    return PP_OK;
}

static void show_listing(struct visit *v, const char *command, const char *view, pp_str *to)
{
    struct pp_err err;
    pp_str functions;
    if (which_functions(v, &functions, &err) || prepare(v, command, functions, NULL, &err))
        refuse_bad(v, &err);
    else if (!functions.n)
        deliver(v, view); /* nothing is left to show */
    else if (report_text(v, to))
        deliver(v, view);
}

static void show_source(struct visit *v) { show_listing(v, "weblist", "source", &v->page.frame); }

static void show_disasm(struct visit *v) { show_listing(v, "disasm", "disasm", &v->page.text); }

static void download(struct visit *v)
{
    struct pp_err err;
    pp_str bytes;
    if (pp_profile_encode_gzip(v->arena, v->site->profile, PP_OUTPUT_GZIP_LEVEL, &bytes, &err)) {
        refuse(v, 500, pp_arena_dup(v->arena, (pp_str){err.text, err.n}));
        return;
    }
    *v->answer = (struct pp_site_answer){.status = 200,
                                         .content_type = "application/vnd.google.protobuf+gzip",
                                         .disposition = PP_STR("attachment;filename=profile.pb.gz"),
                                         .body = bytes};
}

static enum pp_code save(struct visit *v, struct pp_err *err)
{
    struct pp_config cfg = v->site->config;
    pp_str path, name = pp_query_get(&v->query, "config");
    enum pp_code code = pp_settings_file(v->arena, &path, err);
    if (code) return code;
    if (!name.n) return pp_fail(err, PP_E_USAGE, "invalid config name");
    if ((code = pp_query_configure(v->arena, &v->query, &cfg, err))) return code;
    return pp_settings_save(v->arena, path, name, &cfg, err);
}

static enum pp_code delete (struct visit *v, struct pp_err *err) {
    pp_str path; enum pp_code code = pp_settings_file(v->arena, &path, err);
    return code ? code : pp_settings_delete(v->arena, path, pp_query_get(&v->query, "config"), err);
}

static void change_settings(struct visit *v, enum pp_code (*change)(struct visit *, struct pp_err *))
{
    struct pp_err err;
    if (!pp_web_same_origin(v->rq->host, v->rq->origin, v->rq->fetch_site))
        refuse(v, 403, PP_STR("settings change only from a page of this server"));
    else if (change(v, &err))
        refuse_bad(v, &err);
    else
        *v->answer = (struct pp_site_answer){.status = 200};
}

static void save_config(struct visit *v) { change_settings(v, save); }

static void delete_config(struct visit *v) { change_settings(v, delete); }

static void to_flamegraph(struct visit *v) { redirect(v, 301, PP_STR("flamegraph")); }

static void not_found(struct visit *v) { refuse(v, 404, PP_STR("404 page not found")); }

static const struct {
    const char *path;
    void (*show)(struct visit *v);
} routes[] = {
    {"/ui/", to_flamegraph},
    {"/ui/flamegraph2", to_flamegraph},
    {"/ui/flamegraphold", to_flamegraph},
    {"/ui/flamegraph", show_flame},
    {"/ui/top", show_top},
    {"/ui/graph", show_graph},
    {"/ui/peek", show_peek},
    {"/ui/source", show_source},
    {"/ui/disasm", show_disasm},
    {"/ui/saveconfig", save_config},
    {"/ui/deleteconfig", delete_config},
    {"/ui/download", download},
};

static void route(struct visit *v, pp_str path)
{
    const struct pp_page_asset *asset = pp_page_asset(path);
    if (asset) {
        *v->answer = (struct pp_site_answer){.status = 200,
                                             .content_type = asset->type,
                                             .nosniff = true,
                                             .is_asset = true,
                                             .body = pp_str_c(asset->text)};
        return;
    }
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
        if (!pp_str_eq_c(path, routes[i].path)) continue;
        routes[i].show(v);
        return;
    }
    not_found(v);
}

void pp_site_answer(struct pp_arena *a, const struct pp_site *site, const struct pp_site_request *rq,
                    struct pp_site_answer *ret_answer)
{
    struct visit v = {.arena = a, .site = site, .rq = rq, .answer = ret_answer};
    pp_str path;
    if (!pp_web_host_allowed(rq->host, site->own_host, site->allowed_hosts)) {
        refuse(&v, 403, PP_STR("this name is not ours; -http_allow_host lets it in"));
        return;
    }
    if (!pp_target_parse(a, rq->target, &path, &v.query)) {
        refuse(&v, 400, PP_STR("400 Bad Request"));
        return;
    }
    pp_str clean = pp_target_clean(a, path);
    if (!pp_str_eq(path, clean))
        redirect_to_clean(&v, clean);
    else if (pp_str_eq_c(path, "/ui"))
        redirect_to_clean(&v, PP_STR("/ui/"));
    else if (pp_str_has_prefix(path, PP_STR("/ui/")))
        route(&v, path);
    else
        redirect(&v, 307, PP_STR("/ui"));
}
