// SPDX-License-Identifier: Apache-2.0
#include "base/gomath.h"

#ifdef __x86_64__
#include <cpuid.h>
#endif
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define FRACTION_BITS 52
#define EXPONENT_MASK 0x7ff
#define BIAS 1023
#define INF_BITS 0x7ff0000000000000u
#define NAN_BITS 0x7ff8000000000001u /* Go's NaN() */
#define SIGN_BIT (UINT64_C(1) << 63)

static uint64_t bits_of(double x)
{
    uint64_t b;
    memcpy(&b, &x, sizeof b);
    return b;
}

static double double_of(uint64_t b)
{
    double x;
    memcpy(&x, &b, sizeof x);
    return x;
}

static double magnitude(double x) { return double_of(bits_of(x) & ~SIGN_BIT); }

static bool is_inf(double x) { return (bits_of(x) & ~SIGN_BIT) == INF_BITS; }

static bool is_nan(double x) { return (bits_of(x) & ~SIGN_BIT) > INF_BITS; }

static double normalize(double x, int *ret_shift)
{
    *ret_shift = 0;
    if (magnitude(x) >= 0x1p-1022) return x;
    *ret_shift = -FRACTION_BITS;
    return x * 0x1p52;
}

double pp_go_frexp(double x, int *ret_exponent)
{
    *ret_exponent = 0;
    if (bits_of(x) << 1 == 0 || is_inf(x) || is_nan(x)) return x;
    int shift;
    uint64_t b = bits_of(normalize(x, &shift));
    *ret_exponent = shift + (int)(b >> FRACTION_BITS & EXPONENT_MASK) - BIAS + 1;
    b &= ~((uint64_t)EXPONENT_MASK << FRACTION_BITS);
    return double_of(b | (uint64_t)(BIAS - 1) << FRACTION_BITS);
}

double pp_go_ldexp(double fraction, int exponent)
{
    if (bits_of(fraction) << 1 == 0 || is_inf(fraction) || is_nan(fraction)) return fraction;
    int shift;
    uint64_t b = bits_of(normalize(fraction, &shift));
    uint64_t sign = b & SIGN_BIT;
    exponent += shift + (int)(b >> FRACTION_BITS & EXPONENT_MASK) - BIAS;
    if (exponent < -1075) return double_of(sign);
    if (exponent > 1023) return double_of(sign | INF_BITS);
    double scale = 1;
    if (exponent < -1022) {
        exponent += 53;
        scale = 0x1p-53;
    }
    b &= ~((uint64_t)EXPONENT_MASK << FRACTION_BITS);
    return scale * double_of(b | (uint64_t)(exponent + BIAS) << FRACTION_BITS);
}

double pp_go_round(double x)
{
    uint64_t b = bits_of(x);
    unsigned e = b >> FRACTION_BITS & EXPONENT_MASK;
    if (e < BIAS) {
        b &= SIGN_BIT;
        if (e == BIAS - 1) b |= bits_of(1.0);
    } else if (e < BIAS + FRACTION_BITS) {
        e -= BIAS;
        b += (UINT64_C(1) << (FRACTION_BITS - 1)) >> e;
        b &= ~(((UINT64_C(1) << FRACTION_BITS) - 1) >> e);
    }
    return double_of(b);
}

/* log: the reduction and polynomial of FreeBSD's e_log.c in the order in which Go's assembly evaluates it. Unlike Go's
 * portable version it leaves subnormal arguments unscaled, so their results are off, as they are in Go. */
