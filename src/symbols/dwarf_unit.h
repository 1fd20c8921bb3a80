/* symbols/dwarf_unit.h - files, units, abbreviations and attribute values of DWARF: what dwarf.c walks over.
 *
 * A `dwarf file` is the set of .debug_ sections of one ELF file (object, dwz's alternate, .dwo, .dwp). A unit knows the file of
 * its DIEs and, for a split unit, its skeleton, whose file holds addresses, old range lists and lines.
 * Offsets named `die` are into the .debug_info of the unit's file.
 */
#ifndef PP_SYMBOLS_DWARF_UNIT_H
#define PP_SYMBOLS_DWARF_UNIT_H

#include <dwarf.h>

#include "base/hash.h"
#include "base/vec.h"
#include "symbols/dwarf_read.h"
#include "symbols/object.h"

#define PP_DWARF_NONE UINT64_MAX
#define PP_DWARF_ATTRS_MAX 512 /* of one abbreviation; compilers write up to 30 */

struct pp_dwarf_attr {
    uint16_t name, form;
    int32_t implicit; /* value of DW_FORM_implicit_const; none that we look at is larger */
};

/* How to get over a DIE: fixed runs merged, one step for each form of variable length, and in functions one for each
 * attribute that the walk wants. */
enum pp_dwarf_take {
    PP_DWARF_TAKE_NONE,
    PP_DWARF_TAKE_LOW,
    PP_DWARF_TAKE_HIGH,
    PP_DWARF_TAKE_LIST,
    PP_DWARF_TAKE_SIBLING,
    PP_DWARF_TAKES
};

struct pp_dwarf_step {
    uint16_t form;  /* 0: only skip */
    uint16_t bytes; /* to skip before the form */
    uint16_t attr;  /* index, where something is taken */
    uint16_t take;  /* enum pp_dwarf_take */
};

struct pp_dwarf_abbrev {
    const struct pp_dwarf_attr *attrs; /* of functions and of what has something taken; others are never read */
    const struct pp_dwarf_step *steps;
    uint32_t code;
    int32_t fixed_bytes; /* of the whole DIE, if it has no form of variable length and nothing is taken; else -1 */
    uint16_t n_attrs, n_steps;
    uint16_t tag;
    bool has_children : 1;
    bool is_function : 1; /* subprogram or inlined_subroutine that has an address attribute, or any inlined one */
    bool
        is_codeless : 1; /* has children, none of which can hold code, and says where they end: a declaration, an enum */
};

struct pp_dwarf_abbrevs {
    uint64_t offset;
    uint32_t shape; /* sizes of the unit, which the steps depend on */
    struct pp_dwarf_abbrev *items;
    size_t n;
    bool dense; /* items[i].code == i + 1, the usual case; else sorted by code */
};

struct pp_dwarf_file {
    struct pp_arena *arena;
    pp_str info, abbrev, str, line_str, line, addr, str_offsets, ranges, rnglists;
    struct pp_dwarf_file *alt; /* dwz's; NULL: none */
    uint64_t min_addr;         /* lowest executable address: what is below belongs to discarded code */
    /* Bytes that may still be read: in a sound file each is read once or twice; a hostile one refers to the same bytes from
     * everywhere, which would cost the square of its size. */
    uint64_t abbrev_budget, range_budget, line_budget;
    bool is_dwo;
    PP_VEC(struct pp_dwarf_unit *) units; /* by offset */
    PP_VEC(struct pp_dwarf_abbrevs *) tables;
    struct pp_arena scratch; /* for one table */
    struct pp_hash tables_by_offset;
};

struct pp_dwarf_unit {
    struct pp_dwarf_file *file;
    struct pp_dwarf_unit *skeleton; /* of a split unit; else NULL */
    uint64_t offset, end, die;      /* header, end, first DIE in .debug_info */
    uint64_t abbrev_offset;
    uint64_t str_offsets_base, addr_base, rnglists_base, ranges_base;
    uint64_t low_pc, line_offset, dwo_id; /* line_offset: PP_DWARF_NONE if it has no lines */
    pp_str comp_dir, dwo_name;
    uint16_t tag;
    uint8_t version, unit_type, address_size, offset_size;
    bool is_read; /* unit DIE was read: bases and names are set */
};

