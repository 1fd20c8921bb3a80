// SPDX-License-Identifier: Apache-2.0
/* perf.data made here field by field in both byte orders, and recordings of work.c made by perf 6.1 (data/, with the sums that
 * `perf report --no-children` gives for them). */
#include "record/record.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "profile/encode.h"
#include "record/event.h"

static const char *data_dir;

static void no_memory(size_t wanted)
{
    fprintf(stderr, "out of memory: %zu bytes\n", wanted);
    abort();
}

/* ---- an encoder of the format ---- */

struct file {
    uint8_t b[16384];
    size_t n;
    bool swap;
};

static void put(struct file *f, const void *p, size_t n)
{
    assert_true(f->n + n <= sizeof f->b);
    memcpy(f->b + f->n, p, n);
    f->n += n;
}

static void u16(struct file *f, unsigned v)
{
    uint16_t x = f->swap ? __builtin_bswap16((uint16_t)v) : (uint16_t)v;
    put(f, &x, 2);
}

static void u32(struct file *f, uint32_t v)
{
    v = f->swap ? __builtin_bswap32(v) : v;
    put(f, &v, 4);
}

static void u64(struct file *f, uint64_t v)
{
    v = f->swap ? __builtin_bswap64(v) : v;
    put(f, &v, 8);
}

static void text(struct file *f, const char *s)
{
    static const char zeros[8];
    size_t n = strlen(s);
    put(f, s, n);
    put(f, zeros, 8 - n % 8);
}

static void magic(struct file *f)
{
    for (unsigned i = 0; i < 8; i++)
        put(f, &"PERFILE2"[f->swap ? 7 - i : i], 1);
}

static size_t begin(struct file *f, uint32_t type, unsigned misc)
{
    u32(f, type);
    u16(f, misc);
    u16(f, 0);
    return f->n - 8;
}

static void end(struct file *f, size_t at)
{
    size_t n = f->n;
    f->n = at + 6;
    u16(f, (unsigned)(n - at));
    f->n = n;
}

#define SAMPLE_TYPE (PP_PERF_IDENTIFIER | PP_PERF_IP | PP_PERF_TID | PP_PERF_TIME | PP_PERF_PERIOD | PP_PERF_CALLCHAIN)
enum { ATTR_BYTES = 64 + 24, ID_CYCLES = 71, ID_FAULTS = 72 };

static void attr(struct file *f, uint32_t type, uint64_t config)
{
    u32(f, type);
    u32(f, ATTR_BYTES);
    u64(f, config);
    u64(f, 1000); /* period */
    u64(f, SAMPLE_TYPE);
    u64(f, 0);                                     /* read_format */
    const uint8_t all = f->swap ? 1 << 5 : 1 << 2; /* sample_id_all: bit 18, counted from the other end */
    const uint8_t flags[8] = {0, 0, all};
    put(f, flags, 8);
    for (unsigned i = 0; i < (ATTR_BYTES - 48) / 8; i++)
        u64(f, 0);
}

static void sample_id(struct file *f, int pid, uint64_t time, uint64_t id)
{
    u32(f, (uint32_t)pid);
    u32(f, (uint32_t)pid);
    u64(f, time);
    u64(f, id);
}

static void map(struct file *f, int pid, uint64_t time, uint64_t start, uint64_t size, uint64_t offset,
                const char *name)
{
    size_t at = begin(f, PP_PERF_MMAP, pid == -1 ? PP_PERF_MODE_KERNEL : PP_PERF_MODE_USER);
    u32(f, (uint32_t)pid);
    u32(f, (uint32_t)pid);
    u64(f, start);
    u64(f, size);
    u64(f, offset);
    text(f, name);
    sample_id(f, pid, time, ID_CYCLES);
    end(f, at);
}

static void comm(struct file *f, int pid, uint64_t time, const char *name, unsigned misc)
{
    size_t at = begin(f, PP_PERF_COMM, misc);
    u32(f, (uint32_t)pid);
    u32(f, (uint32_t)pid);
    text(f, name);
    sample_id(f, pid, time, ID_CYCLES);
    end(f, at);
}

