#!/bin/sh
# All shapes programs and the C library against llvm-symbolizer: at least 99.5 % of the inline stacks equal. What dwz made (which
# llvm-symbolizer can't read) must give the same stacks as the program before dwz.
#   llvm_test.sh SYMBOLIZE DIR [ADDRESSES]      exit 77: no llvm-symbolizer or nothing to build with
here=$(cd "$(dirname "$0")" && pwd)
symbolize=$1 dir=$2 n=${3:-1000} status=0
command -v llvm-symbolizer >/dev/null 2>&1 || { echo "llvm-symbolizer is not installed"; exit 77; }
programs=$("$here/build_shapes.sh" "$dir") || exit 1
[ -n "$programs" ] || { echo "no compiler"; exit 77; }
for p in $programs; do
    [ "$p" = dwz_a ] || "$here/llvm_compare.py" "$symbolize" "$dir/$p" -n "$n" -min 99.5 -show 1 || status=1
done
for p in /usr/lib/x86_64-linux-gnu/libc.so.6 /usr/bin/redis-server /usr/bin/python3; do
    [ ! -e "$p" ] || "$here/llvm_compare.py" "$symbolize" "$(readlink -f "$p")" -n "$n" -min 99.5 -show 1 || status=1
done
if [ -e "$dir/dwz_a" ]; then
    start=$(nm "$dir/gcc5" | awk '$3 == "main" { print $1 }')
    for i in $(seq 0 7 1400); do printf '%x\n' $((0x$start + i)); done >"$dir/addresses"
    "$symbolize" "$dir/gcc5" <"$dir/addresses" >"$dir/before" 2>/dev/null || status=1
    "$symbolize" "$dir/dwz_a" <"$dir/addresses" >"$dir/after" 2>/dev/null || status=1
    cmp "$dir/before" "$dir/after" && echo "dwz_a: as before dwz, $(grep -c -v '^0x' "$dir/after") frames" || status=1
fi
exit $status
