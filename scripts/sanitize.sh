#!/bin/sh
# All unit and tool tests in a build with sanitizers.   scripts/sanitize.sh address,undefined | thread
# Preloading libpprof into a sanitized program is refused by design, so the runtime's live tests are left to the plain build; its parts
# are tested as units here.
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
fi
