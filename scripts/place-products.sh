#!/bin/sh
# Puts the products where people look for them: build/pprof, build/libpprof.so, build/libpprof.a.
set -eu
build=${1:-build}
ln -sf src/tool/pprof "$build/pprof"
ln -sf src/runtime/libpprof.so "$build/libpprof.so"
[ ! -e "$build/src/runtime/libpprof.a" ] || ln -sf src/runtime/libpprof.a "$build/libpprof.a"
