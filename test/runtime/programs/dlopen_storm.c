// SPDX-License-Identifier: Apache-2.0
/* Threads that load, look through and unload a library as fast as they can, allocating meanwhile.   dlopen_storm [rounds] */
#include <dlfcn.h>
#include <link.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static int rounds = 1000;

static int look(struct dl_phdr_info *info, size_t size, void *ctx)
{
    (void)size;
    *(unsigned long *)ctx += info->dlpi_phnum;
    return 0;
}

static void *storm(void *arg)
{
    unsigned long seen = 0;
    for (int i = 0; i < rounds; i++) {
        void *h = dlopen("libz.so.1", RTLD_NOW);
        dl_iterate_phdr(look, &seen);
        if (h) dlclose(h);
        void *p = malloc(100000);
        free(p);
    }
    return seen ? arg : NULL;
}

int main(int argc, char **argv)
{
    pthread_t t[4];
    if (argc > 1) rounds = atoi(argv[1]);
    for (int i = 0; i < 4; i++) pthread_create(&t[i], NULL, storm, NULL);
    for (int i = 0; i < 4; i++) pthread_join(t[i], NULL);
    puts("OK");
    return 0;
}