static void fork_record(struct file *f, int pid, int parent, uint64_t time)
{
    size_t at = begin(f, PP_PERF_FORK, 0);
    u32(f, (uint32_t)pid);
    u32(f, (uint32_t)parent);
    u32(f, (uint32_t)pid);
    u32(f, (uint32_t)parent);
    u64(f, time);
    sample_id(f, pid, time, ID_CYCLES);
    end(f, at);
}

static void sample(struct file *f, unsigned mode, int pid, uint64_t time, uint64_t id, uint64_t period, size_t n, ...)
{
    va_list ap;
    va_start(ap, n);
    size_t at = begin(f, PP_PERF_SAMPLE, mode), ip_at;
    u64(f, id);
    ip_at = f->n;
    u64(f, 0);
    u32(f, (uint32_t)pid);
    u32(f, (uint32_t)pid);
    u64(f, time);
    u64(f, period);
    u64(f, n);
    for (size_t i = 0; i < n; i++) {
        uint64_t v = va_arg(ap, uint64_t);
        u64(f, v);
        if (i != 1) continue;
        size_t end_at = f->n; /* the second entry, behind the context, is where it happened */
        f->n = ip_at;
        u64(f, v);
        f->n = end_at;
    }
    va_end(ap);
    end(f, at);
}

#define KERNEL (uint64_t) - 128
#define USER (uint64_t) - 512

/* Out of order in time, as the buffers of several processors come. */
static void records(struct file *f)
{
    map(f, -1, 0, 0xffffffff81000000, 0x1000000, 0xffffffff81000000, "[kernel.kallsyms]_text");
    sample(f, PP_PERF_MODE_USER, 10, 50, ID_CYCLES, 7, 3, USER, (uint64_t)0x401010, (uint64_t)0x401101);
    comm(f, 10, 0, "parent", 0);
    map(f, 10, 0, 0x401000, 0x1000, 0x1000, "/bin/a");
    sample(f, PP_PERF_MODE_KERNEL, 11, 60, ID_CYCLES, 5, 4, KERNEL, (uint64_t)0xffffffff81000010, USER,
           (uint64_t)0x401010);
    sample(f, PP_PERF_MODE_USER, 11, 90, ID_FAULTS, 1, 2, USER, (uint64_t)0x701010);
    map(f, 11, 80, 0x701000, 0x1000, 0x1000, "/bin/a");
    comm(f, 11, 70, "child", PP_PERF_MISC_EXEC);
    fork_record(f, 11, 10, 55);
    sample(f, PP_PERF_MODE_USER, 11, 95, ID_CYCLES, 3, 2, USER, (uint64_t)0x401010); /* exec took this mapping away */
    sample(f, PP_PERF_MODE_USER, 10, 96, 99, 3, 2, USER, (uint64_t)0x401010);        /* an unknown event */
}

static void make_file(struct file *f, bool swap)
{
    *f = (struct file){.swap = swap};
    enum { HEADER = 104, ATTR = ATTR_BYTES + 16 };
    struct file *r = calloc(1, sizeof *r);
    r->swap = swap;
    records(r);
    magic(f);
    u64(f, HEADER);
    u64(f, ATTR);
    u64(f, HEADER + 16);
    u64(f, 2 * ATTR);
    u64(f, HEADER + 16 + 2 * ATTR);
    u64(f, r->n);
    u64(f, 0);
    u64(f, 0);
    u64(f, 1 << 2 | 1 << 3); /* build ids, host name */
    u64(f, 0), u64(f, 0), u64(f, 0);
    u64(f, ID_CYCLES);
    u64(f, ID_FAULTS);
    attr(f, 0, 0);
    u64(f, HEADER), u64(f, 8);
    attr(f, 1, 2);
    u64(f, HEADER + 8), u64(f, 8);
    put(f, r->b, r->n);
    free(r);
    size_t table = f->n;
    u64(f, table + 32), u64(f, 8 + 4 + 24 + 8);
    u64(f, table + 32 + 44), u64(f, 0);
    size_t at = begin(f, PP_PERF_USER_BUILD_ID, PP_PERF_MODE_USER);
    u32(f, (uint32_t)-1);
    put(f, "\xab\xcd\xef\x01\x23\x45\x67\x89\xab\xcd\xef\x01\x23\x45\x67\x89\xab\xcd\xef\x01\0\0\0", 24);
    text(f, "/bin/a");
    end(f, at);
}