double pp_go_log(double x)
{
    static const double ln2_hi = 6.93147180369123816490e-01, ln2_lo = 1.90821492927058770002e-10;
    static const double half_sqrt2 = 7.07106781186547524401e-01;
    static const double l1 = 6.666666666666735130e-01, l2 = 3.999999999940941908e-01, l3 = 2.857142874366239149e-01,
                        l4 = 2.222219843214978396e-01, l5 = 1.818357216161805012e-01, l6 = 1.531383769920937332e-01,
                        l7 = 1.479819860511658591e-01;
    uint64_t b = bits_of(x);
    if (b << 1 == 0) return double_of(INF_BITS | SIGN_BIT);
    if (b & SIGN_BIT) return double_of(NAN_BITS);
    if (b >= INF_BITS) return x;

    double f = double_of((b & ((UINT64_C(1) << FRACTION_BITS) - 1)) | bits_of(0.5));
    double k = (double)((int)(b >> FRACTION_BITS) - (BIAS - 1));
    if (half_sqrt2 >= f) {
        k -= 1;
        f *= 2;
    }
    f -= 1;
    double s = f / (2 + f), s2 = s * s, s4 = s2 * s2;
    double t1 = s2 * (l1 + s4 * (l3 + s4 * (l5 + s4 * l7)));
    double t2 = s4 * (l2 + s4 * (l4 + s4 * l6));
    double half_square = 0.5 * f * f;
    return k * ln2_hi - ((half_square - (s * (half_square + (t1 + t2)) + k * ln2_lo)) - f);
}

double pp_go_log2(double x)
{
    int exponent;
    double fraction = pp_go_frexp(x, &exponent);
    if (fraction == 0.5) return (double)(exponent - 1);
    return pp_go_log(fraction) * 1.44269504088896340735992468100189214 + (double)exponent;
}

/* exp: Shibata's method (x/16, Taylor series of exp(x) - 1, doubled four times). Go's assembly has two variants; it takes
 * the one with fused multiply-adds where the CPU has them, and the results differ in the last bit. */
static const double exp_series[] = {2.4801587301587301587e-5,
                                    1.9841269841269841270e-4,
                                    1.3888888888888888889e-3,
                                    8.3333333333333333333e-3,
                                    4.1666666666666666667e-2,
                                    1.6666666666666666667e-1,
                                    0.5,
                                    1.0};
static const double ln2_upper = 0.69314718055966295651160180568695068359375;
static const double ln2_lower = 0.28235290563031577122588448175013436025525412068e-12;

static double exp_fraction_plain(double x, double k)
{
    x -= k * ln2_upper;
    x -= k * ln2_lower;
    x *= 0.0625;
    double sum = exp_series[0];
    for (int i = 1; i < 8; i++)
        sum = sum * x + exp_series[i];
    x *= sum;
    for (int i = 0; i < 4; i++)
        x *= x + 2;
    return x + 1;
}

#ifdef __x86_64__
#define EXP_FUSED_TARGET __attribute__((target("avx,fma")))

/* Asked on first use. __builtin_cpu_supports would bring libgcc's constructor into libpprof: a dozen cpuid instructions at every program's
 * start, each of which leaves the guest of a virtual machine. */
static bool cpu_fuses(void)
{
    enum { UNKNOWN, NO, YES };
    static _Atomic int answer;
    int seen = atomic_load_explicit(&answer, memory_order_relaxed);
    if (seen != UNKNOWN) return seen == YES;
    unsigned a, b, c, d, state = 0, high;
    bool there = __get_cpuid(1, &a, &b, &c, &d) && (c & bit_FMA) && (c & bit_AVX) && (c & bit_OSXSAVE);
    if (there) __asm__("xgetbv" : "=a"(state), "=d"(high) : "c"(0));
    bool fuses = there && (state & 6) == 6; /* the kernel keeps the AVX registers */
    atomic_store_explicit(&answer, fuses ? YES : NO, memory_order_relaxed);
    return fuses;
}
#else
#define EXP_FUSED_TARGET
static bool cpu_fuses(void)
{
    return true; /* __builtin_fma is exact everywhere: the same result as on a current x86 */
}
#endif

EXP_FUSED_TARGET static double exp_fraction_fused(double x, double k)
{
    x = __builtin_fma(-k, ln2_upper, x);
    x = __builtin_fma(-k, ln2_lower, x);
    x *= 0.0625;
    double sum = exp_series[0];
    for (int i = 1; i < 8; i++)
        sum = __builtin_fma(sum, x, exp_series[i]);
    x *= sum;
    for (int i = 0; i < 3; i++)
        x *= x + 2;
    return __builtin_fma(x + 2, x, 1.0);
}

