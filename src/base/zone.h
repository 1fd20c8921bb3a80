/* base/zone.h - marks what may run inside a signal handler that interrupted anything.
 *
 * PP_SIGSAFE stands behind the parameters of a declaration. clang >= 20 then checks with -Wfunction-effects that no call,
 * function pointer or thread-local access in the body breaks the promise; other compilers see nothing.
 */
#ifndef PP_BASE_ZONE_H
#define PP_BASE_ZONE_H

#if defined(__clang__) && __clang_major__ >= 20
#define PP_SIGSAFE __attribute__((nonblocking))
#else
#define PP_SIGSAFE
#endif

#endif
