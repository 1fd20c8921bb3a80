// SPDX-License-Identifier: Apache-2.0
#include "tool/shell/line.h"

#include "base/gonum.h"
#include "base/goquote.h"
#include "base/utf8.h"
#include "base/vec.h"
#include "profile/sample_index.h"
#include "tool/configure.h"

#define TOP_NODES 10 /* of top and text, unless something says otherwise */

typedef PP_VEC(pp_str) lines;

const pp_str *pp_shell_words(struct pp_arena *a, pp_str s, size_t *ret_n)
{
    lines words = {0};
    size_t k;
    while ((s = pp_utf8_trim(s)).n) {
        size_t end = 0;
        while (end < s.n && !pp_rune_is_space(pp_utf8_decode(pp_str_from(s, end), &k)))
            end += k;
        *PP_PUSH(a, &words) = pp_str_sub(s, 0, end);
        s = pp_str_from(s, end);
    }
    *ret_n = words.n;
    return words.p;
}

/* "x", "total_x" or "mean_x" of a sample type x; the last type wins where two have one name. */
static bool expand_type(struct pp_arena *a, const struct pp_profile *p, pp_str word, lines *out)
{
    static const struct {
        const char *prefix, *also;
    } forms[] = {{"mean_", "mean=1"}, {"total_", "mean=0"}, {"", NULL}};
    for (uint32_t i = p->n_types; i-- > 0;) {
        pp_str type = pp_profile_str(p, p->types[i].type);
        for (size_t f = 0; f < sizeof forms / sizeof *forms; f++) {
            if (!pp_str_eq(word, pp_arena_join(a, pp_str_c(forms[f].prefix), type))) continue;
            if (forms[f].also) *PP_PUSH(a, out) = pp_str_c(forms[f].also);
            *PP_PUSH(a, out) = pp_arena_join(a, PP_STR("sample_index="), type);
            return true;
        }
    }
    return false;
}

const pp_str *pp_shell_expand(struct pp_arena *a, const struct pp_profile *p, pp_str input, size_t *ret_n)
{
    static const pp_str clear[] = {{"focus=", 6}, {"ignore=", 7}, {"hide=", 5}, {"tagfocus=", 9}, {"tagignore=", 10}};
    lines out = {0};
    input = pp_utf8_trim(input);
    if (!expand_type(a, p, input, &out)) {
        if (pp_str_eq_c(input, ":")) {
            *ret_n = sizeof clear / sizeof *clear;
            return clear;
        }
        *PP_PUSH(a, &out) = input;
    }
    *ret_n = out.n;
    return out.p;
}

static pp_str strip_comment(pp_str value)
{
    for (size_t at = value.n; at-- > 0;)
        if (pp_str_has_prefix(pp_str_from(value, at), PP_STR("//:"))) return pp_str_sub(value, 0, at);
    return value;
}

static pp_str join_words(struct pp_arena *a, const pp_str *words, size_t n)
{
    struct pp_out o;
    pp_out_to_memory(&o, a);
    for (size_t i = 0; i < n; i++) {
        if (i) pp_out_char(&o, ' ');
        pp_out_str(&o, words[i]);
    }
    return pp_out_bytes(&o);
}

struct pp_shell_line pp_shell_parse(struct pp_arena *a, pp_str text)
{
    struct pp_shell_line l = {0};
    l.has_value = pp_str_cut(text, '=', &l.name, &l.value);
    l.name = pp_utf8_trim(l.name);
    l.value = pp_utf8_trim(strip_comment(l.value));
    if (pp_configurable(l.name)) {
        l.act = PP_SHELL_ASSIGN;
        return l;
    }
    l.words = pp_shell_words(a, text, &l.n_words);
    if (!l.n_words) return l;
    pp_str word = l.words[0];
    if (pp_str_eq_c(word, "o") || pp_str_eq_c(word, "options")) {
        l.act = PP_SHELL_OPTIONS;
    } else if (pp_str_eq_c(word, "exit") || pp_str_eq_c(word, "quit") || pp_str_eq_c(word, "q")) {
        l.act = PP_SHELL_QUIT;
    } else if (pp_str_eq_c(word, "help")) {
        l.act = PP_SHELL_HELP;
        l.value = join_words(a, l.words + 1, l.n_words - 1);
    } else {
        l.act = PP_SHELL_REPORT;
    }
    return l;
}

static enum pp_code assign(struct pp_arena *a, const struct pp_profile *p, struct pp_config *cfg, pp_str name,
                           pp_str value, struct pp_err *err)
{
    if (pp_str_eq_c(name, "sample_index")) {
        uint32_t index;
        enum pp_code c = pp_sample_index(p, value, &index, err);
        if (c == PP_E_EMPTY) return pp_fail(err, PP_E_USAGE, "invalid sample_index \"\"");
        if (c) return c;
        value = pp_profile_str(p, p->types[index].type);
    }
    return pp_configure(a, cfg, name, value, err);
}

