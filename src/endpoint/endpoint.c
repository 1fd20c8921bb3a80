// SPDX-License-Identifier: Apache-2.0
#include "endpoint/endpoint.h"

#include "base/fmt.h"
#include "endpoint/index.h"
#include "endpoint/number.h"
#include "export/profile.h"
#include "export/text.h"

#define PREFIX "/debug/pprof/"
#define TEXT_PLAIN "text/plain; charset=utf-8"
#define SECOND_NS ((int64_t)1000000000)
#define CPU_SECONDS 30

typedef void (*page)(const struct pp_target *t, const struct pp_http_request *rq, struct pp_http_response *rs);

static page find_page(pp_str name);
static bool find_kind(pp_str name, enum pp_export_kind *ret_kind);
static void serve_kind(const struct pp_target *t, const struct pp_http_request *rq, struct pp_http_response *rs,
                       pp_str name, enum pp_export_kind kind);

/* As net/http/pprof's serveError. */
static void serve_error(struct pp_http_response *rs, int status, const char *text)
{
    pp_http_set(rs, "X-Go-Pprof", "1");
    pp_http_error(rs, status, text);
}

/* As http.Error, which the mux of net/http uses. */
static void mux_error(struct pp_http_response *rs, int status, const char *text)
{
    pp_http_set(rs, "X-Content-Type-Options", "nosniff");
    pp_http_error(rs, status, text);
}

static void redirect_to_index(const struct pp_http_request *rq, struct pp_http_response *rs)
{
    rs->status = 307;
    pp_http_set(rs, "Location",
                rq->raw_query.n ? pp_arena_fmt(rs->arena, PREFIX "?%.*s", PP_FMT(rq->raw_query)).p : PREFIX);
    pp_http_set(rs, "Content-Type", "text/html; charset=utf-8");
    pp_out_c(&rs->body, "<a href=\"" PREFIX);
    if (rq->raw_query.n) pp_out_char(&rs->body, '?');
    pp_endpoint_html(&rs->body, rq->raw_query);
    pp_out_c(&rs->body, "\">Temporary Redirect</a>.\n\n");
}

static bool method_is(const struct pp_http_request *rq, const char *method) { return pp_str_eq_c(rq->method, method); }

void pp_endpoint_handle(const struct pp_target *t, const struct pp_http_request *rq, struct pp_http_response *rs)
{
    enum pp_export_kind kind;
    bool to_index = pp_str_eq_c(rq->path, "/debug/pprof");
    if (!to_index && !pp_str_has_prefix(rq->path, PP_STR(PREFIX))) {
        mux_error(rs, 404, "404 page not found");
        return;
    }
    pp_str name = pp_str_from(rq->path, sizeof PREFIX - 1);
    bool symbol = pp_str_eq_c(name, "symbol");
    if (!method_is(rq, "GET") && !method_is(rq, "HEAD") && !(symbol && method_is(rq, "POST"))) {
        pp_http_set(rs, "Allow", symbol ? "GET, HEAD, POST" : "GET, HEAD");
        mux_error(rs, 405, "Method Not Allowed");
        return;
    }
    if (to_index) {
        redirect_to_index(rq, rs);
        return;
    }
    pp_http_set(rs, "X-Content-Type-Options", "nosniff");
    page p = find_page(name);
    if (p)
        p(t, rq, rs);
    else if (find_kind(name, &kind))
        serve_kind(t, rq, rs, name, kind);
    else
        serve_error(rs, 404, "Unknown profile");
}

void pp_endpoint_handler(void *ctx, const struct pp_http_request *rq, struct pp_http_response *rs)
{
    pp_endpoint_handle(ctx, rq, rs);
}

static pp_str query(const struct pp_http_request *rq, struct pp_http_response *rs, const char *key)
{
    pp_str value;
    pp_http_query(rs->arena, rq->raw_query, key, &value);
    return value;
}

