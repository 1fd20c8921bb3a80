#!/bin/sh
# Installs the Debian packages that a part of the project needs. Asks for sudo only when it must install and is not root.
#   scripts/setup.sh build|test|demo|bench|fuzz|programs
set -eu

optional="" # their absence is said, and what needs them is skipped
build="gcc g++ make meson ninja-build pkg-config python3 libdeflate-dev libelf-dev libdw-dev libre2-dev libcurl4-openssl-dev libedit-dev libmicrohttpd-dev libcmocka-dev zlib1g-dev"
test="$build libjemalloc-dev curl clang llvm binutils graphviz libzstd1 procps g++"
case "${1:-build}" in
build) packages=$build ;;
test) packages=$test optional=chromium ;;
demo) packages="$build curl graphviz redis-server redis-tools" ;;
bench) packages="$test libgoogle-perftools4 libjemalloc2 sqlite3" ;;
fuzz) packages="$build clang libclang-rt-14-dev llvm" ;;
programs) packages="$test redis-server redis-tools nginx-light apache2-utils memcached libmemcached-tools mariadb-server sqlite3 python3" ;;
*) echo "setup.sh: unknown part $1" >&2; exit 2 ;;
esac

absent() { # packages: those that are not installed
    for p in "$@"; do
        dpkg-query -W -f '${Status}' "$p" 2>/dev/null | grep -q '^install ok installed' || printf ' %s' "$p"
    done
}
missing=$(absent $packages)
wanted=$(absent $optional)
[ -n "$missing$wanted" ] || exit 0

command -v apt-get >/dev/null || { echo "setup.sh: this is no Debian; install what corresponds to:$missing" >&2; exit 1; }
sudo=""
[ "$(id -u)" = 0 ] || sudo="sudo"
echo "setup.sh: installing$missing$wanted"
# Servers that come along must not start: the demo and the tests start their own.
policy=/usr/sbin/policy-rc.d
made_policy=""
if [ ! -e $policy ]; then
    printf '#!/bin/sh\nexit 101\n' | $sudo tee $policy >/dev/null && $sudo chmod +x $policy && made_policy=1
fi
$sudo apt-get update -qq
install() { # packages
    [ $# -gt 0 ] || return 0
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/tmp/pprof-setup.$$ 2>&1 ||
        { tail -n 20 /tmp/pprof-setup.$$ >&2; rm -f /tmp/pprof-setup.$$; return 1; }
    rm -f /tmp/pprof-setup.$$
}
status=0
install $missing || status=1
install $wanted || echo "setup.sh: without$wanted" >&2
[ -z "$made_policy" ] || $sudo rm -f $policy
exit $status
