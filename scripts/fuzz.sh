#!/bin/sh
# Builds every fuzz/*_fuzz.c with libFuzzer, ASan and UBSan and runs each for FUZZ_SECONDS (60) on its seeds, one a processor at a time.
#   fuzz/<name>_fuzz.c    first line names the sources and libraries: // fuzz: src/elf/*.c src/base/*.c -- -lelf
#   fuzz/<name>.dict, fuzz/seeds/<name>/   optional
# FUZZ_TARGETS: which of them; FUZZ_JOBS: how many at once. An input with a finding is kept as build-fuzz/<name>-*.
set -u
cd "$(dirname "$0")/.."
seconds=${FUZZ_SECONDS:-60}
out=build-fuzz

build() { # name: build-fuzz/<name> from the list of sources in its first line
    spec=$(sed -n 's|^// fuzz: ||p' "fuzz/$1_fuzz.c" | head -n 1)
    sources=${spec%%--*}
    libs=${spec#*--}
    [ "$libs" != "$spec" ] || libs=""
    flags="-D_GNU_SOURCE -g -O1 -fno-omit-frame-pointer -fno-sanitize-recover=undefined -I. -Isrc -Iinclude"
    c_sources=""
    objects="" # of C++ sources, which take no -std=gnu17
    for source in $sources; do
        case $source in
        *.cc)
            object=$out/$1-$(basename "$source").o
            objects="$objects $object"
            clang++ -std=c++17 $flags -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize=function,vptr -c "$source" -o "$object" || return 1
            ;;
        *) c_sources="$c_sources $source" ;;
        esac
    done
    clang -std=gnu17 -DPP_VERSION='"0"' $flags -fsanitize=fuzzer,address,undefined \
        "fuzz/$1_fuzz.c" $c_sources $objects $libs -o "$out/$1"
}

one() { # name
    build "$1" >"$out/$1.build" 2>&1 || { cat "$out/$1.build"; echo "fuzz: $1 does not build"; return 1; }
    mkdir -p "$out/corpus-$1"
    seeds=""
    [ ! -d "fuzz/seeds/$1" ] || seeds=fuzz/seeds/$1
    dict=""
    [ ! -e "fuzz/$1.dict" ] || dict=-dict=fuzz/$1.dict
    if "$out/$1" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -artifact_prefix="$out/$1-" $dict \
        "$out/corpus-$1" $seeds >"$out/$1.log" 2>&1; then
        echo "fuzz: $1: $(grep -o 'Done [0-9]* runs in [0-9]* second' "$out/$1.log")"
    else
        tail -n 40 "$out/$1.log"
        echo "fuzz: $1 FAILED; the input is kept as $out/$1-*"
        return 1
    fi
}

if [ $# -eq 1 ]; then
    one "$1"
    exit
fi
mkdir -p $out
targets=${FUZZ_TARGETS:-fuzz/*_fuzz.c}
for target in $targets; do basename "$target" _fuzz.c; done |
    xargs -n 1 -P "${FUZZ_JOBS:-$(nproc)}" sh scripts/fuzz.sh || { echo "fuzz: not all targets are without a finding"; exit 1; }
echo "fuzz: $(echo $targets | wc -w) targets without a finding"
