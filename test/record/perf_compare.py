#!/usr/bin/env python3
"""perf_compare.py PPROF CC: records with perf here and compares with `perf report --no-children`: for each event the sum of each binary
and thread name, and in recordings of work.c the sum of each of its functions. Without perf, or where the kernel allows no events, it says
so and exits with 77 (skipped)."""
import json, os, re, shutil, subprocess, sys, tempfile
from collections import Counter

HERE = os.path.dirname(os.path.abspath(__file__))
PPROF, CC = os.path.abspath(sys.argv[1]), sys.argv[2]
FUNCTIONS = ("leaf_a", "leaf_b", "middle", "read_zeros", "second", "main")
RECORDINGS = [  # options of perf record, command
    ("-e cpu-clock -F 999 -g", "./work"),
    ("-e cpu-clock -F 999 --call-graph dwarf", "./work"),
    ("-e cpu-clock -F 999 --call-graph dwarf,16384 -z", "./work"),
    ("-e cpu-clock -F 999 -z -g", "./work"),
    ("-e cpu-clock -F 999 -g -o -", "./work"),
    ("-e cpu-clock,page-faults -F 500 -g", "./work"),
    ("-e task-clock,minor-faults,context-switches -c 1000000", "./work"),
    ("-e cpu-clock:u -F 999", "./work"),
    ("-e cpu-clock -F 499 -a", "./work"),
    ("-e cpu-clock -F 1999 -g", "sh -c 'ls -R /usr/share/doc | sort | gzip -9 | wc -c'"),
]


def run(*args, **kw):
    return subprocess.run(args, capture_output=True, timeout=120, check=False, **kw)


def perf_sums(path, keys):
    """{event: {(fields of keys): period}}"""
    out = run("perf", "report", "--no-children", "--stdio", "-g", "none", "-F", "period," + keys, "-t", "|", "-i", path).stdout
    sums, event = {}, None
    for line in out.decode("utf-8", "replace").splitlines():
        m = re.match(r"# Samples: .* of event '(.*)'", line)
        if m:
            event = re.sub(r":[ukhHGpPSDIWeb]+$", "", m.group(1))
        if not line.strip() or line.startswith("#"):
            continue
        period, *fields = (f.strip() for f in line.split("|"))
        sums.setdefault(event, Counter())[tuple(fields)] += int(period)
    return sums


def our_rows(path, event, *options):
    p = run(PPROF, "-json", f"-sample_index={event}_event", "-nodefraction=0", "-nodecount=0", *options, path)
    if p.returncode:
        sys.exit(f"FAIL {path} {event}: {p.stderr.decode()}")
    return json.loads(p.stdout)["rows"]


def compare(path, is_work):
    bad = []
    for event, want in perf_sums(path, "comm").items():
        got = Counter({(r["value"],): r["weight"] for r in our_rows(path, event, "-tags", "-symbolize=none") if r["key"] == "comm"})
        if got != want:
            bad.append(f"{event} by thread name: perf {dict(want)}, pprof {dict(got)}")
    for event, want in perf_sums(path, "sym").items() if is_work else ():
        got = {r["name"]: r["flat"] for r in our_rows(path, event, "-top", "-noinlines")}
        for f in FUNCTIONS:
            if want.get(("[.] " + f,), 0) != got.get(f, 0):
                bad.append(f"{event} {f}: perf {want.get(('[.] ' + f,), 0)}, pprof {got.get(f, 0)}")
        total = sum(want.values())
        if total != sum(got.values()):
            bad.append(f"{event}: perf {total}, pprof {sum(got.values())}")
    return bad


def main():
    if not shutil.which("perf"):
        print("skipped: perf is not installed")
        return 77
    failures = 0
    with tempfile.TemporaryDirectory() as d:
        os.chdir(d)
        subprocess.run([CC, "-O2", "-g", "-fno-omit-frame-pointer", "-pthread", os.path.join(HERE, "work.c"), "-o", "work"], check=True)
        if run("perf", "record", "-q", "-e", "cpu-clock", "-o", "probe", "true").returncode:
            print("skipped: the kernel allows no events here")
            return 77
        for i, (options, command) in enumerate(RECORDINGS):
            path = f"{i}.perf.data"
            where = f"> {path}" if "-o -" in options else f"-o {path}"
            p = run("sh", "-c", f"perf record -q {options} -- {command} {where}" if "-o -" in options else f"perf record -q {options} {where} -- {command}")
            if not os.path.exists(path) or not os.path.getsize(path):
                print(f"not recorded: {options}: {p.stderr.decode()[:200]}")
                failures += 1
                continue
            bad = compare(path, command == "./work")
            print(f"{'FAIL' if bad else 'same'}  {os.path.getsize(path):9}  perf record {options} {command}")
            for b in bad:
                print("      " + b)
            failures += bool(bad)
    print(f"{len(RECORDINGS) - failures} of {len(RECORDINGS)} recordings equal")
    return 1 if failures else 0


sys.exit(main())
