// SPDX-License-Identifier: Apache-2.0
#include "symbols/dwarf_line.h"

#include <stdlib.h>

#define FORMATS_MAX 16 /* of an entry; compilers write up to 5 */

#define ROWS_PER_MARK 64

struct header {
    struct pp_cursor c;
    struct pp_dwarf_unit sizes; /* offset and address sizes as forms need them */
};

typedef PP_VEC(struct pp_line_file) file_list;

static struct pp_line_file file_entry(pp_str name, uint64_t dir)
{
    return (struct pp_line_file){name.p, (uint32_t)name.n, dir > UINT32_MAX ? UINT32_MAX : (uint32_t)dir};
}

static void read_old_names(struct pp_cursor *c, struct pp_arena *scratch, file_list *dirs, file_list *files)
{
    for (pp_str dir; (dir = pp_cursor_c(c)).n;)
        *PP_PUSH(scratch, dirs) = file_entry(dir, 0);
    *PP_PUSH(scratch, files) = (struct pp_line_file){0};
    for (pp_str name; (name = pp_cursor_c(c)).n;) {
        uint64_t dir = pp_cursor_uleb(c);
        pp_cursor_uleb(c); /* time */
        pp_cursor_uleb(c); /* size */
        *PP_PUSH(scratch, files) = file_entry(name, dir);
    }
}

/* One list of version 5: directories or files, each entry described by the formats in front. */
static void read_new_names(struct header *h, struct pp_arena *scratch, file_list *ret_list)
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
        pp_str name = {0};
        uint64_t dir = 0;
        for (unsigned k = 0; k < n_formats; k++) {
            struct pp_dwarf_value v;
            pp_dwarf_read_value(c, &h->sizes, &formats[k], &v);
            if (formats[k].name == DW_LNCT_path) name = pp_dwarf_string(&h->sizes, &v);
            if (formats[k].name == DW_LNCT_directory_index) dir = v.u;
        }
        *PP_PUSH(scratch, ret_list) = file_entry(name, dir);
    }
}

static const struct pp_line_file *copy_list(struct pp_arena *a, const file_list *list)
{
    struct pp_line_file *copy = PP_NEW_N(a, struct pp_line_file, list->n);
    if (list->n) memcpy(copy, list->p, list->n * sizeof *copy);
    return copy;
}

static void read_names(struct header *h, struct pp_arena *a, struct pp_arena *scratch, struct pp_line_table *t)
{
    file_list dirs = {0}, files = {0};
    if (t->version < 5) {
        read_old_names(&h->c, scratch, &dirs, &files);
    } else {
        read_new_names(h, scratch, &dirs);
        read_new_names(h, scratch, &files);
    }
    t->dirs = copy_list(a, &dirs);
    t->n_dirs = dirs.n;
    t->files = copy_list(a, &files);
    t->n_files = files.n;
}

static bool read_header(const struct pp_dwarf_unit *u, struct pp_arena *a, struct pp_arena *scratch, struct header *h,
                        struct pp_line_table *t)
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
    struct pp_line_program *m = &t->program;
    m->min_inst = pp_cursor_u8(c);
    if (version >= 4) pp_cursor_u8(c); /* operations per instruction: 1 but for VLIW */
    pp_cursor_u8(c);                   /* default is_stmt */
    m->line_base = (int8_t)pp_cursor_u8(c);
    m->line_range = pp_cursor_u8(c);
    m->opcode_base = pp_cursor_u8(c);
    m->operand_counts = c->p;
    if (!m->line_range || !m->opcode_base) return false;
    pp_cursor_skip(c, m->opcode_base - 1u);
    if (c->failed) return false;
    read_names(h, a, scratch, t);
    m->begin = program; /* not c->p: vendors may add fields */
    m->end = c->end;
    return !c->failed && m->end - m->begin <= UINT32_MAX;
}

enum event { EVENT_ROW, EVENT_END_SEQUENCE, EVENT_STOP };

/* Extended opcodes; true: the sequence ends. */
static bool extended(struct pp_cursor *c, struct pp_line_row *s)
{
    uint64_t n = pp_cursor_uleb(c);
    if (n > pp_cursor_left(c)) pp_cursor_fail(c);
    if (!n || c->failed) return false;
    const unsigned char *end = c->p + n;
    unsigned opcode = pp_cursor_u8(c);
    if (opcode == DW_LNE_set_address && (n == 5 || n == 9)) s->addr = pp_cursor_uint(c, (unsigned)n - 1);
    c->p = end;
    return opcode == DW_LNE_end_sequence;
}

