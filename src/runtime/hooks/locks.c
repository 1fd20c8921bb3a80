// SPDX-License-Identifier: Apache-2.0
/* Locks, condition variables, semaphores, barriers and joins, for the block and mutex profiles.
 *
 * A lock is tried first: only one that another thread holds reads the clock. A try gives what the lock call would give on every kind of
 * mutex (recursive, robust, with priorities, process-shared), but EBUSY, and then the lock call itself decides. While nothing is recorded
 * a wrapper is a load, a branch and a jump. Compiled without frame pointers for that. Semaphores are not tried: sem_wait is a
 * cancellation point even where it does not wait. libc's own calls (stdio, malloc, getaddrinfo) don't come by here. */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <threads.h>
#include <time.h>

#include "ledger/sigsafe/book.h"
#include "runtime/hooks/block.h"
#include "runtime/hooks/contention.h"
#include "runtime/hooks/export.h"
#include "runtime/hooks/next.h"

static struct {
    void *pthread_mutex_lock, *pthread_mutex_trylock, *pthread_mutex_timedlock, *pthread_mutex_clocklock, *pthread_mutex_unlock;
    void *pthread_rwlock_rdlock, *pthread_rwlock_wrlock, *pthread_rwlock_tryrdlock, *pthread_rwlock_trywrlock, *pthread_rwlock_timedrdlock,
        *pthread_rwlock_timedwrlock, *pthread_rwlock_clockrdlock, *pthread_rwlock_clockwrlock, *pthread_rwlock_unlock;
    void *pthread_cond_wait, *pthread_cond_timedwait, *pthread_cond_clockwait, *pthread_barrier_wait, *sem_wait;
    void *pthread_join, *pthread_timedjoin_np, *pthread_clockjoin_np;
    void *mtx_lock, *mtx_trylock, *mtx_timedlock, *mtx_unlock, *cnd_wait, *cnd_timedwait, *thrd_join;
} next;

static inline bool mutex_on(void)
{
    struct pp_ledger_head *h = pp_guest.ledger.head;
    return h && __builtin_expect(atomic_load_explicit(&h->mutex_fraction, memory_order_relaxed) != 0, 0);
}

static inline bool locks_on(void)
{
    return pp_block_on() || mutex_on();
}

/* A wait for a lock: since when, and where the holder finds it. */
struct waiting {
    int64_t start_ns;
    struct pp_contended *slot;
};

static struct waiting wait_begin(const void *lock)
{
    struct waiting w = {.start_ns = pp_block_now()};
    if (!mutex_on() || !w.start_ns) return w;
    w.slot = pp_contention_arrive(lock, w.start_ns);
    if (!w.slot) pp_book_drop(&pp_guest.ledger, PP_DROP_LOCKS_FULL);
    return w;
}

/* has_lock: it was got; else given_up says whether the time was up (another error did not wait). */
static void wait_end(const struct waiting *w, bool has_lock, bool given_up)
{
    int64_t end_ns = pp_block_now();
    pp_contention_leave(w->slot, end_ns ? end_ns : w->start_ns, has_lock); /* 0: frozen meanwhile */
    if (has_lock || given_up) pp_block_waited(PP_WAIT_LOCK, w->start_ns, end_ns);
}

/* result = slow, timed as a wait for the lock. */
#define WAIT_FOR(lock, result, slow)                                                                                   \
    do {                                                                                                               \
        struct waiting w_ = wait_begin(lock);                                                                          \
        (result) = (slow);                                                                                             \
        wait_end(&w_, (result) == 0 || (result) == EOWNERDEAD, (result) == ETIMEDOUT);                                 \
    } while (0)

/* The whole of a lock wrapper: try_call first, slow_call where another thread has the lock. */
#define LOCK(lock, try_call, slow_call)                                                                                \
    do {                                                                                                               \
        if (!locks_on()) return slow_call;                                                                             \
        int r_ = try_call;                                                                                             \
        if (__builtin_expect(r_ == EBUSY, 0)) WAIT_FOR(lock, r_, slow_call);                                           \
        return r_;                                                                                                     \
    } while (0)

/* result = call, which gives the lock back. The stack is taken when others can go on already. */
#define RELEASE(lock, result, call)                                                                                    \
    do {                                                                                                               \
        uint64_t delay_ = pp_contention_release((lock), pp_block_now());                                               \
        (result) = (call);                                                                                             \
        if (delay_ && (result) == 0) pp_block_released(delay_);                                                        \
    } while (0)

/* Mutexes */

static PP_COLD int lock_busy(pthread_mutex_t *m)
{
    int r;
    WAIT_FOR(m, r, PP_NEXT(pthread_mutex_lock)(m));
    return r;
}

