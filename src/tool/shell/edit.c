// SPDX-License-Identifier: Apache-2.0
#include "tool/shell/edit.h"

#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool/shell/complete.h"
#include "tool/shell/history.h"
#include "tool/shell/libedit.h"
#include "tool/ui.h"

#define LISTED_MAX 100 /* candidates shown */

struct pp_shell_edit {
    struct pp_libedit lib;
    EditLine *el;
    History *history;
    pp_str history_path;
    const char *prompt;
    const struct pp_profile *profile;
    bool interrupted;   /* the line was dropped by ^C */
    bool list_next_tab; /* the last TAB listed nothing */
};

static struct pp_shell_edit *self(EditLine *el, const struct pp_libedit *lib)
{
    void *e = NULL;
    lib->get(el, EL_CLIENTDATA, &e);
    return e;
}

static struct pp_libedit library; /* for callbacks, which only get the EditLine */

static char *give_prompt(EditLine *el) { return (char *)(uintptr_t)self(el, &library)->prompt; }

static void list_candidates(const struct pp_shell_completion *c)
{
    putchar('\n');
    for (size_t i = 0; i < c->n_list && i < LISTED_MAX; i++)
        printf("%.*s\n", PP_FMT(c->list[i]));
    if (c->n_list > LISTED_MAX) printf("... and %zu more\n", c->n_list - LISTED_MAX);
    fflush(stdout);
}

static unsigned char complete(EditLine *el, int key)
{
    (void)key;
    struct pp_shell_edit *e = self(el, &library);
    const LineInfo *line = e->lib.line(el);
    struct pp_arena a;
    pp_arena_init(&a, 0, e->profile->arena->oom);
    pp_str text = {line->buffer, (size_t)(line->cursor - line->buffer)};
    text = pp_arena_dup(&a, text);
    struct pp_shell_completion c = pp_shell_complete(&a, e->profile, text);
    bool changed = !pp_str_eq(c.replacement, pp_str_from(text, c.from)), list = e->list_next_tab && !changed;
    unsigned char answer = changed ? CC_REFRESH : CC_REFRESH_BEEP;
    if (changed || c.is_whole) {
        pp_str word = pp_str_from(text, c.from);
        e->lib.deletestr(el, (int)mbstowcs(NULL, pp_arena_c(&a, word), 0));
        e->lib.insertstr(el, pp_arena_fmt(&a, "%.*s%s", PP_FMT(c.replacement), c.is_whole ? " " : "").p);
        answer = CC_REFRESH;
    } else if (list && c.n_list) {
        list_candidates(&c);
        answer = CC_REDISPLAY;
    }
    e->list_next_tab = !list;
    pp_arena_release(&a);
    return answer;
}

static unsigned char drop_line(EditLine *el, int key)
{
    (void)key;
    self(el, &library)->interrupted = true;
    fputs("^C\n", stdout);
    return CC_NEWLINE;
}

/* With EL_SIGNAL libedit's own handler gives the terminal back first. */
static unsigned char stop(EditLine *el, int key)
{
    (void)el;
    (void)key;
    raise(SIGTSTP);
    return CC_REDISPLAY;
}

static void load_history(struct pp_shell_edit *e, struct pp_arena *a)
{
    HistEvent event;
    size_t n;
    e->history_path = pp_shell_history_path(a);
    const pp_str *lines = pp_shell_history_read(a, e->history_path, &n);
    e->lib.history(e->history, &event, H_SETSIZE, PP_SHELL_HISTORY_MAX);
    e->lib.history(e->history, &event, H_SETUNIQUE, 1);
    for (size_t i = 0; i < n; i++)
        e->lib.history(e->history, &event, H_ENTER, pp_arena_c(a, lines[i]));
}