enum pp_code pp_shell_assign(struct pp_arena *a, const struct pp_profile *p, struct pp_config *cfg,
                             const struct pp_shell_line *line, struct pp_err *err)
{
    if (!line->has_value && !pp_configurable_alone(line->name))
        return pp_fail(err, PP_E_USAGE, "please specify a value, e.g. %.*s=<val>", PP_FMT(line->name));
    return assign(a, p, cfg, line->name, line->value, err);
}

/* A command; digits behind its name are the first of its words: top10. */
static const struct pp_command *find_command(pp_str *name, pp_str *ret_count)
{
    const struct pp_command *c = pp_command_find(*name);
    size_t digits = 0;
    while (digits < name->n && name->p[name->n - 1 - digits] >= '0' && name->p[name->n - 1 - digits] <= '9')
        digits++;
    if (c || !digits || digits == name->n) return c;
    *ret_count = pp_str_from(*name, name->n - digits);
    name->n -= digits;
    return pp_command_find(*name);
}

static enum pp_code fail_unknown(pp_str name, const pp_str *first_word, struct pp_err *err)
{
    if (pp_option_help(name))
        return pp_fail(err, PP_E_USAGE, "did you mean: %.*s=%.*s", PP_FMT(name),
                       PP_FMT(first_word ? *first_word : PP_STR("<val>")));
    struct pp_arena a = {0};
    pp_str quoted = pp_go_quoted(&a, name);
    enum pp_code c = pp_fail(err, PP_E_USAGE, "unrecognized command: %.*s", PP_FMT(quoted));
    pp_arena_release(&a);
    return c;
}

/* -name=value of a variable, for this report only. google/pprof would ignore samples that match "name=value". */
static bool is_assignment(pp_str word, pp_str *ret_name, pp_str *ret_value)
{
    pp_str text = pp_str_from(word, pp_str_has_prefix(word, PP_STR("--")) ? 2 : 1);
    return pp_str_cut(text, '=', ret_name, ret_value) && pp_var_find(*ret_name);
}

static void add_regexp(struct pp_arena *a, pp_str *all, pp_str one)
{
    *all = all->n && one.n ? pp_arena_fmt(a, "%.*s|%.*s", PP_FMT(*all), PP_FMT(one)) : all->n ? *all : one;
}

/* The words behind the command and its regular expression. */
static enum pp_code read_words(struct pp_arena *a, const struct pp_profile *p, const pp_str *words, size_t n,
                               struct pp_config *cfg, pp_str *focus, pp_str *ignore, struct pp_err *err)
{
    for (size_t i = 0; i < n; i++) {
        pp_str word = words[i], name, value;
        int64_t count;
        enum pp_code c = PP_OK;
        if (pp_go_parse_int(word, 10, 32, &count) == PP_GO_NUM_OK) {
            cfg->nodecount = count;
        } else if (word.p[0] == '>') {
            if (word.n == 1 && ++i == n) return pp_fail(err, PP_E_USAGE, "unexpected end of line after >");
            cfg->output = word.n > 1 ? pp_str_from(word, 1) : words[i];
        } else if (pp_str_eq_c(word, "-cum") || pp_str_eq_c(word, "--cum")) {
            cfg->sort = PP_STR("cum");
        } else if (word.p[0] == '-' && is_assignment(word, &name, &value)) {
            c = assign(a, p, cfg, name, value, err);
        } else if (word.p[0] == '-') {
            add_regexp(a, ignore, pp_str_from(word, 1));
        } else {
            add_regexp(a, focus, word);
        }
        if (c) return c;
    }
    return PP_OK;
}

enum pp_code pp_shell_report(struct pp_arena *a, const struct pp_profile *p, const struct pp_shell_line *line,
                             struct pp_config *cfg, const struct pp_command **ret_command, pp_str *ret_param,
                             struct pp_err *err)
{
    lines words = {0};
    pp_str name = line->words[0], count = {0}, param = {0}, focus = {0}, ignore = {0};
    const struct pp_command *c = find_command(&name, &count);
    if (count.n) *PP_PUSH(a, &words) = count;
    for (size_t i = 1; i < line->n_words; i++)
        *PP_PUSH(a, &words) = line->words[i];
    if (!c) return fail_unknown(name, words.n ? words.p : NULL, err);
    if (c->has_param && !words.n) return pp_fail(err, PP_E_USAGE, "command %.*s requires an argument", PP_FMT(name));
    size_t first = c->has_param ? 1 : 0;
    if (c->has_param) param = words.p[0];
    const pp_str *rest = words.n ? words.p + first : NULL;
    enum pp_code code = read_words(a, p, rest, words.n - first, cfg, &focus, &ignore, err);
    if (code) return code;
    bool by_tag = c->format == PP_FORMAT_TAGS;
    if (focus.n) *(by_tag ? &cfg->tagfocus : &cfg->focus) = focus;
    if (ignore.n) *(by_tag ? &cfg->tagignore : &cfg->ignore) = ignore;
    if (cfg->nodecount == -1 && c->format == PP_FORMAT_TEXT) cfg->nodecount = TOP_NODES;
    *ret_command = c;
    *ret_param = param;
    return PP_OK;
}
