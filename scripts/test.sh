#!/bin/sh
# Runs the tests of a build directory (without options: all but suite slow, which .ci/run runs); ends with "N passed, N failed".   scripts/test.sh [build] [meson test options]
set -u
cd "$(dirname "$0")/.."
build=${1:-build}
[ $# -eq 0 ] || shift
[ $# -gt 0 ] || set -- --no-suite slow
log=$build/meson-logs/test-run.txt
mkdir -p "$build/meson-logs"
meson test -C "$build" --print-errorlogs --num-processes "${TEST_JOBS:-2}" "$@" >"$log" 2>&1
status=$?
grep -v '^\(ninja: \|\[\)' "$log"
count() { n=$(sed -n "s/^$1: *\([0-9]*\).*/\1/p" "$log" | tail -n 1); echo "${n:-0}"; }
failed=$(($(count Fail) + $(count Timeout) + $(count "Unexpected Pass")))
[ $status -eq 0 ] || [ $failed -gt 0 ] || failed=1
echo "$(count Ok) passed, $failed failed, $(count Skipped) skipped"
exit $status