static void send_profile(struct pp_http_response *rs, const char *filename, pp_str bytes)
{
    pp_http_set(rs, "Content-Type", "application/octet-stream");
    pp_http_set(rs, "Content-Disposition", pp_arena_fmt(rs->arena, "attachment; filename=\"%s\"", filename).p);
    rs->body_bytes = (int64_t)bytes.n;
    pp_out_str(&rs->body, bytes);
}

static void collect_failed(struct pp_http_response *rs, const struct pp_err *err)
{
    serve_error(rs, 500, pp_arena_fmt(rs->arena, "failed to collect profile: %s", err->text).p);
}

static int64_t seconds_to_ns(int64_t seconds)
{
    int64_t ns;
    return __builtin_mul_overflow(seconds, SECOND_NS, &ns) ? INT64_MAX : ns;
}

static struct pp_export_request request_of(const struct pp_target *t, enum pp_export_kind kind)
{
    return (struct pp_export_request){
        .ledger = t->ledger, .symbols = t->symbols, .kind = kind, .note = t->note, .time_ns = t->realtime_ns(t->ctx)};
}

static void serve_cpu(const struct pp_target *t, const struct pp_http_request *rq, struct pp_http_response *rs)
{
    struct pp_err err = {0};
    struct pp_export_snapshot before;
    int64_t seconds;
    pp_str bytes;
    if (!pp_endpoint_parse_int(query(rq, rs, "seconds"), &seconds) || seconds <= 0) seconds = CPU_SECONDS;
    if (pp_export_snapshot(rs->arena, &t->ledger, PP_EXPORT_CPU, NULL, &before, &err) ||
        t->cpu_start(t->ctx, PP_ENDPOINT_CPU_HZ, &err)) {
        serve_error(rs, 500, pp_arena_fmt(rs->arena, "Could not enable CPU profiling: %s", err.text).p);
        return;
    }
    struct pp_export_request x = request_of(t, PP_EXPORT_CPU);
    int64_t start = t->monotonic_ns(t->ctx);
    t->sleep(t->ctx, seconds_to_ns(seconds), rq->fd); /* a client that went away ends it early; Go writes then, too */
    x.duration_ns = t->monotonic_ns(t->ctx) - start;
    x.cpu_hz = PP_ENDPOINT_CPU_HZ;
    x.since = &before;
    if (t->cpu_stop(t->ctx, &err)) {
        collect_failed(rs, &err);
        return;
    }
    t->refresh(t->ctx);
    if (pp_export_profile(rs->arena, &x, &bytes, &err))
        collect_failed(rs, &err);
    else
        send_profile(rs, "profile", bytes);
}

static void serve_cmdline(const struct pp_target *t, const struct pp_http_request *rq, struct pp_http_response *rs)
{
    (void)rq;
    pp_http_set(rs, "Content-Type", TEXT_PLAIN);
    pp_out_str(&rs->body, t->cmdline(t->ctx, rs->arena));
}

static void serve_symbol(const struct pp_target *t, const struct pp_http_request *rq, struct pp_http_response *rs)
{
    pp_str rest = method_is(rq, "POST") ? rq->body : rq->raw_query, word, name;
    pp_http_set(rs, "Content-Type", TEXT_PLAIN);
    t->refresh(t->ctx);
    pp_out_c(&rs->body, "num_symbols: 1\n");
    while (pp_str_next(&rest, '+', &word)) {
        uint64_t pc = pp_endpoint_parse_address(word);
        if (pc && pp_export_symbol(rs->arena, &t->ledger, t->symbols, pc, &name))
            pp_out_fmt(&rs->body, "0x%llx %.*s\n", (unsigned long long)pc, PP_FMT(name));
    }
}

static void serve_index(const struct pp_target *t, const struct pp_http_request *rq, struct pp_http_response *rs)
{
    (void)rq;
    pp_http_set(rs, "Content-Type", "text/html; charset=utf-8");
    pp_endpoint_index(t, &rs->body);
}

static const struct {
    const char *name;
    page serve;
} pages[] = {{"", serve_index}, {"cmdline", serve_cmdline}, {"profile", serve_cpu}, {"symbol", serve_symbol}};

