// SPDX-License-Identifier: Apache-2.0
#include "tool/web/page.h"

#include "tool/web/data.h"
#include "tool/web/json.h"

extern const char pp_web_app_html[], pp_web_style_css[], pp_web_app_js[], pp_web_flame_js[], pp_web_top_js[],
    pp_web_kit_canvas_js[], pp_web_kit_data_js[], pp_web_kit_keys_js[], pp_web_kit_theme_js[], pp_web_kit_url_js[],
    pp_web_kit_tiles_js[];

#define JS "text/javascript; charset=utf-8"

static const struct pp_page_asset assets[] = {
    {"/ui/assets/style.css", "text/css; charset=utf-8", pp_web_style_css},
    {"/ui/assets/app.js", JS, pp_web_app_js},
    {"/ui/assets/flame.js", JS, pp_web_flame_js},
    {"/ui/assets/top.js", JS, pp_web_top_js},
    {"/ui/assets/kit/canvas.js", JS, pp_web_kit_canvas_js},
    {"/ui/assets/kit/data.js", JS, pp_web_kit_data_js},
    {"/ui/assets/kit/keys.js", JS, pp_web_kit_keys_js},
    {"/ui/assets/kit/theme.js", JS, pp_web_kit_theme_js},
    {"/ui/assets/kit/tiles.js", JS, pp_web_kit_tiles_js},
    {"/ui/assets/kit/url.js", JS, pp_web_kit_url_js},
};

const struct pp_page_asset *pp_page_asset(pp_str path)
{
    for (size_t i = 0; i < sizeof assets / sizeof *assets; i++)
        if (pp_str_eq_c(path, assets[i].path)) return &assets[i];
    return NULL;
}

void pp_html_str(struct pp_out *o, pp_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        switch (s.p[i]) {
        case '&': pp_out_c(o, "&amp;"); break;
        case '<': pp_out_c(o, "&lt;"); break;
        case '>': pp_out_c(o, "&gt;"); break;
        case '"': pp_out_c(o, "&#34;"); break;
        case '\'': pp_out_c(o, "&#39;"); break;
        case '\0': pp_out_c(o, "\xef\xbf\xbd"); break;
        default: pp_out_char(o, s.p[i]);
        }
    }
}

static pp_str from_legend(const struct pp_page *page, const char *label)
{
    for (size_t i = 0; i < page->n_legend; i++)
        if (pp_str_has_prefix(page->legend[i], pp_str_c(label))) return pp_str_from(page->legend[i], pp_str_c(label).n);
    return PP_STR("unknown");
}

static void put_list(struct pp_out *o, const char *name, const pp_str *p, size_t n)
{
    pp_out_fmt(o, ",\"%s\":[", name);
    for (size_t i = 0; i < n; i++) {
        if (i) pp_out_char(o, ',');
        pp_json_str(o, p[i]);
    }
    pp_out_char(o, ']');
}

/* The last one that would change nothing is the current one. */
static void put_configs(struct pp_arena *a, struct pp_out *o, const struct pp_page *page)
{
    const struct pp_named_config fallback = {.name = PP_STR("Default"), .config = pp_config_default};
    size_t n = page->configs.n + 1, current = n;
    bool changed;
    for (size_t i = 0; i < n; i++) {
        (void)pp_query_of_config(a, page->query, i ? &page->configs.p[i - 1].config : &fallback.config, &changed);
        if (!changed) current = i;
    }
    pp_out_c(o, ",\"configs\":[");
    for (size_t i = 0; i < n; i++) {
        const struct pp_named_config *c = i ? &page->configs.p[i - 1] : &fallback;
        pp_out_c(o, i ? ",{\"name\":" : "{\"name\":");
        pp_json_str(o, c->name);
        pp_out_c(o, ",\"url\":");
        pp_json_str(o, pp_query_of_config(a, page->query, &c->config, &changed));
        pp_out_fmt(o, ",\"current\":%s,\"user\":%s}", i == current ? "true" : "false", i ? "true" : "false");
    }
    pp_out_char(o, ']');
}

