// SPDX-License-Identifier: Apache-2.0
#include "symbols/dwarf_line.h"

#include <stdlib.h>

#define FORMATS_MAX 16 /* of an entry; compilers write up to 5 */

struct header {
    struct pp_cursor c; /* behind the header: the program */
    uint8_t min_inst, line_range, opcode_base;
    int8_t line_base;
    const unsigned char *operand_counts; /* of opcodes 1 .. opcode_base - 1 */
    struct pp_dwarf_unit sizes;          /* offset and address sizes as forms need them */
};

struct state {
    uint64_t addr;
    uint32_t line, file, column;
};

struct decoder {
    struct header h;
    struct pp_arena *arena; /* where rows and sequences grow */
    PP_VEC(struct pp_line_row) rows;
    PP_VEC(struct pp_line_sequence) sequences;
    struct state s;
    struct pp_line_sequence open; /* n_rows == 0: no sequence begun */
};

typedef PP_VEC(struct pp_line_file) file_list;
typedef PP_VEC(pp_str) dir_list;

static void read_old_names(struct pp_cursor *c, struct pp_arena *a, dir_list *dirs, file_list *files)
{
    for (pp_str dir; (dir = pp_cursor_c(c)).n;) *PP_PUSH(a, dirs) = dir;
    *PP_PUSH(a, files) = (struct pp_line_file){0};
    for (pp_str name; (name = pp_cursor_c(c)).n;) {
        uint64_t dir = pp_cursor_uleb(c);
        pp_cursor_uleb(c); /* time */
        pp_cursor_uleb(c); /* size */
        *PP_PUSH(a, files) = (struct pp_line_file){.name = name, .dir = dir};
    }
}

/* One list of version 5: directories or files, each entry described by the formats in front. */
static void read_new_names(struct header *h, struct pp_arena *a, file_list *ret_list)
{
    struct pp_cursor *c = &h->c;
    struct pp_dwarf_attr formats[FORMATS_MAX];
    unsigned n_formats = pp_cursor_u8(c);
    if (n_formats > FORMATS_MAX) pp_cursor_fail(c);
    for (unsigned i = 0; i < n_formats && !c->failed; i++) {
        uint64_t name = pp_cursor_uleb(c), form = pp_cursor_uleb(c);
        formats[i] = (struct pp_dwarf_attr){.name = (uint16_t)name, .form = (uint16_t)form};
    }
    uint64_t n = pp_cursor_uleb(c);
    if (n > pp_cursor_left(c)) pp_cursor_fail(c); /* an entry has a byte at least */
    for (uint64_t i = 0; i < n && !c->failed; i++) {
        struct pp_line_file f = {0};
        for (unsigned k = 0; k < n_formats; k++) {
            struct pp_dwarf_value v;
            pp_dwarf_read_value(c, &h->sizes, &formats[k], &v);
            if (formats[k].name == DW_LNCT_path) f.name = pp_dwarf_string(&h->sizes, &v);
            if (formats[k].name == DW_LNCT_directory_index) f.dir = v.u;
        }
        *PP_PUSH(a, ret_list) = f;
    }
}

static void read_names(struct header *h, struct pp_arena *a, struct pp_line_table *t)
{
    dir_list dirs = {0};
    file_list files = {0}, new_dirs = {0};
    if (t->version < 5) {
        read_old_names(&h->c, a, &dirs, &files);
    } else {
        read_new_names(h, a, &new_dirs);
        for (size_t i = 0; i < new_dirs.n; i++) *PP_PUSH(a, &dirs) = new_dirs.p[i].name;
        read_new_names(h, a, &files);
    }
    t->dirs = dirs.p;
    t->n_dirs = dirs.n;
    t->files = files.p;
    t->n_files = files.n;
}

