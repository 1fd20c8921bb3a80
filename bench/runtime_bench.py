#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Times programs without libpprof, with it, and with other profilers.

    runtime_bench.py --build build [--only ROW] [--runs 12] [--json FILE] [--strict]

A row is a load (load_*.c, load_cxx.cc, or a program of the system), run in turn under each configuration (A B C A B C ...), so that what
else the machine does hits all of them. The loads measure themselves in thread CPU time, in 21 rounds a run. Shown: the smallest
time of all; "best", the middle one of the runs' smallest times; the median time. Best and median are compared with the
configuration's base, as the median of the differences and ratios of neighbouring runs. Floors are judged by "best": what disturbs a
round only makes it longer, and one lucky run decides nothing.
"""
import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile

from machine import machine

LIBRARY_DIRS = ['/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu', '/usr/lib64', '/usr/lib', '/usr/local/lib']
SQL = """
CREATE TABLE t(id INTEGER PRIMARY KEY, name TEXT, score REAL);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000)
  INSERT INTO t SELECT i, 'name ' || (i * 7919 % 200000), i * 0.37 FROM n;
CREATE INDEX by_name ON t(name);
SELECT count(*), sum(length(name)) FROM t WHERE name LIKE '%77%';
SELECT substr(name, 6, 2) AS k, count(*), group_concat(id, ',') FROM t GROUP BY k ORDER BY 2 LIMIT 3;
"""


def parse_options():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--build', required=True)
    p.add_argument('--runs', type=int, default=10, help='of each configuration and row')
    p.add_argument('--only', help='rows whose name contains this')
    p.add_argument('--json', help='where the measurements go')
    p.add_argument('--strict', action='store_true', help='a missed floor makes the exit status 1')
    return p.parse_args()


def find_library(name):
    for d in LIBRARY_DIRS:
        if os.path.exists(os.path.join(d, name)):
            return os.path.join(d, name)
    return None


class Config:
    """libs: what is preloaded; env: what is set besides; base: the configuration it is compared with."""
    def __init__(self, name, libs=(), env=None, base=None):
        self.name, self.libs, self.env, self.base = name, list(libs), env or {}, base

    def variables(self):
        return {**({'LD_PRELOAD': ':'.join(self.libs)} if self.libs else {}), **self.env}


class Bench:
    def __init__(self, options):
        self.o = options
        self.scratch = tempfile.mkdtemp(prefix='pprof-bench-')
        self.programs = os.path.join(options.build, 'bench')
        self.ours = os.path.realpath(os.path.join(options.build, 'src/runtime/libpprof.so'))
        self.report = {'machine': machine(), 'runs': options.runs, 'rows': {}}
        self.kept, self.missed = [], []

    def configs(self):
        ours, at = [self.ours], lambda name: os.path.join(self.scratch, name)
        serving = {'PPROF_HTTP': 'unix:' + at('sock')}
        cpu = {'PPROF_CPUPROFILE': at('cpu.pb.gz'), 'PPROF_MEMPROFILERATE': '0'}
        c = {
            'without': Config('without'),
            'inert': Config('libpprof, not asked', ours, base='without'),
            'off': Config('libpprof, all off', ours, {**serving, 'PPROF_MEMPROFILERATE': '0'}, 'without'),
            'on': Config('libpprof, heap 512 KiB', ours, serving, 'without'),
            'waits': Config('libpprof, every wait', ours, {**serving, 'PPROF_MEMPROFILERATE': '0', 'PPROF_BLOCKPROFILERATE': '1',
                                                           'PPROF_MUTEXPROFILEFRACTION': '1'}, 'without'),
            'cpu100': Config('libpprof, 100 Hz', ours, {**cpu, 'PPROF_CPUPROFILERATE': '100'}, 'without'),
            'cpu1000': Config('libpprof, 1000 Hz', ours, {**cpu, 'PPROF_CPUPROFILERATE': '1000'}, 'without'),
        }
        profiler, tcmalloc, jemalloc = find_library('libprofiler.so.0'), find_library('libtcmalloc.so.4'), find_library('libjemalloc.so.2')
        if profiler:
            for hz in ('100', '1000'):
                env = {'CPUPROFILE': at('gperftools'), 'CPUPROFILE_FREQUENCY': hz}
                c['gperftools' + hz] = Config(f'gperftools, {hz} Hz', [profiler], env, 'without')
        if tcmalloc:
            c['tcmalloc'] = Config('tcmalloc', [tcmalloc], base='without')
            c['tcmalloc_on'] = Config('tcmalloc, 512 KiB', [tcmalloc], {'TCMALLOC_SAMPLE_PARAMETER': '524288'}, 'tcmalloc')
        jemalloc = os.environ.get('BENCH_JEMALLOC', jemalloc)
        if jemalloc:
            c['jemalloc'] = Config('jemalloc', [jemalloc], base='without')
            sampling = Config('jemalloc, 512 KiB', [jemalloc], {'MALLOC_CONF': 'prof:true,lg_prof_sample:19'}, 'jemalloc')
            test = subprocess.run(['ls', '/'], env={**os.environ, **sampling.variables()}, capture_output=True, text=True)
            if 'prof' in test.stderr:
                print(f'{jemalloc} is built without profiling: no row with it (BENCH_JEMALLOC names another).', file=sys.stderr)
            else:
                c['jemalloc_on'] = sampling
        for name, found in (('libprofiler.so.0', profiler), ('libtcmalloc.so.4', tcmalloc), ('libjemalloc.so.2', jemalloc)):
            if not found:
                print(f'NO COMPARISON with {name}: not installed (scripts/setup.sh bench).', file=sys.stderr)
        return c

    def run(self, command, config):
        """{load: (min, median)} as the load printed it."""
        env = {**os.environ, 'LC_ALL': 'C'}
        if os.path.basename(command[0]) == 'spawn':  # the variables are for the programs that it starts
            command = command[:2] + [f'{k}={v}' for k, v in config.variables().items()] + command[2:]
        else:
            env.update(config.variables())
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=120)
        if done.returncode:
            raise SystemExit(f'{" ".join(command)} under {config.name}: exit {done.returncode}: {done.stderr.strip()[-300:]}')
        lines = [line.split() for line in done.stdout.splitlines()]
        return {x[0]: (float(x[1]), float(x[2])) for x in lines if len(x) == 3}

    def row(self, title, command, names, floors=None, unit='ns', runs=None):
        if self.o.only and self.o.only not in title:
            return
        all_configs = self.all
        configs = {n: all_configs[n] for n in names if n in all_configs}
        seen = {n: [] for n in configs}
        for _ in range(runs or self.o.runs):
            for n, config in configs.items():
                seen[n].append(self.run(command, config))
        for load in seen[names[0]][0]:
            series = {n: [r[load] for r in runs_] for n, runs_ in seen.items()}
            of_load = (floors or {}).get(load, floors) or {}
            self.show(title if len(seen[names[0]][0]) == 1 else f'{title}: {load}', series, configs, of_load, unit)

    def show(self, title, series, configs, floors, unit):
        scale = 1e3 if unit == 'us' else 1
        print(f'\n{title} ({unit})')
        print(f"  {'':26}{'min':>10}{'best':>10}{'median':>10}{'more: best':>13}{'median':>9}{'ratio: best':>13}{'median':>9}")
        result = self.report['rows'][title] = {}
        for n, runs in series.items():
            r = result[n] = {'min': min(x[0] for x in runs), 'best': statistics.median(x[0] for x in runs),
                             'median': statistics.median(x[1] for x in runs), 'runs': runs}
            line = f"  {configs[n].name:26}" + ''.join(f"{r[k] / scale:10.2f}" for k in ('min', 'best', 'median'))
            base = series.get(configs[n].base)
            if base:
                r['base'] = configs[n].base
                for i, k in enumerate(('best', 'median')):
                    r['more_' + k] = statistics.median(x[i] - y[i] for x, y in zip(runs, base))
                    r['ratio_' + k] = statistics.median(x[i] / y[i] for x, y in zip(runs, base))
                line += f"{r['more_best'] / scale:+13.2f}{r['more_median'] / scale:+9.2f}{r['ratio_best']:13.4f}{r['ratio_median']:9.4f}"
                line += self.judge(title, n, r, floors.get(n))
            print(line, flush=True)

    def judge(self, title, n, r, floor):
        """floor: ('ns', more at most) or ('ratio', at most)."""
        if not floor:
            return ''
        kind, limit = floor
        value, text = (r['more_best'], f'+{limit:g} ns') if kind == 'ns' else (r['ratio_best'], f'{limit:g}')
        r['floor'], r['kept'] = floor, value <= limit
        (self.kept if r['kept'] else self.missed).append(f'{title} / {self.all[n].name}')
        return f"  at most {text}: {'kept' if r['kept'] else 'MISSED'}"

    def handler_row(self):
        title = 'signal handler a sample, 35 frames'
        if self.o.only and self.o.only not in title:
            return
        timer = os.path.realpath(os.path.join(self.programs, 'libhandler_time.so'))
        floors = {('libpprof', 'warm'): 2000, ('libpprof', 'cold'): 5000}
        print(f'\n{title} (ns)\n  {"":26}{"samples":>9}{"min":>9}{"median":>9}{"p75":>9}')
        result = self.report['rows'][title] = {}
        for who, base in (('libpprof', 'cpu1000'), ('gperftools', 'gperftools1000')):
            if base not in self.all:
                continue
            times = {}
            for again in ('', '1') * 3:
                where = os.path.join(self.scratch, 'handler')
                timed = {'HANDLER_TIMES': where, **({'HANDLER_AGAIN': again} if again else {})}
                c = Config(who, self.all[base].libs + [timer], {**self.all[base].env, **timed})
                self.run([self.load('cpu'), '2', '8000'], c)
                with open(where) as f:
                    for kind, *v in (line.split() for line in f):
                        if kind != 'as_it_is' or not again:
                            times.setdefault(kind, []).append([float(x) for x in v])
            for kind, v in times.items():
                r = {'min': min(x[0] for x in v), 'median': statistics.median(x[1] for x in v),
                     'p75': statistics.median(x[2] for x in v), 'samples': sum(x[3] for x in v)}
                result[f'{who} {kind}'] = r
                line = f"  {who + ', ' + kind.replace('_', ' '):26}{r['samples']:9.0f}{r['min']:9.0f}{r['median']:9.0f}{r['p75']:9.0f}"
                limit = floors.get((who, kind))
                if limit:
                    r['kept'] = r['median'] <= limit
                    (self.kept if r['kept'] else self.missed).append(f'{title} / {who} {kind}')
                    line += f"  median at most {limit}: {'kept' if r['kept'] else 'MISSED'}"
                print(line, flush=True)

    def load(self, name):
        return os.path.join(self.programs, 'load_' + name)

    def all_rows(self):
        self.all = self.configs()
        spawn = os.path.join(self.programs, 'spawn')
        heap = ['without', 'inert', 'off', 'on', 'tcmalloc', 'tcmalloc_on', 'jemalloc', 'jemalloc_on']
        ours = ['without', 'inert', 'off', 'on']
        self.row('CPU profile, 2 threads, 35 frames, a unit of work', [self.load('cpu'), '2', '4000'],
                 ['without', 'cpu100', 'cpu1000', 'gperftools100', 'gperftools1000'], {'cpu100': ('ratio', 1.01)},
                 runs=self.o.runs * 4)
        self.handler_row()
        for load, what in (('tight', 'tight loop, 1 to 64 bytes'), ('batch', 'eight at a time, 1 to 64 bytes'),
                           ('set', 'random ones of 20,000 live')):
            floors = {'off': ('ns', 1.0), 'on': ('ns', 2.0)} if load != 'set' else {}
            self.row(f'malloc + free, {what}', [self.load('malloc'), load], heap, floors)
        self.row('C++ maps of strings, a word', [self.load('cxx'), 'words'], heap, {'on': ('ratio', 1.02)})
        if shutil.which('sqlite3'):
            script = os.path.join(self.scratch, 'script.sql')
            with open(script, 'w') as f:
                f.write(SQL)
            self.row('sqlite3, a script of 0.2 s, whole program', [spawn, '1', 'sqlite3', ':memory:', f'.read {script}'],
                     heap, {'on': ('ratio', 1.02)}, unit='us')
        else:
            print('NO ROW of sqlite3: not installed (scripts/setup.sh bench).', file=sys.stderr)
        one_percent = {'inert': ('ratio', 1.01), 'off': ('ratio', 1.01), 'on': ('ratio', 1.01)}
        self.row('one thread: getc', [self.load('libc'), 'getc'], ours, one_percent)
        self.row('one thread: copy of a shared_ptr', [self.load('cxx'), 'shared'], ours, one_percent)
        self.row('waits that are over at once', [self.load('libc'), 'waits'], ours)
        self.row('locks and reads', [self.load('libc'), 'locks'], ['without', 'off', 'waits'],
                 {'lock_pair_one_thread': {'off': ('ns', 1.2), 'waits': ('ns', 2.5)}, 'lock_pair': {'off': ('ns', 1.2), 'waits': ('ns', 2.5)},
                  'busy_lock': {'waits': ('ns', 250)}, 'read': {'off': ('ns', 5), 'waits': ('ns', 20)}})
        self.row('pthread_create + pthread_join', [self.load('libc'), 'threads'], ours)
        self.row('start and end of /bin/true', [spawn, '20', '/bin/true'], ours + ['cpu100', 'gperftools100', 'tcmalloc'], unit='us')
        self.row('start and end of a program with one thread', [spawn, '20', self.load('cpu'), '1', '1'],
                 ours + ['cpu100', 'gperftools100', 'tcmalloc'], unit='us')
        self.row('memory of a program at rest', [self.load('libc'), 'rest'], ours + ['tcmalloc', 'jemalloc'], unit='KiB')

    def close(self):
        shutil.rmtree(self.scratch)


def main():
    o = parse_options()
    bench = Bench(o)
    try:
        bench.all_rows()
    finally:
        bench.close()
    print(f"\nfloors: {len(bench.kept)} kept, {len(bench.missed)} missed" + ''.join(f'\n  MISSED {m}' for m in bench.missed))
    if o.json:
        with open(o.json, 'w') as f:
            json.dump(bench.report, f, indent=1)
            f.write('\n')
    return 1 if o.strict and bench.missed else 0


if __name__ == '__main__':
    sys.exit(main())