PP_EXPORT int pthread_mutex_lock(pthread_mutex_t *m)
{
    if (!locks_on()) return PP_NEXT(pthread_mutex_lock)(m);
    int r = PP_NEXT(pthread_mutex_trylock)(m);
    return __builtin_expect(r == EBUSY, 0) ? lock_busy(m) : r;
}

PP_EXPORT int pthread_mutex_timedlock(pthread_mutex_t *m, const struct timespec *until)
{
    LOCK(m, PP_NEXT(pthread_mutex_trylock)(m), PP_NEXT(pthread_mutex_timedlock)(m, until));
}

PP_EXPORT int pthread_mutex_clocklock(pthread_mutex_t *m, clockid_t clock, const struct timespec *until)
{
    if (!PP_NEXT(pthread_mutex_clocklock)) return ENOSYS; /* older libc than the caller asked for */
    LOCK(m, PP_NEXT(pthread_mutex_trylock)(m), PP_NEXT(pthread_mutex_clocklock)(m, clock, until));
}

static PP_COLD int unlock_contended(pthread_mutex_t *m)
{
    int r;
    RELEASE(m, r, PP_NEXT(pthread_mutex_unlock)(m));
    return r;
}

PP_EXPORT int pthread_mutex_unlock(pthread_mutex_t *m)
{
    if (mutex_on() && pp_contention_seen(m)) return unlock_contended(m);
    return PP_NEXT(pthread_mutex_unlock)(m);
}

/* Reader/writer locks. A reader among others that lets go is charged with what the waiters lost since the last one did. */

PP_EXPORT int pthread_rwlock_rdlock(pthread_rwlock_t *l)
{
    LOCK(l, PP_NEXT(pthread_rwlock_tryrdlock)(l), PP_NEXT(pthread_rwlock_rdlock)(l));
}

PP_EXPORT int pthread_rwlock_wrlock(pthread_rwlock_t *l)
{
    LOCK(l, PP_NEXT(pthread_rwlock_trywrlock)(l), PP_NEXT(pthread_rwlock_wrlock)(l));
}

PP_EXPORT int pthread_rwlock_timedrdlock(pthread_rwlock_t *l, const struct timespec *until)
{
    LOCK(l, PP_NEXT(pthread_rwlock_tryrdlock)(l), PP_NEXT(pthread_rwlock_timedrdlock)(l, until));
}

PP_EXPORT int pthread_rwlock_timedwrlock(pthread_rwlock_t *l, const struct timespec *until)
{
    LOCK(l, PP_NEXT(pthread_rwlock_trywrlock)(l), PP_NEXT(pthread_rwlock_timedwrlock)(l, until));
}

PP_EXPORT int pthread_rwlock_clockrdlock(pthread_rwlock_t *l, clockid_t clock, const struct timespec *until)
{
    if (!PP_NEXT(pthread_rwlock_clockrdlock)) return ENOSYS;
    LOCK(l, PP_NEXT(pthread_rwlock_tryrdlock)(l), PP_NEXT(pthread_rwlock_clockrdlock)(l, clock, until));
}

PP_EXPORT int pthread_rwlock_clockwrlock(pthread_rwlock_t *l, clockid_t clock, const struct timespec *until)
{
    if (!PP_NEXT(pthread_rwlock_clockwrlock)) return ENOSYS;
    LOCK(l, PP_NEXT(pthread_rwlock_trywrlock)(l), PP_NEXT(pthread_rwlock_clockwrlock)(l, clock, until));
}

static PP_COLD int rwunlock_contended(pthread_rwlock_t *l)
{
    int r;
    RELEASE(l, r, PP_NEXT(pthread_rwlock_unlock)(l));
    return r;
}

PP_EXPORT int pthread_rwlock_unlock(pthread_rwlock_t *l)
{
    if (mutex_on() && pp_contention_seen(l)) return rwunlock_contended(l);
    return PP_NEXT(pthread_rwlock_unlock)(l);
}

/* Condition variables: to wait gives the mutex back, too. */

static PP_COLD void released_by_wait(const void *m)
{
    uint64_t delay = pp_contention_release(m, pp_block_now());
    if (delay) pp_block_released(delay);
}

static inline void before_wait(const void *m)
{
    if (mutex_on() && pp_contention_seen(m)) released_by_wait(m);
}

/* r = call. A condition variable's wait is one, however short. */
#define WAIT_ON(wait, r, call)                                                                                         \
    do {                                                                                                               \
        int64_t start_ = pp_block_on() ? pp_block_now() : 0;                                                           \
        (r) = (call);                                                                                                  \
        if (start_) pp_block_waited((wait), start_, pp_block_now());                                                   \
    } while (0)

