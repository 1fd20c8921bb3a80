// SPDX-License-Identifier: Apache-2.0
#include "ledger/ledger.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "base/pages.h"
#include "ledger/sigsafe/book.h"

static struct pp_ledger fresh(void **ret_memory)
{
    struct pp_ledger l;
    *ret_memory = pp_pages_map(pp_ledger_size());
    assert_non_null(*ret_memory);
    pp_ledger_create(*ret_memory, &l);
    return l;
}

static void keeps_stacks_once(void **state)
{
    (void)state;
    void *m;
    struct pp_ledger l = fresh(&m);
    uint64_t a[3] = {1, 2, 3}, b[3] = {1, 2, 4};
    uint32_t ia = pp_book_stack(&l, a, 3, 0, 7), ib = pp_book_stack(&l, b, 3, 0, 7);
    assert_int_not_equal(ia, 0);
    assert_int_not_equal(ia, ib);
    assert_int_equal(pp_book_stack(&l, a, 3, 0, 7), ia);
    assert_int_not_equal(pp_book_stack(&l, a, 3, 0, 8), ia); /* another generation is another stack */
    assert_int_not_equal(pp_book_stack(&l, a, 2, 0, 7), ia);
    struct pp_stack_view v = pp_ledger_stack(&l, ib);
    assert_int_equal(v.n, 3);
    assert_int_equal(v.generation, 7);
    assert_memory_equal(v.pcs, b, sizeof b);
    assert_int_equal(pp_ledger_stack(&l, 0).n, 0);
    assert_int_equal(pp_ledger_stack(&l, UINT32_MAX).n, 0);
    pp_pages_unmap(m, pp_ledger_size());
}

struct crowd {
    struct pp_ledger l;
    _Atomic int ready;
};

#define THREADS 4
#define ROUNDS 20000

static void *count_in_crowd(void *arg)
{
    struct crowd *c = arg;
    atomic_fetch_add(&c->ready, 1);
    while (atomic_load(&c->ready) < THREADS) {}
    for (uint64_t i = 0; i < ROUNDS; i++) {
        uint64_t pcs[4] = {i % 500, 2, 3, i % 7};
        uint32_t s = pp_book_stack(&c->l, pcs, 4, 0, 1);
        struct pp_bucket *b = pp_book_bucket(&c->l, PP_KIND_CPU, s, 0);
        pp_book_add(b, PP_CPU_SAMPLES, 1);
    }
    return NULL;
}

static void loses_no_count_in_a_crowd(void **state)
{
    (void)state;
    void *m;
    struct crowd c = {.l = fresh(&m)};
    pthread_t t[THREADS];
    for (int i = 0; i < THREADS; i++) pthread_create(&t[i], NULL, count_in_crowd, &c);
    for (int i = 0; i < THREADS; i++) pthread_join(t[i], NULL);
    uint64_t total = 0, by_first[500] = {0};
    for (uint32_t i = 0; i < pp_ledger_n_buckets(&c.l); i++) {
        const struct pp_bucket *b = &c.l.buckets[i];
        if (b->kind != PP_KIND_CPU) continue;
        total += b->v[PP_CPU_SAMPLES];
        by_first[pp_ledger_stack(&c.l, b->stack).pcs[0]] += b->v[PP_CPU_SAMPLES];
    }
    assert_int_equal(total, THREADS * ROUNDS);
    for (int i = 0; i < 500; i++) assert_int_equal(by_first[i], THREADS * ROUNDS / 500);
    pp_pages_unmap(m, pp_ledger_size());
}

