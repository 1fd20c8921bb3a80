#!/bin/sh
# outside_profiles.sh DIR [PPROF]: profiles that nobody here made up, for `test/oracle/random_diff.py --corpus DIR`: benchmarks of packages of the
# Go distribution (CPU, heap, blocking, mutexes), and with PPROF some of this machine's programs under `PPROF run`.
# Nothing of it is kept in the tree. Exit 77: no Go here.
set -u
dir=$(mkdir -p "$1" && cd "$1" && pwd) pprof=${2:+$(readlink -f "$2")}
command -v go >/dev/null || { echo "go is not here"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$(go env GOROOT)/src" || exit 1
for package in ${PACKAGES:-strings sort encoding/json compress/flate regexp go/parser sync text/template}; do
    name=$(echo "$package" | tr / _)
    # Not every benchmark ends soon: what is there after a minute is taken.
    timeout 60 go test -run xxx -bench "${BENCH:-.}" -benchtime 10ms -o "$work/test" -outputdir "$work" -cpuprofile cpu.pb.gz -memprofile heap.pb.gz \
        -blockprofile block.pb.gz -mutexprofile mutex.pb.gz "./$package" >/dev/null 2>"$work/err" || head -3 "$work/err"
    for kind in cpu heap block mutex; do
        [ -s "$work/$kind.pb.gz" ] && mv "$work/$kind.pb.gz" "$dir/$name.$kind.pb.gz"
    done
done
[ -n "$pprof" ] || exit 0
record() { # name, command...: one window of CPU and the heap while it runs
    name=$1
    shift
    "$pprof" run -http=127.0.0.1:0 -cpuprofile="$dir/$name.cpu.pb.gz" -memprofile="$dir/$name.heap.pb.gz" -- "$@" >/dev/null 2>&1 </dev/null
    [ -s "$dir/$name.heap.pb.gz" ] || echo "$name left no heap profile"
}
head -c 30000000 /dev/urandom >"$work/random"
record gzip gzip -c "$work/random"
record sort sort -n "$work/random"
record perl perl -e 'my %h; $h{$_ % 5000} .= "x" for 1 .. 2000000; print scalar keys %h'
record python python3 -c 'import json; d = [json.loads(json.dumps({str(i): [i] * 20})) for i in range(60000)]; print(len(d))'
record awk awk 'BEGIN { for (i = 0; i < 2000000; i++) a[i % 1000] = a[i % 1000] i % 7; print length(a) }'
record xz xz -1 -c "$work/random"
