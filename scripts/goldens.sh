#!/bin/sh
# Records the answers of a real google/pprof anew, for test/golden and test/oracle, and shows what changed.
#     scripts/goldens.sh        google/pprof is $PPROF_ORACLE, else `pprof` in $(go env GOPATH)/bin, else it is built with Go
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
wanted=v0.0.0-20261016150608-1facf8f91b50
pprof=${PPROF_ORACLE:-$(go env GOPATH)/bin/pprof}
if [ ! -x "$pprof" ]; then
    bin=$(mktemp -d)
    trap 'rm -rf "$bin"' EXIT
    GOBIN=$bin go install github.com/google/pprof@$wanted
    pprof=$bin/pprof
fi
version=$(go version -m "$pprof" | awk '$1 == "mod" { print $3 }')
: "${version:?$pprof is no Go program}"
[ "$version" = $wanted ] || echo "goldens: $pprof is $version, the last ones were made by $wanted"
{ printf 'google/pprof\t%s\n' "$version"; python3 "$root/test/oracle/run.py" --versions; } >"$root/test/oracle/versions.txt"
head -n 2 "$root/test/oracle/versions.txt" >"$root/test/golden/versions.tsv"
python3 "$root/test/golden/run.py" "$pprof" --make
python3 "$root/test/oracle/run.py" "$pprof" --make "$root/test/oracle/expected.tar.xz"
git -C "$root" status --short -- test/golden test/oracle
cat "$root/test/oracle/versions.txt"
