// SPDX-License-Identifier: Apache-2.0
#include "http1/front.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "http1/listen.h"

struct scene {
    struct pp_http_server server;
    struct pp_http_front_options opt;
    struct pp_http_front *front;
    struct pp_http_address addr;
    pthread_t thread;
    _Atomic int n_open, n_spawned, n_slow;
    int workers_max;
};

static int64_t now_ms(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void handle(void *ctx, const struct pp_http_request *rq, struct pp_http_response *rs)
{
    struct scene *s = ctx;
    if (pp_str_eq_c(rq->path, "/slow")) {
        atomic_fetch_add(&s->n_slow, 1);
        pp_http_sleep(150 * 1000000, -1, NULL);
    }
    pp_out_fmt(&rs->body, "%.*s", PP_FMT(rq->path));
}

struct job {
    struct pp_http_front *front;
    struct pp_http_conn *conn;
};

static void *work(void *arg)
{
    struct job j = *(struct job *)arg;
    free(arg);
    pp_http_front_work(j.front, j.conn);
    return NULL;
}

static bool spawn(void *ctx, struct pp_http_front *front, struct pp_http_conn *conn)
{
    struct scene *s = ctx;
    if (s->workers_max && atomic_load(&s->n_spawned) >= s->workers_max) return false;
    struct job *j = malloc(sizeof *j);
    *j = (struct job){front, conn};
    pthread_t t;
    atomic_fetch_add(&s->n_spawned, 1);
    if (pthread_create(&t, NULL, work, j)) return false;
    pthread_detach(t);
    return true;
}

static void opened(void *ctx, int fd)
{
    assert_true(fd >= 300);
    atomic_fetch_add(&((struct scene *)ctx)->n_open, 1);
}

static void closed(void *ctx, int fd)
{
    (void)fd;
    atomic_fetch_sub(&((struct scene *)ctx)->n_open, 1);
}

static void *run(void *front)
{
    pp_http_front_run(front);
    return NULL;
}

static void begin(struct scene *s)
{
    struct pp_err err;
    s->server.handle = handle;
    s->server.ctx = s;
    assert_int_equal(pp_http_parse_address(PP_STR("127.0.0.1:0"), &s->addr, &err), PP_OK);
    assert_int_equal(pp_http_listen(&s->addr, false, 0, &s->opt.listen_fd, &err), PP_OK);
    s->opt.server = &s->server;
    s->opt.ctx = s;
    s->opt.fd_floor = 300;
    s->opt.fd_opened = opened;
    s->opt.fd_closed = closed;
    assert_int_equal(pp_http_front_new(&s->opt, &s->front, &err), PP_OK);
    assert_int_equal(pthread_create(&s->thread, NULL, run, s->front), 0);
}

static void end(struct scene *s)
{
    pp_http_front_stop(s->front);
    pthread_join(s->thread, NULL);
    pp_http_front_free(s->front);
    assert_int_equal(s->n_open, 0);
    pp_http_unlisten(&s->addr, s->opt.listen_fd);
}

static int dial(struct scene *s)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct timeval five = {.tv_sec = 5};
    assert_true(fd >= 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &five, sizeof five);
    assert_int_equal(connect(fd, &s->addr.u.sa, s->addr.len), 0);
    return fd;
}

static void ask(int fd, const char *path)
{
    char text[256];
    int n = snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", path);
    assert_int_equal(send(fd, text, (size_t)n, MSG_NOSIGNAL), n);
}

/* One answer with a short body; its status. */
static int answer(int fd)
{
    char text[1024];
    size_t n = 0;
    char *body = NULL;
    for (ssize_t r; (r = recv(fd, text + n, sizeof text - 1 - n, 0)) > 0;) {
        n += (size_t)r;
        text[n] = 0;
        char *length = strstr(text, "Content-Length: ");
        if ((body = strstr(text, "\r\n\r\n")) && length && strlen(body + 4) >= strtoul(length + 16, NULL, 10)) break;
    }
    return body ? atoi(text + 9) : 0;
}

static bool is_closed(int fd)
{
    char c;
    return recv(fd, &c, 1, MSG_DONTWAIT) == 0 || errno != EAGAIN;
}