static pp_str title(struct pp_arena *a, const struct pp_page *page)
{
    pp_str file = from_legend(page, "File: "), type = from_legend(page, "Type: ");
    return pp_arena_fmt(a, "%.*s %.*s", PP_FMT(file), PP_FMT(type));
}

/* Only what a browser may follow. */
static pp_str doc_url(const struct pp_profile *p)
{
    pp_str url = pp_profile_str(p, p->doc_url);
    bool is_web = pp_str_has_prefix(url, PP_STR("https://")) || pp_str_has_prefix(url, PP_STR("http://"));
    return is_web ? url : PP_STR("");
}

static void put_meta(struct pp_arena *a, struct pp_out *o, const struct pp_page *page)
{
    const struct pp_profile *p = page->profile;
    pp_str *types = PP_NEW_N(a, pp_str, p->n_types);
    for (uint32_t i = 0; i < p->n_types; i++)
        types[i] = pp_profile_str(p, p->types[i].type);
    pp_out_c(o, "\"meta\":{\"title\":");
    pp_json_str(o, title(a, page));
    pp_out_c(o, ",\"file\":");
    pp_json_str(o, from_legend(page, "File: "));
    pp_out_c(o, ",\"type\":");
    pp_json_str(o, page->options->sample_type);
    pp_out_fmt(o, ",\"type_index\":%u,\"samples\":%u,\"total\":%lld,\"total_text\":", page->options->value_index,
               p->n_samples, (long long)page->options->total);
    pp_json_str(o, pp_report_value(a, page->options, page->options->total));
    pp_out_c(o, ",\"doc\":");
    pp_json_str(o, doc_url(p));
    put_list(o, "legend", page->legend, page->n_legend);
    put_list(o, "errors", page->errors.p, page->errors.n);
    put_list(o, "types", types, p->n_types);
    put_configs(a, o, page);
    pp_out_char(o, ',');
    pp_data_units(o, page->options);
    pp_out_char(o, '}');
}

static void put_data(struct pp_arena *a, struct pp_out *o, const struct pp_page *page)
{
    pp_out_fmt(o, "{\"view\":\"%s\",", page->view);
    put_meta(a, o, page);
    pp_out_str(o, page->data);
    pp_out_char(o, '}');
}

static void put_body(struct pp_out *o, const struct pp_page *page)
{
    if (page->svg.n) pp_out_str(o, page->svg);
    if (page->text.n) {
        pp_out_c(o, "<pre>");
        pp_html_str(o, page->text);
        pp_out_c(o, "</pre>");
    }
    if (page->frame.n) {
        pp_out_c(o, "<iframe title=\"Source\" sandbox=\"allow-scripts\" srcdoc=\"");
        pp_html_str(o, page->frame);
        pp_out_c(o, "\"></iframe>");
    }
}

/* app.html, with its marks {{title}}, {{data}} and {{body}} replaced. */
pp_str pp_page_write(struct pp_arena *a, const struct pp_page *page, bool only_data)
{
    struct pp_out o;
    pp_out_to_memory(&o, a);
    if (only_data) {
        put_data(a, &o, page);
        return pp_out_bytes(&o);
    }
    pp_str rest = pp_str_c(pp_web_app_html);
    for (size_t at; (at = pp_str_find(rest, PP_STR("{{"))) != PP_NOT_FOUND;) {
        pp_out_str(&o, pp_str_sub(rest, 0, at));
        rest = pp_str_from(rest, at);
        if (pp_str_has_prefix(rest, PP_STR("{{title}}")))
            pp_html_str(&o, title(a, page));
        else if (pp_str_has_prefix(rest, PP_STR("{{data}}")))
            put_data(a, &o, page);
        else
            put_body(&o, page);
        rest = pp_str_from(rest, pp_str_find(rest, PP_STR("}}")) + 2);
    }
    pp_out_str(&o, rest);
    return pp_out_bytes(&o);
}
