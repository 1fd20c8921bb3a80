// SPDX-License-Identifier: Apache-2.0
// Writes large profiles that look like a CPU or heap profile of a big server; the same options give the same bytes.
//
//     big -samples 1000000 [-labels] [-variant 7] [-type heap] [-level 6] [-seed 1] -o out.pb.gz
//
// Stacks come from a random call graph (20,000 functions, 3 call sites each, 30 to 60 frames); each keeps a prefix of the
// one before, so that shared prefixes are as frequent as in real profiles. Variants have other samples over the same
// functions. The text of a profile is built in memory and compressed as one gzip member.
#include <libdeflate.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CALLEES_MAX 7
#define REQUESTS 20000
#define INLINE_EVERY 5 /* every fifth location has two lines */
#define LOAD_ADDRESS UINT64_C(0x400000)

struct options {
    int samples, funcs, min_depth, max_depth, locs_per_func, level, seed, variant;
    bool labels, heap;
    const char *path;
};

struct bytes {
    char *p;
    size_t n, cap;
};

struct callees {
    int n;
    int func[CALLEES_MAX];
};

struct stack {
    int n;
    int func[1024];
    int loc[1024]; /* ids */
};

struct writer {
    struct options o;
    struct bytes out, message, part;
    struct bytes strings; /* the string table, already encoded */
    uint64_t n_strings;
    uint64_t rng;
    struct callees *graph;
    uint64_t request_ids[REQUESTS]; /* in the string table; 0: not yet there */
    uint64_t endpoint_ids[8], key_endpoint, key_request, key_bytes;
};

static void die(const char *what)
{
    fprintf(stderr, "big: %s\n", what);
    exit(1);
}

/* --- encoding --- */

static void reserve(struct bytes *b, size_t more)
{
    if (b->cap - b->n >= more) return;
    b->cap = b->cap * 2 > b->n + more ? b->cap * 2 : b->n + more + 4096;
    b->p = realloc(b->p, b->cap);
    if (!b->p) die("out of memory");
}

static void put_varint(struct bytes *b, uint64_t v)
{
    reserve(b, 10);
    for (; v >= 0x80; v >>= 7)
        b->p[b->n++] = (char)(v | 0x80);
    b->p[b->n++] = (char)v;
}

static void put_field(struct bytes *b, unsigned tag, uint64_t v)
{
    if (v == 0) return;
    put_varint(b, (uint64_t)tag << 3);
    put_varint(b, v);
}

static void put_bytes(struct bytes *b, unsigned tag, const char *p, size_t n)
{
    put_varint(b, (uint64_t)tag << 3 | 2);
    put_varint(b, n);
    reserve(b, n);
    memcpy(b->p + b->n, p, n);
    b->n += n;
}

/* Appends `part` to the other as field `tag` and empties it. */
static void put_part(struct bytes *b, unsigned tag, struct bytes *part)
{
    put_bytes(b, tag, part->p, part->n);
    part->n = 0;
}

static uint64_t add_string(struct writer *w, const char *s)
{
    put_bytes(&w->strings, 6, s, strlen(s));
    return w->n_strings++;
}

/* --- chance: splitmix64 --- */

static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static int below(struct writer *w, int n) { return (int)((next_random(&w->rng) >> 32) * (uint64_t)n >> 32); }

/* --- the call graph and walks through it --- */

static void make_graph(struct writer *w)
{
    int funcs = w->o.funcs;
    w->graph = calloc((size_t)funcs, sizeof *w->graph);
    if (!w->graph) die("out of memory");
    for (int i = 0; i < funcs; i++) {
        struct callees *c = &w->graph[i];
        c->n = 2 + below(w, CALLEES_MAX - 1);
        for (int j = 0; j < c->n; j++) {
            bool recursive = below(w, 50) == 0;
            int64_t later = (int64_t)i * 3 + 1 + below(w, funcs / 4 + 1);
            c->func[j] = recursive ? i : (int)(later % funcs);
        }
    }
}

