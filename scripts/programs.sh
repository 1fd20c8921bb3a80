#!/bin/sh
# Debian's servers and tools, unmodified, under pprof run; writes docs/programs.md.   scripts/programs.sh [build]
set -eu
cd "$(dirname "$0")/.."
build=${1:-build}
[ $# -eq 0 ] || shift
exec python3 scripts/programs.py "$build/src/tool/pprof" "$build/src/runtime/libpprof.so" "$@"
