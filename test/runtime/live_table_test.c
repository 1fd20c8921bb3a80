// SPDX-License-Identifier: Apache-2.0
/* runtime/hooks/live: what is added is found once, by any thread, and nothing else is. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "runtime/hooks/live.h"

static const void *address(uint64_t i)
{
    return (const void *)(uintptr_t)(0x7f0000000000u + i * 16);
}

static const void *address_on_byte_of(const void *p)
{
    uint64_t i = 1;
    while (pp_live_filter_index(address(i)) != pp_live_filter_index(p)) i++;
    return address(i);
}

static void filter_is_empty(void)
{
    for (size_t i = 0; i < sizeof pp_live_filter; i++) assert_int_equal(pp_live_filter[i], 0);
}

static void test_found_once(void **state)
{
    (void)state;
    struct pp_live_object o = {0};
    assert_false(pp_live_maybe(address(7)));
    assert_true(pp_live_add(address(7), (struct pp_live_object){3, 100}));
    assert_true(pp_live_maybe(address(7)));
    assert_false(pp_live_remove(address(8), &o));
    assert_true(pp_live_remove(address(7), &o));
    assert_int_equal(o.bucket, 3);
    assert_int_equal(o.size, 100);
    assert_false(pp_live_remove(address(7), &o));
    filter_is_empty();
}

/* free(NULL), and what a broken guest may free: the marks of slots are no addresses, and the filter loses nothing. */
static void test_marks_are_no_addresses(void **state)
{
    (void)state;
    struct pp_live_object o = {77, 77};
    for (uintptr_t mark = 0; mark < 3; mark++) {
        const void *p = address_on_byte_of((const void *)mark);
        assert_true(pp_live_add(p, (struct pp_live_object){5, 50}));
        assert_true(pp_live_add(address(0), (struct pp_live_object){6, 60}));
        assert_true(pp_live_remove(address(0), &o)); /* leaves a slot that is GONE */
        o.bucket = 77;
        assert_true(pp_live_maybe((const void *)mark));
        assert_false(pp_live_remove((const void *)mark, &o));
        assert_int_equal(o.bucket, 77);
        assert_true(pp_live_maybe(p));
        assert_true(pp_live_remove(p, &o));
        assert_int_equal(o.bucket, 5);
    }
    filter_is_empty();
}

#define MANY 300000u /* several tables, bytes of the filter that several objects share */

static void test_many(void **state)
{
    (void)state;
    struct pp_live_object o = {0};
    for (uint32_t i = 0; i < MANY; i++) assert_true(pp_live_add(address(i * 5), (struct pp_live_object){i, i + 1}));
    for (uint32_t i = MANY; i-- > 0;) {
        assert_true(pp_live_maybe(address(i * 5)));
        assert_true(pp_live_remove(address(i * 5), &o));
        assert_int_equal(o.bucket, i);
    }
    filter_is_empty();
}

/* Threads hand objects to each other through a board, and free NULL in between, as programs do. */
#define THREADS 4
#define PLACES 5000
static _Atomic(uintptr_t) board[PLACES];
static _Atomic int n_wrong;

static void drop(uintptr_t p)
{
    struct pp_live_object o = {0};
    bool found = (!p || pp_live_maybe((const void *)p)) && pp_live_remove((const void *)p, &o);
    if (found != (p != 0) || (p && o.size != p)) atomic_fetch_add(&n_wrong, 1);
}

static void *trade(void *arg)
{
    uint64_t x = (uintptr_t)arg * 0x9e3779b97f4a7c15u, base = (uintptr_t)arg << 24;
    for (uint32_t i = 0; i < 200000; i++) {
        x ^= x << 13, x ^= x >> 7, x ^= x << 17;
        uintptr_t p = (uintptr_t)address(base + i);
        if (!pp_live_add((const void *)p, (struct pp_live_object){i, p})) atomic_fetch_add(&n_wrong, 1);
        drop(atomic_exchange(&board[(x >> 20) % PLACES], p));
    }
    return NULL;
}

static void test_threads(void **state)
{
    (void)state;
    pthread_t t[THREADS];
    for (uintptr_t i = 0; i < THREADS; i++) assert_int_equal(pthread_create(&t[i], NULL, trade, (void *)(i + 1)), 0);
    for (int i = 0; i < THREADS; i++) assert_int_equal(pthread_join(t[i], NULL), 0);
    for (int i = 0; i < PLACES; i++) drop(board[i]);
    assert_int_equal(n_wrong, 0);
    filter_is_empty();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_found_once),
        cmocka_unit_test(test_marks_are_no_addresses),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
