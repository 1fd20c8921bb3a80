/* symbols/dwarf_line.h - the line program of a unit, decoded once: address -> file, line, column.
 *
 * Rows of a sequence are contiguous and ascend by address; of several rows with one address the last is kept, a row that says
 * the same as the one before is dropped. Sequences ascend by their end, so that one search finds the one that holds an address.
 */
#ifndef PP_SYMBOLS_DWARF_LINE_H
#define PP_SYMBOLS_DWARF_LINE_H

#include "symbols/dwarf_unit.h"

struct pp_line_row {
    uint32_t addr; /* relative to the sequence's low */
    uint32_t line, file, column;
};

struct pp_line_sequence {
    uint64_t low, high;
    uint32_t first_row, n_rows;
};

struct pp_line_file {
    pp_str name;
    uint64_t dir;
    pp_str path; /* joined on first use; NULL before */
};

struct pp_line_table {
    uint64_t offset; /* in .debug_line */
    uint8_t version;
    bool repeat_relative_dir; /* see dwarf.h */
    const pp_str *dirs;
    struct pp_line_file *files; /* index as in the program: from 0 in version 5, else from 1 */
    const struct pp_line_row *rows;
    const struct pp_line_sequence *sequences;
    size_t n_dirs, n_files, n_rows, n_sequences;
};

/* Decodes the program that u->line_offset names. What was sound before a fault is kept: *ret_table is set in any case. */
enum pp_code pp_line_table_read(const struct pp_dwarf_unit *u, struct pp_arena *a, struct pp_arena *scratch,
                                struct pp_line_table *ret_table, struct pp_err *err);

const struct pp_line_row *pp_line_find(const struct pp_line_table *t, uint64_t addr); /* NULL: no row covers it */

/* The path of a file number: the name, behind its include directory, behind comp_dir, each unless absolute. Kept in a. */
pp_str pp_line_path(struct pp_line_table *t, uint64_t file, pp_str comp_dir, struct pp_arena *a);

#endif
