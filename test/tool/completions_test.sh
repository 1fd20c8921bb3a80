#!/bin/bash
# completions_test.sh: the files are what options.tbl says, and bash completes with them.
cd "$(dirname "$0")/../.." || exit 1
python3 scripts/completions.py --check || exit 1
. completions/pprof.bash
bad=0
expect() { # wanted, words...
    local wanted=$1
    shift
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_LINE="$*" COMP_POINT=1000
    compopt() { :; }
    _pprof
    [[ " ${COMPREPLY[*]} " == *" $wanted "* ]] || { echo "$*: got '${COMPREPLY[*]}', not $wanted"; bad=1; }
}
COMP_WORDS=(pprof -gran) COMP_CWORD=1 COMP_LINE="pprof -gran" COMP_POINT=11
_pprof
[[ ${#COMPREPLY[@]} == 0 ]] || { echo "granularity is no flag, but completed: ${COMPREPLY[*]}"; bad=1; }
expect -focus= pprof -fo
expect -top pprof --to
expect -lines pprof -top -li
expect minimum pprof -unit = mi
expect local pprof -symbolize =
expect README.md pprof READ
expect sample_index pprof help sam
expect run pprof ru
for shell in zsh fish; do # as far as they are here: at least the syntax
    command -v $shell >/dev/null || continue
    $shell -n completions/$([ $shell = zsh ] && echo _pprof || echo pprof.fish) || bad=1
done
exit $bad
