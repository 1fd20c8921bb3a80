// SPDX-License-Identifier: Apache-2.0
#include "symbols/demangle_ast.h"

#include <string.h>

#include "base/fmt.h"

/* Rust's v0 names need no tree: they are printed while they are read; a part that isn't shown is read with `skip` set.
 * Back references point into the text itself and are read again there. Errors stick as in demangle_ast.h. */

struct rust {
    const char *text; /* behind "_R": what back references count from */
    const char *p, *end;
    bool failed, skip, generic_args;
    int64_t lifetimes; /* bound by the binders around this place */
    unsigned depth;
    size_t steps;
    struct dm_printer out;
};

static void fail(struct rust *r)
{
    r->failed = true;
    r->p = r->end;
}

static int peek(const struct rust *r) { return r->p < r->end ? (unsigned char)*r->p : 0; }

static bool accept(struct rust *r, char c)
{
    if (r->p == r->end || *r->p != c) return false;
    r->p++;
    return true;
}

static void expect(struct rust *r, char c)
{
    if (!accept(r, c)) fail(r);
}

static bool enter(struct rust *r)
{
    if (++r->depth > DM_DEPTH_MAX || ++r->steps > DM_STEPS_MAX || r->out.failed) fail(r);
    return !r->failed;
}

static void leave(struct rust *r) { r->depth--; }

static void write_str(struct rust *r, pp_str s)
{
    if (!r->skip) dm_write_str(&r->out, s);
}
#define WRITE(r, lit) write_str((r), PP_STR(lit))

static void write_char(struct rust *r, char c)
{
    if (!r->skip) dm_write_byte(&r->out, c);
}

static void write_fmt(struct rust *r, const char *fmt, uint64_t v)
{
    char text[40];
    if (!r->skip) pp_dm_write(&r->out, text, pp_fmt(text, sizeof text, fmt, (unsigned long long)v));
}

/* --- numbers and identifiers */

/* "_" is 0, "0_" is 1; wraps as Go's int64 does. */
static int64_t read_base62(struct rust *r)
{
    if (accept(r, '_')) return 0;
    uint64_t v = 0;
    while (r->p < r->end) {
        char c = *r->p++;
        if (c == '_') return (int64_t)(v + 1);
        if (dm_is_digit(c)) {
            v = v * 62 + (uint64_t)(c - '0');
        } else if (dm_is_lower(c)) {
            v = v * 62 + (uint64_t)(c - 'a') + 10;
        } else if (dm_is_upper(c)) {
            v = v * 62 + (uint64_t)(c - 'A') + 36;
        } else {
            break;
        }
    }
    fail(r);
    return 0;
}

static int32_t read_decimal(struct rust *r)
{
    int32_t v = 0;
    if (r->p == r->end) fail(r);
    while (dm_is_digit(peek(r))) {
        int32_t digit = *r->p++ - '0';
        if (v >= INT32_MAX / 10 - digit) {
            fail(r);
            return 0;
        }
        v = v * 10 + digit;
    }
    return v;
}

/* [s <base-62>] */
static int64_t read_disambiguator(struct rust *r)
{
    return accept(r, 's') ? (int64_t)((uint64_t)read_base62(r) + 1) : 0;
}

/* ["u"] <decimal> ["_"] <bytes> */
static pp_str read_plain_identifier(struct rust *r, bool *ret_punycode)
{
    *ret_punycode = accept(r, 'u');
    int32_t n = read_decimal(r);
    accept(r, '_');
    if (n > r->end - r->p) fail(r);
    if (r->failed) return PP_STR("");
    pp_str id = {r->p, (size_t)n};
    r->p += n;
    for (size_t i = 0; i < id.n; i++) {
        char c = id.p[i];
        if (dm_is_digit(c) || dm_is_upper(c) || dm_is_lower(c) || c == '_') continue;
        fail(r);
        return PP_STR("");
    }
    if (*ret_punycode && !pp_dm_punycode(r->out.pool, id, &id)) fail(r);
    return id;
}

static pp_str read_identifier(struct rust *r, int64_t *ret_disambiguator)
{
    bool punycode;
    *ret_disambiguator = read_disambiguator(r);
    return read_plain_identifier(r, &punycode);
}

/* --- back references */

static void read_path(struct rust *r, bool in_value);
static void read_type(struct rust *r);
static void read_const(struct rust *r);
static bool read_open_path(struct rust *r);

enum target { TO_VALUE_PATH, TO_PATH, TO_TYPE, TO_CONST, TO_OPEN_PATH };

