/* symbols/dwarf_line.h - the line program of a unit: address -> file, line, column.
 *
 * Rows are not kept: one pass marks the machine's state at every 64th row, and a look-up runs it from the mark before the
 * address (some 100 ns). That is 0.4 bytes a row instead of 16, and the first address in a large unit costs half as much.
 * Marks of a sequence are contiguous and ascend by address; sequences ascend by their end, so that one search finds the one
 * that holds an address. Of several rows with one address the last counts.
 */
#ifndef PP_SYMBOLS_DWARF_LINE_H
#define PP_SYMBOLS_DWARF_LINE_H

#include "symbols/dwarf_unit.h"

struct pp_line_row {
    uint64_t addr;
    uint32_t line, file, column;
};

struct pp_line_mark {
    struct pp_line_row row;
    uint32_t next; /* offset of the opcode behind the one that made the row, in the program */
};

struct pp_line_sequence {
    uint64_t low, high;
    uint32_t first_mark, n_marks;
};

/* The program and the constants of its machine. */
struct pp_line_program {
    const unsigned char *begin, *end;
    const unsigned char *operand_counts; /* of opcodes 1 .. opcode_base - 1 */
    uint8_t min_inst, line_range, opcode_base;
    int8_t line_base;
};

struct pp_line_file {
    const char *name;
    uint32_t name_bytes, dir;
};

struct pp_line_table {
    uint64_t offset; /* in .debug_line */
    uint8_t version;
    bool repeat_relative_dir; /* see dwarf.h */
    const struct pp_line_file *dirs;
    const struct pp_line_file *files; /* index as in the program: from 0 in version 5, else from 1 */
    pp_str *paths;                    /* of the files, joined on first use; NULL before the first */
    struct pp_line_program program;
    const struct pp_line_mark *marks;
    const struct pp_line_sequence *sequences;
    size_t n_dirs, n_files, n_marks, n_sequences;
};

/* Reads the header and marks the program that u->line_offset names. What was sound before a fault is kept: *ret_table is set in any case. */
enum pp_code pp_line_table_read(const struct pp_dwarf_unit *u, struct pp_arena *a, struct pp_arena *scratch,
                                struct pp_line_table *ret_table, struct pp_err *err);

bool pp_line_find(const struct pp_line_table *t, uint64_t addr,
                  struct pp_line_row *ret_row); /* false: no row covers it */

/* The path of a file number: the name, behind its include directory, behind comp_dir, each unless absolute. Kept in a. */
pp_str pp_line_path(struct pp_line_table *t, uint64_t file, pp_str comp_dir, struct pp_arena *a);

#endif
