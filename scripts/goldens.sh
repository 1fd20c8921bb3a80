#!/bin/sh
# Records the answers of a real google/pprof anew, for test/golden and test/oracle, and shows what changed.
#     scripts/goldens.sh /path/to/google/pprof
# Build one with: go install github.com/google/pprof@v0.0.0-20261016150608-1facf8f91b50
set -eu
pprof=${1:?usage: goldens.sh GOOGLE_PPROF}
root=$(cd "$(dirname "$0")/.." && pwd)
version=$(go version -m "$pprof" | awk '$1 == "mod" { print $3 }')
printf 'google/pprof\t%s\ndot\t%s\n' "${version:?no version in $pprof: not a Go program}" "$(dot -V 2>&1)" >"$root/test/oracle/versions.txt"
cp "$root/test/oracle/versions.txt" "$root/test/golden/versions.tsv"
python3 "$root/test/golden/run.py" "$pprof" --make
python3 "$root/test/oracle/run.py" "$pprof" --make "$root/test/oracle/expected.tar.xz"
git -C "$root" status --short -- test/golden test/oracle
cat "$root/test/oracle/versions.txt"