static bool read_header(const struct pp_dwarf_unit *u, struct pp_arena *a, struct header *h, struct pp_line_table *t)
{
    h->sizes = *u;
    struct pp_cursor *c = &h->c;
    *c = pp_cursor_at(u->file->line, u->line_offset);
    h->sizes.offset_size = 4;
    uint64_t length = pp_cursor_uint(c, 4);
    if (length == UINT32_MAX) {
        length = pp_cursor_uint(c, 8);
        h->sizes.offset_size = 8;
    }
    if (c->failed || length > pp_cursor_left(c) || length > u->file->line_budget) return false;
    u->file->line_budget -= length;
    c->end = c->p + length;
    uint64_t version = pp_cursor_uint(c, 2);
    if (version < 2 || version > 5) return false;
    t->version = (uint8_t)version;
    if (version >= 5) {
        h->sizes.address_size = pp_cursor_u8(c);
        pp_cursor_u8(c); /* segment selector */
    }
    uint64_t header_bytes = pp_cursor_uint(c, h->sizes.offset_size);
    if (c->failed || header_bytes > pp_cursor_left(c)) return false;
    const unsigned char *program = c->p + header_bytes;
    h->min_inst = pp_cursor_u8(c);
    if (version >= 4) pp_cursor_u8(c); /* operations per instruction: 1 but for VLIW */
    pp_cursor_u8(c);                   /* default is_stmt */
    h->line_base = (int8_t)pp_cursor_u8(c);
    h->line_range = pp_cursor_u8(c);
    h->opcode_base = pp_cursor_u8(c);
    h->operand_counts = c->p;
    if (!h->line_range || !h->opcode_base) return false;
    pp_cursor_skip(c, h->opcode_base - 1u);
    if (c->failed) return false;
    read_names(h, a, t);
    if (c->failed) return false;
    c->p = program; /* vendors may add fields */
    return true;
}

static void add_row(struct decoder *d)
{
    struct pp_line_sequence *seq = &d->open;
    if (!seq->n_rows) *seq = (struct pp_line_sequence){.low = d->s.addr, .first_row = (uint32_t)d->rows.n};
    uint64_t addr = d->s.addr - seq->low;
    struct pp_line_row row = {(uint32_t)addr, d->s.line, d->s.file, d->s.column};
    struct pp_line_row *last = seq->n_rows ? &d->rows.p[d->rows.n - 1] : NULL;
    if (addr > UINT32_MAX || (last && row.addr < last->addr)) return; /* goes back: no compiler does that */
    if (last && last->addr == row.addr) {
        *last = row;
    } else if (!last || last->line != row.line || last->file != row.file || last->column != row.column) {
        *PP_PUSH(d->arena, &d->rows) = row;
        seq->n_rows++;
    }
}

static void end_sequence(struct decoder *d, uint64_t min_addr)
{
    struct pp_line_sequence *seq = &d->open;
    seq->high = d->s.addr;
    if (seq->n_rows && seq->high > seq->low && seq->low >= min_addr)
        *PP_PUSH(d->arena, &d->sequences) = *seq;
    else
        d->rows.n -= seq->n_rows;
    *seq = (struct pp_line_sequence){0};
    d->s = (struct state){.line = 1, .file = 1};
}

static void extended(struct decoder *d, uint64_t min_addr)
{
    struct pp_cursor *c = &d->h.c;
    uint64_t n = pp_cursor_uleb(c);
    if (!n || n > pp_cursor_left(c)) {
        if (n) pp_cursor_fail(c);
        return;
    }
    const unsigned char *end = c->p + n;
    switch (pp_cursor_u8(c)) {
    case DW_LNE_end_sequence: end_sequence(d, min_addr); break;
    case DW_LNE_set_address:
        if (n == 5 || n == 9) d->s.addr = pp_cursor_uint(c, (unsigned)n - 1);
        break;
    default: break;
    }
    c->p = end;
}

static void standard(struct decoder *d, unsigned opcode, uint64_t min_addr)
{
    struct pp_cursor *c = &d->h.c;
    struct state *s = &d->s;
    switch (opcode) {
    case 0: extended(d, min_addr); break;
    case DW_LNS_copy: add_row(d); break;
    case DW_LNS_advance_pc: s->addr += pp_cursor_uleb(c) * d->h.min_inst; break;
    case DW_LNS_advance_line: s->line += (uint32_t)pp_cursor_sleb(c); break;
    case DW_LNS_set_file: s->file = (uint32_t)pp_cursor_uleb(c); break;
    case DW_LNS_set_column: s->column = (uint32_t)pp_cursor_uleb(c); break;
    case DW_LNS_const_add_pc: s->addr += (255u - d->h.opcode_base) / d->h.line_range * d->h.min_inst; break;
    case DW_LNS_fixed_advance_pc: s->addr += pp_cursor_uint(c, 2); break;
    default:
        for (unsigned n = d->h.operand_counts[opcode - 1]; n; n--) pp_cursor_uleb(c);
    }
}

static void run(struct decoder *d, uint64_t min_addr)
{
    struct pp_cursor *c = &d->h.c;
    d->s = (struct state){.line = 1, .file = 1};
    unsigned base = d->h.opcode_base, range = d->h.line_range;
    while (c->p < c->end) {
        unsigned opcode = *c->p++;
        if (opcode < base) {
            standard(d, opcode, min_addr);
        } else {
            d->s.addr += (opcode - base) / range * d->h.min_inst;
            d->s.line += (uint32_t)(d->h.line_base + (int)((opcode - base) % range));
            add_row(d);
        }
    }
}