/* B <base-62>: reads again what stands there. Not followed while skipping: so skipped text costs its length only. */
static bool read_backref(struct rust *r, enum target target)
{
    int64_t here = r->p++ - r->text, to = read_base62(r);
    bool open = false;
    if (r->skip || r->failed) return false;
    if (to < 0 || to >= here) {
        fail(r);
        return false;
    }
    const char *p = r->p, *end = r->end;
    r->p = r->text + to;
    r->end = r->text + here;
    switch (target) {
    case TO_VALUE_PATH: read_path(r, true); break;
    case TO_PATH: read_path(r, false); break;
    case TO_TYPE: read_type(r); break;
    case TO_CONST: read_const(r); break;
    case TO_OPEN_PATH: open = read_open_path(r); break;
    }
    r->end = end;
    r->p = r->failed ? end : p;
    return open;
}

/* --- lifetimes */

static void write_lifetime(struct rust *r, int64_t lifetime)
{
    write_char(r, '\'');
    if (!lifetime) {
        write_char(r, '_');
        return;
    }
    int64_t depth = (int64_t)((uint64_t)r->lifetimes - (uint64_t)lifetime);
    if (depth < 0) {
        fail(r);
    } else if (depth < 26) {
        write_char(r, (char)('a' + depth));
    } else {
        write_char(r, 'z');
        write_fmt(r, "%llu", (uint64_t)depth - 25);
    }
}

/* [G <base-62>]: for<'a, 'b> */
static void read_binder(struct rust *r)
{
    if (!accept(r, 'G')) return;
    int64_t n = (int64_t)((uint64_t)read_base62(r) + 1);
    if (n >= r->end - r->p - r->lifetimes) fail(r); /* each is used later */
    if (r->failed) return;
    WRITE(r, "for<");
    for (int64_t i = 0; i < n; i++) {
        if (i) WRITE(r, ", ");
        r->lifetimes++;
        write_lifetime(r, 1);
    }
    WRITE(r, "> ");
}

/* --- paths */

/* [<disambiguator>] <path>: where an impl stands; not shown */
static void read_impl_path(struct rust *r)
{
    bool outer = r->skip;
    r->skip = true;
    read_disambiguator(r);
    read_path(r, false);
    r->skip = outer;
}

static void read_generic_arg(struct rust *r)
{
    if (accept(r, 'L')) {
        write_lifetime(r, read_base62(r));
    } else if (accept(r, 'K')) {
        read_const(r);
    } else {
        read_type(r);
    }
}

static void read_generic_args(struct rust *r)
{
    bool outer = r->skip;
    if (!r->generic_args) r->skip = true;
    for (bool first = true; !r->failed && r->p < r->end && peek(r) != 'E'; first = false) {
        if (!first) WRITE(r, ", ");
        read_generic_arg(r);
    }
    r->skip = outer;
}

/* N <namespace> <path> <identifier> */
static void read_nested(struct rust *r, bool in_value)
{
    int space = peek(r);
    if (!dm_is_lower(space) && !dm_is_upper(space)) {
        fail(r);
        return;
    }
    r->p++;
    read_path(r, in_value);
    int64_t number;
    pp_str id = read_identifier(r, &number);
    WRITE(r, "::");
    if (dm_is_lower(space)) {
        write_str(r, id);
        return;
    }
    write_char(r, '{');
    if (space == 'C') {
        WRITE(r, "closure");
    } else if (space == 'S') {
        WRITE(r, "shim");
    } else {
        write_char(r, (char)space);
    }
    if (id.n) {
        write_char(r, ':');
        write_str(r, id);
    }
    write_fmt(r, "#%lld}", (uint64_t)number);
}

/* <T>, <T as Trait> */
static void read_impl(struct rust *r, int kind)
{
    if (kind != 'Y') read_impl_path(r);
    write_char(r, '<');
    read_type(r);
    if (kind != 'M') {
        WRITE(r, " as ");
        read_path(r, false);
    }
    write_char(r, '>');
}

/* <path>; in_value: generic arguments have a "::" before them */
static void read_path(struct rust *r, bool in_value)
{
    int c = peek(r);
    int64_t number;
    if (enter(r)) {
        if (c != 'B') r->p++;
        switch (c) {
        case 'C': write_str(r, read_identifier(r, &number)); break;
        case 'M':
        case 'X':
        case 'Y': read_impl(r, c); break;
        case 'N': read_nested(r, in_value); break;
        case 'I':
            read_path(r, in_value);
            if (in_value) WRITE(r, "::");
            write_char(r, '<');
            read_generic_args(r);
            write_char(r, '>');
            expect(r, 'E');
            break;
        case 'B': read_backref(r, in_value ? TO_VALUE_PATH : TO_PATH); break;
        default: fail(r);
        }
    }
    leave(r);
}

