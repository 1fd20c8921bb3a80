/* view/tabwriter.h - cells ended by tabs, lined up in columns to the right: Go's text/tabwriter with AlignRight, padding 1.
 *
 * A column is a run of lines that have a cell there; the text behind a line's last tab is in no column. A line without
 * any tab ends all columns, and what came before it is written out then. Widths count runes.
 *     struct pp_tabwriter w = {.out = out, .arena = a};   pp_tabwriter_write(&w, text); ...   pp_tabwriter_flush(&w);
 */
#ifndef PP_VIEW_TABWRITER_H
#define PP_VIEW_TABWRITER_H

#include "base/out.h"
#include "base/vec.h"

struct pp_tab_cell {
    size_t bytes, width;
};

struct pp_tabwriter {
    struct pp_out *out;
    struct pp_arena *arena;
    PP_VEC(char) text; /* of all cells */
    PP_VEC(struct pp_tab_cell) cells;
    PP_VEC(size_t) lines; /* number of the line's first cell; its last cell is the unfinished or trailing one */
    struct pp_tab_cell cell;
    size_t counted; /* text up to here is in cell.width */
    bool in_escape;
    PP_VEC(size_t) widths;
};

void pp_tabwriter_write(struct pp_tabwriter *w, pp_str text);
void pp_tabwriter_flush(struct pp_tabwriter *w);

#endif
