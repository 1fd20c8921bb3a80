// SPDX-License-Identifier: Apache-2.0
#include "elf/symbols.h"

#define SIZELESS_MAX 4096 /* how far a symbol without a size may reach: hand-written assembly is short */

static bool is_function(const Elf64_Sym *s, pp_str name)
{
    unsigned type = ELF64_ST_TYPE(s->st_info);
    return (type == STT_FUNC || type == STT_GNU_IFUNC) && s->st_shndx != SHN_UNDEF && name.n;
}

static int rank(const Elf64_Sym *s)
{
    switch (ELF64_ST_BIND(s->st_info)) {
    case STB_GLOBAL: return 2;
    case STB_WEAK: return 1;
    default: return 0;
    }
}

/* What sorting needs beyond the symbol; of equal addresses the best comes first. */
struct entry {
    struct pp_symbol s;
    int rank;
};

static bool before(const struct entry *a, const struct entry *b)
{
    if (a->s.vaddr != b->s.vaddr) return a->s.vaddr < b->s.vaddr;
    if (a->rank != b->rank) return a->rank > b->rank;
    if (a->s.end != b->s.end) return a->s.end > b->s.end;
    return a->s.name < b->s.name;
}

static void merge(const struct entry *from, struct entry *to, size_t lo, size_t mid, size_t hi)
{
    size_t i = lo, j = mid;
    for (size_t k = lo; k < hi; k++)
        to[k] = i < mid && (j >= hi || !before(&from[j], &from[i])) ? from[i++] : from[j++];
}

/* Bottom-up, stable; libc's qsort allocates. Gives the buffer that holds the result. */
static struct entry *sort(struct entry *e, struct entry *scratch, size_t n)
{
    for (size_t run = 1; run < n; run *= 2) {
        for (size_t lo = 0; lo < n; lo += 2 * run) {
            size_t mid = lo + run < n ? lo + run : n, hi = mid + run < n ? mid + run : n;
            merge(e, scratch, lo, mid, hi);
        }
        struct entry *t = e;
        e = scratch;
        scratch = t;
    }
    return e;
}

static size_t collect(struct pp_image_symbols it, struct entry *e)
{
    size_t n = 0;
    Elf64_Sym sym;
    pp_str name;
    while (pp_image_symbol_next(&it, &sym, &name)) {
        if (!is_function(&sym, name)) continue;
        uint64_t end = sym.st_value + sym.st_size;
        if (end < sym.st_value) continue;
        e[n++] = (struct entry){{sym.st_value, end, sym.st_name, (uint32_t)name.n}, rank(&sym)};
    }
    return n;
}

static size_t fill(const struct entry *e, size_t n, struct pp_symbol *p)
{
    size_t out = 0;
    for (size_t i = 0; i < n; i++) {
        if (out && p[out - 1].vaddr == e[i].s.vaddr) {
            if (p[out - 1].end < e[i].s.end) p[out - 1].end = e[i].s.end;
            continue;
        }
        p[out++] = e[i].s;
    }
    return out;
}

enum pp_code pp_symbols_build(struct pp_arena *a, const struct pp_image *im, struct pp_symbols *ret_symbols,
                              struct pp_err *err)
{
    struct pp_image_symbols it;
    if (!pp_image_symbols(im, false, &it) && !pp_image_symbols(im, true, &it))
        return pp_fail(err, PP_E_NOTFOUND, "no symbol table");
    struct pp_arena scratch;
    pp_arena_init(&scratch, 0, NULL);
    struct entry *e = PP_NEW_N(&scratch, struct entry, it.n), *e2 = PP_NEW_N(&scratch, struct entry, it.n);
    enum pp_code c = PP_OK;
    if (!e || !e2) {
        c = pp_fail(err, PP_E_NOMEM, "no memory for %zu symbols", it.n);
    } else {
        size_t n = collect(it, e);
        e = sort(e, e2, n);
        struct pp_symbols s = {PP_NEW_N(a, struct pp_symbol, n), 0, pp_arena_dup(a, it.strings)};
        if (a->failed)
            c = pp_fail(err, PP_E_NOMEM, "no memory for %zu symbols", n);
        else if (n == 0)
            c = pp_fail(err, PP_E_NOTFOUND, "no function symbols");
        else
            s.n = fill(e, n, s.p);
        if (!c) *ret_symbols = s;
    }
    pp_arena_release(&scratch);
    return c;
}

bool pp_symbols_find(const struct pp_symbols *s, uint64_t vaddr, pp_str *ret_name, uint64_t *ret_start)
{
    size_t lo = 0, hi = s->n; /* the first symbol above vaddr */
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (s->p[mid].vaddr <= vaddr)
            lo = mid + 1;
        else
            hi = mid;
    }
    /* A nested or zero-sized label may stand before the function that contains vaddr: look a few back. */
    for (size_t back = 0; back < 8 && lo > back; back++) {
        const struct pp_symbol *x = &s->p[lo - 1 - back];
        bool sizeless = x->end == x->vaddr;
        if (sizeless ? back == 0 && vaddr - x->vaddr < SIZELESS_MAX : vaddr < x->end) {
            *ret_name = (pp_str){s->strings.p + x->name, x->name_n};
            *ret_start = x->vaddr;
            return true;
        }
    }
    return false;
}
