/* view/goint.h - int64 arithmetic as Go has it: overflow wraps, the smallest value is its own absolute value.
 */
#ifndef PP_VIEW_GOINT_H
#define PP_VIEW_GOINT_H

#include <stdint.h>

static inline int64_t pp_go_add(int64_t a, int64_t b) { return (int64_t)((uint64_t)a + (uint64_t)b); }

static inline int64_t pp_go_sub(int64_t a, int64_t b) { return (int64_t)((uint64_t)a - (uint64_t)b); }

static inline int64_t pp_go_mul(int64_t a, int64_t b) { return (int64_t)((uint64_t)a * (uint64_t)b); }

static inline int64_t pp_go_abs(int64_t v) { return v < 0 ? (int64_t)(0 - (uint64_t)v) : v; }

/* b is not 0. */
static inline int64_t pp_go_div(int64_t a, int64_t b) { return b == -1 ? (int64_t)(0 - (uint64_t)a) : a / b; }

/* A sum, or the mean when there is a divisor. */
static inline int64_t pp_go_mean(int64_t sum, int64_t divisor) { return divisor ? pp_go_div(sum, divisor) : sum; }

#endif
