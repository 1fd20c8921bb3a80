// SPDX-License-Identifier: Apache-2.0
#include "view/tabwriter.h"

#include "base/utf8.h"

#define ESCAPE '\xff' /* text between two of them is no layout; they are written, but take no room */
#define PADDING 1

static size_t line_end(const struct pp_tabwriter *w, size_t line)
{
    return line + 1 < w->lines.n ? w->lines.p[line + 1] : w->cells.n;
}

/* All cells but the trailing one. */
static size_t line_columns(const struct pp_tabwriter *w, size_t line)
{
    size_t n = line_end(w, line) - w->lines.p[line];
    return n ? n - 1 : 0;
}

/* Writes the lines with the column widths found so far; gives the place in text behind them. */
static size_t put_lines(struct pp_tabwriter *w, size_t at, size_t from, size_t to)
{
    for (size_t line = from; line < to; line++) {
        size_t first = w->lines.p[line], end = line_end(w, line);
        for (size_t c = first; c < end; c++) {
            const struct pp_tab_cell *cell = &w->cells.p[c];
            size_t column = c - first, width = column < w->widths.n ? w->widths.p[column] : 0;
            if (width > cell->width) pp_out_repeat(w->out, ' ', width - cell->width);
            pp_out_write(w->out, w->text.p + at, cell->bytes);
            at += cell->bytes;
        }
        if (line + 1 < w->lines.n) pp_out_char(w->out, '\n');
    }
    return at;
}

/* Column by column: a block of lines that have the next one is laid out with it, the lines between without. */
static size_t lay_out(struct pp_tabwriter *w, size_t at, size_t from, size_t to)
{
    size_t column = w->widths.n;
    for (size_t line = from; line < to; line++) {
        if (column >= line_columns(w, line)) continue;
        at = put_lines(w, at, from, line);
        from = line;
        size_t width = 0;
        for (; line < to && column < line_columns(w, line); line++) {
            size_t cell = w->cells.p[w->lines.p[line] + column].width + PADDING;
            if (cell > width) width = cell;
        }
        *PP_PUSH(w->arena, &w->widths) = width;
        at = lay_out(w, at, from, line);
        w->widths.n--;
        from = line;
    }
    return put_lines(w, at, from, to);
}

static void count_runes(struct pp_tabwriter *w)
{
    w->cell.width += pp_utf8_count((pp_str){w->text.p + w->counted, w->text.n - w->counted});
    w->cell.bytes += w->text.n - w->counted;
    w->counted = w->text.n;
}

static void end_cell(struct pp_tabwriter *w)
{
    count_runes(w);
    *PP_PUSH(w->arena, &w->cells) = w->cell;
    w->cell = (struct pp_tab_cell){0};
}

static void reset(struct pp_tabwriter *w)
{
    w->text.n = w->cells.n = w->lines.n = w->counted = 0;
    w->cell = (struct pp_tab_cell){0};
    w->in_escape = false;
    *PP_PUSH(w->arena, &w->lines) = 0;
}

static void put_char(struct pp_tabwriter *w, char c) { *PP_PUSH(w->arena, &w->text) = c; }

static void write_layout(struct pp_tabwriter *w, char c)
{
    end_cell(w);
    if (c == '\t' || c == '\v') return;
    size_t n = w->cells.n - w->lines.p[w->lines.n - 1];
    *PP_PUSH(w->arena, &w->lines) = w->cells.n;
    if (c != '\f' && n > 1) return;
    lay_out(w, 0, 0, w->lines.n);
    reset(w);
}

void pp_tabwriter_write(struct pp_tabwriter *w, pp_str text)
{
    if (!w->lines.n) reset(w);
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (c == ESCAPE) {
            count_runes(w);
            put_char(w, c);
            if (w->in_escape) { /* both marks were counted as a rune */
                count_runes(w);
                w->cell.width -= 2;
            }
            w->in_escape = !w->in_escape;
        } else if (!w->in_escape && (c == '\t' || c == '\v' || c == '\n' || c == '\f')) {
            write_layout(w, c);
        } else {
            put_char(w, c);
        }
    }
}

void pp_tabwriter_flush(struct pp_tabwriter *w)
{
    if (!w->lines.n) return;
    if (w->text.n > w->counted || w->cell.bytes) end_cell(w);
    lay_out(w, 0, 0, w->lines.n);
    reset(w);
}
