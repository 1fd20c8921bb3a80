// SPDX-License-Identifier: Apache-2.0
#include "tool/shell/complete.h"

#include <stdlib.h>

#include "base/out.h"
#include "base/vec.h"
#include "tool/configure.h"
#include "tool/shell/line.h"

typedef PP_VEC(pp_str) candidates;

static void add(struct pp_arena *a, candidates *c, pp_str prefix, pp_str word)
{
    if (word.n >= prefix.n && pp_str_eq_nocase(pp_str_sub(word, 0, prefix.n), prefix)) *PP_PUSH(a, c) = word;
}

static void add_topics(struct pp_arena *a, candidates *c, pp_str prefix)
{
    for (size_t i = 0; i < PP_COMMAND_COUNT; i++)
        add(a, c, prefix, pp_str_c(pp_commands[i].name));
    for (size_t i = 0; i < PP_VAR_COUNT; i++)
        add(a, c, prefix, pp_str_c(pp_vars[i].name));
    for (size_t i = 0; i < PP_CHOICE_COUNT; i++)
        add(a, c, prefix, pp_str_c(pp_choices[i].name));
}

static void add_types(struct pp_arena *a, const struct pp_profile *p, candidates *c, pp_str prefix)
{
    for (uint32_t i = 0; i < p->n_types; i++)
        add(a, c, prefix, pp_profile_str(p, p->types[i].type));
}

static void add_first_words(struct pp_arena *a, const struct pp_profile *p, candidates *c, pp_str prefix)
{
    static const char *const own[] = {"exit", "help", "options", "quit"};
    add_topics(a, c, prefix);
    add_types(a, p, c, prefix);
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        add(a, c, prefix, pp_str_c(own[i]));
}

static bool is_special(char c) { return pp_str_find_byte(PP_STR("\\.+*?()|[]{}^$"), c) != PP_NOT_FOUND; }

/* A name as a word of a command: a regular expression without spaces. */
static pp_str quoted(struct pp_arena *a, pp_str name)
{
    struct pp_out o;
    pp_out_to_memory(&o, a);
    for (size_t i = 0; i < name.n; i++) {
        if (is_special(name.p[i])) pp_out_char(&o, '\\');
        pp_out_char(&o, name.p[i] == ' ' ? '.' : name.p[i]);
    }
    return pp_out_bytes(&o);
}

/* What was typed of a name: `quoted` undone, but for the dots that were spaces. */
static pp_str unquoted(struct pp_arena *a, pp_str word)
{
    struct pp_out o;
    pp_out_to_memory(&o, a);
    for (size_t i = 0; i < word.n; i++) {
        if (word.p[i] == '\\' && i + 1 < word.n) i++;
        pp_out_char(&o, word.p[i]);
    }
    return pp_out_bytes(&o);
}

static bool has_part_at(pp_str name, size_t at, pp_str part)
{
    for (size_t i = 0; i < part.n; i++)
        if (name.p[at + i] != part.p[i] && !(name.p[at + i] == ' ' && part.p[i] == '.')) return false;
    return true;
}

static bool has_part(pp_str name, pp_str part)
{
    for (size_t at = 0; at + part.n <= name.n; at++)
        if (has_part_at(name, at, part)) return true;
    return false;
}

static void add_functions(struct pp_arena *a, const struct pp_profile *p, candidates *c, pp_str word)
{
    pp_str part = unquoted(a, word);
    for (uint32_t i = 0; part.n && i < p->n_functions; i++) {
        pp_str name = pp_profile_str(p, p->functions[i].name);
        if (has_part(name, part)) *PP_PUSH(a, c) = quoted(a, name);
    }
}

static bool takes_regexp(const struct pp_var *var)
{
    static const size_t offsets[] = {offsetof(struct pp_config, focus),     offsetof(struct pp_config, ignore),
                                     offsetof(struct pp_config, hide),      offsetof(struct pp_config, show),
                                     offsetof(struct pp_config, show_from), offsetof(struct pp_config, prune_from)};
    for (size_t i = 0; i < sizeof offsets / sizeof *offsets; i++)
        if (var->offset == offsets[i]) return true;
    return false;
}

