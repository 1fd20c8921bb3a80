#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Times -top of a profile without names whose binary has much DWARF, ours against google/pprof with llvm-symbolizer.

    symbols_bench.py --ours build/src/tool/pprof [--google ~/go/bin/pprof] [--runs 3] [--addresses 5000] [--dir DIR]

Two shared libraries are made from C++ templates (kept in --dir): one unit of about 20 MB of .debug_info, and 20 units of about 5 MB,
one compiled unit under 20 names. Addresses are spread over all functions, several in each. The tools run in turn; shown are the
medians, their ratio and whether both wrote the same bytes.
"""
import argparse
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time

UNIT = '''namespace { template <int N> struct item {
    int first, second;
    long values[1 + N % 7];
    int sum(int x) const { return first * x + second; }
}; }
namespace app {
template <int N> inline __attribute__((always_inline)) int inner(const item<N> &i, int x) { return i.sum(x) ^ N; }
template <int N> inline __attribute__((always_inline)) int outer(const item<N> &i, int x)
{
    int y = inner<N>(i, x) + 1;
    return y * inner<N>(i, y);
}
template <int N> __attribute__((noinline)) int work(int x)
{
    item<N> i{x, N, {}};
    return outer<N>(i, x) + outer<N>(i, x + 1);
}
'''
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'test', 'tool'))
from proto import field  # noqa: E402

START = 0x500000000000


def compile_unit(o, name, count):
    path = os.path.join(o.dir, name)
    if not os.path.exists(path + '.o'):
        with open(path + '.cc', 'w', encoding='utf-8') as f:
            f.write(UNIT + ''.join(f'template int work<{n}>(int);\n' for n in range(count)) + '}\n')
        subprocess.run([o.cxx, '-std=c++17', '-O1', '-g', '-fPIC', '-c', path + '.cc', '-o', path + '.part'], check=True)
        os.rename(path + '.part', path + '.o')
    return path + '.o'


def make_library(o, name, unit, copies):
    path = os.path.join(o.dir, name)
    if not os.path.exists(path):
        objects = [unit]
        for i in range(1, copies):
            objects.append(f'{path}.{i}.o')
            subprocess.run(['objcopy', f'--prefix-symbols=copy{i}_', unit, objects[-1]], check=True)
        subprocess.run([o.cxx, '-shared', '-Wl,--build-id=sha1', '-o', path + '.part', *objects], check=True)
        os.rename(path + '.part', path)
        for extra in objects[1:]:
            os.remove(extra)
    return path


def write_profile(o, library):
    """Random addresses of random functions of the library, each a sample."""
    symbols = subprocess.run(['nm', '-S', library], capture_output=True, text=True, check=True).stdout
    functions = [(int(a, 16), int(n, 16)) for a, n in re.findall(r'(?m)^(\w+) (\w+) [tTwW] \S*work', symbols)]
    headers = subprocess.run(['readelf', '-lW', library], capture_output=True, text=True, check=True).stdout
    m = re.search(r'LOAD +(0x\w+) (0x\w+) 0x\w+ (0x\w+) 0x\w+ R E', headers)
    offset, vaddr, size = (int(x, 16) for x in m.groups())
    rng = random.Random(1)
    addresses = []
    for _ in range(o.addresses):
        start, length = rng.choice(functions)
        addresses.append(START + start + rng.randrange(length) - vaddr)
    p = field(1, field(1, 1) + field(2, 2))
    p += b''.join(field(2, field(1, i + 1) + field(2, i % 97 + 1)) for i in range(len(addresses)))
    p += field(3, field(1, 1) + field(2, START) + field(3, START + (size + 4095) // 4096 * 4096) + field(4, offset) + field(5, 3))
    p += b''.join(field(4, field(1, i + 1) + field(2, 1) + field(3, a)) for i, a in enumerate(addresses))
    p += b''.join(field(6, s.encode()) for s in ('', 'samples', 'count', library))
    with open(library + '.pb', 'wb') as f:
        f.write(p)
    return library + '.pb'


def debug_info_mb(library):
    text = subprocess.run(['readelf', '-SW', library], capture_output=True, text=True, check=True).stdout
    return int(re.search(r' \.debug_info +\w+ +\w+ \w+ (\w+)', text)[1], 16) / 1e6


def run_once(tool, profile):
    begin = time.monotonic()
    p = subprocess.run([tool, '-top', profile], capture_output=True, check=False, env={**os.environ, 'PPROF_BINARY_PATH': '/nonexistent'})
    return time.monotonic() - begin, p.stdout, p.returncode


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--ours', required=True)
    p.add_argument('--google', default=os.path.expanduser('~/go/bin/pprof'))
    p.add_argument('--runs', type=int, default=3)
    p.add_argument('--addresses', type=int, default=5000)
    p.add_argument('--dir', default=os.path.join(tempfile.gettempdir(), 'pprof-bench'))
    p.add_argument('--cxx', default='g++')
    p.add_argument('--small', action='store_true', help='a tenth of the size, to try the bench itself')
    o = p.parse_args()
    os.makedirs(o.dir, exist_ok=True)
    part = 10 if o.small else 1
    size = 'small_' if o.small else ''
    rows = (('one unit', size + 'unit20', 20000 // part, 1), ('20 units', size + 'unit5', 5000 // part, 20))
    status = 0
    for title, name, count, copies in rows:
        library = make_library(o, f'lib{name}.so', compile_unit(o, name, count), copies)
        profile = write_profile(o, library)
        tools = [t for t in (o.ours, o.google) if os.path.exists(t)]
        runs = [[run_once(t, profile) for t in tools] for _ in range(o.runs)]
        times = [statistics.median(r[i][0] for r in runs) for i in range(len(tools))]
        line = f'-top, {title}, {debug_info_mb(library):.0f} MB of .debug_info, {o.addresses} addresses: ours {times[0]:.2f} s'
        if len(tools) > 1:
            same = runs[0][0][1] == runs[0][1][1]
            line += f', google/pprof {times[1]:.2f} s, {times[1] / times[0]:.1f} x, {"same bytes" if same else "DIFFERENT OUTPUT"}'
            status |= not same or times[1] < 5 * times[0]
        print(line, flush=True)
    return status


sys.exit(main())
