#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Times our pprof against google/pprof on large profiles.

    tool_bench.py --ours build/src/tool/pprof --build build/bench [--google ~/go/bin/pprof] [--large] [--json FILE]

The profiles are made by big (kept in --dir), the runs by measure. Each row is one command, run in turn by both tools (A B A B ...), so
that what else the machine does hits both. Shown: the medians of the wall time, their ratio, the peak of the resident
memory, whether both wrote the same bytes, and the row's floors: PASS or MISSED. Without google/pprof ours is timed alone, and that is
said. Both run below a limit of their address space and of their time.
"""
import argparse
import hashlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading

from machine import machine

# profile: options of bench/big
PROFILES = {
    'p20k': ['-samples', '720', '-funcs', '150', '-mindepth', '8', '-maxdepth', '24'],
    's100k': ['-samples', '100000'],
    's100kb': ['-samples', '100000', '-variant', '7'],
    's100k_labels': ['-samples', '100000', '-labels'],
    's1m': ['-samples', '1000000'],
    's1mb': ['-samples', '1000000', '-variant', '9'],
    's1m_labels': ['-samples', '1000000', '-labels'],
    's5m_labels': ['-samples', '5000000', '-labels', '-level', '1'],
    **{f'm{i}': ['-samples', '4000', '-variant', str(i), '-type', 'heap'] for i in range(1, 51)},
}
M50 = [f'm{i}' for i in range(1, 51)]


class Row:
    """One command. Floors: how many times as fast as google/pprof, and its memory over ours; the most seconds and MB of our own."""

    def __init__(self, title, report, profiles, base=None, *, faster=None, leaner=None, seconds=None, mb=None, large=False,
                 google=True):
        self.title, self.report, self.profiles, self.base = title, report, profiles, base
        self.faster, self.leaner, self.seconds, self.mb = faster, leaner, seconds, mb
        self.large, self.google = large, google

    def used(self):
        return self.profiles + ([self.base] if self.base else [])

    def arguments(self, path_of):
        output = ['-output={out}'] if self.report == '-proto' else []
        return [self.report, *output, *([f'-base={path_of(self.base)}'] if self.base else []), *map(path_of, self.profiles)]


ROWS = [
    Row('20 KB -top', '-top', ['p20k'], seconds=0.005),
    Row('s100k -top', '-top', ['s100k'], faster=60, leaner=5),
    Row('s100k -dot', '-dot', ['s100k']),
    Row('s100k -traces', '-traces', ['s100k']),
    Row('s100k -proto', '-proto', ['s100k']),
    Row('s100k_labels -tags', '-tags', ['s100k_labels']),
    Row('s100k -base -top', '-top', ['s100k'], 's100kb'),
    Row('50 heap profiles -top', '-top', M50, faster=12),
    Row('50 heap profiles -proto', '-proto', M50, faster=7),
    Row('s1m -top', '-top', ['s1m'], faster=80, leaner=5, mb=240, large=True),
    Row('s1m -dot', '-dot', ['s1m'], faster=45, large=True),
    Row('s1m -traces', '-traces', ['s1m'], faster=20, large=True),
    Row('s1m -proto', '-proto', ['s1m'], faster=4, large=True),
    Row('s1m_labels -tags', '-tags', ['s1m_labels'], faster=6, large=True),
    Row('s1m -base -top', '-top', ['s1m'], 's1mb', faster=50, leaner=5, large=True),
    Row('s5m_labels -top', '-top', ['s5m_labels'], seconds=5, mb=2000, large=True, google=False),  # over 7 minutes and 24 GB
    Row('s5m_labels -tags', '-tags', ['s5m_labels'], large=True, google=False),  # 48 s and 11 GB
]
ADDRESS_SPACE_MAX_KIB = {'ours': 6_000_000, 'google': 12_000_000}


def parse_options():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--ours', required=True)
    p.add_argument('--build', required=True, help='where big and measure are, built from this directory')
    p.add_argument('--google', default=os.path.expanduser('~/go/bin/pprof'))
    p.add_argument('--dir', default=os.path.join(tempfile.gettempdir(), 'pprof-bench'), help='where the profiles are kept')
    p.add_argument('--runs', type=int, default=5, help='of each tool and row')
    p.add_argument('--large', action='store_true', help='also a million samples and more (google/pprof: some five minutes, one run a row)')
    p.add_argument('--only', help='rows whose name contains this')
    p.add_argument('--timeout', type=int, default=120, help='seconds for one run')
    p.add_argument('--json', help='where the measurements go')
    return p.parse_args()


def make_profiles(o, names):
    os.makedirs(o.dir, exist_ok=True)
    for name in names:
        path = profile_path(o, name)
        if not os.path.exists(path):
            subprocess.run([os.path.join(o.build, 'big'), *PROFILES[name], '-o', path + '.part'], check=True)
            os.rename(path + '.part', path)


def profile_path(o, name):
    return os.path.join(o.dir, name + '.pb.gz')


def run_once(o, command, env, limit_kib):
    """One run: wall and CPU seconds, peak RSS in MB, hash of the output; or the reason of its failure."""
    report, to_report = os.pipe()
    child = subprocess.Popen([os.path.join(o.build, 'measure'), str(to_report), str(o.timeout), str(limit_kib), *command],
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env, pass_fds=[to_report])
    os.close(to_report)
    errors = []
    reader = threading.Thread(target=lambda: errors.append(child.stderr.read()))
    reader.start()
    digest = hashlib.sha256()
    while chunk := child.stdout.read(1 << 20):
        digest.update(chunk)
    child.wait()
    reader.join()
    with os.fdopen(report) as f:
        exit_code, wall, cpu, rss_kib = f.read().split()
    if exit_code != '0':
        text = errors[0].decode(errors='replace').strip().splitlines()
        timed_out = exit_code == '-9' and float(wall) >= o.timeout
        return {'failed': f'over {o.timeout} s' if timed_out else (text[-1] if text else f'exit {exit_code}')}
    return {'wall_s': float(wall), 'cpu_s': float(cpu), 'rss_mb': int(rss_kib) / 1024, 'output': digest.hexdigest()}


def summary(runs):
    failed = [r['failed'] for r in runs if 'failed' in r]
    if failed:
        return {'failed': failed[0]}
    return {'wall_s': statistics.median(r['wall_s'] for r in runs), 'min_s': min(r['wall_s'] for r in runs),
            'max_s': max(r['wall_s'] for r in runs), 'cpu_s': statistics.median(r['cpu_s'] for r in runs),
            'rss_mb': max(r['rss_mb'] for r in runs), 'outputs': sorted({r['output'] for r in runs})}


def measure_row(o, tools, row, scratch):
    results = {name: [] for name in tools}
    sizes = {}
    arguments = row.arguments(lambda name: profile_path(o, name))
    for run in range(o.runs):
        for name, path in tools.items():
            if results[name] and 'failed' in results[name][-1]:
                continue  # it will not do better the next time
            if name == 'google' and (not row.google or (row.large and run)):
                continue
            out = os.path.join(scratch, name + '.out')
            command = [path] + [a.replace('{out}', out) for a in arguments]
            env = dict(os.environ, TZ='UTC', HOME=scratch, PPROF_TMPDIR=scratch, PPROF_BINARY_PATH='/nonexistent')
            results[name].append(run_once(o, command, env, ADDRESS_SPACE_MAX_KIB[name]))
            if row.report == '-proto' and os.path.exists(out):
                sizes[name] = os.path.getsize(out)
    summaries = {name: summary(runs) for name, runs in results.items() if runs}
    for name, size in sizes.items():
        summaries[name]['size'] = size
    return summaries


def verdict(row, ours, google):
    """The floors, each with what it came to; whether all are kept (None: there is none, or nothing to compare with)."""
    checks = []
    both = google is not None and 'failed' not in google
    if 'failed' in ours:
        return 'failed', False
    if row.faster and both:
        checks.append((f'{row.faster}x', google['wall_s'] / ours['wall_s'] >= row.faster))
    if row.leaner and both:
        checks.append((f'1/{row.leaner} of the memory', google['rss_mb'] / ours['rss_mb'] >= row.leaner))
    if row.seconds:
        checks.append((f'{row.seconds * 1000:g} ms' if row.seconds < 1 else f'{row.seconds} s', ours['wall_s'] <= row.seconds))
    if row.mb:
        checks.append((f'{row.mb} MB', ours['rss_mb'] <= row.mb))
    if row.report == '-proto' and both:
        checks.append(('no larger file', ours['size'] <= google['size']))
    return ', '.join(f"{what}: {'PASS' if kept else 'MISSED'}" for what, kept in checks), all(k for _, k in checks) if checks else None


def cell(result, key, text):
    if result is None:
        return '-'
    return 'failed' if 'failed' in result else text.format(result[key])


def print_row(row, ours, google):
    both = google is not None and 'failed' not in ours and 'failed' not in google
    ratio = f"{google['wall_s'] / ours['wall_s']:.1f}x" if both else '-'
    compared = both and row.report != '-proto'  # compressed files differ in their bytes
    same = ('yes' if set(ours['outputs']) & set(google['outputs']) else 'NO') if compared else '-'
    floors, kept = verdict(row, ours, google)
    print(f"{row.title:24} {cell(ours, 'wall_s', '{:.3f}'):>9} {cell(google, 'wall_s', '{:.3f}'):>9} {ratio:>8} "
          f"{cell(ours, 'rss_mb', '{:.0f}'):>9} {cell(google, 'rss_mb', '{:.0f}'):>10}  {same:11} {floors}".rstrip(), flush=True)
    for name, result in (('ours', ours), ('google/pprof', google)):
        if result and 'failed' in result:
            print(f"    {name}: {result['failed']}")
    return kept


def main():
    o = parse_options()
    tools = {'ours': o.ours}
    if os.access(o.google, os.X_OK):
        tools['google'] = o.google
    else:
        print(f'NO COMPARISON: google/pprof is not at {o.google}; only our own times follow.', file=sys.stderr)
    report = {'machine': machine(), 'runs': o.runs, 'rows': {}}
    print(f"{'median of ' + str(o.runs):24} {'ours s':>9} {'google s':>9} {'faster':>8} {'ours MB':>9} {'google MB':>10}  same output floors")
    verdicts = []
    scratch = tempfile.mkdtemp(prefix='pprof-bench-')
    try:
        for row in ROWS:
            if (row.large and not o.large) or (o.only and o.only not in row.title):
                continue
            make_profiles(o, row.used())
            results = measure_row(o, tools, row, scratch)
            report['rows'][row.title] = results
            verdicts.append(print_row(row, results['ours'], results.get('google')))
    finally:
        shutil.rmtree(scratch)
    print(f'floors: {verdicts.count(True)} rows kept, {verdicts.count(False)} missed')
    if o.json:
        with open(o.json, 'w') as f:
            json.dump(report, f, indent=1)
            f.write('\n')
    return 1 if any('failed' in r['ours'] for r in report['rows'].values()) or not report['rows'] else 0


if __name__ == '__main__':
    sys.exit(main())