static void keeps_a_thousand_idle_connections(void **state)
{
    (void)state;
    struct rlimit rl;
    getrlimit(RLIMIT_NOFILE, &rl);
    rl.rlim_cur = rl.rlim_max < 4096 ? rl.rlim_max : 4096;
    setrlimit(RLIMIT_NOFILE, &rl);
    if (rl.rlim_cur < 2500) skip();
    struct scene s = {.opt.spawn = spawn};
    static int fds[1000];
    begin(&s);
    for (int i = 0; i < 1000; i++)
        fds[i] = dial(&s);
    ask(fds[0], "/a"); /* some have asked before, some have sent half a request */
    assert_int_equal(answer(fds[0]), 200);
    for (int i = 1; i < 500; i++)
        assert_int_equal(send(fds[i], "GET /", 5, 0), 5);
    int64_t start = now_ms();
    for (int i = 0; i < 20; i++) {
        ask(fds[500 + i], "/b");
        assert_int_equal(answer(fds[500 + i]), 200);
    }
    assert_true(now_ms() - start < 2000);
    assert_int_equal(pp_http_front_connections(s.front), 1000);
    assert_int_equal(s.n_spawned, 21);
    assert_int_equal(send(fds[1], " HTTP/1.1\r\nHost: localhost\r\n\r\n", 30, 0), 30);
    assert_int_equal(answer(fds[1]), 200);
    for (int i = 0; i < 1000; i++)
        close(fds[i]);
    end(&s);
}

static void the_oldest_makes_room(void **state)
{
    (void)state;
    struct scene s = {.opt.connections_max = 10, .opt.spawn = spawn};
    int fds[12];
    begin(&s);
    for (int i = 0; i < 10; i++) {
        fds[i] = dial(&s);
        ask(fds[i], "/");
        assert_int_equal(answer(fds[i]), 200);
        usleep(2000);
    }
    ask(fds[0], "/"); /* the second is the oldest now */
    assert_int_equal(answer(fds[0]), 200);
    for (int i = 10; i < 12; i++) {
        fds[i] = dial(&s);
        ask(fds[i], "/");
        assert_int_equal(answer(fds[i]), 200);
    }
    assert_int_equal(pp_http_front_connections(s.front), 10);
    for (int i = 0; i < 12; i++)
        assert_int_equal(is_closed(fds[i]), i == 1 || i == 2);
    for (int i = 0; i < 12; i++)
        close(fds[i]);
    end(&s);
}

static void a_slow_answer_holds_up_nobody(void **state)
{
    (void)state;
    struct scene s = {.opt.spawn = spawn};
    begin(&s);
    int slow = dial(&s), quick = dial(&s);
    int64_t start = now_ms();
    ask(slow, "/slow");
    while (!atomic_load(&s.n_slow))
        usleep(100);
    ask(quick, "/quick");
    assert_int_equal(answer(quick), 200);
    assert_true(now_ms() - start < 140);
    assert_int_equal(answer(slow), 200);
    ask(slow, "/slow"); /* stop waits for it */
    while (atomic_load(&s.n_slow) < 2)
        usleep(100);
    pp_http_front_stop(s.front);
    assert_int_equal(answer(slow), 200);
    close(slow);
    close(quick);
    end(&s);
}

static void without_a_worker_it_says_503(void **state)
{
    (void)state;
    struct scene s = {.opt.spawn = spawn, .workers_max = 1};
    begin(&s);
    int slow = dial(&s), quick = dial(&s);
    ask(slow, "/slow");
    while (!atomic_load(&s.n_slow))
        usleep(100);
    ask(quick, "/quick");
    assert_int_equal(answer(quick), 503);
    assert_int_equal(answer(slow), 200);
    close(slow);
    close(quick);
    end(&s);
}

