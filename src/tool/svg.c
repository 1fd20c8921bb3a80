// SPDX-License-Identifier: Apache-2.0
#include "tool/svg.h"

#include "base/out.h"

extern const char pp_svgpan_js[]; /* svgpan.js, embedded by the build */

static pp_str replace_all(struct pp_arena *a, pp_str s, pp_str from, pp_str to)
{
    struct pp_out o;
    pp_out_to_memory(&o, a);
    for (size_t at; (at = pp_str_find(s, from)) != PP_NOT_FOUND; s = pp_str_from(s, at + from.n)) {
        pp_out_str(&o, pp_str_sub(s, 0, at));
        pp_out_str(&o, to);
    }
    pp_out_str(&o, s);
    return pp_out_bytes(&o);
}

static bool is_space(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\f'; }

/* Takes spaces, then name="anything" off *s. */
static bool take_attribute(pp_str *s, pp_str name_and_quote)
{
    while (s->n && is_space(s->p[0]))
        *s = pp_str_from(*s, 1);
    if (!pp_str_has_prefix(*s, name_and_quote)) return false;
    *s = pp_str_from(*s, name_and_quote.n);
    size_t quote = pp_str_find_byte(*s, '"');
    if (quote == PP_NOT_FOUND || quote == 0) return false;
    *s = pp_str_from(*s, quote + 1);
    return true;
}

/* Splits around `<svg width=".." height=".." viewBox=".."`. */
static bool cut_svg_tag(pp_str svg, pp_str *ret_before, pp_str *ret_after)
{
    static const char tag[] = "<svg";
    for (size_t at = 0, found; (found = pp_str_find(pp_str_from(svg, at), PP_STR("<svg"))) != PP_NOT_FOUND;) {
        at += found;
        pp_str rest = pp_str_from(svg, at + sizeof tag - 1);
        if (take_attribute(&rest, PP_STR("width=\"")) && take_attribute(&rest, PP_STR("height=\"")) &&
            take_attribute(&rest, PP_STR("viewBox=\""))) {
            *ret_before = pp_str_sub(svg, 0, at);
            *ret_after = rest;
            return true;
        }
        at += sizeof tag - 1;
    }
    return false;
}

/* The place of `<g id="graph0"` (any digit). */
static size_t find_graph(pp_str svg)
{
    static const char start[] = "<g id=\"graph";
    for (size_t at = 0, found; (found = pp_str_find(pp_str_from(svg, at), PP_STR("<g id=\"graph"))) != PP_NOT_FOUND;) {
        at += found;
        pp_str rest = pp_str_from(svg, at + sizeof start - 1);
        if (rest.n > 1 && rest.p[0] >= '0' && rest.p[0] <= '9' && rest.p[1] == '"') return at;
        at += sizeof start - 1;
    }
    return PP_NOT_FOUND;
}

pp_str pp_svg_massage(struct pp_arena *a, pp_str svg)
{
    pp_str rest = replace_all(a, svg, PP_STR("&;"), PP_STR("&amp;;")), before;
    struct pp_out o;
    pp_out_to_memory(&o, a);
    if (cut_svg_tag(rest, &before, &rest)) {
        pp_out_str(&o, before);
        pp_out_c(&o, "<svg width=\"100%\" height=\"100%\"");
    }
    size_t graph = find_graph(rest);
    if (graph != PP_NOT_FOUND) {
        pp_out_str(&o, pp_str_sub(rest, 0, graph));
        pp_out_c(&o, "<script type=\"text/ecmascript\"><![CDATA[");
        pp_out_c(&o, pp_svgpan_js);
        pp_out_c(&o, "]]></script><g id=\"viewport\" transform=\"scale(0.5,0.5) translate(0,0)\">");
        rest = pp_str_from(rest, graph);
    }
    size_t close = pp_str_find(rest, PP_STR("</svg>"));
    if (close != PP_NOT_FOUND) {
        pp_out_str(&o, pp_str_sub(rest, 0, close));
        pp_out_c(&o, "</g>");
        rest = pp_str_from(rest, close);
    }
    pp_out_str(&o, rest);
    return pp_out_bytes(&o);
}
