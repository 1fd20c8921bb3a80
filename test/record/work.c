/* Two threads, a system call, a child that executes a shell: for recordings. */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile unsigned long sink;

__attribute__((noinline)) static void leaf_a(int n)
{
    for (int i = 0; i < n * 1000; i++)
        sink += (unsigned long)i * 3;
}

__attribute__((noinline)) static void leaf_b(int n)
{
    for (int i = 0; i < n * 1000; i++)
        sink ^= (unsigned long)i * 7;
}

__attribute__((noinline)) static void middle(int n)
{
    leaf_a(n);
    leaf_b(2 * n);
    sink++;
}

__attribute__((noinline)) static void read_zeros(int n)
{
    char b[4096];
    FILE *f = fopen("/dev/zero", "r");
    for (int i = 0; f && i < n; i++)
        sink += fread(b, 1, sizeof b, f);
    if (f) fclose(f);
}

static void *second(void *ctx)
{
    pthread_setname_np(pthread_self(), "second thread");
    for (int i = 0; i < 300; i++)
        middle(100);
    return ctx;
}

int main(void)
{
    pthread_t t;
    if (pthread_create(&t, NULL, second, NULL)) return 1;
    for (int i = 0; i < 300; i++) {
        middle(60);
        read_zeros(300);
    }
    if (fork() == 0) {
        for (int i = 0; i < 200; i++)
            middle(100);
        execl("/bin/sh", "sh", "-c", "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done", (char *)NULL);
        _exit(1);
    }
    wait(NULL);
    pthread_join(t, NULL);
    return 0;
}