static void full_tables_are_counted(void **state)
{
    (void)state;
    void *m;
    struct pp_ledger l = fresh(&m);
    l.cap.buckets = 3;
    for (uint32_t i = 1; i <= 3; i++) assert_non_null(pp_book_bucket(&l, PP_KIND_HEAP, i, 16));
    assert_null(pp_book_bucket(&l, PP_KIND_HEAP, 4, 16));
    assert_non_null(pp_book_bucket(&l, PP_KIND_HEAP, 2, 16));
    assert_int_equal(l.head->drops[PP_DROP_BUCKETS_FULL], 1);
    l.cap.stack_words = 5;
    uint64_t pcs[3] = {1, 2, 3};
    assert_int_not_equal(pp_book_stack(&l, pcs, 3, 0, 0), 0);
    pcs[0] = 9;
    assert_int_equal(pp_book_stack(&l, pcs, 3, 0, 0), 0);
    assert_int_equal(l.head->drops[PP_DROP_STACKS_FULL], 1);
    pp_pages_unmap(m, pp_ledger_size());
}

static void wait_windows_record_more_never_less(void **state)
{
    (void)state;
    void *m;
    struct pp_ledger l = fresh(&m);
    pp_ledger_open_waits(&l, PP_KIND_BLOCK, 1000);
    assert_int_equal(l.head->block_rate, 1000);
    assert_int_equal(l.head->mutex_fraction, 0);
    pp_ledger_open_waits(&l, PP_KIND_BLOCK, 5000); /* less than what is on */
    assert_int_equal(l.head->block_rate, 1000);
    pp_ledger_open_waits(&l, PP_KIND_BLOCK, 10);
    pp_ledger_close_waits(&l, PP_KIND_BLOCK);
    assert_int_equal(l.head->block_rate, 10);
    pp_ledger_close_waits(&l, PP_KIND_BLOCK);
    pp_ledger_close_waits(&l, PP_KIND_BLOCK);
    assert_int_equal(l.head->block_rate, 0);
    l.head->mutex_fraction = 5;
    pp_ledger_open_waits(&l, PP_KIND_MUTEX, 1);
    assert_int_equal(l.head->mutex_fraction, 1);
    pp_ledger_close_waits(&l, PP_KIND_MUTEX);
    assert_int_equal(l.head->mutex_fraction, 5);
    for (int i = 1; i < PP_WAIT_COUNT; i++) assert_true(pp_wait_names[i] && pp_wait_names[i][0]);
    pp_pages_unmap(m, pp_ledger_size());
}

static void finds_modules_by_generation(void **state)
{
    (void)state;
    void *m;
    struct pp_ledger l = fresh(&m);
    struct pp_ledger_module old = {.start = 0x1000, .end = 0x2000, .first_gen = 1, .last_gen = 3};
    struct pp_ledger_module new = {.start = 0x1000, .end = 0x3000, .first_gen = 4, .last_gen = UINT32_MAX};
    assert_true(pp_ledger_add_module(&l, &old, PP_STR("/lib/old.so")));
    assert_true(pp_ledger_add_module(&l, &new, PP_STR("/lib/new.so")));
    assert_true(pp_str_eq_c(pp_ledger_module_path(&l, pp_ledger_module_at(&l, 0x1500, 2)), "/lib/old.so"));
    assert_true(pp_str_eq_c(pp_ledger_module_path(&l, pp_ledger_module_at(&l, 0x1500, 9)), "/lib/new.so"));
    assert_null(pp_ledger_module_at(&l, 0x5000, 9));
    pp_pages_unmap(m, pp_ledger_size());
}

static bool reload(const struct pp_ledger *l, const char *path, uint64_t start, uint32_t generation)
{
    struct pp_ledger_module m = {.start = start, .end = start + 0x1000, .first_gen = generation, .last_gen = UINT32_MAX};
    for (uint32_t i = 0, n = pp_ledger_n_modules(l); i < n; i++)
        if (l->modules[i].last_gen == UINT32_MAX) l->modules[i].last_gen = generation - 1;
    return pp_ledger_add_module(l, &m, pp_str_c(path));
}

