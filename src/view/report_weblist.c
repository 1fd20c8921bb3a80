// SPDX-License-Identifier: Apache-2.0
/* -weblist: the page. Elements and classes are google/pprof's; style and script are ours. */
#include "base/gopath.h"
#include "base/utf8.h"
#include "symbols/source_text.h"
#include "view/weblist.h"

#define CODE_WIDTH 80 /* columns of instructions and inlined source */
#define TAB 8

extern const char pp_weblist_js[], pp_weblist_css[];

struct page {
    struct pp_report *r;
    struct pp_weblist list;
    struct pp_source_text *sources;
};

/* Go: html/template. */
static void put_text(struct pp_out *out, pp_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        switch (s.p[i]) {
        case 0: pp_out_c(out, "\xef\xbf\xbd"); break;
        case '"': pp_out_c(out, "&#34;"); break;
        case '&': pp_out_c(out, "&amp;"); break;
        case '\'': pp_out_c(out, "&#39;"); break;
        case '+': pp_out_c(out, "&#43;"); break;
        case '<': pp_out_c(out, "&lt;"); break;
        case '>': pp_out_c(out, "&gt;"); break;
        default: pp_out_char(out, s.p[i]);
        }
    }
}

/* Go: template.HTMLEscapeString, which google/pprof applies to file names although the page is escaped anyway. */
static pp_str escape(struct pp_arena *a, pp_str s)
{
    struct pp_out out;
    pp_out_to_memory(&out, a);
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '+')
            pp_out_char(&out, '+');
        else
            put_text(&out, pp_str_sub(s, i, i + 1));
    }
    return pp_out_bytes(&out);
}

/* A value right-aligned in 10 columns. */
static void put_value(struct page *p, int64_t value, bool or_dot)
{
    pp_str text = value || !or_dot ? pp_report_value_text(p->r, value) : PP_STR(".");
    size_t n = pp_utf8_count(text);
    if (n < 10) pp_out_repeat(p->r->out, ' ', 10 - n);
    put_text(p->r->out, text);
}

static void put_values(struct page *p, int64_t flat, int64_t cum)
{
    put_value(p, flat, true);
    pp_out_char(p->r->out, ' ');
    put_value(p, cum, true);
}

static size_t indentation(pp_str line)
{
    size_t column = 0;
    for (size_t i = 0; i < line.n && (line.p[i] == ' ' || line.p[i] == '\t'); i++)
        column = line.p[i] == ' ' ? column + 1 : (column + TAB) / TAB * TAB;
    return column;
}

/* s after some spaces, without tabs, as wide as CODE_WIDTH or wider. */
static void put_code(struct page *p, size_t spaces, pp_str s)
{
    pp_out_repeat(p->r->out, ' ', spaces);
    size_t column = spaces, width;
    for (; s.n; s = pp_str_from(s, width)) {
        uint32_t rune = pp_utf8_decode(s, &width);
        column++;
        if (rune == '\t') {
            size_t stop = (column + TAB - 1) / TAB * TAB;
            pp_out_repeat(p->r->out, ' ', stop - column + 1);
            column = stop;
        } else if (rune == PP_RUNE_ERROR) {
            pp_out_c(p->r->out, "\xef\xbf\xbd");
        } else {
            put_text(p->r->out, pp_str_sub(s, 0, width));
        }
    }
    if (column < CODE_WIDTH) pp_out_repeat(p->r->out, ' ', CODE_WIDTH - column);
}

static void put_unimportant(struct page *p, pp_str file, int64_t line)
{
    pp_out_c(p->r->out, "<span class=unimportant>");
    if (file.n) {
        put_text(p->r->out, file);
        pp_out_fmt(p->r->out, ":%lld", (long long)line);
    }
    pp_out_c(p->r->out, "</span>\n");
}

static bool same_call(const struct pp_weblist_call *a, const struct pp_weblist_call *b)
{
    return a->line == b->line && pp_str_eq(a->file, b->file);
}

/* The calls that led to an instruction, as far as they are not those of the instruction before. */
static void put_calls(struct page *p, size_t indent, const struct pp_weblist_entry *e, const struct pp_weblist_entry *before)
{
    size_t n_before = before ? before->n_calls : 0;
    for (size_t i = 0; i < e->n_calls; i++) {
        const struct pp_weblist_call *call = &e->calls[i];
        if (i < n_before && same_call(&before->calls[i], call)) continue;
        n_before = 0;
        pp_str text = {0};
        (void)pp_source_text_line(p->sources, call->file, call->line, &text);
        pp_out_repeat(p->r->out, ' ', 42);
        pp_out_c(p->r->out, "<span class=inlinesrc>");
        put_code(p, indent + 4 + 4 * i, pp_utf8_trim(text));
        pp_out_c(p->r->out, "</span> ");
        put_unimportant(p, pp_go_path_base(call->file), call->line);
    }
}

static void put_inst(struct page *p, size_t indent, const struct pp_weblist_entry *e)
{
    const struct pp_weblist_inst *inst = &p->list.insts.p[e->inst];
    pp_out_repeat(p->r->out, ' ', 10);
    put_values(p, inst->flat, inst->cum);
    pp_out_fmt(p->r->out, " %8llx: ", (unsigned long long)inst->own_addr);
    put_code(p, indent + 4 + 4 * e->n_calls, inst->text);
    pp_out_char(p->r->out, ' ');
    put_unimportant(p, inst->file.n ? escape(&p->r->arena, pp_go_path_base(inst->file)) : inst->file, inst->line);
}

