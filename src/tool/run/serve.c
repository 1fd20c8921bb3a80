// SPDX-License-Identifier: Apache-2.0
#include "tool/run/serve.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include "endpoint/endpoint.h"
#include "http1/front.h"
#include "http1/listen.h"
#include "tool/ui.h"

#define WORKER_STACK ((size_t)512 << 10)

struct pp_run_server {
    struct pp_http_address address;
    int listener;
    char url[PP_HTTP_ADDRESS_MAX];
    struct pp_http_server http;
    struct pp_http_front *front;
    pthread_t thread;
};

enum pp_code pp_run_listen(struct pp_arena *a, const struct pp_run_options *o, struct pp_run_server **ret, struct pp_err *err)
{
    struct pp_run_server *s = PP_NEW(a, struct pp_run_server);
    enum pp_code c = pp_http_parse_address(o->http, &s->address, err);
    if (!c) c = pp_http_listen(&s->address, o->token.n > 0, 0, &s->listener, err);
    if (c) return c;
    pp_http_url(&s->address, s->url);
    s->http.access = (struct pp_http_access){.token = o->token, .unix_socket = s->address.u.sa.sa_family == AF_UNIX};
    *ret = s;
    return PP_OK;
}

struct work {
    struct pp_http_front *front;
    struct pp_http_conn *conn;
};

static void *work(void *arg)
{
    struct work w = *(struct work *)arg;
    free(arg);
    pp_http_front_work(w.front, w.conn);
    return NULL;
}

static bool spawn(void *ctx, struct pp_http_front *front, struct pp_http_conn *conn)
{
    (void)ctx;
    struct work *w = malloc(sizeof *w);
    if (!w) return false;
    *w = (struct work){front, conn};
    pthread_attr_t attr;
    pthread_t thread;
    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attr, WORKER_STACK);
    bool started = pthread_create(&thread, &attr, work, w) == 0;
    pthread_attr_destroy(&attr);
    if (!started) free(w);
    return started;
}

static void *run_front(void *arg)
{
    struct pp_run_server *s = arg;
    pp_http_front_run(s->front);
    return NULL;
}

enum pp_code pp_run_serve(struct pp_run_server *s, const struct pp_target *target, struct pp_err *err)
{
    s->http.handle = pp_endpoint_handler;
    s->http.ctx = (void *)target;
    struct pp_http_front_options options = {.server = &s->http, .listen_fd = s->listener, .spawn = spawn};
    enum pp_code c = pp_http_front_new(&options, &s->front, err);
    if (c) return c;
    int failed = pthread_create(&s->thread, NULL, run_front, s);
    return failed ? pp_fail(err, PP_E_IO, "no thread to serve HTTP: %s", pp_errno_text(failed)) : PP_OK;
}

const char *pp_run_server_url(const struct pp_run_server *s)
{
    return s->url;
}

void pp_run_server_stop(struct pp_run_server *s)
{
    pp_http_front_stop(s->front);
    pthread_join(s->thread, NULL);
    pp_http_unlisten(&s->address, s->listener);
}