static page find_page(pp_str name)
{
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++)
        if (pp_str_eq_c(name, pages[i].name)) return pages[i].serve;
    return NULL;
}

/* `threads` is not listed in the index. */
static const struct {
    const char *name;
    enum pp_export_kind kind;
} kinds[] = {
    {"allocs", PP_EXPORT_ALLOCS},
    {"block", PP_EXPORT_BLOCK},
    {"goroutine", PP_EXPORT_THREADS},
    {"heap", PP_EXPORT_HEAP},
    {"mutex", PP_EXPORT_MUTEX},
    {"threads", PP_EXPORT_THREADS},
};

static bool find_kind(pp_str name, enum pp_export_kind *ret_kind)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (!pp_str_eq_c(name, kinds[i].name)) continue;
        *ret_kind = kinds[i].kind;
        return true;
    }
    return false;
}

static bool is_wait(enum pp_export_kind kind) { return kind == PP_EXPORT_BLOCK || kind == PP_EXPORT_MUTEX; }

static bool is_heap(enum pp_export_kind kind) { return kind == PP_EXPORT_HEAP || kind == PP_EXPORT_ALLOCS; }

/* Makes the modules current and, for threads, dumps them into x and *dump. */
static enum pp_code collect(const struct pp_target *t, struct pp_arena *a, struct pp_export_request *x,
                            struct pp_thread_dump *dump, struct pp_err *err)
{
    t->refresh(t->ctx);
    x->threads = dump;
    return x->kind == PP_EXPORT_THREADS ? t->threads(t->ctx, a, dump, err) : PP_OK;
}

static enum pp_code write_kind(const struct pp_target *t, struct pp_arena *a, enum pp_export_kind kind, int64_t debug,
                               struct pp_out *o, struct pp_err *err)
{
    struct pp_export_request x = request_of(t, kind);
    struct pp_thread_dump dump = {0};
    struct pp_memstats ms = {0};
    pp_str bytes;
    enum pp_code c = collect(t, a, &x, &dump, err);
    if (c) return c;
    if (debug == 0) {
        if (!(c = pp_export_profile(a, &x, &bytes, err))) pp_out_str(o, bytes);
        return c;
    }
    if (kind == PP_EXPORT_THREADS) return (debug >= 2 ? pp_export_threads_dump : pp_export_threads_text)(a, &x, o, err);
    if (is_wait(kind)) return pp_export_waits_text(a, &x, o, err);
    bool known = t->memstats && t->memstats(t->ctx, &ms);
    return pp_export_heap_text(a, &x, known ? &ms : NULL, o, err);
}

/* ?rate= and ?fraction= of a window in which waits are recorded: from 1, also the default. False: answered. */
static bool wait_rate(const struct pp_http_request *rq, struct pp_http_response *rs, enum pp_export_kind kind, uint64_t *ret_rate)
{
    const char *key = kind == PP_EXPORT_BLOCK ? "rate" : "fraction";
    pp_str text = query(rq, rs, key);
    int64_t rate = 1;
    bool fine = !text.n || (pp_endpoint_parse_int(text, &rate) && rate >= 1 && (kind == PP_EXPORT_BLOCK || rate <= UINT32_MAX));
    if (!fine) serve_error(rs, 400, pp_arena_fmt(rs->arena, "invalid value for \"%s\" - must be a positive integer", key).p);
    *ret_rate = (uint64_t)rate;
    return fine;
}

/* Sleeps; of waits, records them meanwhile. */
static bool pass_window(const struct pp_target *t, enum pp_export_kind kind, uint64_t rate, int64_t ns, int fd)
{
    if (is_wait(kind)) pp_ledger_open_waits(&t->ledger, pp_export_buckets_of(kind), rate);
    bool whole = t->sleep(t->ctx, ns, fd);
    if (is_wait(kind)) pp_ledger_close_waits(&t->ledger, pp_export_buckets_of(kind));
    return whole;
}