static void make_pipe(struct file *f, bool swap)
{
    *f = (struct file){.swap = swap};
    magic(f);
    u64(f, 16);
    for (unsigned i = 0; i < 2; i++) {
        size_t at = begin(f, PP_PERF_USER_ATTR, 0);
        attr(f, i, i * 2);
        u64(f, ID_CYCLES + i);
        end(f, at);
    }
    records(f);
}

/* ---- what comes out ---- */

static pp_str no_kernel; /* the kallsyms that the machine has, if any */

static bool kallsyms(void *ctx, pp_str build_id, pp_str *ret_text)
{
    (void)ctx, (void)build_id;
    *ret_text = no_kernel;
    return no_kernel.n != 0;
}

static unsigned n_warnings;
static void count_warning(void *ctx, pp_str warning)
{
    (void)ctx;
    assert_true(warning.n > 0);
    n_warnings++;
}

static struct pp_profile *read_ok(struct pp_arena *a, pp_str bytes)
{
    struct pp_err err = {0};
    struct pp_profile *p;
    n_warnings = 0;
    const struct pp_record_options o = {.kallsyms = kallsyms, .warn = count_warning};
    if (pp_record_read(a, bytes, &o, &p, &err)) fail_msg("%s", err.text);
    assert_true(pp_profile_valid(p, &err));
    return p;
}

/* "comm pid | values | file+offset ..." of each sample, in the order of the profile. */
static pp_str shown(struct pp_arena *a, const struct pp_profile *p)
{
    pp_str s = PP_STR("");
    for (uint32_t i = 0; i < p->n_samples; i++) {
        size_t n;
        const struct pp_label *l = pp_profile_labels(p, i, &n);
        if (!l || n != 3) fail_msg("sample %u has %zu labels", i, n);
        s = pp_arena_fmt(a, "%.*s%.*s %lld |", PP_FMT(s), PP_FMT(pp_profile_str(p, l[0].str)), (long long)l[1].num);
        for (uint32_t t = 0; t < p->n_types; t++)
            s = pp_arena_fmt(a, "%.*s %lld", PP_FMT(s), (long long)p->values[t][i]);
        s = pp_arena_join(a, s, PP_STR(" |"));
        for (uint64_t k = p->loc_off[i]; k < p->loc_off[i + 1]; k++) {
            const struct pp_location *at = &p->locations[p->locs[k]];
            const struct pp_mapping *m = at->mapping == PP_NONE ? NULL : &p->mappings[at->mapping];
            pp_str name = at->n_lines ? pp_profile_str(p, p->functions[p->lines[at->first_line].function].name)
                          : m         ? pp_profile_str(p, m->file)
                                      : PP_STR("?");
            s = pp_arena_fmt(a, "%.*s %.*s+%llx", PP_FMT(s), PP_FMT(name),
                             (unsigned long long)(m ? at->address - m->start : at->address));
        }
        s = pp_arena_join(a, s, PP_STR("\n"));
    }
    return s;
}

static const char expected[] = "parent 10 | 1 7 0 0 | /bin/a+10 /bin/a+100\n"
                               "parent 11 | 1 5 0 0 | [kernel.kallsyms]_text+10 /bin/a+10\n"
                               "child 11 | 0 0 1 1 | /bin/a+10\n"
                               "child 11 | 1 3 0 0 | ?+401010\n";

