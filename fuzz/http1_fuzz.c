// SPDX-License-Identifier: Apache-2.0
// fuzz: src/http1/request.c src/http1/response.c src/http1/access.c src/http1/listen.c src/base/arena.c src/base/err.c src/base/fmt.c src/base/out.c src/base/pages.c src/base/str.c src/base/vec.c
/* The request reader: whole at once and in pieces give the same; what is ready stays within the bytes and the limits; the access
 * rule and queries take whatever was read. First byte: size of the pieces. */
#include <stdlib.h>
#include <string.h>

#include "http1/access.h"

#define CHECK(x) ((x) ? (void)0 : abort())

static void use(const struct pp_http_request *rq, pp_str bytes, struct pp_arena *a)
{
    struct pp_http_access acc = {.token = PP_STR("token")};
    struct pp_http_response rs;
    pp_str value;
    CHECK(rq->n_headers <= PP_HTTP_HEADER_COUNT_MAX && rq->body.n <= PP_HTTP_BODY_MAX && rq->path.n > 0);
    CHECK(rq->body.n == 0 || (rq->body.p >= bytes.p && rq->body.p + rq->body.n <= bytes.p + bytes.n));
    for (size_t i = 0; i < rq->n_headers; i++) {
        CHECK(rq->headers[i].name.n > 0);
        CHECK(memchr(rq->headers[i].value.p, '\n', rq->headers[i].value.n) == NULL);
    }
    pp_http_response_init(&rs, a);
    if (!pp_http_allow(&acc, rq, &rs)) CHECK(rs.status == 401 || rs.status == 403);
    acc.token = PP_STR("");
    pp_http_response_init(&rs, a);
    pp_http_allow(&acc, rq, &rs);
    pp_http_query(a, rq->raw_query, "seconds", &value);
}

/* Each step sees a block of exactly the bytes so far. */
static enum pp_http_step read_all(pp_str in, size_t piece, struct pp_http_reader *rd, struct pp_http_request *rq, struct pp_arena *a)
{
    enum pp_http_step step = PP_HTTP_MORE;
    for (size_t n = 0; step == PP_HTTP_MORE && n < in.n;) {
        n = n + piece < in.n ? n + piece : in.n;
        char *copy = malloc(n);
        memcpy(copy, in.p, n);
        step = pp_http_read(rd, (pp_str){copy, n}, a, rq);
        if (step == PP_HTTP_READY) {
            CHECK(rd->used <= n && rd->used >= rd->head_end);
            use(rq, (pp_str){copy, n}, a);
        }
        if (step == PP_HTTP_REFUSED) CHECK(rd->status >= 400 && rd->status <= 505);
        free(copy);
    }
    return step;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct pp_http_request rq;
    struct pp_http_reader whole = {0}, cut = {0};
    struct pp_arena a = {.max_bytes = 1 << 20};
    if (size < 2) return 0;
    pp_str in = {(const char *)data + 1, size - 1};
    enum pp_http_step step = read_all(in, in.n, &whole, &rq, &a);
    enum pp_http_step again = read_all(in, data[0] % 40 + 1, &cut, &rq, &a);
    CHECK(step == again && whole.used == cut.used && whole.status == cut.status);
    pp_arena_release(&a);
    return 0;
}