/* How many frames of the last stack stay, at most `target`. */
static int choose_prefix(struct writer *w, int last_depth, int target)
{
    if (last_depth == 0) return 0;
    int keep = below(w, last_depth + 1), most = last_depth * 2 / 3;
    if (below(w, 3) > 0 && keep < most) keep = most;
    return keep < target ? keep : target;
}

static int choose_callee(struct writer *w, const struct stack *s)
{
    if (s->n == 0) return below(w, 8);
    const struct callees *c = &w->graph[s->func[s->n - 1]];
    int first = below(w, c->n), second = below(w, c->n);
    return c->func[first < second ? first : second]; /* the earlier ones are hotter */
}

static void walk(struct writer *w, struct stack *s)
{
    int target = w->o.min_depth + below(w, w->o.max_depth - w->o.min_depth + 1);
    s->n = choose_prefix(w, s->n, target);
    while (s->n < target) {
        int func = choose_callee(w, s);
        s->func[s->n] = func;
        s->loc[s->n++] = func * w->o.locs_per_func + below(w, w->o.locs_per_func) + 1;
    }
}

/* --- the parts of a profile --- */

static void put_type(struct writer *w, unsigned tag, uint64_t type, uint64_t unit)
{
    put_field(&w->message, 1, type);
    put_field(&w->message, 2, unit);
    put_part(&w->out, tag, &w->message);
}

static void put_types(struct writer *w)
{
    static const char *const cpu[] = {"samples", "count", "cpu", "nanoseconds"};
    static const char *const heap[] = {"alloc_objects", "count", "alloc_space", "bytes",
                                       "inuse_objects", "count", "inuse_space", "bytes"};
    const char *const *names = w->o.heap ? heap : cpu;
    for (int i = 0; i < (w->o.heap ? 8 : 4); i += 2)
        put_type(w, 1, add_string(w, names[i]), add_string(w, names[i + 1]));
}

static void prepare_labels(struct writer *w)
{
    static const char *const endpoints[] = {"/api/v1/list", "/api/v1/get", "/api/v1/put", "/healthz",
                                            "/search",      "/cart",       "/login",      "/img"};
    w->key_endpoint = add_string(w, "endpoint");
    w->key_request = add_string(w, "request_id");
    w->key_bytes = add_string(w, "bytes");
    for (int i = 0; i < 8; i++)
        w->endpoint_ids[i] = add_string(w, endpoints[i]);
}

static void put_text_label(struct writer *w, uint64_t key, uint64_t value)
{
    put_field(&w->part, 1, key);
    put_field(&w->part, 2, value);
    put_part(&w->message, 3, &w->part);
}

static void put_labels(struct writer *w)
{
    put_text_label(w, w->key_endpoint, w->endpoint_ids[below(w, 8)]);
    int request = below(w, REQUESTS);
    if (w->request_ids[request] == 0) {
        char name[24];
        snprintf(name, sizeof name, "req-%05d", request);
        w->request_ids[request] = add_string(w, name);
    }
    put_text_label(w, w->key_request, w->request_ids[request]);
    put_field(&w->part, 1, w->key_bytes);
    put_field(&w->part, 3, UINT64_C(16) << below(w, 12));
    put_field(&w->part, 4, w->key_bytes); /* the unit has the same name */
    put_part(&w->message, 3, &w->part);
}

static void put_values(struct writer *w)
{
    uint64_t count = (uint64_t)(1 + below(w, 3));
    if (w->o.heap) {
        uint64_t size = UINT64_C(16) << below(w, 12);
        put_varint(&w->part, count * 5);
        put_varint(&w->part, count * 5 * size);
        put_varint(&w->part, count);
        put_varint(&w->part, count * size);
    } else {
        put_varint(&w->part, count);
        put_varint(&w->part, count * 10000000);
    }
    put_part(&w->message, 2, &w->part);
}

