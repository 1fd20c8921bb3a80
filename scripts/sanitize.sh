#!/bin/sh
# All unit and tool tests in a build with sanitizers.   scripts/sanitize.sh address,undefined | thread
# Preloading libpprof into a sanitized program is refused by design, so the runtime's live tests are left to the plain build. Under ASan the
# storm is run the other way round: a sanitized libpprof in a program that is not, over ASan's allocator (STORM_SECONDS, 24).
set -eu
cd "$(dirname "$0")/.."
kind=$1
build=build-$(echo "$kind" | tr -d ,)
[ -e "$build/build.ninja" ] || meson setup "$build" -Db_sanitize="$kind" -Db_lundef=false -Dbuildtype=debugoptimized >"$build.log" 2>&1 || { cat "$build.log"; exit 1; }
rm -f "$build.log"
ninja -C "$build" >"$build/ninja.log" 2>&1 || { tail -n 30 "$build/ninja.log"; exit 1; }
export ASAN_OPTIONS=detect_leaks=0:abort_on_error=1 UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1 TSAN_OPTIONS=halt_on_error=1
if [ "$kind" = thread ]; then
    scripts/test.sh "$build" --timeout-multiplier 5 --no-suite live --no-suite golden --no-suite tool --no-suite slow
else
    scripts/test.sh "$build" --timeout-multiplier 5 --no-suite live --no-suite slow
    # Ours stands before ASan's; a thread that ends by pthread_exit or a cancellation leaves marks on its stack that sigaltstack() would stumble over.
    ASAN_OPTIONS=$ASAN_OPTIONS:verify_asan_link_order=0:allocator_may_return_null=1:use_sigaltstack=0 \
        LIVE_PRELOAD_BEHIND="$(realpath "$(cc -print-file-name=libasan.so)")" STORM_SECONDS="${STORM_SECONDS:-24}" scripts/storm.sh "$build"
fi