static void check_made(pp_str bytes, bool has_build_id)
{
    struct pp_arena a;
    pp_arena_init(&a, 0, no_memory);
    struct pp_profile *p = read_ok(&a, bytes);
    assert_int_equal(p->n_types, 4);
    assert_true(pp_str_eq_c(pp_profile_str(p, p->types[0].type), "cycles_sample"));
    assert_true(pp_str_eq_c(pp_profile_str(p, p->types[3].type), "page-faults_event"));
    assert_true(pp_str_eq_c(pp_profile_str(p, p->default_type), "cycles_event"));
    assert_int_equal(p->period, 1000);
    assert_int_equal(p->duration_nanos, 45);
    pp_str s = shown(&a, p);
    if (!pp_str_eq_c(s, expected)) fail_msg("%.*s", PP_FMT(s));
    assert_int_equal(p->n_mappings, 2); /* the file is one, though it lies at two addresses */
    assert_true(pp_str_eq_c(pp_profile_str(p, p->mappings[0].file), "/bin/a"));
    assert_true(pp_str_eq_c(pp_profile_str(p, p->mappings[0].build_id),
                            has_build_id ? "abcdef0123456789abcdef0123456789abcdef01" : ""));
    assert_true(pp_str_eq_c(pp_profile_str(p, p->mappings[1].kernel_relocation_symbol), "_text"));
    assert_int_equal(p->n_comments, 1);
    assert_true(pp_str_has_prefix(pp_profile_str(p, p->comments[0]), PP_STR("1 samples left out: of an event")));
    assert_int_equal(n_warnings, 0);
    pp_arena_release(&a);
}

static void test_made(void **state)
{
    (void)state;
    struct file *f = malloc(sizeof *f);
    for (unsigned swap = 0; swap < 2; swap++) {
        make_file(f, swap);
        check_made((pp_str){(char *)f->b, f->n}, true);
        make_pipe(f, swap);
        check_made((pp_str){(char *)f->b, f->n}, false);
    }
    free(f);
}

