#!/bin/sh
# STORM_PHASES (1,2,3) chooses phases.
# Signals at 10 kHz over malloc, threads, fork, exec, dlopen, exceptions, cancellation ... for STORM_SECONDS (120).
#   scripts/storm.sh [build]
set -eu
cd "$(dirname "$0")/.."
build=${1:-build}
ninja -C "$build" test/runtime/storm >/dev/null || { echo "storm.sh: $build does not build (is it set up with -Dtests=true?)" >&2; exit 1; }
exec python3 test/runtime/storm.py "$build/src/tool/pprof" "$build/src/runtime/libpprof.so" "$build/test/runtime"
