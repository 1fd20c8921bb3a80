// SPDX-License-Identifier: Apache-2.0
#include "profile/pair.h"

#include <pthread.h>
#include <stddef.h>

struct second {
    void (*work)(void *part);
    void *part;
};

static void *run_second(void *ctx)
{
    const struct second *s = ctx;
    s->work(s->part);
    return NULL;
}

void pp_pair_run(void (*work)(void *part), void *first, void *second)
{
    struct second s = {work, second};
    pthread_t thread;
    int refused = pthread_create(&thread, NULL, run_second, &s);
    work(first);
    if (refused)
        work(second);
    else
        pthread_join(thread, NULL);
}