PP_EXPORT int pthread_cond_wait(pthread_cond_t *c, pthread_mutex_t *m)
{
    int r;
    before_wait(m);
    WAIT_ON(PP_WAIT_COND, r, PP_NEXT(pthread_cond_wait)(c, m));
    return r;
}

PP_EXPORT int pthread_cond_timedwait(pthread_cond_t *c, pthread_mutex_t *m, const struct timespec *until)
{
    int r;
    before_wait(m);
    WAIT_ON(PP_WAIT_COND, r, PP_NEXT(pthread_cond_timedwait)(c, m, until));
    return r;
}

PP_EXPORT int pthread_cond_clockwait(pthread_cond_t *c, pthread_mutex_t *m, clockid_t clock, const struct timespec *until)
{
    if (!PP_NEXT(pthread_cond_clockwait)) return ENOSYS;
    int r;
    before_wait(m);
    WAIT_ON(PP_WAIT_COND, r, PP_NEXT(pthread_cond_clockwait)(c, m, clock, until));
    return r;
}

PP_EXPORT int pthread_barrier_wait(pthread_barrier_t *b)
{
    int r;
    PP_BLOCKING(PP_WAIT_BARRIER, r = PP_NEXT(pthread_barrier_wait)(b));
    return r;
}

PP_EXPORT int sem_wait(sem_t *s)
{
    int r;
    PP_BLOCKING(PP_WAIT_SEM, r = PP_NEXT(sem_wait)(s));
    return r;
}

PP_EXPORT int pthread_join(pthread_t t, void **ret)
{
    int r;
    PP_BLOCKING(PP_WAIT_JOIN, r = PP_NEXT(pthread_join)(t, ret));
    return r;
}

PP_EXPORT int pthread_timedjoin_np(pthread_t t, void **ret, const struct timespec *until)
{
    int r;
    PP_BLOCKING(PP_WAIT_JOIN, r = PP_NEXT(pthread_timedjoin_np)(t, ret, until));
    return r;
}

PP_EXPORT int pthread_clockjoin_np(pthread_t t, void **ret, clockid_t clock, const struct timespec *until)
{
    if (!PP_NEXT(pthread_clockjoin_np)) return ENOSYS;
    int r;
    PP_BLOCKING(PP_WAIT_JOIN, r = PP_NEXT(pthread_clockjoin_np)(t, ret, clock, until));
    return r;
}

/* C11 threads, whose results have other numbers */

static PP_COLD int mtx_busy(mtx_t *m, const struct timespec *until)
{
    struct waiting w = wait_begin(m);
    int r = until ? PP_NEXT(mtx_timedlock)(m, until) : PP_NEXT(mtx_lock)(m);
    wait_end(&w, r == thrd_success, r == thrd_timedout);
    return r;
}

PP_EXPORT int mtx_lock(mtx_t *m)
{
    if (!locks_on()) return PP_NEXT(mtx_lock)(m);
    int r = PP_NEXT(mtx_trylock)(m);
    return r == thrd_busy ? mtx_busy(m, NULL) : r;
}

PP_EXPORT int mtx_timedlock(mtx_t *m, const struct timespec *until)
{
    if (!locks_on()) return PP_NEXT(mtx_timedlock)(m, until);
    int r = PP_NEXT(mtx_trylock)(m);
    return r == thrd_busy ? mtx_busy(m, until) : r;
}

static PP_COLD int mtx_unlock_contended(mtx_t *m)
{
    int r;
    RELEASE(m, r, PP_NEXT(mtx_unlock)(m));
    return r;
}

PP_EXPORT int mtx_unlock(mtx_t *m)
{
    if (mutex_on() && pp_contention_seen(m)) return mtx_unlock_contended(m);
    return PP_NEXT(mtx_unlock)(m);
}

PP_EXPORT int cnd_wait(cnd_t *c, mtx_t *m)
{
    int r;
    before_wait(m);
    WAIT_ON(PP_WAIT_COND, r, PP_NEXT(cnd_wait)(c, m));
    return r;
}

PP_EXPORT int cnd_timedwait(cnd_t *c, mtx_t *m, const struct timespec *until)
{
    int r;
    before_wait(m);
    WAIT_ON(PP_WAIT_COND, r, PP_NEXT(cnd_timedwait)(c, m, until));
    return r;
}

PP_EXPORT int thrd_join(thrd_t t, int *ret)
{
    int r;
    PP_BLOCKING(PP_WAIT_JOIN, r = PP_NEXT(thrd_join)(t, ret));
    return r;
}
