#!/bin/sh
# nm_test.sh SYMBOLIZE FILE...: the list of symbols/nm_list.h against llvm-nm's own, order and data letters included. Files without
# a symbol table have no lines in either.
symbolize=$1
shift
command -v llvm-nm >/dev/null || { echo "llvm-nm is not here"; exit 77; }
ours=$(mktemp) theirs=$(mktemp)
trap 'rm -f "$ours" "$theirs"' EXIT
failed=0 symbols=0
for file; do
    "$symbolize" -nm "$file" >"$ours" || failed=1
    llvm-nm --numeric-sort --print-size --format=posix "$file" 2>/dev/null |
        awk -F ' ' 'NF == 4 && $0 !~ /^ / && $0 !~ /  / { print $1, index("bBdDrRvVW", $2) ? "d" : "t", $3, $4 }' >"$theirs"
    cmp "$ours" "$theirs" || { echo "FAIL $file"; diff "$ours" "$theirs" | head -5; failed=1; }
    symbols=$((symbols + $(wc -l <"$ours")))
done
echo "$# files, $symbols symbols"
[ $symbols -gt 0 ] && exit $failed
exit 1