static void put_samples(struct writer *w)
{
    struct stack s = {0};
    w->rng = (uint64_t)w->o.seed * 1000 + (uint64_t)w->o.variant;
    for (int i = 0; i < w->o.samples; i++) {
        walk(w, &s);
        for (int frame = s.n; frame-- > 0;)
            put_varint(&w->part, (uint64_t)s.loc[frame]);
        put_part(&w->message, 1, &w->part);
        put_values(w);
        if (w->o.labels) put_labels(w);
        put_part(&w->out, 2, &w->message);
    }
}

static void put_mapping(struct writer *w)
{
    uint64_t n_locs = (uint64_t)w->o.funcs * (uint64_t)w->o.locs_per_func;
    put_field(&w->message, 1, 1);
    put_field(&w->message, 2, LOAD_ADDRESS);
    put_field(&w->message, 3, LOAD_ADDRESS + (n_locs + 1) * 16 + 4096);
    put_field(&w->message, 5, add_string(w, "/srv/bin/bigserver"));
    put_field(&w->message, 6, add_string(w, "00112233445566778899aabbccddeeff00112233"));
    for (unsigned has = 7; has <= 10; has++)
        put_field(&w->message, has, 1); /* symbolized in every respect */
    put_part(&w->out, 3, &w->message);
}

static void put_line(struct writer *w, int func, int line)
{
    put_field(&w->part, 1, (uint64_t)func + 1);
    put_field(&w->part, 2, (uint64_t)line);
    put_part(&w->message, 4, &w->part);
}

static void put_locations(struct writer *w)
{
    for (int i = 0; i < w->o.funcs * w->o.locs_per_func; i++) {
        put_field(&w->message, 1, (uint64_t)i + 1);
        put_field(&w->message, 2, 1);
        put_field(&w->message, 3, LOAD_ADDRESS + ((uint64_t)i + 1) * 16);
        if (i % INLINE_EVERY == 0) put_line(w, (int)((int64_t)i * 7 % w->o.funcs), 5 + i % 100);
        put_line(w, i / w->o.locs_per_func, 10 + i % 400);
        put_part(&w->out, 4, &w->message);
    }
}

static void put_functions(struct writer *w)
{
    static const char *const packages[] = {"github.com/acme/server/v2/handler",
                                           "github.com/acme/lib/codec",
                                           "runtime",
                                           "net/http",
                                           "encoding/json",
                                           "example.org/very/long/path/to/internal/storage/engine"};
    uint64_t files[6] = {0};
    for (int i = 0; i < w->o.funcs; i++) {
        const char *package = packages[i % 6];
        char text[256];
        if (i % 3 == 0)
            snprintf(text, sizeof text, "%s.Func%d", package, i);
        else if (i % 11 == 0)
            snprintf(text, sizeof text, "%s.Gen%d[...].func%d", package, i, i % 4 + 1);
        else
            snprintf(text, sizeof text, "%s.(*Type%d).Method%d", package, i % 97, i);
        uint64_t name = add_string(w, text);
        if (i % 20 < 6) { /* the first of its package in a new group of 20 */
            snprintf(text, sizeof text, "/home/build/src/%s/file%d.go", package, i / 20);
            files[i % 6] = add_string(w, text);
        }
        put_field(&w->message, 1, (uint64_t)i + 1);
        put_field(&w->message, 2, name);
        put_field(&w->message, 3, name);
        put_field(&w->message, 4, files[i % 6]);
        put_field(&w->message, 5, (uint64_t)(10 + i % 400));
        put_part(&w->out, 5, &w->message);
    }
}

static void put_rest(struct writer *w)
{
    uint64_t type = add_string(w, w->o.heap ? "space" : "cpu"),
             unit = add_string(w, w->o.heap ? "bytes" : "nanoseconds");
    reserve(&w->out, w->strings.n);
    memcpy(w->out.p + w->out.n, w->strings.p, w->strings.n);
    w->out.n += w->strings.n;
    put_field(&w->out, 9, UINT64_C(1760000000000000000));
    put_field(&w->out, 10, UINT64_C(60000000000));
    put_type(w, 11, type, unit);
    put_field(&w->out, 12, w->o.heap ? 524288 : 10000000);
}