static void put_asm(struct page *p, size_t indent, const struct pp_weblist_entry *entries, size_t n)
{
    uint64_t expected = 0; /* address behind the instruction before */
    pp_out_c(p->r->out, "<span class=asm>");
    for (size_t i = 0; i < n; i++) {
        const struct pp_weblist_inst *inst = &p->list.insts.p[entries[i].inst];
        if (i && inst->addr != expected) {
            pp_out_repeat(p->r->out, ' ', 37);
            pp_out_c(p->r->out, "⋮\n");
        }
        expected = inst->addr + inst->length;
        put_calls(p, indent, &entries[i], i ? &entries[i - 1] : NULL);
        if (inst->text.n) put_inst(p, indent, &entries[i]);
    }
    pp_out_c(p->r->out, "</span>");
}

/* A source line and what it has of instructions. */
static void put_line(struct page *p, int64_t line, pp_str text, const struct pp_weblist_entry *entries, size_t n)
{
    int64_t flat = 0, cum = 0;
    bool live = false;
    for (size_t i = 0; i < n; i++) {
        const struct pp_weblist_inst *inst = &p->list.insts.p[entries[i].inst];
        flat = pp_go_add(flat, inst->flat);
        cum = pp_go_add(cum, inst->cum);
        live |= entries[i].n_calls || inst->text.n;
    }
    pp_out_fmt(p->r->out, "\n<span class=line> %6lld</span> <span class=%s>  ", (long long)line,
               !n ? "nop" : live ? "livesrc" : "deadsrc");
    put_values(p, flat, cum);
    pp_out_repeat(p->r->out, ' ', 11);
    put_text(p->r->out, text);
    pp_out_c(p->r->out, " </span>");
    if (live) put_asm(p, indentation(text), entries, n);
}

static void put_lines(struct page *p, const struct pp_weblist_file *f, const struct pp_weblist_function *fn)
{
    const struct pp_weblist_entry *e = f->entries.p, *end = e + f->entries.n;
    while (e < end && e->line < fn->begin)
        e++;
    for (int64_t line = fn->begin; line < fn->end; line++) {
        size_t n = 0;
        while (e + n < end && e[n].line == line)
            n++;
        pp_str text;
        bool known = pp_source_text_line(p->sources, f->name, line, &text);
        if (!known) text = line ? PP_STR("???") : PP_STR("<instructions with unknown line numbers>");
        if (known || n) put_line(p, line, text, e, n);
        e += n;
    }
}

static void put_function(struct page *p, const struct pp_weblist_file *f, const struct pp_weblist_function *fn)
{
    struct pp_out *out = p->r->out;
    pp_out_c(out, "<h2>");
    put_text(out, fn->name);
    pp_out_c(out, "</h2><p class=\"filename\">");
    put_text(out, f->name);
    pp_out_c(out, "</p>\n<pre onClick=\"pprof_toggle_asm(event)\">\n  Total:  ");
    put_value(p, fn->flat, false);
    pp_out_char(out, ' ');
    put_value(p, fn->cum, false);
    pp_out_c(out, " (flat, cum) ");
    pp_report_put_percent(p->r, fn->cum, p->r->o.total);
    put_lines(p, f, fn);
    pp_out_c(out, "\n</pre>\n");
}

static pp_str legend_value(const pp_report_lines *legend, pp_str key)
{
    for (size_t i = 0; i < legend->n; i++)
        if (pp_str_has_prefix(legend->p[i], key)) return pp_str_from(legend->p[i], key.n);
    return PP_STR("unknown");
}

static void put_head(struct page *p)
{
    struct pp_out *out = p->r->out;
    pp_report_lines legend = {0};
    pp_report_add_profile_labels(p->r, &legend);
    pp_out_c(out, "<!DOCTYPE html>\n<html>\n<head>\n  <meta charset=\"utf-8\">\n  <title>");
    put_text(out, legend_value(&legend, PP_STR("File: ")));
    pp_out_char(out, ' ');
    put_text(out, legend_value(&legend, PP_STR("Type: ")));
    pp_out_fmt(out, "</title>\n  \n  <style>\n%s</style>\n  <script>\n%s</script>\n</head>\n<body>\n\n<div class=\"legend\">",
               pp_weblist_css, pp_weblist_js);
    for (size_t i = 0; i < legend.n; i++) {
        if (i) pp_out_c(out, "<br>\n");
        put_text(out, legend.p[i]);
    }
    pp_out_c(out, "<br>Total: ");
    put_text(out, pp_report_value_text(p->r, p->r->o.total));
    pp_out_c(out, "</div>");
}

enum pp_code pp_report_weblist(struct pp_report *r, struct pp_err *err)
{
    struct page p = {.r = r, .sources = pp_report_sources(r)};
    if (!pp_weblist_collect(r, &p.list))
        return pp_fail(err, PP_E_NOTFOUND, "no matches found for regexp: %.*s", PP_FMT(pp_regex_pattern(r->o.symbol)));
    put_head(&p);
    for (size_t i = 0; i < p.list.files.n; i++) {
        const struct pp_weblist_file *f = &p.list.files.p[i];
        pp_weblist_functions functions = pp_weblist_functions_of(&p.list, f);
        for (size_t k = 0; k < functions.n; k++)
            if (functions.p[k].cum) put_function(&p, f, &functions.p[k]);
    }
    pp_out_c(r->out, "\n</body>\n</html>\n");
    return PP_OK;
}
