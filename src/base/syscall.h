/* base/syscall.h - one system call, nothing else: no errno, no cancellation point, no TLS, no interposed wrapper.
 *
 * Returns the kernel's answer: -4095..-1 is a negated errno.   May run: everywhere, signal handlers and threads made
 * by a raw clone included.
 */
#ifndef PP_BASE_SYSCALL_H
#define PP_BASE_SYSCALL_H

#if defined(__x86_64__)
static inline long pp_sys6(long n, long a, long b, long c, long d, long e, long f)
{
    long ret;
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    __asm__ volatile("syscall" : "=a"(ret) : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9) : "rcx", "r11", "memory");
    return ret;
}
#elif defined(__aarch64__)
static inline long pp_sys6(long n, long a, long b, long c, long d, long e, long f)
{
    register long x8 __asm__("x8") = n;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    register long x4 __asm__("x4") = e;
    register long x5 __asm__("x5") = f;
    __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
    return x0;
}
#else
#error "base/syscall.h: add this architecture's system call instruction"
#endif

#define PP_SYS_PICK(_0, _1, _2, _3, _4, _5, _6, name, ...) name
#define PP_SYS0(n) pp_sys6(n, 0, 0, 0, 0, 0, 0)
#define PP_SYS1(n, a) pp_sys6(n, (long)(a), 0, 0, 0, 0, 0)
#define PP_SYS2(n, a, b) pp_sys6(n, (long)(a), (long)(b), 0, 0, 0, 0)
#define PP_SYS3(n, a, b, c) pp_sys6(n, (long)(a), (long)(b), (long)(c), 0, 0, 0)
#define PP_SYS4(n, a, b, c, d) pp_sys6(n, (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)
#define PP_SYS5(n, a, b, c, d, e) pp_sys6(n, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), 0)
#define PP_SYS6(n, a, b, c, d, e, f) pp_sys6(n, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))
/* pp_sys(SYS_x, up to six arguments of any scalar type) */
#define pp_sys(...) \
    PP_SYS_PICK(__VA_ARGS__, PP_SYS6, PP_SYS5, PP_SYS4, PP_SYS3, PP_SYS2, PP_SYS1, PP_SYS0, )(__VA_ARGS__)

static inline int pp_sys_failed(long ret)
{
    return ret < 0 && ret >= -4095;
}

#endif
