// SPDX-License-Identifier: Apache-2.0
/* All endpoints served by a thread that libc doesn't know. Its thread pointer leads to the start of a zero page behind an unmapped
 * one: a thread-local variable (errno, malloc's cache) lies below it and is death by SIGSEGV; above it only the word that
 * stack protectors compare (libdeflate of distributions has them) may be read, nothing may be written. */
#include "endpoint/endpoint.h"

#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/syscall.h"
#include "export/fixture.h"
#include "http1/server.h"
#include "wire/gzip.h"

#define STACK_SIZE ((size_t)256 << 10)
#define STACK_BUDGET ((size_t)48 << 10) /* what a guest's agent has to give us */

static struct fixture f;
static struct pp_target target;
static struct pp_http_server server;
static int fds[2];
static _Atomic int done;

static enum pp_code cpu_start(void *ctx, int hz, struct pp_err *err)
{
    (void)ctx, (void)hz, (void)err;
    return PP_OK;
}

static enum pp_code cpu_stop(void *ctx, struct pp_err *err)
{
    (void)ctx, (void)err;
    return PP_OK;
}

static const uint64_t pcs[] = {MALLOC_USER, PARSE, MAIN};

static enum pp_code threads(void *ctx, struct pp_arena *a, struct pp_thread_dump *ret, struct pp_err *err)
{
    (void)ctx, (void)err;
    struct pp_thread_info *t = PP_NEW(a, struct pp_thread_info);
    *t = (struct pp_thread_info){.generation = 4, .serial = 1, .state = "select", .pcs = pcs, .n_pcs = 3};
    *ret = (struct pp_thread_dump){t, 1};
    return PP_OK;
}

static void refresh(void *ctx) { (void)ctx; }

static pp_str cmdline(void *ctx, struct pp_arena *a)
{
    (void)ctx, (void)a;
    return PP_STR("/app/server");
}

static bool sleep_briefly(void *ctx, int64_t ns, int fd)
{
    (void)ctx;
    return pp_http_sleep(ns / 1000, fd, NULL);
}

static int64_t now_ns(void *ctx)
{
    struct timespec ts;
    (void)ctx;
    pp_sys(SYS_clock_gettime, CLOCK_REALTIME, &ts);
    return ts.tv_sec * 1000000000 + ts.tv_nsec;
}

#ifndef __has_feature
#define __has_feature(x) 0
#endif
#if defined(__x86_64__) && !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer) && \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define CAN_RUN 1
#else
#define CAN_RUN 0 /* sanitizers keep state in thread-local storage */
#endif

static char *thread_page;

static _Noreturn void leave(void)
{
    for (;;)
        pp_sys(SYS_exit, 0);
}

static int serve(void *arg)
{
    (void)arg;
#if CAN_RUN
    pp_sys(SYS_arch_prctl, 0x1002 /* ARCH_SET_FS */, thread_page);
#endif
    pp_http_serve_connection(fds[1], &server);
    atomic_store(&done, 1);
    leave();
}

static const char requests[] =
    "GET /debug/pprof/ HTTP/1.1\r\nHost: localhost\r\n\r\n"
    "GET /debug/pprof/cmdline HTTP/1.1\r\nHost: localhost\r\n\r\n"
    "GET /debug/pprof/symbol?0x401010 HTTP/1.1\r\nHost: localhost\r\n\r\n"
    "GET /debug/pprof/profile?seconds=1 HTTP/1.1\r\nHost: localhost\r\n\r\n"
    "GET /debug/pprof/heap HTTP/1.1\r\nHost: localhost\r\n\r\n"
    "GET /debug/pprof/heap?seconds=1 HTTP/1.1\r\nHost: localhost\r\n\r\n"
    "GET /debug/pprof/heap?debug=1 HTTP/1.1\r\nHost: localhost\r\n\r\n"
    "GET /debug/pprof/block HTTP/1.1\r\nHost: localhost\r\n\r\n"
    "GET /debug/pprof/block?seconds=1&rate=5 HTTP/1.1\r\nHost: localhost\r\n\r\n"
    "GET /debug/pprof/mutex?debug=1 HTTP/1.1\r\nHost: localhost\r\n\r\n"
    "GET /debug/pprof/goroutine HTTP/1.1\r\nHost: localhost\r\n\r\n"
    "GET /debug/pprof/goroutine?debug=1 HTTP/1.1\r\nHost: localhost\r\n\r\n"
    "GET /debug/pprof/goroutine?debug=2 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

static unsigned count_answers(const char *text, size_t n)
{
    unsigned count = 0;
    for (size_t i = 0; i + 15 < n; i++)
        count += memcmp(text + i, "HTTP/1.1 200 OK", 15) == 0;
    return count;
}

static void serves_without_tls_and_with_little_stack(void **state)
{
    (void)state;
    if (!CAN_RUN) skip();
    char *stack = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(stack != MAP_FAILED);
    memset(stack, 0xa5, STACK_SIZE);
    char *two = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(two != MAP_FAILED);
    assert_int_equal(mprotect(two, 4096, PROT_NONE), 0);
    thread_page = two + 4096;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM;
    assert_true(clone(serve, stack + STACK_SIZE, flags, NULL) > 0);
    assert_int_equal(write(fds[0], requests, sizeof requests - 1), sizeof requests - 1);
    static char text[1 << 20];
    size_t n = 0;
    for (ssize_t r; (r = read(fds[0], text + n, sizeof text - n)) > 0;)
        n += (size_t)r;
    assert_int_equal(count_answers(text, n), 13);
    close(fds[0]);
    while (!atomic_load(&done))
        usleep(1000);
    usleep(20000); /* it leaves its stack */
    for (int i = 0; i < 4096; i++)
        assert_int_equal(thread_page[i], 0);
    size_t untouched = 0;
    while (untouched < STACK_SIZE && (unsigned char)stack[untouched] == 0xa5)
        untouched++;
    print_message("stack used: %zu bytes\n", STACK_SIZE - untouched);
    assert_true(STACK_SIZE - untouched < STACK_BUDGET);
    munmap(stack, STACK_SIZE);
    munmap(two, 8192);
}

int main(void)
{
    pp_gzip_use_pages();
    fixture_init(&f);
    fixture_cpu(&f, STACK(&f, 0, 4, PARSE, MAIN), 3);
    fixture_wait(&f, PP_KIND_BLOCK, PP_WAIT_LOCK, STACK(&f, 0, 4, PARSE, MAIN), 2.5, 1000);
    fixture_wait(&f, PP_KIND_MUTEX, PP_WAIT_NONE, STACK(&f, 0, 4, PARSE, MAIN), 2, 1000);
    for (uint64_t i = 0; i < 2000; i++)
        fixture_heap(&f, STACK(&f, 0, 4, HANDLE + i, PLUGIN + i * 7, MAIN), 16 + i, 3, 1);
    target = (struct pp_target){.ledger = f.ledger,
                                .symbols = &f.symbols,
                                .cpu_start = cpu_start,
                                .cpu_stop = cpu_stop,
                                .threads = threads,
                                .refresh = refresh,
                                .cmdline = cmdline,
                                .sleep = sleep_briefly,
                                .realtime_ns = now_ns,
                                .monotonic_ns = now_ns};
    server = (struct pp_http_server){.handle = pp_endpoint_handler, .ctx = &target, .access.token = {0}};
    const struct CMUnitTest tests[] = {cmocka_unit_test(serves_without_tls_and_with_little_stack)};
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    fixture_release(&f);
    return failed;
}
