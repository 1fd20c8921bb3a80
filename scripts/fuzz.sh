#!/bin/sh
# Builds every fuzz/*_fuzz.c with libFuzzer, ASan and UBSan and runs each for FUZZ_SECONDS (60) on its seeds.
#   fuzz/<name>_fuzz.c    first line names the sources and libraries: // fuzz: src/elf/*.c src/base/*.c -- -lelf
#   fuzz/<name>.dict, fuzz/seeds/<name>/   optional
set -u
cd "$(dirname "$0")/.."
seconds=${FUZZ_SECONDS:-60}
out=build-fuzz
mkdir -p $out
bad=0
ran=0
for target in ${FUZZ_TARGETS:-fuzz/*_fuzz.c}; do
    name=$(basename "$target" _fuzz.c)
    spec=$(sed -n 's|^// fuzz: ||p' "$target" | head -n 1)
    sources=${spec%%--*}
    libs=${spec#*--}
    [ "$libs" != "$spec" ] || libs=""
    flags="-D_GNU_SOURCE -g -O1 -fno-omit-frame-pointer -fno-sanitize-recover=undefined -Isrc -Iinclude"
    c_sources=""
    objects="" # of C++ sources, which take no -std=gnu17
    for source in $sources; do
        case $source in
        *.cc)
            objects="$objects $out/$(basename "$source").o"
            clang++ -std=c++17 $flags -fsanitize=fuzzer-no-link,address,undefined -c "$source" -o $out/"$(basename "$source")".o
            ;;
        *) c_sources="$c_sources $source" ;;
        esac
    done
    clang -std=gnu17 -DPP_VERSION='"0"' $flags -fsanitize=fuzzer,address,undefined \
        "$target" $c_sources $objects $libs -o $out/"$name" 2>$out/"$name".build ||
        { cat $out/"$name".build; echo "fuzz: $name does not build"; bad=1; continue; }
    mkdir -p $out/corpus-"$name"
    seeds=""
    [ ! -d fuzz/seeds/"$name" ] || seeds=fuzz/seeds/"$name"
    dict=""
    [ ! -e fuzz/"$name".dict ] || dict=-dict=fuzz/$name.dict
    if $out/"$name" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -artifact_prefix=$out/"$name"- $dict \
        $out/corpus-"$name" $seeds >$out/"$name".log 2>&1; then
        echo "fuzz: $name: $(grep -o 'Done [0-9]* runs in [0-9]* second' $out/"$name".log)"
        ran=$((ran + 1))
    else
        tail -n 40 $out/"$name".log
        echo "fuzz: $name FAILED; the input is kept as $out/$name-*"
        bad=1
    fi
done
echo "fuzz: $ran targets without a finding"
exit $bad
