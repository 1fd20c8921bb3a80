#!/bin/sh
# Proves what the folders promise: signal-handler code (sigsafe/) and hook code (hooks/) linked alone need nothing that zone.allow
# doesn't list; libpprof.so needs libc alone, of it only the listed symbols, none newer than GLIBC_2.28; zone files keep their
# frames small and use no alloca or VLA.
set -eu
cd "$(dirname "$0")/.."
build=${1:-build}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
bad=0

complain() { echo "check-zones: $*"; bad=1; }

allowed() { awk -v z="$1" '$1 == z { print $2 }' zone.allow | sort -u; }

zone() { # name, objects...
    name=$1; shift
    [ $# -gt 0 ] || { complain "$name: no objects found in $build"; return; }
    ld -r -o "$tmp/$name.o" "$@"
    nm -u "$tmp/$name.o" | awk '{ print $2 }' | sort -u >"$tmp/$name.needs"
    allowed "$name" >"$tmp/$name.may"
    extra=$(comm -23 "$tmp/$name.needs" "$tmp/$name.may")
    [ -z "$extra" ] || complain "$name may not use:" $extra
    echo "check-zones: $name: $# objects need $(wc -l <"$tmp/$name.needs") symbols from outside"
}

sigsafe=$(find "$build/src" -name 'sigsafe_*.o' -path '*pp_*' | sort)
hooks=$(find "$build/src/runtime" -name 'hooks_*.o' -path '*pp_runtime*' | sort)
os=$(find "$build/src" -name 'os_os_linux.c.o' -path '*pp_runtime*'; find "$build/src/base" -name 'fmt.c.o' -o -path '*pp_base*' -name 'str.c.o' -o -path '*pp_base*' -name 'pages.c.o')
zone sigsafe $sigsafe $(echo "$os")
zone hooks $hooks $sigsafe $(echo "$os")

lib=$build/src/runtime/libpprof.so
[ -e "$lib" ] || { complain "$lib is missing"; exit 1; }
nm -D --undefined-only "$lib" | awk '{ sub(/@.*/, "", $2); print $2 }' | sort -u >"$tmp/lib.needs"
allowed library >"$tmp/lib.may"
extra=$(comm -23 "$tmp/lib.needs" "$tmp/lib.may")
[ -z "$extra" ] || complain "libpprof.so may not use:" $extra
needed=$(readelf -d "$lib" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | grep -v -e '^libc\.so' -e '^ld-linux' || true)
[ -z "$needed" ] || complain "libpprof.so needs more than libc:" $needed
newer=$(objdump -T "$lib" | grep -o 'GLIBC_2\.[0-9]*' | sort -u -V | awk -F. '$2 > 28' || true)
[ -z "$newer" ] || complain "libpprof.so needs" $newer
nm -D --undefined-only "$lib" | grep -q '_chk@' && complain "libpprof.so uses fortified functions"
readelf -d "$lib" | grep -q TEXTREL && complain "libpprof.so has text relocations"

# Frames: recompile the zones with the limits as errors.
for dir in src/ledger/sigsafe src/unwind/sigsafe src/runtime/sigsafe src/runtime/hooks; do
    limit=1024
    [ "${dir##*/}" = hooks ] && limit=4096
    for f in "$dir"/*.c; do
        case $f in *_aarch64.c) continue ;; esac
        ${CC:-cc} -std=gnu17 -D_GNU_SOURCE -O2 -fPIC -Isrc -Iinclude -DPP_VERSION='"0"' -Werror=frame-larger-than=$limit -Werror=vla \
            -Werror=alloca -c "$f" -o "$tmp/frame.o" 2>"$tmp/frame.err" || { cat "$tmp/frame.err"; complain "$f: frame over $limit bytes, or alloca"; }
    done
done
[ $bad = 0 ] && echo "check-zones: all hold"
exit $bad