static void put_profile(struct writer *w)
{
    w->rng = (uint64_t)w->o.seed;
    make_graph(w);
    add_string(w, "");
    put_types(w);
    if (w->o.labels) prepare_labels(w);
    put_samples(w);
    put_mapping(w);
    put_locations(w);
    put_functions(w);
    put_rest(w);
}

/* --- the file --- */

static void compress(struct bytes *b, int level)
{
    struct libdeflate_compressor *c = libdeflate_alloc_compressor(level);
    if (!c) die("-level is not 0 to 12");
    size_t cap = libdeflate_gzip_compress_bound(c, b->n);
    char *packed = malloc(cap);
    if (!packed) die("out of memory");
    b->n = libdeflate_gzip_compress(c, b->p, b->n, packed, cap);
    libdeflate_free_compressor(c);
    free(b->p);
    b->p = packed;
}

static void write_file(const char *path, const struct bytes *b)
{
    FILE *f = fopen(path, "wb");
    if (!f || fwrite(b->p, 1, b->n, f) != b->n || fclose(f) != 0) {
        perror(path);
        exit(1);
    }
}

static struct options read_options(char **argv)
{
    struct options o = {.samples = 100000,
                        .funcs = 20000,
                        .min_depth = 30,
                        .max_depth = 60,
                        .locs_per_func = 3,
                        .level = 6,
                        .seed = 1,
                        .path = "big.pb.gz"};
    const struct {
        const char *name;
        int *value, min, max;
    } numbers[] = {{"-samples", &o.samples, 1, 100000000}, {"-funcs", &o.funcs, 8, 10000000},
                   {"-mindepth", &o.min_depth, 1, 1024},   {"-maxdepth", &o.max_depth, 1, 1024},
                   {"-locs", &o.locs_per_func, 1, 64},     {"-level", &o.level, 0, 12},
                   {"-seed", &o.seed, 0, INT32_MAX},       {"-variant", &o.variant, 0, INT32_MAX}};
    for (argv++; *argv; argv++) {
        if (strcmp(*argv, "-labels") == 0) {
            o.labels = true;
            continue;
        }
        const char *name = *argv, *value = argv[1];
        if (!value)
            die("usage: big -samples N [-labels] [-variant N] [-type cpu|heap] [-level 0-12] [-seed N] -o FILE");
        bool known = true;
        if (strcmp(name, "-o") == 0)
            o.path = value;
        else if (strcmp(name, "-type") == 0)
            o.heap = strcmp(value, "heap") == 0;
        else
            known = false;
        for (size_t i = 0; !known && i < sizeof numbers / sizeof *numbers; i++) {
            if (strcmp(name, numbers[i].name) != 0) continue;
            char *end;
            long n = strtol(value, &end, 10);
            if (*end || end == value || n < numbers[i].min || n > numbers[i].max) die("a number is out of range");
            *numbers[i].value = (int)n;
            known = true;
        }
        if (!known) die("unknown option");
        argv++;
    }
    if (o.max_depth < o.min_depth) die("-maxdepth is below -mindepth");
    return o;
}

int main(int argc, char **argv)
{
    (void)argc;
    static struct writer w;
    w.o = read_options(argv);
    put_profile(&w);
    size_t inflated = w.out.n;
    if (w.o.level > 0) compress(&w.out, w.o.level);
    write_file(w.o.path, &w.out);
    fprintf(stderr, "%s: %d samples, %zu bytes, %zu inflated\n", w.o.path, w.o.samples, w.out.n, inflated);
    free(w.out.p);
    free(w.message.p);
    free(w.part.p);
    free(w.strings.p);
    free(w.graph);
    return 0;
}
