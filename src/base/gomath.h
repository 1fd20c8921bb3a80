/* base/gomath.h - math functions whose results equal those of Go 1.26 on amd64 bit for bit.
 *
 * Go's compiler fuses no multiply-add there, so gomath.c is built with -ffp-contract=off.   May run: cold code.
 */
#ifndef PP_BASE_GOMATH_H
#define PP_BASE_GOMATH_H

double pp_go_exp(double x);
double pp_go_log(double x);
double pp_go_log2(double x);
double pp_go_pow(double x, double y);
double pp_go_frexp(double x, int *ret_exponent); /* fraction in [0.5, 1) */
double pp_go_ldexp(double fraction, int exponent);
double pp_go_round(double x); /* half away from zero */

#endif
