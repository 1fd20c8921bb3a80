#!/bin/sh
# Puts the products where people look for them: build/pprof, build/libpprof.so, build/libpprof.a.
set -eu
build=${1:-build}
ln -sf src/tool/pprof "$build/pprof"
for so in libpprof.so libpprof-jemalloc.so libpprof-tcmalloc.so; do ln -sf "src/runtime/$so" "$build/$so"; done
[ ! -e "$build/src/runtime/libpprof.a" ] || ln -sf src/runtime/libpprof.a "$build/libpprof.a"