/* A path whose generic arguments stay open for more; true when it has some. */
static bool read_open_path(struct rust *r)
{
    bool open = false;
    if (enter(r)) {
        if (peek(r) == 'B') {
            open = read_backref(r, TO_OPEN_PATH);
        } else if (accept(r, 'I')) {
            read_path(r, false);
            write_char(r, '<');
            read_generic_args(r);
            expect(r, 'E');
            open = true;
        } else {
            read_path(r, false);
        }
    }
    leave(r);
    return open;
}

/* --- types */

static const char *const basic_types[26] = {
    ['a' - 'a'] = "i8",  ['b' - 'a'] = "bool", ['c' - 'a'] = "char",  ['d' - 'a'] = "f64",   ['e' - 'a'] = "str",
    ['f' - 'a'] = "f32", ['h' - 'a'] = "u8",   ['i' - 'a'] = "isize", ['j' - 'a'] = "usize", ['l' - 'a'] = "i32",
    ['m' - 'a'] = "u32", ['n' - 'a'] = "i128", ['o' - 'a'] = "u128",  ['p' - 'a'] = "_",     ['s' - 'a'] = "i16",
    ['t' - 'a'] = "u16", ['u' - 'a'] = "()",   ['v' - 'a'] = "...",   ['x' - 'a'] = "i64",   ['y' - 'a'] = "u64",
    ['z' - 'a'] = "!",
};

static int read_types(struct rust *r)
{
    int n = 0;
    for (; !r->failed && r->p < r->end && peek(r) != 'E'; n++) {
        if (n) WRITE(r, ", ");
        read_type(r);
    }
    return n;
}

/* K C | K <identifier> */
static void read_abi(struct rust *r)
{
    if (!accept(r, 'K')) return;
    WRITE(r, "extern \"");
    if (accept(r, 'C')) {
        write_char(r, 'C');
    } else {
        bool punycode;
        pp_str id = read_plain_identifier(r, &punycode);
        if (punycode) fail(r);
        for (size_t i = 0; i < id.n; i++)
            write_char(r, id.p[i] == '_' ? '-' : id.p[i]);
    }
    WRITE(r, "\" ");
}

/* [<binder>] [U] [K <abi>] <type>... E <type> */
static void read_fn(struct rust *r)
{
    int64_t lifetimes = r->lifetimes;
    read_binder(r);
    if (accept(r, 'U')) WRITE(r, "unsafe ");
    read_abi(r);
    WRITE(r, "fn(");
    read_types(r);
    expect(r, 'E');
    write_char(r, ')');
    if (!accept(r, 'u')) { /* () */
        WRITE(r, " -> ");
        read_type(r);
    }
    r->lifetimes = lifetimes;
}

/* <path> {p <identifier> <type>} */
static void read_dyn_trait(struct rust *r)
{
    bool open = read_open_path(r), punycode;
    while (accept(r, 'p')) {
        if (open) {
            WRITE(r, ", ");
        } else {
            write_char(r, '<');
            open = true;
        }
        write_str(r, read_plain_identifier(r, &punycode));
        WRITE(r, " = ");
        read_type(r);
    }
    if (open) write_char(r, '>');
}

/* [<binder>] <dyn-trait>... E L <base-62> */
static void read_dyn(struct rust *r)
{
    int64_t lifetimes = r->lifetimes;
    WRITE(r, "dyn ");
    read_binder(r);
    for (bool first = true; !r->failed && r->p < r->end && peek(r) != 'E'; first = false) {
        if (!first) WRITE(r, " + ");
        read_dyn_trait(r);
    }
    expect(r, 'E');
    r->lifetimes = lifetimes;
    expect(r, 'L');
    int64_t lifetime = read_base62(r);
    if (lifetime <= 0) return;
    if (r->out.last != ' ') write_char(r, ' ');
    WRITE(r, "+ ");
    write_lifetime(r, lifetime);
}

static void read_reference(struct rust *r, bool is_mut)
{
    write_char(r, '&');
    if (accept(r, 'L')) {
        int64_t lifetime = read_base62(r);
        if (lifetime > 0) {
            write_lifetime(r, lifetime);
            write_char(r, ' ');
        }
    }
    if (is_mut) WRITE(r, "mut ");
    read_type(r);
}

static void read_array(struct rust *r, bool sized)
{
    write_char(r, '[');
    read_type(r);
    if (sized) {
        WRITE(r, "; ");
        read_const(r);
    }
    write_char(r, ']');
}