/* Runs the machine to its next row or end of sequence. */
static enum event next_event(const struct pp_line_program *m, struct pp_cursor *c, struct pp_line_row *s)
{
    while (c->p < c->end) {
        unsigned opcode = *c->p++;
        if (opcode >= m->opcode_base) {
            opcode -= m->opcode_base;
            s->addr += opcode / m->line_range * m->min_inst;
            s->line += (uint32_t)(m->line_base + (int)(opcode % m->line_range));
            return EVENT_ROW;
        }
        switch (opcode) {
        case 0:
            if (extended(c, s)) return EVENT_END_SEQUENCE;
            break;
        case DW_LNS_copy: return EVENT_ROW;
        case DW_LNS_advance_pc: s->addr += pp_cursor_uleb(c) * m->min_inst; break;
        case DW_LNS_advance_line: s->line += (uint32_t)pp_cursor_sleb(c); break;
        case DW_LNS_set_file: s->file = (uint32_t)pp_cursor_uleb(c); break;
        case DW_LNS_set_column: s->column = (uint32_t)pp_cursor_uleb(c); break;
        case DW_LNS_const_add_pc: s->addr += (255u - m->opcode_base) / m->line_range * m->min_inst; break;
        case DW_LNS_fixed_advance_pc: s->addr += pp_cursor_uint(c, 2); break;
        default:
            for (unsigned n = m->operand_counts[opcode - 1]; n; n--)
                pp_cursor_uleb(c);
        }
    }
    return EVENT_STOP;
}

struct marker {
    struct pp_arena *arena; /* where the lists grow */
    PP_VEC(struct pp_line_mark) marks;
    PP_VEC(struct pp_line_sequence) sequences;
    struct pp_line_sequence open; /* n_marks == 0: none is */
    unsigned rows_since_mark;
};

static void mark_row(struct marker *k, const struct pp_line_row *row, uint32_t next)
{
    struct pp_line_sequence *seq = &k->open;
    if (!seq->n_marks) {
        *seq = (struct pp_line_sequence){.low = row->addr, .first_mark = (uint32_t)k->marks.n};
    } else if (++k->rows_since_mark < ROWS_PER_MARK || row->addr < k->marks.p[k->marks.n - 1].row.addr) {
        return;
    }
    *PP_PUSH(k->arena, &k->marks) = (struct pp_line_mark){*row, next};
    seq->n_marks++;
    k->rows_since_mark = 0;
}

static void end_sequence(struct marker *k, uint64_t high, uint64_t min_addr)
{
    struct pp_line_sequence *seq = &k->open;
    seq->high = high;
    if (seq->n_marks && high > seq->low && seq->low >= min_addr)
        *PP_PUSH(k->arena, &k->sequences) = *seq;
    else
        k->marks.n -= seq->n_marks;
    *seq = (struct pp_line_sequence){0};
}

/* False: the program is cut. A sequence that has not ended has no end address and is dropped. */
static bool mark_program(struct marker *k, const struct pp_line_program *m, uint64_t min_addr)
{
    const struct pp_line_row start = {.line = 1, .file = 1};
    struct pp_cursor c = {m->begin, m->end, false};
    struct pp_line_row row = start;
    for (enum event e; (e = next_event(m, &c, &row)) != EVENT_STOP;) {
        if (e == EVENT_ROW) {
            mark_row(k, &row, (uint32_t)(c.p - m->begin));
        } else {
            end_sequence(k, row.addr, min_addr);
            row = start;
        }
    }
    k->marks.n -= k->open.n_marks;
    return !c.failed;
}

static int by_high(const void *x, const void *y)
{
    const struct pp_line_sequence *a = x, *b = y;
    if (a->high != b->high) return a->high < b->high ? -1 : 1;
    return (a->first_mark > b->first_mark) - (a->first_mark < b->first_mark);
}

static bool are_sorted(const struct pp_line_sequence *s, size_t n)
{
    for (size_t i = 1; i < n; i++)
        if (by_high(&s[i - 1], &s[i]) > 0) return false;
    return true;
}

