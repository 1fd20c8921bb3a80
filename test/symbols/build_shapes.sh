#!/bin/sh
# Builds the shapes programs into DIR with every compiler that is here, in many forms of debug information; prints their names.
#   build_shapes.sh DIR
set -e
src=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
cd "$1"
have() { command -v "$1" >/dev/null 2>&1; }

# name, compiler and flags; the two units are compiled and linked in separate steps where split DWARF needs the .dwo files.
cxx() {
    name=$1
    compiler=$2
    shift 2
    if [ ! -x "$name" ]; then
        mkdir -p "$name.d"
        "$compiler" -O2 "$@" -c "$src/shapes.cc" -o "$name.d/shapes.o"
        "$compiler" -O2 "$@" -c "$src/shapes2.cc" -o "$name.d/shapes2.o"
        "$compiler" -O2 "$@" "$name.d/shapes.o" "$name.d/shapes2.o" -o "$name"
    fi
    echo "$name"
}

if have g++; then
    cxx gcc5 g++ -gdwarf-5
    cxx gcc4 g++ -gdwarf-4
    cxx gcc3 g++ -gdwarf-3 -gstrict-dwarf
    cxx gcc64 g++ -gdwarf-5 -gdwarf64
    cxx gcc_O0 g++ -g -O0
    cxx gcc_split5 g++ -gdwarf-5 -gsplit-dwarf
    cxx gcc_split4 g++ -gdwarf-4 -gsplit-dwarf
    cxx gcc_types g++ -gdwarf-4 -fdebug-types-section
    cxx gcc_gz g++ -g -gz
    cxx gcc_lto g++ -g -flto
    cxx gcc_sections g++ -g -ffunction-sections -Wl,--gc-sections
    cxx gcc_nopie g++ -g -no-pie -fno-pie
    cxx gcc_nodebug g++
    if have dwp && [ ! -e gcc_dwp ]; then
        cxx gcc_dwp g++ -gdwarf-4 -gsplit-dwarf >/dev/null
        dwp -e gcc_dwp -o gcc_dwp.dwp && rm -f gcc_dwp.d/*.dwo
    fi
    [ ! -e gcc_dwp ] || echo gcc_dwp
    if have objcopy && [ ! -e gcc_link ]; then
        cxx gcc_link g++ -g -Wl,--build-id=none >/dev/null
        objcopy --only-keep-debug gcc_link gcc_link.debug
        strip gcc_link
        objcopy --add-gnu-debuglink=gcc_link.debug gcc_link
    fi
    [ ! -e gcc_link ] || echo gcc_link
fi
if have clang++; then
    cxx clang5 clang++ -gdwarf-5
    cxx clang4 clang++ -gdwarf-4
    cxx clang_split5 clang++ -gdwarf-5 -gsplit-dwarf
    cxx clang_split4 clang++ -gdwarf-4 -gsplit-dwarf
    cxx clang_lines clang++ -gline-tables-only
    cxx clang_types clang++ -gdwarf-5 -fdebug-types-section
    if have llvm-dwp && [ ! -e clang_dwp5 ]; then
        cxx clang_dwp5 clang++ -gdwarf-5 -gsplit-dwarf >/dev/null
        llvm-dwp -e clang_dwp5 -o clang_dwp5.dwp && rm -f clang_dwp5.d/*.dwo
    fi
    [ ! -e clang_dwp5 ] || echo clang_dwp5
fi
if have rustc; then
    [ -e rust ] || rustc -g -O "$src/shapes.rs" -o rust
    echo rust
fi
if have go; then
    [ -e go ] || (cd "$src/shapes_go" && GO111MODULE=off GOFLAGS= go build -o "$OLDPWD/go" main.go)
    echo go
fi
if have dwz && have gcc; then
    if [ ! -e dwz_a ]; then
        cp gcc5 dwz_a
        cp gcc_O0 dwz_b
        dwz -m dwz.alt dwz_a dwz_b
    fi
    echo dwz_a
fi
