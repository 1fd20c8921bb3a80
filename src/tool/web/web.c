// SPDX-License-Identifier: Apache-2.0
#include "tool/web/web.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "profile/labels.h"
#include "tool/output.h"
#include "tool/progress.h"
#include "tool/ui.h"
#include "tool/web/access.h"
#include "tool/web/address.h"
#include "tool/web/mhd.h"
#include "tool/web/site.h"

#define IDLE_SECONDS 60 /* until a connection that says nothing, or takes nothing, is closed */
#define CONNECTIONS_MAX 1000
#define THREADS 4

struct server {
    const struct pp_mhd *mhd;
    struct pp_site site;
    bool local_only;
    pthread_mutex_t lock; /* one report at a time: it may take all memory bandwidth, and says things on stderr */
};

/* Of one request, until its end. */
struct request {
    bool begun; /* an answer before the second call of handle() would close the connection */
    char target[];
};

/* Before the target is taken apart. NULL when there is no memory. */
static void *keep_target(void *ctx, const char *target, struct MHD_Connection *connection)
{
    (void)ctx;
    (void)connection;
    size_t n = strlen(target) + 1;
    struct request *r = malloc(sizeof *r + n);
    if (!r) return NULL;
    r->begun = false;
    memcpy(r->target, target, n);
    return r;
}

static void forget_target(void *ctx, struct MHD_Connection *connection, void **request,
                          enum MHD_RequestTerminationCode why)
{
    (void)ctx;
    (void)connection;
    (void)why;
    free(*request);
    *request = NULL;
}

static bool is_local_client(const struct server *s, struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info = s->mhd->get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    if (!info || !info->client_addr) return false;
    if (info->client_addr->sa_family == AF_INET6) {
        struct sockaddr_in6 in6;
        memcpy(&in6, info->client_addr, sizeof in6);
        return IN6_IS_ADDR_LOOPBACK(&in6.sin6_addr);
    }
    struct sockaddr_in in4;
    memcpy(&in4, info->client_addr, sizeof in4);
    return in4.sin_addr.s_addr == htonl(INADDR_LOOPBACK);
}

static void add(const struct server *s, struct MHD_Response *response, const char *name, const char *value)
{
    if (value) s->mhd->add_response_header(response, name, value);
}