static int by_high(const void *x, const void *y)
{
    const struct pp_line_sequence *a = x, *b = y;
    if (a->high != b->high) return a->high < b->high ? -1 : 1;
    return (a->first_row > b->first_row) - (a->first_row < b->first_row);
}

static bool are_sorted(const struct pp_line_sequence *s, size_t n)
{
    for (size_t i = 1; i < n; i++)
        if (by_high(&s[i - 1], &s[i]) > 0) return false;
    return true;
}

static void keep(struct decoder *d, struct pp_arena *a, struct pp_line_table *t)
{
    d->rows.n -= d->open.n_rows; /* a sequence that never ended has no end address */
    struct pp_line_row *rows = PP_NEW_N(a, struct pp_line_row, d->rows.n);
    struct pp_line_sequence *sequences = PP_NEW_N(a, struct pp_line_sequence, d->sequences.n);
    if (d->rows.n) memcpy(rows, d->rows.p, d->rows.n * sizeof *rows);
    if (d->sequences.n) memcpy(sequences, d->sequences.p, d->sequences.n * sizeof *sequences);
    if (!are_sorted(sequences, d->sequences.n)) qsort(sequences, d->sequences.n, sizeof *sequences, by_high);
    t->rows = rows;
    t->n_rows = d->rows.n;
    t->sequences = sequences;
    t->n_sequences = d->sequences.n;
}

enum pp_code pp_line_table_read(const struct pp_dwarf_unit *u, struct pp_arena *a, struct pp_arena *scratch,
                                struct pp_line_table *ret_table, struct pp_err *err)
{
    struct pp_line_table t = {.offset = u->line_offset};
    struct decoder d = {.arena = scratch};
    bool sound = read_header(u, a, &d.h, &t);
    if (sound) {
        run(&d, u->file->min_addr);
        sound = !d.h.c.failed;
    }
    keep(&d, a, &t);
    *ret_table = t;
    return sound ? PP_OK : pp_fail(err, PP_E_FORMAT, "line program at %#zx is broken", (size_t)u->line_offset);
}

const struct pp_line_row *pp_line_find(const struct pp_line_table *t, uint64_t addr)
{
    size_t low = 0, high = t->n_sequences; /* the first sequence that ends behind addr */
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (t->sequences[mid].high <= addr)
            low = mid + 1;
        else
            high = mid;
    }
    if (low == t->n_sequences || t->sequences[low].low > addr) return NULL;
    const struct pp_line_sequence *seq = &t->sequences[low];
    const struct pp_line_row *rows = t->rows + seq->first_row;
    size_t from = 0, to = seq->n_rows; /* the last row at or before addr */
    while (to - from > 1) {
        size_t mid = from + (to - from) / 2;
        if (rows[mid].addr <= addr - seq->low)
            from = mid;
        else
            to = mid;
    }
    return &rows[from];
}

static bool is_absolute(pp_str path)
{
    return path.n && path.p[0] == '/';
}

/* One slash between, whatever the parts bring along. */
static pp_str append(struct pp_arena *a, pp_str path, pp_str part)
{
    if (!path.n) return part;
    if (!part.n) return path;
    if (path.p[path.n - 1] == '/')
        while (part.n && part.p[0] == '/') part = pp_str_from(part, 1);
    else if (part.p[0] != '/')
        path = pp_arena_join(a, path, PP_STR("/"));
    return pp_arena_join(a, path, part);
}

pp_str pp_line_path(struct pp_line_table *t, uint64_t file, pp_str comp_dir, struct pp_arena *a)
{
    if (file >= t->n_files || (t->version < 5 && !file)) return (pp_str){0};
    struct pp_line_file *f = &t->files[file];
    if (f->path.p) return f->path;
    uint64_t dir_index = t->version < 5 ? f->dir - 1 : f->dir; /* before 5, 0 is the compilation directory */
    pp_str dir = dir_index < t->n_dirs ? t->dirs[dir_index] : (pp_str){0}, path = {0};
    bool states_comp_dir = t->version >= 5 && !f->dir && !t->repeat_relative_dir;
    bool in_comp_dir = !states_comp_dir && !is_absolute(dir);
    if (is_absolute(f->name)) {
        path = f->name;
    } else {
        if (in_comp_dir) path = comp_dir;
        path = append(a, append(a, path, dir), f->name);
    }
    if (!path.p) path = PP_STR("");
    f->path = path;
    return path;
}
