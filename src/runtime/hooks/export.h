/* runtime/hooks/export.h - marks a symbol that the guest is to find. */
#ifndef PP_RUNTIME_HOOKS_EXPORT_H
#define PP_RUNTIME_HOOKS_EXPORT_H

#define PP_EXPORT __attribute__((visibility("default")))
#define PP_COLD __attribute__((noinline, cold))

#endif