static enum MHD_Result send_answer(const struct server *s, struct pp_arena *a, struct MHD_Connection *connection,
                                   const struct pp_site_answer *answer)
{
    enum MHD_ResponseMemoryMode mode = answer->is_asset ? MHD_RESPMEM_PERSISTENT : MHD_RESPMEM_MUST_COPY;
    struct MHD_Response *r =
        s->mhd->create_response_from_buffer(answer->body.n, (void *)(uintptr_t)answer->body.p, mode);
    if (!r) return MHD_NO;
    add(s, r, "Content-Type", answer->content_type);
    add(s, r, "X-Content-Type-Options", answer->nosniff ? "nosniff" : NULL);
    add(s, r, "Location", answer->location.n ? pp_arena_c(a, answer->location) : NULL);
    add(s, r, "Content-Disposition", answer->disposition.n ? pp_arena_c(a, answer->disposition) : NULL);
    if (answer->is_page) {
        /* Nothing from elsewhere; the frame of the source page brings its own script and style. */
        add(s, r, "Content-Security-Policy",
            "default-src 'self'; style-src 'self' 'unsafe-inline'; script-src 'self' 'unsafe-inline'; "
            "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
        add(s, r, "Referrer-Policy", "no-referrer");
    }
    add(s, r, "Cache-Control", "no-cache");
    enum MHD_Result done = s->mhd->queue_response(connection, answer->status, r);
    s->mhd->destroy_response(r);
    return done;
}

static pp_str header(const struct server *s, struct MHD_Connection *connection, const char *name)
{
    return pp_str_c(s->mhd->lookup_connection_value(connection, MHD_HEADER_KIND, name));
}

static void answer_request(struct server *s, struct pp_arena *a, struct MHD_Connection *connection,
                           const struct pp_site_request *rq, struct pp_site_answer *ret_answer)
{
    if (s->local_only && !is_local_client(s, connection)) {
        *ret_answer = (struct pp_site_answer){.status = 403,
                                              .content_type = "text/plain; charset=utf-8",
                                              .nosniff = true,
                                              .body = PP_STR("permission denied\n")};
        return;
    }
    pthread_mutex_lock(&s->lock);
    pp_site_answer(a, &s->site, rq, ret_answer);
    pthread_mutex_unlock(&s->lock);
}

/* Called with the header, for each piece of a body, and at the end. */
static enum MHD_Result handle(void *ctx, struct MHD_Connection *connection, const char *url, const char *method,
                              const char *version, const char *upload, size_t *upload_n, void **request)
{
    struct server *s = ctx;
    struct request *r = *request;
    (void)url;
    (void)version;
    (void)upload;
    if (!r) return MHD_NO;
    if (!r->begun || *upload_n) { /* nothing here reads a body */
        r->begun = true;
        *upload_n = 0;
        return MHD_YES;
    }
    struct pp_arena a;
    struct pp_site_answer answer = {0};
    const struct pp_site_request rq = {.method = pp_str_c(method),
                                       .target = pp_str_c(r->target),
                                       .host = header(s, connection, "Host"),
                                       .origin = header(s, connection, "Origin"),
                                       .fetch_site = header(s, connection, "Sec-Fetch-Site")};
    pp_arena_init(&a, 0, s->site.oom);
    answer_request(s, &a, connection, &rq, &answer);
    enum MHD_Result done = send_answer(s, &a, connection, &answer);
    pp_arena_release(&a);
    return done;
}

static enum pp_code start(struct server *s, int fd, struct pp_err *err)
{
    const struct MHD_OptionItem options[] = {
        {MHD_OPTION_LISTEN_SOCKET, fd, NULL},
        {MHD_OPTION_THREAD_POOL_SIZE, THREADS, NULL},
        {MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_MAX, NULL},
        {MHD_OPTION_CONNECTION_TIMEOUT, IDLE_SECONDS, NULL},
        {MHD_OPTION_URI_LOG_CALLBACK, (intptr_t)keep_target, NULL},
        {MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)forget_target, NULL},
        {MHD_OPTION_END, 0, NULL},
    };
    const struct MHD_Daemon *daemon = s->mhd->start_daemon(MHD_USE_AUTO | MHD_USE_INTERNAL_POLLING_THREAD, 0, NULL,
                                                           NULL, handle, s, MHD_OPTION_ARRAY, options, MHD_OPTION_END);
    return daemon ? PP_OK : pp_fail(err, PP_E_STATE, "the web server can't be started");
}

/* Gives the server a little time, then opens the page; where no browser starts, says its address. */
static void open_browser(struct pp_arena *a, pp_str url, const struct pp_config *config)
{
    struct pp_query none = {0};
    bool changed;
    pp_str query = pp_query_of_config(a, &none, config, &changed);
    if (changed) url = pp_arena_join(a, url, query);
    nanosleep(&(struct timespec){.tv_nsec = 500000000}, NULL);
    if (!pp_output_open_browser(a, url)) pp_ui_warn("%.*s", PP_FMT(url));
}

enum pp_code pp_web_run(struct pp_arena *a, struct pp_profile *p, const struct pp_cmdline *c, struct pp_err *err)
{
    struct pp_web_address address;
    struct server s = {.site = {.profile = p, .config = c->config, .oom = a->oom}, .lock = PTHREAD_MUTEX_INITIALIZER};
    int fd;
    enum pp_code code = pp_web_address_parse(c->source.http, &address, err);
    if (code || (code = pp_mhd_load(&s.mhd, err))) return code;
    pp_progress_end();
    pp_output_in_shell();
    code = pp_web_listen(a, &address, &fd, err);
    pp_str url = pp_arena_join(a, PP_STR("http://"), pp_web_address_text(a, &address));
    pp_ui_print("Serving web UI on %.*s", PP_FMT(url));
    if (code) return code;
    pp_labels_drop_lost(p);
    s.site.own_host = address.host;
    s.site.allowed_hosts = c->source.http_allow_host;
    s.local_only = pp_web_is_localhost(address.host);
    if ((code = start(&s, fd, err))) return code;
    if (isatty(STDOUT_FILENO) && !c->source.no_browser) open_browser(a, url, &c->config);
    for (;;)
        pause();
}
