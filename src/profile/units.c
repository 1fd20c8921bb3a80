// SPDX-License-Identifier: Apache-2.0
#include "profile/units.h"

#include <math.h>
#include <string.h>

#include "base/fmt.h"
#include "base/gonum.h"
#include "base/utf8.h"

struct unit {
    const char *name;
    const char *aliases[3];
    double factor;
};

struct family {
    struct unit units[9];
    unsigned n_units;
    struct unit fallback; /* for targets of other families, and values below 1 of every unit */
};

static const struct family families[] = {
    {{{"B", {"b", "byte"}, 1},
      {"kB", {"kb", "kbyte", "kilobyte"}, 0x1p10},
      {"MB", {"mb", "mbyte", "megabyte"}, 0x1p20},
      {"GB", {"gb", "gbyte", "gigabyte"}, 0x1p30},
      {"TB", {"tb", "tbyte", "terabyte"}, 0x1p40},
      {"PB", {"pb", "pbyte", "petabyte"}, 0x1p50}},
     6,
     {"B", {0}, 1}},
    {{{"ns", {"ns", "nanosecond"}, 1},
      {"us", {"μs", "us", "microsecond"}, 1e3},
      {"ms", {"ms", "millisecond"}, 1e6},
      {"s", {"s", "sec", "second"}, 1e9},
      {"hrs", {"hour", "hr"}, 3600e9}},
     5,
     {"s", {0}, 1e9}},
    {{{"n*GCU", {"nanogcu"}, 1e-9},
      {"u*GCU", {"microgcu"}, 1e-6},
      {"m*GCU", {"milligcu"}, 1e-3},
      {"GCU", {"gcu"}, 1},
      {"k*GCU", {"kilogcu"}, 1e3},
      {"M*GCU", {"megagcu"}, 1e6},
      {"G*GCU", {"gigagcu"}, 1e9},
      {"T*GCU", {"teragcu"}, 1e12},
      {"P*GCU", {"petagcu"}, 1e15}},
     9,
     {"GCU", {0}, 1}},
};

#define N_FAMILIES (sizeof families / sizeof *families)
#define NAME_MAX_BYTES 48 /* more than any alias */

/* Lower case as far as aliases need it: ASCII, and the three other capitals whose small letter is one of theirs. */
static uint32_t lower(uint32_t rune)
{
    if (rune >= 'A' && rune <= 'Z') return rune + ('a' - 'A');
    switch (rune) {
    case 0x39C: return 0x3BC; /* Greek Mu */
    case 0x212A: return 'k';  /* Kelvin sign */
    case 0x130: return 'i';   /* I with a dot */
    default: return rune;
    }
}

/* In lower case and singular. "" for what is too long to be an alias. */
static pp_str simplify(pp_str name, char buf[NAME_MAX_BYTES])
{
    size_t n = 0, runes = 0, width;
    if (name.n >= NAME_MAX_BYTES) return (pp_str){"", 0};
    for (pp_str rest = name; rest.n; rest = pp_str_from(rest, width), runes++) {
        uint32_t rune = lower(pp_utf8_decode(rest, &width));
        if (n + PP_UTF8_MAX > NAME_MAX_BYTES) return (pp_str){"", 0};
        n += pp_utf8_encode(buf + n, rune);
    }
    if (runes > 2 && buf[n - 1] == 's') n--;
    return (pp_str){buf, n};
}

static const struct unit *find_unit(const struct family *f, pp_str simple)
{
    for (unsigned i = 0; i < f->n_units; i++)
        for (unsigned k = 0; k < 3 && f->units[i].aliases[k]; k++)
            if (pp_str_eq_c(simple, f->units[i].aliases[k])) return &f->units[i];
    return NULL;
}

static bool is_auto(pp_str target) { return pp_str_eq(target, PP_STR("minimum")) || pp_str_eq(target, PP_STR("auto")); }

