#!/bin/sh
# The benchmarks (bench/README.md): the tool against google/pprof, then programs under libpprof against the same without it and under other profilers.
#   scripts/bench.sh [build]
#     BENCH_ONLY=tool|runtime   one half           BENCH_ROWS=TEXT   rows whose name contains it
#     BENCH_RUNS=N              runs of a row      BENCH_LARGE=1     the tool on a million samples, too
#     BENCH_JSON=1              measurements as JSON in bench/results
#     BENCH_JEMALLOC=FILE       a libjemalloc.so.2 that was built with --enable-prof
#     PPROF_ORACLE=FILE         google/pprof; else it is taken from Go's bin directory, or installed there
set -eu
cd "$(dirname "$0")/.."
build=${1:-build}
oracle_version=v0.0.0-20261016150608-1facf8f91b50

meson configure "$build" -Dbench=true
ninja -C "$build" >"$build/bench.log" 2>&1 || { cat "$build/bench.log"; exit 1; }

oracle=${PPROF_ORACLE:-}
if [ -z "$oracle" ] && command -v go >/dev/null; then
    oracle=$(go env GOBIN)
    oracle=${oracle:-$(go env GOPATH)/bin}/pprof
    [ -x "$oracle" ] || go install "github.com/google/pprof@$oracle_version" || true
fi

set --
[ -z "${BENCH_ROWS:-}" ] || set -- "$@" "--only=$BENCH_ROWS"
stamp=$(date -u +%Y%m%d-%H%M%S)
json() {
    [ -n "${BENCH_JSON:-}" ] || return 0
    mkdir -p bench/results
    echo "--json bench/results/$stamp-$1.json"
}

status=0
if [ "${BENCH_ONLY:-tool}" = tool ]; then
    echo "The tool against google/pprof"
    # shellcheck disable=SC2046
    python3 bench/tool_bench.py --ours "$build/src/tool/pprof" --build "$build/bench" --google "${oracle:-/nonexistent/pprof}" \
        ${BENCH_RUNS:+--runs "$BENCH_RUNS"} ${BENCH_LARGE:+--large} $(json tool) "$@" || status=1
    echo
fi
if [ "${BENCH_ONLY:-runtime}" = runtime ]; then
    echo "Programs under libpprof"
    # shellcheck disable=SC2046
    python3 bench/runtime_bench.py --build "$build" ${BENCH_RUNS:+--runs "$BENCH_RUNS"} $(json runtime) "$@" || status=1
fi
exit $status