double pp_go_exp(double x)
{
    if (is_nan(x)) return x;
    if (is_inf(x)) return bits_of(x) & SIGN_BIT ? 0 : x;
    if (x > 7.09782712893384e+02) return double_of(INF_BITS);
    double in_octaves = x * 1.4426950408889634073599246810018920;
    if (in_octaves < -2000) return 0;                /* far below the smallest subnormal */
    int k = (int)(in_octaves + 0x1.8p52 - 0x1.8p52); /* to the nearest integer, ties to even */
    double fraction = cpu_fuses() ? exp_fraction_fused(x, (double)k) : exp_fraction_plain(x, (double)k);
    k += BIAS;
    if (k >= EXPONENT_MASK) return double_of(INF_BITS);
    if (k > 0) return fraction * double_of((uint64_t)k << FRACTION_BITS);
    if (k < -52) return 0;
    fraction *= double_of((uint64_t)(k + BIAS - 1) << FRACTION_BITS);
    return fraction * 0x1p-1022;
}

static double split_integer(double x, double *ret_fraction) /* x >= 0, finite */
{
    double whole = x < 0x1p52 ? (double)(int64_t)x : x;
    *ret_fraction = x - whole;
    return whole;
}

static bool is_odd(double x)
{
    if (magnitude(x) >= 0x1p53) return false;
    double fraction, whole = split_integer(magnitude(x), &fraction);
    return fraction == 0 && ((int64_t)whole & 1) == 1;
}

static double pow_of_zero(double x, double y)
{
    bool negative = bits_of(x) & SIGN_BIT && is_odd(y);
    uint64_t sign = negative ? SIGN_BIT : 0;
    return double_of(y < 0 ? INF_BITS | sign : sign);
}

static double pow_far(double x, bool grows_above_one) /* |y| so large that only |x| against 1 counts */
{
    if (x == -1) return 1;
    return (magnitude(x) < 1) == grows_above_one ? 0 : double_of(INF_BITS);
}

static bool pow_special(double x, double y, double *ret)
{
    if (y == 0 || x == 1) {
        *ret = 1;
    } else if (y == 1) {
        *ret = x;
    } else if (is_nan(x) || is_nan(y)) {
        *ret = double_of(NAN_BITS);
    } else if (x == 0) {
        *ret = pow_of_zero(x, y);
    } else if (is_inf(y)) {
        *ret = pow_far(x, y > 0);
    } else if (is_inf(x)) {
        *ret = x < 0 ? pow_of_zero(-0.0, -y) : y < 0 ? 0 : x;
        if (x < 0 && y == -1) *ret = -0.0; /* Pow(-0, 1) */
    } else if (y == 0.5) {
        *ret = __builtin_sqrt(x);
    } else if (y == -0.5) {
        *ret = 1 / __builtin_sqrt(x);
    } else {
        return false;
    }
    return true;
}

double pp_go_pow(double x, double y)
{
    double special;
    if (pow_special(x, y, &special)) return special;
    double fraction, whole = split_integer(magnitude(y), &fraction);
    if (fraction != 0 && x < 0) return double_of(NAN_BITS);
    if (whole >= 0x1p63) return pow_far(x, y > 0);

    double result = 1;
    int result_exponent = 0;
    if (fraction != 0) {
        if (fraction > 0.5) {
            fraction -= 1;
            whole += 1;
        }
        result = pp_go_exp(fraction * pp_go_log(x));
    }
    int exponent;
    double square = pp_go_frexp(x, &exponent);
    for (int64_t i = (int64_t)whole; i != 0; i >>= 1) {
        if (exponent < -(1 << 12) || exponent > 1 << 12) { /* over- or underflows whatever follows */
            result_exponent += exponent;
            break;
        }
        if (i & 1) {
            result *= square;
            result_exponent += exponent;
        }
        square *= square;
        exponent *= 2;
        if (square < 0.5) {
            square += square;
            exponent--;
        }
    }
    if (y < 0) {
        result = 1 / result;
        result_exponent = -result_exponent;
    }
    return pp_go_ldexp(result, result_exponent);
}