/* ^C and ^Z are keys while a line is typed: a signal would go to the viewers that were started, too. */
static void bind_keys(const struct pp_shell_edit *e)
{
    e->lib.set(e->el, EL_EDITOR, "emacs");
    e->lib.set(e->el, EL_ADDFN, "pprof-complete", "Complete the word", complete);
    e->lib.set(e->el, EL_ADDFN, "pprof-drop", "Drop the line", drop_line);
    e->lib.set(e->el, EL_ADDFN, "pprof-stop", "Stop the program", stop);
    e->lib.set(e->el, EL_BIND, "^I", "pprof-complete", NULL);
    e->lib.set(e->el, EL_BIND, "^R", "em-inc-search-prev", NULL);
    e->lib.source(e->el, NULL);
    e->lib.set(e->el, EL_SETTY, "-d", "-isig", NULL);
    e->lib.set(e->el, EL_BIND, "^C", "pprof-drop", NULL);
    e->lib.set(e->el, EL_BIND, "^Z", "pprof-stop", NULL);
}

struct pp_shell_edit *pp_shell_edit_new(struct pp_arena *a, const char *prompt, const struct pp_profile *p)
{
    struct pp_shell_edit *e = PP_NEW(a, struct pp_shell_edit);
    *e = (struct pp_shell_edit){.prompt = prompt, .profile = p};
    if (!setlocale(LC_CTYPE, "") || MB_CUR_MAX == 1) setlocale(LC_CTYPE, "C.UTF-8");
    if (!pp_libedit_load(&e->lib)) {
        pp_ui_warn("libedit can't be loaded: no history, no completion");
        return NULL;
    }
    library = e->lib;
    e->el = e->lib.init("pprof", stdin, stdout, stderr);
    e->history = e->lib.history_init();
    if (!e->el || !e->history) {
        pp_shell_edit_free(e);
        return NULL;
    }
    e->lib.set(e->el, EL_CLIENTDATA, e);
    e->lib.set(e->el, EL_PROMPT, give_prompt);
    e->lib.set(e->el, EL_SIGNAL, 1);
    e->lib.set(e->el, EL_HIST, e->lib.history, e->history);
    bind_keys(e);
    load_history(e, a);
    return e;
}

void pp_shell_edit_free(struct pp_shell_edit *e)
{
    if (!e) return;
    if (e->el) e->lib.end(e->el);
    if (e->history) e->lib.history_end(e->history);
}

static void remember(struct pp_shell_edit *e, pp_str line)
{
    HistEvent event, last;
    if (!pp_str_trim(line).n) return;
    struct pp_arena a = {0};
    const char *text = pp_arena_c(&a, line);
    bool again = e->lib.history(e->history, &last, H_FIRST) >= 0 && !strcmp(last.str, text);
    e->lib.history(e->history, &event, H_ENTER, text);
    if (!again) pp_shell_history_add(e->history_path, line);
    pp_arena_release(&a);
}

enum pp_code pp_shell_edit_line(struct pp_shell_edit *e, pp_str *ret_line, struct pp_err *err)
{
    int n = 0;
    e->interrupted = e->list_next_tab = false;
    struct sigaction ignore = {.sa_handler = SIG_IGN}, old; /* ^C is a signal until libedit has the terminal */
    sigaction(SIGINT, &ignore, &old);
    e->lib.set(e->el, EL_PREP_TERM, 1); /* before the prompt: what is typed as soon as it shows would be the terminal driver's, ^D and ^R above all */
    const char *text = e->lib.gets(e->el, &n);
    sigaction(SIGINT, &old, NULL);
    if (!text || n <= 0) {
        if (pp_write_all(STDOUT_FILENO, "\n", 1, err)) return err ? err->code : PP_E_IO;
        return PP_E_EMPTY;
    }
    pp_str line = {text, (size_t)n};
    while (line.n && (line.p[line.n - 1] == '\n' || line.p[line.n - 1] == '\r'))
        line.n--;
    if (e->interrupted) line.n = 0;
    remember(e, line);
    *ret_line = line;
    return PP_OK;
}
