#!/bin/bash
# Profiles Debian's redis-server, unmodified, under load: CPU, heap and threads; leaves nothing running.
#   scripts/demo.sh [build]      output in build/demo
set -euo pipefail
cd "$(dirname "$0")/.."
build=${1:-build}
pprof=$PWD/$build/pprof
out=$PWD/$build/demo
http_port=${DEMO_HTTP_PORT:-6060}
redis_port=${DEMO_REDIS_PORT:-7000}
seconds=${DEMO_SECONDS:-10}
mkdir -p "$out"
export PPROF_TMPDIR=$out

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }

say "\$ pprof run -http=localhost:$http_port -- redis-server --port $redis_port --save ''"
cd "$out"
"$pprof" run -http="localhost:$http_port" -- redis-server --port "$redis_port" --save '' >redis.log 2>run.log &
run=$!
load=""
cleanup() {
    [ -z "$load" ] || kill "$load" 2>/dev/null || true
    redis-cli -p "$redis_port" shutdown nosave >/dev/null 2>&1 || true
    wait "$run" 2>/dev/null || true
}
trap cleanup EXIT
for _ in $(seq 100); do
    redis-cli -p "$redis_port" ping >/dev/null 2>&1 && break
    kill -0 "$run" 2>/dev/null || { cat run.log; exit 1; }
    sleep 0.1
done
cat run.log
redis-benchmark -p "$redis_port" -q -d 512 -r 100000 -n 100000000 -t set,get,lpush,lpop,hset >bench.log 2>&1 &
load=$!
sleep 1

base=http://localhost:$http_port/debug/pprof
say "\$ pprof -top '$base/profile?seconds=$seconds'"
curl -sSf -o cpu.pb.gz "$base/profile?seconds=$seconds"
"$pprof" -top -nodecount=10 cpu.pb.gz

say "\$ pprof -top $base/heap"
curl -sSf -o heap.pb.gz "$base/heap"
"$pprof" -top -cum -nodecount=10 heap.pb.gz

say "\$ curl '$base/goroutine?debug=2'"
curl -sSf -o threads.pb.gz "$base/goroutine"
curl -sSf -o threads.txt "$base/goroutine?debug=2"
"$pprof" -top -cum -nodecount=10 threads.pb.gz
head -n 20 threads.txt

"$pprof" -svg -output=cpu.svg cpu.pb.gz 2>/dev/null
say "What opens what"
cat <<END
  $build/demo/cpu.svg       the call graph, in any browser
  $build/demo/threads.txt   every thread's stack
  $build/pprof -peek=write $build/demo/cpu.pb.gz          callers and callees of write
  $build/pprof -tree $build/demo/heap.pb.gz               who keeps the memory
  go tool pprof $build/demo/cpu.pb.gz                      Go's own tool reads the same files
END