static void keep(const struct marker *k, struct pp_arena *a, struct pp_line_table *t)
{
    struct pp_line_mark *marks = PP_NEW_N(a, struct pp_line_mark, k->marks.n);
    struct pp_line_sequence *sequences = PP_NEW_N(a, struct pp_line_sequence, k->sequences.n);
    if (k->marks.n) memcpy(marks, k->marks.p, k->marks.n * sizeof *marks);
    if (k->sequences.n) memcpy(sequences, k->sequences.p, k->sequences.n * sizeof *sequences);
    if (!are_sorted(sequences, k->sequences.n)) qsort(sequences, k->sequences.n, sizeof *sequences, by_high);
    t->marks = marks;
    t->n_marks = k->marks.n;
    t->sequences = sequences;
    t->n_sequences = k->sequences.n;
}

enum pp_code pp_line_table_read(const struct pp_dwarf_unit *u, struct pp_arena *a, struct pp_arena *scratch,
                                struct pp_line_table *ret_table, struct pp_err *err)
{
    struct pp_line_table t = {.offset = u->line_offset};
    struct marker k = {.arena = scratch};
    struct header h = {0};
    bool sound = read_header(u, a, scratch, &h, &t) && mark_program(&k, &t.program, u->file->min_addr);
    keep(&k, a, &t);
    *ret_table = t;
    return sound ? PP_OK : pp_fail(err, PP_E_FORMAT, "line program at %#zx is broken", (size_t)u->line_offset);
}

static const struct pp_line_sequence *find_sequence(const struct pp_line_table *t, uint64_t addr)
{
    size_t low = 0, high = t->n_sequences; /* the first one that ends behind addr */
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (t->sequences[mid].high <= addr)
            low = mid + 1;
        else
            high = mid;
    }
    return low < t->n_sequences && t->sequences[low].low <= addr ? &t->sequences[low] : NULL;
}

bool pp_line_find(const struct pp_line_table *t, uint64_t addr, struct pp_line_row *ret_row)
{
    const struct pp_line_sequence *seq = find_sequence(t, addr);
    if (!seq) return false;
    const struct pp_line_mark *marks = t->marks + seq->first_mark;
    size_t from = 0, to = seq->n_marks; /* the last mark at or before addr */
    while (to - from > 1) {
        size_t mid = from + (to - from) / 2;
        if (marks[mid].row.addr <= addr)
            from = mid;
        else
            to = mid;
    }
    struct pp_line_row row = marks[from].row, best = row;
    struct pp_cursor c = {t->program.begin + marks[from].next, t->program.end, false};
    while (next_event(&t->program, &c, &row) == EVENT_ROW && row.addr <= addr)
        if (row.addr >= best.addr) best = row;
    *ret_row = best;
    return true;
}

static bool is_absolute(pp_str path) { return path.n && path.p[0] == '/'; }

/* One slash between, whatever the parts bring along. */
static pp_str append(struct pp_arena *a, pp_str path, pp_str part)
{
    if (!path.n) return part;
    if (!part.n) return path;
    if (path.p[path.n - 1] == '/')
        while (part.n && part.p[0] == '/')
            part = pp_str_from(part, 1);
    else if (part.p[0] != '/')
        path = pp_arena_join(a, path, PP_STR("/"));
    return pp_arena_join(a, path, part);
}

static pp_str name_of(const struct pp_line_file *f) { return (pp_str){f->name, f->name_bytes}; }

pp_str pp_line_path(struct pp_line_table *t, uint64_t file, pp_str comp_dir, struct pp_arena *a)
{
    if (file >= t->n_files || (t->version < 5 && !file)) return (pp_str){0};
    if (!t->paths) t->paths = PP_NEW_N(a, pp_str, t->n_files);
    if (t->paths[file].p) return t->paths[file];
    const struct pp_line_file *f = &t->files[file];
    uint64_t dir_index = t->version < 5 ? (uint64_t)f->dir - 1 : f->dir; /* before 5, 0 is the compilation directory */
    pp_str dir = dir_index < t->n_dirs ? name_of(&t->dirs[dir_index]) : (pp_str){0}, path = name_of(f);
    if (!is_absolute(path)) {
        bool states_comp_dir = t->version >= 5 && !f->dir && !t->repeat_relative_dir;
        bool in_comp_dir = !states_comp_dir && !is_absolute(dir);
        path = append(a, append(a, in_comp_dir ? comp_dir : (pp_str){0}, dir), path);
    }
    if (!path.p) path = PP_STR("");
    t->paths[file] = path;
    return path;
}