static void works_itself_and_leaves_when_idle(void **state)
{
    (void)state;
    struct scene s = {.opt.exit_when_idle_ms = 50, .opt.idle_may_close = true};
    begin(&s);
    int fd = dial(&s);
    const char two[] = "GET /a HTTP/1.1\r\nHost: localhost\r\n\r\nGET /b HTTP/1.1\r\nHost: localhost\r\n\r\nGET /c HT";
    assert_int_equal(send(fd, two, sizeof two - 1, 0), sizeof two - 1);
    char text[1024] = "";
    size_t n = 0;
    while (!strstr(text, "/b") && n < sizeof text - 1) {
        ssize_t r = recv(fd, text + n, sizeof text - 1 - n, 0);
        assert_true(r > 0);
        text[n += (size_t)r] = 0;
    }
    usleep(120000); /* half a request keeps it */
    assert_false(is_closed(fd));
    assert_int_equal(send(fd, "TP/1.1\r\nHost: localhost\r\n\r\n", 27, 0), 27);
    assert_int_equal(answer(fd), 200);
    int64_t start = now_ms();
    pthread_join(s.thread, NULL); /* a silent one does not */
    assert_in_range(now_ms() - start, 30, 1000);
    pthread_create(&s.thread, NULL, run, s.front); /* for end() */
    close(fd);
    end(&s);
}

static void slow_and_broken_clients_are_told(void **state)
{
    (void)state;
    struct scene s = {.server.limits = {.header_ms = 80}, .opt.spawn = spawn};
    begin(&s);
    int silent = dial(&s), half = dial(&s), broken = dial(&s);
    assert_int_equal(send(half, "GET / HT", 8, 0), 8);
    assert_int_equal(send(broken, "nonsense\r\n\r\n", 12, 0), 12);
    assert_int_equal(answer(broken), 400);
    assert_int_equal(answer(half), 408);
    assert_int_equal(answer(silent), 0);
    close(silent);
    close(half);
    close(broken);
    end(&s);
}

static void buffers_have_a_common_limit(void **state)
{
    (void)state;
    struct scene s = {.opt.buffers_max = 40 << 10, .opt.spawn = spawn};
    static char big[30000];
    memset(big, 'x', sizeof big);
    memcpy(big, "GET / HTTP/1.1\r\nX: ", 19);
    begin(&s);
    int first = dial(&s), second = dial(&s);
    assert_int_equal(send(first, big, sizeof big, 0), sizeof big);
    usleep(50000);
    assert_int_equal(send(second, big, sizeof big, 0), sizeof big);
    assert_int_equal(answer(second), 503);
    assert_int_equal(send(first, "\r\nHost: localhost\r\n\r\n", 21, 0), 21);
    assert_int_equal(answer(first), 200);
    close(first);
    close(second);
    end(&s);
}

/* The guest closed our descriptor and got its number for a file of its own. */
static void a_reused_number_is_left_alone(void **state)
{
    (void)state;
    struct scene s = {.opt.spawn = spawn};
    begin(&s);
    int fd = dial(&s), ours = -1, fds[2];
    ask(fd, "/");
    assert_int_equal(answer(fd), 200);
    for (int i = 300; i < 400; i++) { /* the accepted one has fd's address as peer */
        struct sockaddr_in me, peer;
        socklen_t n = sizeof me, m = sizeof peer;
        getsockname(fd, (struct sockaddr *)&me, &n);
        if (getpeername(i, (struct sockaddr *)&peer, &m) == 0 && peer.sin_port == me.sin_port) ours = i;
    }
    assert_true(ours >= 300);
    assert_int_equal(pipe(fds), 0);
    assert_int_equal(dup2(fds[0], ours), ours);
    assert_int_equal(write(fds[1], "guest's", 7), 7);
    int other = dial(&s);
    ask(other, "/");
    assert_int_equal(answer(other), 200);
    char text[8] = "";
    assert_int_equal(read(ours, text, 7), 7);
    assert_string_equal(text, "guest's");
    close(fd);
    close(other);
    end(&s);
    assert_int_equal(write(fds[1], "x", 1), 1);
    assert_int_equal(read(ours, text, 1), 1); /* still open after all */
    close(ours);
    close(fds[0]);
    close(fds[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_a_thousand_idle_connections), cmocka_unit_test(the_oldest_makes_room),
        cmocka_unit_test(a_slow_answer_holds_up_nobody),     cmocka_unit_test(without_a_worker_it_says_503),
        cmocka_unit_test(works_itself_and_leaves_when_idle), cmocka_unit_test(slow_and_broken_clients_are_told),
        cmocka_unit_test(buffers_have_a_common_limit),       cmocka_unit_test(a_reused_number_is_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
