// SPDX-License-Identifier: Apache-2.0
#include "tool/progress.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/fmt.h"
#include "tool/ui.h"

#define PATIENCE_NS 500000000 /* nothing is said before */
#define TICK_NS 250000000
#define ERASE "\r\033[K"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t ended = PTHREAD_COND_INITIALIZER;
static pthread_t thread;
static bool running, visible;
static const char *work;
static struct timespec began;

static bool is_capable_terminal(void)
{
    const char *term = getenv("TERM");
    return isatty(STDERR_FILENO) && term && *term && strcmp(term, "dumb");
}

static struct timespec later(struct timespec t, long ns)
{
    t.tv_nsec += ns;
    t.tv_sec += t.tv_nsec / 1000000000;
    t.tv_nsec %= 1000000000;
    return t;
}

static void erase_locked(void)
{
    if (visible) pp_write_all(STDERR_FILENO, ERASE, sizeof ERASE - 1, NULL);
    visible = false;
}

static void draw_locked(void)
{
    char line[120];
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    size_t n = pp_fmt(line, sizeof line, ERASE "%s... (%lld s)", work, (long long)(now.tv_sec - began.tv_sec));
    pp_write_all(STDERR_FILENO, line, n < sizeof line ? n : sizeof line - 1, NULL);
    visible = true;
}

static void *watch(void *ctx)
{
    (void)ctx;
    pthread_mutex_lock(&lock);
    struct timespec next = later(began, PATIENCE_NS);
    while (running) {
        if (!pthread_cond_timedwait(&ended, &lock, &next)) continue;
        if (running) draw_locked();
        next = later(next, TICK_NS);
    }
    pthread_mutex_unlock(&lock);
    return NULL;
}

void pp_progress_begin(const char *what)
{
    pthread_mutex_lock(&lock);
    work = what;
    if (!running && is_capable_terminal()) {
        clock_gettime(CLOCK_REALTIME, &began); /* what a condition variable waits by */
        running = true;
        running = !pthread_create(&thread, NULL, watch, NULL);
    }
    pthread_mutex_unlock(&lock);
}

void pp_progress_erase(void)
{
    pthread_mutex_lock(&lock);
    erase_locked();
    pthread_mutex_unlock(&lock);
}

void pp_progress_end(void)
{
    pthread_mutex_lock(&lock);
    bool was_running = running;
    running = false;
    pthread_cond_signal(&ended);
    erase_locked();
    pthread_mutex_unlock(&lock);
    if (was_running) pthread_join(thread, NULL);
}