/* Names from kallsyms only when the kernel's first symbol is where it was recorded. */
static void test_kernel_names(void **state)
{
    (void)state;
    struct pp_arena a;
    struct file *f = malloc(sizeof *f);
    make_file(f, false);
    const struct {
        const char *kallsyms, *name;
    } cases[] = {{"ffffffff81000000 T _text\nffffffff81000008 t do_it\nffffffff81000020 T next\n", "do_it+10"},
                 {"ffffffff82000000 T _text\nffffffff81000008 t do_it\n", "[kernel.kallsyms]_text+10"},
                 {"0000000000000000 T _text\n0000000000000000 t do_it\n", "[kernel.kallsyms]_text+10"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        pp_arena_init(&a, 0, no_memory);
        no_kernel = pp_str_c(cases[i].kallsyms);
        pp_str s = shown(&a, read_ok(&a, (pp_str){(char *)f->b, f->n}));
        if (!pp_str_contains(s, pp_str_c(cases[i].name))) fail_msg("%.*s", PP_FMT(s));
        pp_arena_release(&a);
    }
    no_kernel = PP_STR("");
    free(f);
}

/* Cut off anywhere: an error or what is there, with a warning; and never a profile from nothing. */
static void test_cut(void **state)
{
    (void)state;
    struct file *f = malloc(sizeof *f);
    for (unsigned swap = 0; swap < 2; swap++) {
        make_file(f, swap);
        for (size_t n = 0; n < f->n; n++) {
            struct pp_arena a;
            struct pp_err err = {0};
            struct pp_profile *p = NULL;
            char *exact = malloc(n ? n : 1);
            memcpy(exact, f->b, n);
            pp_arena_init(&a, 0, no_memory);
            n_warnings = 0;
            const struct pp_record_options o = {.warn = count_warning};
            enum pp_code c = pp_record_read(&a, (pp_str){exact, n}, &o, &p, &err);
            assert_true(c ? strncmp(err.text, "perf.data: ", 11) == 0 : pp_profile_valid(p, &err));
            if (!c && p->n_samples < 4) assert_int_equal(n_warnings, 1);
            pp_arena_release(&a);
            free(exact);
        }
    }
    free(f);
}

static pp_str load(struct pp_arena *a, const char *name)
{
    const char *path = pp_arena_c(a, pp_arena_fmt(a, "%s/%s.perf.data", data_dir, name));
    int fd = open(path, O_RDONLY);
    struct stat st;
    if (fd < 0 || fstat(fd, &st)) fail_msg("%s is missing", path);
    char *p = pp_alloc(a, (size_t)st.st_size, 8);
    assert_int_equal(read(fd, p, (size_t)st.st_size), st.st_size);
    close(fd);
    return (pp_str){p, (size_t)st.st_size};
}

/* The sum of a type over the samples of a thread name whose leaf is in that file. */
static int64_t sum_of(const struct pp_profile *p, const char *type, const char *comm_name, const char *file)
{
    int64_t sum = 0;
    for (uint32_t t = 0; t < p->n_types; t++) {
        if (!pp_str_eq_c(pp_profile_str(p, p->types[t].type), type)) continue;
        for (uint32_t i = 0; i < p->n_samples; i++) {
            size_t n;
            uint32_t m = p->locations[p->locs[p->loc_off[i]]].mapping;
            pp_str leaf = m == PP_NONE ? PP_STR("?") : pp_str_base(pp_profile_str(p, p->mappings[m].file));
            const struct pp_label *labels = pp_profile_labels(p, i, &n);
            pp_str name = labels && n ? pp_profile_str(p, labels->str) : PP_STR("");
            if (pp_str_eq_c(name, comm_name) && pp_str_eq_c(leaf, file)) sum += p->values[t][i];
        }
    }
    return sum;
}

static void test_recordings(void **state)
{
    (void)state;
    static const struct {
        const char *file, *type, *comm, *object;
        int64_t sum;
    } rows[] = {
        {"frames", "cpu-clock_event", "second thread", "work", 25000000},
        {"frames", "cpu-clock_event", "sh", "dash", 40000000},
        {"frames", "cpu-clock_sample", "sh", "libc.so.6", 6},
        {"frames", "cpu-clock_event", "sh", "ld-linux-x86-64.so.2", 5000000},
        {"frames", "cpu-clock_event", "work", "[kernel.kallsyms]_text", 5000000},
        {"frames", "cpu-clock_event", "work", "work", 35000000},
        {"frames", "page-faults_event", "work", "[kernel.kallsyms]_text", 30012},
        {"frames", "page-faults_event", "work", "ld-linux-x86-64.so.2", 159},
        {"frames", "page-faults_sample", "work", "libc.so.6", 4},
        {"packed", "cpu-clock_event", "second thread", "work", 15000000},
        {"packed", "cpu-clock_event", "sh", "dash", 35000000},
        {"packed", "cpu-clock_event", "sh", "libc.so.6", 40000000},
        {"packed", "cpu-clock_event", "work", "[kernel.kallsyms]_text", 10000000},
        {"packed", "cpu-clock_event", "work", "work", 30000000},
        {"pipe", "cpu-clock_event", "second thread", "work", 25000000},
        {"pipe", "cpu-clock_event", "sh", "libc.so.6", 45000000},
        {"pipe", "cpu-clock_event", "work", "[kernel.kallsyms]_text", 15000000},
        {"stacks", "cpu-clock_event", "sh", "libc.so.6", 66666666},
        {"stacks", "cpu-clock_event", "work", "[kernel.kallsyms]_text", 33333333},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct pp_arena a;
        pp_arena_init(&a, 0, no_memory);
        const struct pp_profile *p = read_ok(&a, load(&a, rows[i].file));
        int64_t sum = sum_of(p, rows[i].type, rows[i].comm, rows[i].object);
        if (sum != rows[i].sum)
            fail_msg("%s %s %s %s: %lld, not %lld", rows[i].file, rows[i].type, rows[i].comm, rows[i].object,
                     (long long)sum, (long long)rows[i].sum);
        assert_int_equal(n_warnings, 0);
        pp_arena_release(&a);
    }
}

static void test_not_perf(void **state)
{
    (void)state;
    assert_false(pp_record_is(PP_STR("PERFILE2 not really")));
    assert_false(pp_record_is(PP_STR("PERFILE2")));
    assert_false(pp_record_is(PP_STR("")));
}

int main(int argc, char **argv)
{
    data_dir = argc > 1 ? argv[1] : "test/record/data";
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_made), cmocka_unit_test(test_kernel_names),
                                       cmocka_unit_test(test_cut), cmocka_unit_test(test_recordings),
                                       cmocka_unit_test(test_not_perf)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
