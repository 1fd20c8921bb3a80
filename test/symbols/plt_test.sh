#!/bin/sh
# Names of PLT slots against objdump's, for x86-64 (old, IBT, bind-now, not PIE) and, where a cross compiler is, aarch64.
#   plt_test.sh SYMBOLIZE DIR      exit 77: nothing to build with
symbolize=$(readlink -f "$1") status=0 tested=0
mkdir -p "$2" && cd "$2" || exit 1
cat >plt.c <<'END'
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
int main(int argc, char **argv)
{
    char *p = strdup(argv[argc - 1]);
    puts(p);
    printf("%zu\n", strlen(getenv("HOME")));
    free(p);
    return atoi(argv[0]);
}
END
check() { # compiler, objdump, flags
    compiler=$1 objdump=$2
    shift 2
    command -v "$compiler" >/dev/null 2>&1 && command -v "$objdump" >/dev/null 2>&1 || return 0
    "$compiler" -O2 "$@" plt.c -o plt 2>/dev/null || { echo "$compiler $*: does not link"; return 0; }
    "$objdump" -d plt | sed -nE 's/^0*([0-9a-f]+) <([^*].*@plt)>:$/\1 \2/p' >wanted
    cut -d' ' -f1 wanted | "$symbolize" -plain plt 2>/dev/null | awk '/^0x/ { at = substr($1, 3); next } { print at, $1 }' >ours
    tested=1
    if [ -s wanted ] && cmp -s wanted ours; then
        echo "$compiler $*: $(wc -l <wanted) slots"
    else
        echo "$compiler $*: differs"
        diff wanted ours
        status=1
    fi
}
check gcc objdump
check gcc objdump -fcf-protection=full -Wl,-z,ibtplt
check gcc objdump -Wl,-z,now
check gcc objdump -no-pie -Wl,-z,lazy -s
check aarch64-linux-gnu-gcc aarch64-linux-gnu-objdump
check aarch64-linux-gnu-gcc aarch64-linux-gnu-objdump -mbranch-protection=standard -Wl,-z,force-bti
check aarch64-linux-gnu-gcc aarch64-linux-gnu-objdump -no-pie -s
[ $tested = 1 ] || exit 77
exit $status