static void a_module_that_comes_back_gets_its_old_entry(void **state)
{
    (void)state;
    void *m;
    struct pp_ledger l = fresh(&m);
    for (uint32_t i = 0; i < 100000; i++) assert_true(reload(&l, i % 2 ? "/lib/a.so" : "/lib/b.so", i % 2 ? 0x1000 : 0x5000, 2 + i));
    assert_int_equal(pp_ledger_n_modules(&l), 2);
    assert_true(pp_str_eq_c(pp_ledger_module_path(&l, pp_ledger_module_at(&l, 0x1500, 50000)), "/lib/a.so"));
    assert_true(reload(&l, "/lib/c.so", 0x1000, 200000)); /* another one had the addresses meanwhile: entries stay apart */
    assert_true(reload(&l, "/lib/a.so", 0x1000, 200001));
    assert_int_equal(pp_ledger_n_modules(&l), 4);
    assert_true(pp_str_eq_c(pp_ledger_module_path(&l, pp_ledger_module_at(&l, 0x1500, 200000)), "/lib/c.so"));
    assert_true(pp_str_eq_c(pp_ledger_module_path(&l, pp_ledger_module_at(&l, 0x1500, 200001)), "/lib/a.so"));
    pp_pages_unmap(m, pp_ledger_size());
}

static void a_full_module_table_does_no_harm(void **state)
{
    (void)state;
    void *m;
    struct pp_ledger l = fresh(&m);
    l.cap.modules = 1000;
    for (uint32_t i = 0; i < 2000; i++) {
        struct pp_ledger_module one = {.start = (i + 1) * 0x1000ull, .end = (i + 2) * 0x1000ull, .first_gen = 1 + i, .last_gen = UINT32_MAX};
        assert_int_equal(pp_ledger_add_module(&l, &one, PP_STR("/lib/one.so")), i < 1000);
    }
    assert_int_equal(pp_ledger_n_modules(&l), 1000);
    assert_non_null(pp_ledger_module_at(&l, 1000 * 0x1000 + 1, 5000));
    assert_null(pp_ledger_module_at(&l, 1001 * 0x1000 + 1, 5000));
    pp_pages_unmap(m, pp_ledger_size());
}

static void every_process_has_its_generations(void **state)
{
    (void)state;
    assert_int_equal(pp_ledger_first_generation(0), 0);
    for (uint32_t i = 0; i < PP_PROCESSES_MAX; i++) {
        assert_true(pp_ledger_first_generation(i) < pp_ledger_last_generation(i));
        assert_int_equal(pp_ledger_process_of(pp_ledger_first_generation(i)), i);
        assert_int_equal(pp_ledger_process_of(pp_ledger_last_generation(i)), i);
    }
}

static void claims_each_process_once(void **state)
{
    (void)state;
    void *m;
    struct pp_ledger l = fresh(&m);
    uint32_t a, b;
    bool known;
    assert_true(pp_ledger_claim_process(&l, 100, 5, &a, &known));
    assert_int_equal(a, 1);
    assert_false(known);
    assert_true(pp_ledger_claim_process(&l, 100, 5, &b, &known)); /* exec in place */
    assert_int_equal(b, a);
    assert_true(known);
    assert_true(pp_ledger_claim_process(&l, 100, 6, &b, &known)); /* the pid again, another process */
    assert_int_equal(b, 2);
    assert_false(known);
    for (uint32_t i = 3; i < PP_PROCESSES_MAX; i++) assert_true(pp_ledger_claim_process(&l, 1000 + i, 7, &b, &known));
    for (int i = 0; i < 3; i++) assert_false(pp_ledger_claim_process(&l, 99, 7, &b, &known));
    assert_int_equal(pp_ledger_n_processes(&l), PP_PROCESSES_MAX);
    pp_pages_unmap(m, pp_ledger_size());
}