enum pp_dwarf_class {
    PP_DWARF_CLASS_NONE, /* skipped or not understood */
    PP_DWARF_CLASS_UINT, /* constants, flags, section offsets, and list indices */
    PP_DWARF_CLASS_ADDR,
    PP_DWARF_CLASS_ADDR_INDEX,
    PP_DWARF_CLASS_STR,
    PP_DWARF_CLASS_STR_INDEX,
    PP_DWARF_CLASS_LIST_INDEX,
    PP_DWARF_CLASS_REF, /* offset in .debug_info */
    PP_DWARF_CLASS_ALT_REF,
};

struct pp_dwarf_value {
    enum pp_dwarf_class class;
    uint64_t u;
    pp_str s;
};

/* Reads all sections of an object (suffix ".dwo" or ""). */
enum pp_code pp_dwarf_file_read(struct pp_arena *a, const struct pp_object *o, bool is_dwo,
                                struct pp_dwarf_file *ret_file, struct pp_err *err);

void pp_dwarf_file_release(struct pp_dwarf_file *f); /* a zeroed one is fine; what is in the arena stays */

/* Lists the units of .debug_info from their headers; on a fault the units before it stay listed. */
enum pp_code pp_dwarf_file_list_units(struct pp_dwarf_file *f, struct pp_err *err);
struct pp_dwarf_unit *pp_dwarf_file_unit_at(const struct pp_dwarf_file *f, uint64_t die); /* NULL: none */

/* A unit from its header at `offset`. */
enum pp_code pp_dwarf_unit_parse(struct pp_dwarf_file *f, uint64_t offset, struct pp_dwarf_unit *ret_unit,
                                 struct pp_err *err);

struct pp_dwarf_range {
    uint64_t low, high; /* [low, high) */
    uint32_t owner;
};
typedef PP_VEC(struct pp_dwarf_range) pp_dwarf_ranges;

/* Reads the unit DIE (bases, names, line offset) and appends the ranges it states, if `ranges` is not NULL. */
enum pp_code pp_dwarf_unit_read(struct pp_dwarf_unit *u, struct pp_arena *a, pp_dwarf_ranges *ranges, uint32_t owner,
                                struct pp_err *err);

/* The one abbreviation of a unit with that code, without parsing and keeping the others: its tag, and its attributes into attrs
 * (PP_DWARF_ATTRS_MAX of them). False: there is none, or it is broken. */
bool pp_dwarf_unit_one_abbrev(struct pp_dwarf_unit *u, uint64_t code, uint16_t *ret_tag, struct pp_dwarf_attr *attrs,
                              uint32_t *ret_n_attrs);

/* The abbreviations of a unit, parsed once for all units that share them. */
enum pp_code pp_dwarf_unit_abbrevs(struct pp_dwarf_unit *u, const struct pp_dwarf_abbrevs **ret_abbrevs,
                                   struct pp_err *err);
const struct pp_dwarf_abbrev *pp_dwarf_abbrev_search(const struct pp_dwarf_abbrevs *t, uint64_t code);

static inline const struct pp_dwarf_abbrev *pp_dwarf_abbrev_find(const struct pp_dwarf_abbrevs *t, uint64_t code)
{
    if (t->dense) return code - 1 < t->n ? &t->items[code - 1] : NULL;
    return pp_dwarf_abbrev_search(t, code);
}

/* Attribute values. A value that needs a table (index classes) is resolved by the functions below. */
void pp_dwarf_read_value(struct pp_cursor *c, const struct pp_dwarf_unit *u, const struct pp_dwarf_attr *attr,
                         struct pp_dwarf_value *ret_value);
/* Gets over a DIE whose code was read. `taken` (PP_DWARF_TAKES of them, by enum pp_dwarf_take) may be NULL for a DIE that is
 * neither a function nor codeless. */
void pp_dwarf_run_steps(struct pp_cursor *c, const struct pp_dwarf_unit *u, const struct pp_dwarf_abbrev *ab,
                        struct pp_dwarf_value *taken);
pp_str pp_dwarf_string(const struct pp_dwarf_unit *u, const struct pp_dwarf_value *v); /* empty: none or broken */
bool pp_dwarf_address(const struct pp_dwarf_unit *u, const struct pp_dwarf_value *v, uint64_t *ret_addr);
bool pp_dwarf_indexed_address(const struct pp_dwarf_unit *u, uint64_t index, uint64_t *ret_addr);

/* The ranges that a DIE states by low_pc/high_pc or by a list. Empty ones and those of discarded code are left out. */
void pp_dwarf_add_ranges(const struct pp_dwarf_unit *u, const struct pp_dwarf_value *low,
                         const struct pp_dwarf_value *high, const struct pp_dwarf_value *list, uint32_t owner,
                         struct pp_arena *a, pp_dwarf_ranges *ranges);

#endif