static void add_values(struct pp_arena *a, const struct pp_profile *p, candidates *c, pp_str name, pp_str prefix)
{
    const struct pp_var *var = pp_var_find(name);
    if (!var) return;
    if (pp_str_eq_c(name, "sample_index")) add_types(a, p, c, prefix);
    if (takes_regexp(var)) add_functions(a, p, c, prefix);
    for (size_t i = 0; i < PP_CHOICE_COUNT; i++)
        if (pp_str_eq_c(name, pp_choices[i].group)) add(a, c, prefix, pp_str_c(pp_choices[i].name));
    if (var->type != PP_TYPE_BOOL) return;
    add(a, c, prefix, PP_STR("true"));
    add(a, c, prefix, PP_STR("false"));
}

static bool is_command(pp_str word)
{
    while (word.n && word.p[word.n - 1] >= '0' && word.p[word.n - 1] <= '9')
        word.n--;
    return pp_command_find(word) && !pp_str_eq_c(word, "tags");
}

static int compare(const void *x, const void *y) { return pp_str_cmp(*(const pp_str *)x, *(const pp_str *)y); }

static void sort_and_unite(candidates *c)
{
    size_t n = 0;
    if (c->n) qsort(c->p, c->n, sizeof *c->p, compare);
    for (size_t i = 0; i < c->n; i++)
        if (!n || !pp_str_eq(c->p[n - 1], c->p[i])) c->p[n++] = c->p[i];
    c->n = n;
}

/* The longest beginning of all; they are sorted, so that of the first and the last. */
static pp_str common_prefix(const candidates *c)
{
    pp_str x = c->p[0], y = c->p[c->n - 1];
    size_t n = 0;
    while (n < x.n && n < y.n && x.p[n] == y.p[n])
        n++;
    while (n < x.n && n && ((unsigned char)x.p[n] & 0xc0) == 0x80)
        n--; /* whole runes */
    return pp_str_sub(x, 0, n);
}

/* What all candidates begin with may only replace the word when it says more. */
static bool keeps_word(struct pp_arena *a, pp_str common, pp_str word)
{
    return common.n > word.n && (pp_str_eq_nocase(pp_str_sub(common, 0, word.n), word) ||
                                 pp_str_contains(unquoted(a, common), unquoted(a, word)));
}

struct pp_shell_completion pp_shell_complete(struct pp_arena *a, const struct pp_profile *p, pp_str text)
{
    candidates c = {0};
    size_t n_before, from = text.n;
    pp_str name, value;
    while (from && text.p[from - 1] != ' ' && text.p[from - 1] != '\t')
        from--;
    const pp_str *before = pp_shell_words(a, pp_str_sub(text, 0, from), &n_before);
    pp_str word = pp_str_from(text, from);
    bool is_value = !n_before && pp_str_cut(word, '=', &name, &value);
    if (is_value) {
        from += name.n + 1;
        add_values(a, p, &c, name, value);
    } else if (!n_before) {
        add_first_words(a, p, &c, word);
    } else if (n_before == 1 && pp_str_eq_c(before[0], "help")) {
        add_topics(a, &c, word);
    } else if (is_command(before[0])) {
        if (word.n && word.p[0] == '-') from++;
        add_functions(a, p, &c, pp_str_from(text, from));
    }
    sort_and_unite(&c);
    word = pp_str_from(text, from);
    struct pp_shell_completion r = {.from = from, .replacement = word, .list = c.p, .n_list = c.n};
    if (!c.n) return r;
    pp_str common = common_prefix(&c);
    if (c.n == 1 || keeps_word(a, common, word)) r.replacement = common;
    r.is_whole = c.n == 1 && !is_value && (n_before || !pp_var_find(common) || pp_configurable_alone(common));
    if (!n_before && c.n == 1 && !is_value && pp_var_find(common) && !pp_configurable_alone(common))
        r.replacement = pp_arena_join(a, common, PP_STR("="));
    return r;
}