static void keeps_processes_apart(void **state)
{
    (void)state;
    void *m;
    struct pp_ledger l = fresh(&m), child = l;
    child.process = 1;
    uint32_t gen = pp_ledger_first_generation(1) + 1;
    struct pp_ledger_module of_guest = {.start = 0x1000, .end = 0x2000, .first_gen = 1, .last_gen = UINT32_MAX};
    struct pp_ledger_module of_child = {.start = 0x1000, .end = 0x2000, .first_gen = gen, .last_gen = UINT32_MAX};
    assert_true(pp_ledger_add_module(&l, &of_guest, PP_STR("/bin/guest")));
    assert_null(pp_ledger_module_at(&l, 0x1500, gen));
    assert_true(pp_ledger_add_module(&l, &of_child, PP_STR("/bin/child")));
    assert_true(pp_str_eq_c(pp_ledger_module_path(&l, pp_ledger_module_at(&l, 0x1500, 1)), "/bin/guest"));
    assert_true(pp_str_eq_c(pp_ledger_module_path(&l, pp_ledger_module_at(&l, 0x1500, gen)), "/bin/child"));
    struct pp_bucket *a = pp_book_bucket(&l, PP_KIND_HEAP, 0, 16), *b = pp_book_bucket(&child, PP_KIND_HEAP, 0, 16);
    assert_ptr_not_equal(a, b);
    assert_ptr_equal(b, pp_book_bucket(&child, PP_KIND_HEAP, 0, 16));
    pp_book_add(a, PP_HEAP_ALLOCS, 2), pp_book_add(a, PP_HEAP_ALLOC_BYTES, 32);
    pp_book_add(b, PP_HEAP_ALLOCS, 3), pp_book_add(b, PP_HEAP_ALLOC_BYTES, 48);
    pp_book_add(pp_book_bucket(&child, PP_KIND_CPU, 0, 0), PP_CPU_NS, 7);
    l.head->n_threads = 2;
    l.threads[0].tid = 10;
    l.threads[1].tid = 11;
    l.threads[1].process = 1;
    l.processes[1].module_generation = gen + 3;
    bool gone[PP_PROCESSES_MAX] = {[1] = true};
    pp_ledger_close_images(&l, gone);
    assert_int_equal(a->v[PP_HEAP_FREES], 0);
    assert_int_equal(b->v[PP_HEAP_FREES], 3);
    assert_int_equal(b->v[PP_HEAP_FREE_BYTES], 48);
    assert_int_equal(l.threads[0].tid, 10);
    assert_int_equal(l.threads[1].tid, 0);
    assert_int_equal(l.modules[0].last_gen, UINT32_MAX);
    assert_int_equal(l.modules[1].last_gen, gen + 3);
    assert_int_equal(pp_book_bucket(&child, PP_KIND_CPU, 0, 0)->v[PP_CPU_NS], 7);
    pp_ledger_open_window(&l, 250, 1);
    assert_int_equal(pp_book_bucket(&child, PP_KIND_CPU, 0, 0)->v[PP_CPU_NS], 0);
    assert_int_equal(l.head->cpu_hz, 250);
    assert_int_equal(b->v[PP_HEAP_ALLOCS], 3);
    pp_pages_unmap(m, pp_ledger_size());
}

static void refuses_foreign_memory(void **state)
{
    (void)state;
    void *m;
    struct pp_ledger l = fresh(&m), o;
    struct pp_err err;
    assert_int_equal(pp_ledger_open(m, pp_ledger_size(), &o, &err), PP_OK);
    assert_int_equal(pp_ledger_open(m, 64, &o, &err), PP_E_FORMAT);
    l.head->threads.offset += 8;
    assert_int_equal(pp_ledger_open(m, pp_ledger_size(), &o, &err), PP_E_FORMAT);
    l.head->magic++;
    assert_int_equal(pp_ledger_open(m, pp_ledger_size(), &o, &err), PP_E_FORMAT);
    pp_pages_unmap(m, pp_ledger_size());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_stacks_once),           cmocka_unit_test(loses_no_count_in_a_crowd),
        cmocka_unit_test(full_tables_are_counted),     cmocka_unit_test(finds_modules_by_generation),
        cmocka_unit_test(a_module_that_comes_back_gets_its_old_entry),
        cmocka_unit_test(a_full_module_table_does_no_harm),
        cmocka_unit_test(wait_windows_record_more_never_less),
        cmocka_unit_test(every_process_has_its_generations),
        cmocka_unit_test(claims_each_process_once),    cmocka_unit_test(keeps_processes_apart),
        cmocka_unit_test(refuses_foreign_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