/* The largest unit in which v (in base units) is at least 1. */
static const struct unit *auto_unit(const struct family *f, double v)
{
    const struct unit *best = NULL;
    for (unsigned i = 0; i < f->n_units; i++)
        if ((!best || f->units[i].factor >= best->factor) && v / f->units[i].factor >= 1.0) best = &f->units[i];
    return best ? best : &f->fallback;
}

static bool says_nothing(pp_str target)
{
    return pp_str_eq(target, PP_STR("count")) || pp_str_eq(target, PP_STR("sample")) ||
           pp_str_eq(target, PP_STR("unit")) || is_auto(target);
}

double pp_units_scale(int64_t value, pp_str from, pp_str to, pp_str *ret_unit)
{
    if (value < 0 && value != INT64_MIN) return -pp_units_scale(-value, from, to, ret_unit);
    char from_buf[NAME_MAX_BYTES], to_buf[NAME_MAX_BYTES];
    pp_str simple_from = simplify(from, from_buf);
    for (size_t i = 0; i < N_FAMILIES; i++) {
        const struct family *f = &families[i];
        const struct unit *source = find_unit(f, simple_from), *target;
        if (!source) continue;
        double v = (double)value * source->factor;
        target = is_auto(to) ? auto_unit(f, v) : find_unit(f, simplify(to, to_buf));
        if (!target) target = &f->fallback;
        if (ret_unit) *ret_unit = pp_str_c(target->name);
        return v / target->factor;
    }
    if (ret_unit) *ret_unit = says_nothing(to) ? (pp_str){"", 0} : to;
    return (double)value;
}

size_t pp_units_number(char buf[PP_UNITS_LABEL_MAX], double value)
{
    size_t n = pp_go_float(buf, value, 'f', 2);
    if (pp_str_has_suffix((pp_str){buf, n}, PP_STR(".00"))) n -= 3;
    buf[n] = 0;
    return n;
}

pp_str pp_units_label(struct pp_arena *a, int64_t value, pp_str from, pp_str to)
{
    char buf[PP_UNITS_LABEL_MAX];
    pp_str unit;
    size_t n = pp_units_number(buf, pp_units_scale(value, from, to, &unit));
    if (!strcmp(buf, "0") || !strcmp(buf, "-0")) return PP_STR("0");
    return pp_arena_join(a, (pp_str){buf, n}, unit);
}

size_t pp_units_percent(char buf[PP_UNITS_PERCENT_MAX], int64_t value, int64_t total)
{
    char number[PP_GO_FLOAT_MAX];
    double ratio = total ? fabs((double)value / (double)total) * 100 : 0;
    if (ratio >= 99.95 && ratio <= 100.05) return pp_fmt(buf, PP_UNITS_PERCENT_MAX, "  100%%");
    pp_go_float(number, ratio, ratio >= 1.0 ? 'f' : 'g', 2);
    return pp_fmt(buf, PP_UNITS_PERCENT_MAX, "%5s%%", number);
}

bool pp_units_same_family(pp_str a, pp_str b)
{
    char a_buf[NAME_MAX_BYTES], b_buf[NAME_MAX_BYTES];
    pp_str simple_a = simplify(a, a_buf), simple_b = simplify(b, b_buf);
    for (size_t i = 0; i < N_FAMILIES; i++)
        if (find_unit(&families[i], simple_a) && find_unit(&families[i], simple_b)) return true;
    return false;
}

static pp_str without_s(pp_str type)
{
    return pp_str_has_suffix(type, PP_STR("s")) ? pp_str_sub(type, 0, type.n - 1) : type;
}

bool pp_units_compatible(pp_str type_a, pp_str unit_a, pp_str type_b, pp_str unit_b)
{
    if (!pp_str_eq(without_s(type_a), without_s(type_b))) return false;
    return pp_str_eq(unit_a, unit_b) || pp_units_same_family(unit_a, unit_b);
}

int64_t pp_units_int(double f) { return f >= -0x1p63 && f < 0x1p63 ? (int64_t)f : INT64_MIN; }
