#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Times our pprof against google/pprof on large profiles.

    tool_bench.py --ours build/src/tool/pprof --build build/bench [--google ~/go/bin/pprof] [--large] [--json FILE]

The profiles are made by big (kept in --dir), the runs by measure. Each row is one command, run in turn by both tools (A B A B ...), so
that what else the machine does hits both. Shown: the medians of the wall time, their ratio, the peak of the resident
memory and whether both wrote the same bytes. Without google/pprof ours is timed alone, and that is said.
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
    's100k': ['-samples', '100000'],
    's100kb': ['-samples', '100000', '-variant', '7'],
    's100k_labels': ['-samples', '100000', '-labels'],
    's1m': ['-samples', '1000000'],
    's1mb': ['-samples', '1000000', '-variant', '9'],
}
ROWS = [
    ('-top', ['-top', '{s}']),
    ('-dot', ['-dot', '{s}']),
    ('-traces', ['-traces', '{s}']),
    ('-proto', ['-proto', '-output={out}', '{s}']),
    ('-tags', ['-tags', '{labels}']),
    ('-base -top', ['-top', '-base={base}', '{s}']),
]
ADDRESS_SPACE_MAX_KIB = 8_000_000  # of google/pprof: it takes 8 GB for -traces of a million samples


def parse_options():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--ours', required=True)
    p.add_argument('--build', required=True, help='where big and measure are, built from this directory')
    p.add_argument('--google', default=os.path.expanduser('~/go/bin/pprof'))
    p.add_argument('--dir', default=os.path.join(tempfile.gettempdir(), 'pprof-bench'), help='where the profiles are kept')
    p.add_argument('--runs', type=int, default=5, help='of each tool and row')
    p.add_argument('--large', action='store_true', help='also a million samples (google/pprof: minutes)')
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


def run_once(o, command, env, limited):
    """One run: wall and CPU seconds, peak RSS in MB, hash of the output; or the reason of its failure."""
    report, to_report = os.pipe()
    limit_kib = ADDRESS_SPACE_MAX_KIB if limited else 0
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


def measure_row(o, tools, arguments, scratch):
    results = {name: [] for name in tools}
    for _ in range(o.runs):
        for name, path in tools.items():
            if results[name] and 'failed' in results[name][-1]:
                continue  # it will not do better the next time
            out = os.path.join(scratch, name + '.out')
            command = [path] + [a.replace('{out}', out) for a in arguments]
            env = dict(os.environ, TZ='UTC', HOME=scratch, PPROF_TMPDIR=scratch, PPROF_BINARY_PATH='/nonexistent')
            results[name].append(run_once(o, command, env, limited=name == 'google'))
    return {name: summary(runs) for name, runs in results.items()}


def rows(o):
    for size in ['s100k', 's1m'] if o.large else ['s100k']:
        for name, arguments in ROWS:
            if '{labels}' in arguments and size != 's100k':
                continue
            names = {'{s}': size, '{base}': size + 'b', '{labels}': 's100k_labels'}
            used = [profile for mark, profile in names.items() if any(mark in a for a in arguments)]
            filled = arguments
            for mark, profile in names.items():
                filled = [a.replace(mark, profile_path(o, profile)) for a in filled]
            title = f'{used[0]} {name}'
            if not o.only or o.only in title:
                yield title, used, filled


def cell(result, key, text):
    if result is None:
        return '-'
    return 'failed' if 'failed' in result else text.format(result[key])


def print_row(title, arguments, ours, google):
    both = google is not None and 'failed' not in ours and 'failed' not in google
    ratio = f"{google['wall_s'] / ours['wall_s']:.1f}x" if both else '-'
    compared = both and not any('-output=' in a for a in arguments)  # compressed files differ in their bytes
    same = ('yes' if set(ours['outputs']) & set(google['outputs']) else 'NO') if compared else '-'
    print(f"{title:24} {cell(ours, 'wall_s', '{:.3f}'):>9} {cell(google, 'wall_s', '{:.3f}'):>9} {ratio:>8} "
          f"{cell(ours, 'rss_mb', '{:.0f}'):>9} {cell(google, 'rss_mb', '{:.0f}'):>10}  {same}", flush=True)
    for name, result in (('ours', ours), ('google/pprof', google)):
        if result and 'failed' in result:
            print(f"    {name}: {result['failed']}")


def main():
    o = parse_options()
    tools = {'ours': o.ours}
    if os.access(o.google, os.X_OK):
        tools['google'] = o.google
    else:
        print(f'NO COMPARISON: google/pprof is not at {o.google}; only our own times follow.', file=sys.stderr)
    report = {'machine': machine(), 'runs': o.runs, 'rows': {}}
    print(f"{'median of ' + str(o.runs):24} {'ours s':>9} {'google s':>9} {'faster':>8} {'ours MB':>9} {'google MB':>10}  same output")
    scratch = tempfile.mkdtemp(prefix='pprof-bench-')
    try:
        for title, used, arguments in rows(o):
            make_profiles(o, used)
            results = measure_row(o, tools, arguments, scratch)
            report['rows'][title] = results
            print_row(title, arguments, results['ours'], results.get('google'))
    finally:
        shutil.rmtree(scratch)
    if o.json:
        with open(o.json, 'w') as f:
            json.dump(report, f, indent=1)
            f.write('\n')
    return 1 if any('failed' in r['ours'] for r in report['rows'].values()) or not report['rows'] else 0


if __name__ == '__main__':
    sys.exit(main())