static void read_compound(struct rust *r, int c)
{
    r->p++;
    switch (c) {
    case 'A':
    case 'S': read_array(r, c == 'A'); break;
    case 'T':
        write_char(r, '(');
        if (read_types(r) == 1) write_char(r, ',');
        write_char(r, ')');
        expect(r, 'E');
        break;
    case 'R':
    case 'Q': read_reference(r, c == 'Q'); break;
    case 'P':
        WRITE(r, "*const ");
        read_type(r);
        break;
    case 'O':
        WRITE(r, "*mut ");
        read_type(r);
        break;
    case 'F': read_fn(r); break;
    case 'D': read_dyn(r); break;
    default: fail(r);
    }
}

static void read_type(struct rust *r)
{
    int c = peek(r);
    if (!enter(r)) {
        leave(r);
        return;
    }
    if (dm_is_lower(c)) {
        const char *name = basic_types[c - 'a'];
        r->p++;
        if (name) {
            write_str(r, pp_str_c(name));
        } else {
            fail(r);
        }
    } else if (c == 'B') {
        read_backref(r, TO_TYPE);
    } else if (c && strchr("CMXYNI", c)) {
        read_path(r, false);
    } else {
        read_compound(r, c);
    }
    leave(r);
}

/* --- constants */

static void write_character(struct rust *r, uint64_t v)
{
    write_char(r, '\'');
    switch (v) {
    case '\t': WRITE(r, "\\t"); break;
    case '\r': WRITE(r, "\\r"); break;
    case '\n': WRITE(r, "\\n"); break;
    case '\\': WRITE(r, "\\\\"); break;
    case '\'': WRITE(r, "\\'"); break;
    default:
        if (v >= ' ' && v <= '~') {
            write_char(r, (char)v);
        } else {
            write_fmt(r, "\\u{%llx}", v);
        }
    }
    write_char(r, '\'');
}

/* {<hex-digit>} "_", without leading zeros; the digits, *ret_value modulo 2^64 */
static pp_str read_hex(struct rust *r, uint64_t *ret_value)
{
    pp_str digits = {r->p, 0};
    uint64_t v = 0;
    while (r->p < r->end && !accept(r, '_')) {
        char c = *r->p++;
        if (!dm_is_digit(c) && (c < 'a' || c > 'f')) {
            fail(r);
            break;
        }
        if (!v && c == '0' && peek(r) != '_') fail(r);
        v = v * 16 + (uint64_t)(dm_is_digit(c) ? c - '0' : c - 'a' + 10);
        digits.n++;
    }
    if (!digits.n) fail(r);
    *ret_value = v;
    return digits;
}

static void read_value(struct rust *r, int type)
{
    uint64_t v;
    bool is_signed = strchr("aslxni", type), is_unsigned = strchr("htmyoj", type);
    if (is_signed && accept(r, 'n')) write_char(r, '-');
    pp_str digits = read_hex(r, &v);
    if (r->failed) return;
    if (is_signed || is_unsigned) {
        if (digits.n > 16) {
            WRITE(r, "0x");
            write_str(r, digits);
        } else {
            write_fmt(r, "%llu", v);
        }
    } else if (type == 'b') {
        if (digits.n > 1 || v > 1) fail(r);
        write_str(r, v ? PP_STR("true") : PP_STR("false"));
    } else {
        if (digits.n > 6) fail(r);
        write_character(r, v);
    }
}

/* <type> <value> | p | <backref> */
static void read_const(struct rust *r)
{
    int c = peek(r);
    if (enter(r)) {
        if (c == 'B') {
            read_backref(r, TO_CONST);
        } else if (accept(r, 'p')) {
            write_char(r, '_');
        } else if (c && strchr("aslxnihtmyojbc", c)) {
            r->p++;
            read_value(r, c);
        } else {
            fail(r);
        }
    }
    leave(r);
}

/* _R <path> [<path>] [. suffix]: the second path is the crate that instantiated the first; it is not shown. */
bool pp_dm_rust_v0(struct dm_pool *pool, pp_str mangled, bool generic_args, pp_str *ret)
{
    size_t dot = pp_str_find_byte(mangled, '.');
    pp_str text = pp_str_sub(mangled, 2, dot == PP_NOT_FOUND ? mangled.n : dot);
    struct rust r = {
        .text = text.p, .p = text.p, .end = text.p + text.n, .generic_args = generic_args, .out = {.pool = pool}};
    if (dm_is_digit(peek(&r))) return false; /* a version of the encoding after v0 */
    read_path(&r, true);
    if (r.p < r.end) {
        r.skip = true;
        read_path(&r, false);
    }
    if (r.failed || r.out.failed || r.p < r.end) return false;
    *ret = (pp_str){r.out.buf, r.out.n};
    return true;
}