/* profile.proto of what happened in `seconds` from now. */
static void serve_delta(const struct pp_target *t, const struct pp_http_request *rq, struct pp_http_response *rs,
                        pp_str name, enum pp_export_kind kind)
{
    struct pp_err err = {0};
    struct pp_thread_dump first = {0}, second = {0};
    struct pp_export_snapshot before;
    struct pp_export_request x = request_of(t, kind);
    pp_str bytes;
    int64_t seconds, start = x.time_ns, debug;
    uint64_t rate = 0;
    if (!pp_endpoint_parse_int(query(rq, rs, "seconds"), &seconds) || seconds <= 0) {
        serve_error(rs, 400, "invalid value for \"seconds\" - must be a positive integer");
        return;
    }
    pp_endpoint_parse_int(query(rq, rs, "debug"), &debug);
    if (debug) {
        serve_error(rs, 400, "seconds and debug params are incompatible");
        return;
    }
    if (is_wait(kind) && !wait_rate(rq, rs, kind, &rate)) return;
    if (collect(t, rs->arena, &x, &first, &err) ||
        pp_export_snapshot(rs->arena, &t->ledger, kind, &first, &before, &err)) {
        collect_failed(rs, &err);
        return;
    }
    if (!pass_window(t, kind, rate, seconds_to_ns(seconds), rq->fd)) {
        serve_error(rs, 500, "context canceled");
        return;
    }
    x = request_of(t, kind);
    x.since = &before;
    x.duration_ns = x.time_ns - start;
    if (collect(t, rs->arena, &x, &second, &err) || pp_export_profile(rs->arena, &x, &bytes, &err))
        collect_failed(rs, &err);
    else
        send_profile(rs, pp_arena_fmt(rs->arena, "%.*s-delta", PP_FMT(name)).p, bytes);
}

static void serve_kind(const struct pp_target *t, const struct pp_http_request *rq, struct pp_http_response *rs,
                       pp_str name, enum pp_export_kind kind)
{
    struct pp_err err = {0};
    int64_t debug;
    if (t->no_heap.n && is_heap(kind)) {
        serve_error(rs, 501, pp_arena_c(rs->arena, t->no_heap));
        return;
    }
    if (query(rq, rs, "seconds").n) {
        serve_delta(t, rq, rs, name, kind);
        return;
    }
    pp_endpoint_parse_int(query(rq, rs, "debug"), &debug);
    pp_http_set(rs, "Content-Type", debug ? TEXT_PLAIN : "application/octet-stream");
    if (!debug)
        pp_http_set(rs, "Content-Disposition",
                    pp_arena_fmt(rs->arena, "attachment; filename=\"%.*s\"", PP_FMT(name)).p);
    if (!write_kind(t, rs->arena, kind, debug, &rs->body, &err)) return;
    rs->aborted = rs->body.flushed_bytes > 0;
    rs->body.n = 0; /* nothing has left yet, or nothing more may */
    if (!rs->aborted) collect_failed(rs, &err);
}

enum pp_code pp_endpoint_write_profile(const struct pp_target *t, struct pp_arena *a, pp_str name, int debug,
                                       const struct pp_endpoint_window *window, struct pp_out *o, struct pp_err *err)
{
    enum pp_export_kind kind;
    pp_str bytes;
    if (find_kind(name, &kind)) {
        if (t->no_heap.n && is_heap(kind))
            return pp_fail(err, PP_E_UNSUPPORTED, "%.*s", PP_FMT(t->no_heap));
        return write_kind(t, a, kind, debug, o, err);
    }
    if (!window || (!pp_str_eq_c(name, "profile") && !pp_str_eq_c(name, "cpu")))
        return pp_fail(err, PP_E_NOTFOUND, "Unknown profile");
    t->refresh(t->ctx);
    struct pp_export_request x = request_of(t, PP_EXPORT_CPU);
    x.time_ns = window->start_ns;
    x.duration_ns = window->duration_ns;
    x.cpu_hz = window->hz;
    enum pp_code c = pp_export_profile(a, &x, &bytes, err);
    if (!c) pp_out_str(o, bytes);
    return c;
}
