// SPDX-License-Identifier: Apache-2.0
/* runtime/hooks/contention: what waiters lose is charged to who unlocks, once, and slots come back. */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "runtime/hooks/contention.h"

static const void *lock_at(uintptr_t i)
{
    return (const void *)(0x7f0000000000u + i * 40);
}

/* Of three locks the third finds no room. */
static const void *sharing_the_pair_of(const void *lock, uintptr_t *at)
{
    for (++*at;; ++*at)
        if (pp_contention_pair(lock_at(*at)) == pp_contention_pair(lock)) return lock_at(*at);
}

static void table_is_empty(void)
{
    for (size_t i = 0; i < sizeof pp_contended / sizeof *pp_contended; i++) assert_int_equal(pp_contended[i].lock, 0);
}

static void charges_what_was_lost(void **state)
{
    (void)state;
    const void *l = lock_at(1);
    assert_false(pp_contention_seen(l));
    assert_int_equal(pp_contention_release(l, 5), 0);
    struct pp_contended *a = pp_contention_arrive(l, 1000);
    assert_non_null(a);
    assert_true(pp_contention_seen(l));
    assert_false(pp_contention_seen(lock_at(2)));
    assert_int_equal(pp_contention_release(l, 1500), 500);
    assert_int_equal(pp_contention_release(l, 1600), 100); /* another holder was faster than the waiter */
    struct pp_contended *b = pp_contention_arrive(l, 2000);
    assert_ptr_equal(a, b);
    assert_int_equal(pp_contention_release(l, 2100), 500 + 100);
    pp_contention_leave(a, 2110, true); /* has it now, while b waits: 10 of its own, 10 of b's, and 90 more */
    assert_int_equal(pp_contention_release(l, 2200), 10 + 100);
    pp_contention_leave(b, 2300, true); /* the time of waking up is nobody's */
    assert_int_equal(pp_contention_release(l, 9000), 0);
    assert_false(pp_contention_seen(l));
    table_is_empty();
}

static void who_gives_up_leaves_its_time_to_the_holder(void **state)
{
    (void)state;
    const void *l = lock_at(7);
    struct pp_contended *s = pp_contention_arrive(l, 100);
    pp_contention_leave(s, 350, false);
    assert_int_equal(pp_contention_release(l, 900), 250);
    assert_int_equal(pp_contention_release(l, 950), 0);
    s = pp_contention_arrive(l, 1000);
    assert_int_equal(pp_contention_release(l, 0), 0); /* a time that nobody knows */
    pp_contention_leave(s, 1000, false);
    assert_int_equal(pp_contention_release(l, 1900), 0);
    table_is_empty();
}

static void clocks_may_disagree_by_a_moment(void **state)
{
    (void)state;
    const void *l = lock_at(9);
    struct pp_contended *s = pp_contention_arrive(l, 1000);
    assert_int_equal(pp_contention_release(l, 990), 0);
    assert_int_equal(pp_contention_release(l, 1010), 10);
    pp_contention_leave(s, 1020, true);
    pp_contention_release(l, 1030);
    table_is_empty();
}

static void a_third_lock_has_no_room_until_one_is_free(void **state)
{
    (void)state;
    uintptr_t at = 20;
    const void *one = lock_at(at), *two = sharing_the_pair_of(one, &at), *three = sharing_the_pair_of(one, &at);
    struct pp_contended *a = pp_contention_arrive(one, 10), *b = pp_contention_arrive(two, 20);
    assert_non_null(a);
    assert_non_null(b);
    assert_ptr_not_equal(a, b);
    assert_null(pp_contention_arrive(three, 30));
    assert_int_equal(pp_contention_release(two, 120), 100);
    assert_int_equal(pp_contention_release(one, 110), 100);
    pp_contention_leave(a, 150, false); /* 40 that nobody will ever be charged for: the lock is never unlocked again */
    struct pp_contended *c = pp_contention_arrive(three, 200);
    assert_ptr_equal(c, a);
    assert_int_equal(pp_contention_release(three, 260), 60);
    assert_false(pp_contention_seen(one));
    pp_contention_leave(c, 270, true);
    pp_contention_leave(b, 270, true);
    pp_contention_release(two, 280);
    pp_contention_release(three, 280);
    table_is_empty();
}

static void the_crowd_of_waiters_is_bounded(void **state)
{
    (void)state;
    const void *l = lock_at(3);
    struct pp_contended *s = NULL;
    for (int i = 0; i < 4095; i++) assert_non_null(s = pp_contention_arrive(l, 1));
    assert_null(pp_contention_arrive(l, 1));
    assert_int_equal(pp_contention_release(l, 1001), 4095 * 1000);
    for (int i = 0; i < 4095; i++) pp_contention_leave(s, 1001, true);
    pp_contention_release(l, 1002);
    table_is_empty();
}

/* Threads that arrive at, release and leave a few locks of one pair: afterwards nobody waits anywhere. */
static void *busy(void *arg)
{
    uintptr_t at = 20;
    const void *locks[3] = {lock_at(20)};
    for (int i = 1; i < 3; i++) locks[i] = sharing_the_pair_of(locks[0], &at);
    for (int64_t i = 1; i < 200000; i++) {
        const void *l = locks[i % 3];
        struct pp_contended *s = pp_contention_arrive(l, i);
        if (i % 5 == 0) pp_contention_release(l, i + 1);
        if (i % 64 == 0) sched_yield();
        pp_contention_leave(s, i + 2, i % 2);
        pp_contention_release(l, i + 3);
    }
    return arg;
}

static void a_crowd_leaves_nobody_behind(void **state)
{
    (void)state;
    pthread_t t[4];
    for (int i = 0; i < 4; i++) pthread_create(&t[i], NULL, busy, NULL);
    for (int i = 0; i < 4; i++) pthread_join(t[i], NULL);
    for (size_t i = 0; i < sizeof pp_contended / sizeof *pp_contended; i++) assert_int_equal(pp_contended[i].word >> 52, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(charges_what_was_lost),           cmocka_unit_test(who_gives_up_leaves_its_time_to_the_holder),
        cmocka_unit_test(clocks_may_disagree_by_a_moment), cmocka_unit_test(a_third_lock_has_no_room_until_one_is_free),
        cmocka_unit_test(the_crowd_of_waiters_is_bounded), cmocka_unit_test(a_crowd_leaves_nobody_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
