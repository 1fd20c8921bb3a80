#!/usr/bin/env python3
"""random_diff.py PPROF [-n COUNT] [--seed N] [--corpus DIR] [--mutate]: random command lines, ours beside a real google/pprof;
with --mutate -raw, -top and -proto of profiles in which some bytes were changed; with --corpus over other profiles (*.pb.gz),
as scripts/outside_profiles.sh makes them.

The oracle binary is $PPROF_ORACLE, else `pprof` in $(go env GOPATH)/bin; without one the test says so and is skipped.
On a mismatch google/pprof runs 20 times: any equal answer passes; where its answers vary, sorted lines are compared and counted
apart. The seed is printed: the same seed gives the same command lines."""
import argparse, collections, concurrent.futures, gzip, os, random, re, shutil, subprocess, sys, tempfile, time

import run as recorded

HERE = os.path.dirname(os.path.abspath(__file__))
RUNS = 20
LEGACY_MAX = 100000  # bytes; larger ones only take time
BY_OTHERS = ("jemalloc.heap",)  # what google/pprof can't read and we can
ENV = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "TZ": "UTC", "PPROF_BINARY_PATH": "/nonexistent", "LC_ALL": "C"}
ENV.update({k: os.environ[k] for k in ("ASAN_OPTIONS", "UBSAN_OPTIONS") if k in os.environ})

FORMATS = ["-top", "-text", "-tree", "-traces", "-raw", "-tags", "-comments", "-dot", "-callgrind", "-proto", "-topproto", "-peek=",
           "-list=", "-weblist=", "-disasm="]
REGEXPS = ["main", "runtime", "json", "^a$", "a|b", "inl", "same", ".", "nomatch", "(?i)MAIN", "\\.go", "b.h", "libc", "mal+oc", "[a-c]", "(", "a**"]
TAGS = ["key=v1", "v1", "key=v1,v2", "key:v1", "64kb", "1kb:", ":128b", "128b:1kb", "bytes=512b:4kb", "dur=3ms:", "plain=2", "tenant=t[01]",
        "multi=two", "bytes=64", "-5:5", "endpoint=.", "tenant", "("]
# Source and assembly: a program with its profile, and what may be asked about it.
PROGRAMS = [["bin/work_cpu", "cxx/gperf.cpu"], ["bin/work_heap", "cxx/gperf.heapprofile"], ["upstream/report/sample.bin", "upstream/report/sample.cpu"]]
SOURCE_REGEXPS = ["spin", "fib", "shop::", "main", "busyLoop", "main\\.tee", "^main", "Matrix", "alloc", "_start", "operator new", "x86", "sample", "0x2920", "."]
SOURCE_FLAGS = ["-source_path=src", "-source_path=src/gosvc", "-source_path=src -trim_path=/src/cxx", "-trim_path=/src", "-intel_syntax", "-noinlines",
                "-cum", "-unit=ms", "-divide_by=3", "-symbolize=demangle=full", "-symbolize=force", "-relative_percentages", "-focus=main", "-mean",
                "-tools=/usr/bin", "-tools=llvm-symbolizer:/usr/bin", "-tools=llvm-symbolizer:/usr/bin,objdump:/usr/bin", "-drop_negative"]
KEYS = ["key", "bytes", "tenant", "endpoint", "dur", "multi", "nosuch", "tenant,key", "bytes,multi"]
SWITCHES = ["-cum", "-flat", "-functions", "-filefunctions", "-files", "-lines", "-addresses", "-noinlines", "-showcolumns", "-call_tree",
            "-relative_percentages", "-compact_labels", "-mean", "-drop_negative", "-trim=false", "-all_frames", "-inuse_space",
            "-alloc_objects", "-symbolize=none", "-symbolize=demangle=full", "-symbolize=demangle=templates"]


def random_source_flags(rng):
    """-list, -weblist, -disasm where the program and some of its sources are there."""
    flags = [rng.choice(["-list=", "-weblist=", "-disasm="]) + rng.choice(SOURCE_REGEXPS)]
    for words in rng.sample(SOURCE_FLAGS, rng.choice([0, 1, 2, 3])):
        flags += words.split(" ")
    return to_stdout(flags) + rng.choice(PROGRAMS)


def to_stdout(flags):
    return flags + ["-output=/dev/stdout"] if flags[0].startswith("-weblist") else flags


def random_flags(rng, profiles):
    fmt = rng.choice(FORMATS)
    if PROGRAMS and fmt in ("-list=", "-weblist=", "-disasm=") and rng.random() < 0.7:
        return random_source_flags(rng)
    flags = [fmt + rng.choice(REGEXPS) if fmt.endswith("=") else fmt]
    flags += rng.sample(SWITCHES, rng.choice([0, 0, 1, 1, 2, 3]))
    for name in ("focus", "ignore", "hide", "show", "show_from", "prune_from"):
        if rng.random() < 0.12:
            flags.append(f"-{name}={rng.choice(REGEXPS)}")
    for name in ("tagfocus", "tagignore", "tagshow", "taghide"):
        if rng.random() < 0.07:
            flags.append(f"-{name}={rng.choice(TAGS if 'o' in name[3:5] or 'ig' in name else KEYS)}")
    for name in ("tagroot", "tagleaf"):
        if rng.random() < 0.06:
            flags.append(f"-{name}={rng.choice(KEYS)}")
    for name, values in (("nodecount", [0, 1, 3, 10, 40, 500]), ("nodefraction", [0, 0.01, 0.1]), ("edgefraction", [0, 0.01, 0.3]),
                         ("unit", ["auto", "ms", "kb", "s", "B", "foo", "hr"]), ("sample_index", [0, 1, "alloc_space", "cpu", "inuse_objects", 9]),
                         ("divide_by", [2, 1000, 0.5, -1, 0])):
        if rng.random() < 0.08:
            flags.append(f"-{name}={rng.choice(values)}")
    if rng.random() < 0.15:
        flags.append(f"-{rng.choice(['base', 'diff_base'])}={rng.choice(profiles)}")
        if rng.random() < 0.2:
            flags.append("-normalize")
    if rng.random() < 0.05:
        flags.append("-add_comment=hello")
    n = rng.choice([1, 1, 1, 1, 1, 1, 2, 3])
    return to_stdout(flags) + [rng.choice(profiles) for _ in range(n)]


def changed_bytes(rng, data):
    for _ in range(rng.choice([1, 1, 1, 2, 5])):
        at = rng.randrange(len(data))
        kind = rng.randrange(4)
        if kind == 0:
            data[at] = rng.randrange(256)
        elif kind == 1:
            data[at] ^= 1 << rng.randrange(8)
        elif kind == 2:
            del data[at:at + rng.choice([1, 1, 2, 100])]
        else:
            data[at:at] = bytes(rng.randrange(256) for _ in range(rng.choice([1, 2, 10])))
        if not data:
            break
    return data


# Pieces of the older text formats.
PIECES = [b"0", b"1", b"9", b"00000000", b"ffffffff", b"-", b"--- ", b"@", b" @ ", b" @ 0x1", b"0x", b"x", b" ", b"   ", b"\t", b"\r", b"\n", b"\n\n", b":", b"[", b"]",
          b"=", b"/", b"#", b"$", b"a=/bin/b\n", b"build=$a$build\n", b"$build", b"\xc2\xa0", b"\xff", b"\0", b"heap_v2/", b"heapz_v2/524288", b"heapprofile",
          b"heap/1048576", b"growth", b"fragmentation", b"--- Memory map: ---\n", b"MAPPED_LIBRARIES:\n", b"400000-800000 r-xp 00000000 fd:00 1 /bin/b\n",
          b"400000-800000 /bin/b (@1000) abc\n", b"400000-800000: r--p /b\n", b"file.cc:12] ", b"(same as previous thread)\n", b"--- threadz 1 ---\n",
          b"--- Thread 7f (name: a/1) stack: ---\n", b"---- no stack trace for x\n", b"cycles/second = 0x10\n", b"sampling period = 010\n", b"ms since reset = 1_0\n",
          b"resolution=bytes\n", b"format = java\n", b" (a.java:-1)", b" (/lib/b.so)", b"/anon_hugepage", b"(deleted)", b".so.1", b"A" * 66000]


def changed_text(rng, data, others):
    """Pieces and lines removed, doubled, moved, or taken from other profiles."""
    for _ in range(rng.choice([1, 1, 1, 2, 4])):
        lines = data.split(b"\n")
        at, line, kind = rng.randrange(len(data) or 1), rng.randrange(len(lines)), rng.randrange(8)
        if kind < 3:
            data = data[:at] + rng.choice(PIECES) + data[at + rng.choice([0, 0, 1, 3]):]
            continue
        if kind == 3:
            del lines[line]
        elif kind == 4:
            lines[line:line] = [lines[rng.randrange(len(lines))]]
        elif kind == 5:
            lines[line:] = []
        elif kind == 6:
            other = rng.choice(others).split(b"\n")
            lines[line:line] = other[rng.randrange(len(other)):][:rng.choice([1, 3, 1000])]
        else:
            lines[line] = re.sub(rb"[0-9a-f]+", lambda m: b"%x" % (rng.getrandbits(rng.choice([1, 8, 32, 64, 70]))), lines[line], count=1)
        data = b"\n".join(lines)
    return data


def mutated(rng, profiles, legacy, corpus, directory, i):
    """A report of a copy of some profile, plain or compressed, with bytes changed, removed, or added."""
    name = rng.choice(legacy if rng.random() < 0.5 else profiles)
    data = read(corpus, name)
    if data[:2] == b"\x1f\x8b" and rng.random() < 0.9:
        data = gzip.decompress(data)
    if name in legacy and rng.random() < 0.7:
        data = changed_text(rng, data, [read(corpus, f) for f in legacy])
    else:
        data = bytes(changed_bytes(rng, bytearray(data)))
    path = f"{directory}/{i}.pb"
    with open(path, "wb") as f:
        f.write(data)
    return [rng.choice(["-raw", "-raw", "-top", "-proto", "-traces", "-dot"]), "-symbolize=none", path]


def read(corpus, name):
    with open(os.path.join(corpus, name), "rb") as f:
        return f.read()


def run(pprof, args, corpus):
    p = subprocess.run([pprof, *args], cwd=corpus, env=ENV, capture_output=True, timeout=120, check=False)
    out = p.stdout
    if out[:2] == b"\x1f\x8b":
        out = gzip.decompress(out)
    if out.startswith(b"<!DOCTYPE"):
        out = recorded.strip_svg(out)
        if not any(a.startswith(("bin/", "upstream/report")) for a in args):  # without a program: in map order there
            out = recorded.normal("instructions", out)
    err = re.sub(rb"(incompatible sample types) \[[^]]*\] and \[[^]]*\]", rb"\1", p.stderr)  # addresses in google/pprof
    return out, err, p.returncode


def by_lines(answer):
    out, err, code = answer
    out = re.sub(rb"(?m)^( +\S+ +\S+%) +\S+%( +\S+ +\S+%)", rb"\1 SUM\2", out)
    out = re.sub(rb"\bN[0-9]+\b|node[0-9]+|\([0-9]+\)|\[[0-9]+/[0-9]+\]|(?<= )[+-][0-9]+|(?<= )\*", b"#", out)
    err = re.sub(rb"\[([a-z ]+)\]", lambda m: b" ".join(sorted(m[1].split())), err)
    return sorted(out.split(b"\n")), sorted(err.split(b"\n")), code


def compare(args, ours, oracle, corpus):
    """(verdict, what differs)"""
    got, want = run(ours, args, corpus), run(oracle, args, corpus)
    if got == want:
        return "equal", None
    answers = [want]
    for _ in range(RUNS):
        answers.append(run(oracle, args, corpus))
        if answers[-1] == got:
            return "equal to one of google/pprof's answers", None
    if any(a != want for a in answers) or len({tuple(map(repr, by_lines(a))) for a in answers}) > 1:
        if any(by_lines(a) == by_lines(got) for a in answers):
            return "equal when sorted", None
        return "varies and differs", "its answers vary, and none is ours"
    for x, y, what in zip(want, got, ("stdout", "stderr", "exit code")):
        if x == y:
            continue
        if isinstance(x, int):
            return "DIFFERENT", f"{what}: want {x}, got {y}"
        a, b = x.split(b"\n"), y.split(b"\n")
        i = next((i for i in range(min(len(a), len(b))) if a[i] != b[i]), min(len(a), len(b)))
        return "DIFFERENT", f"{what} line {i + 1}: want {a[i:i + 1]!r:.200}, got {b[i:i + 1]!r:.200}"
    return "DIFFERENT", "?"


def find_oracle():
    if os.environ.get("PPROF_ORACLE"):
        return os.environ["PPROF_ORACLE"]
    go = shutil.which("go")
    if go:
        path = os.path.join(subprocess.run([go, "env", "GOPATH"], capture_output=True, text=True, check=True).stdout.strip(), "bin", "pprof")
        if os.path.exists(path):
            return path
    return None


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("pprof")
    ap.add_argument("-n", type=int, default=300)
    ap.add_argument("-j", type=int, default=os.cpu_count() or 2)
    ap.add_argument("--seed", type=int, default=int(time.time()))
    ap.add_argument("--mutate", action="store_true")
    ap.add_argument("--corpus", default=os.path.join(HERE, "..", "corpus"))
    a = ap.parse_args()
    oracle = find_oracle()
    if not oracle:
        print("SKIPPED: no google/pprof here (set PPROF_ORACLE): NOTHING WAS COMPARED", file=sys.stderr)
        return 77
    files = sorted(os.path.relpath(os.path.join(root, f), a.corpus) for root, _, files in os.walk(a.corpus) for f in files)
    profiles = [f for f in files if f.endswith(".pb.gz")]
    legacy = [f for f in files if re.match(r"cxx/|upstream/|go/.*debug1", f) and not f.endswith(BY_OTHERS)
              and os.path.getsize(os.path.join(a.corpus, f)) < LEGACY_MAX]
    rng = random.Random(a.seed)
    scratch = tempfile.TemporaryDirectory(prefix="pprof-random-")
    corpus = os.path.join(scratch.name, "corpus")
    if os.path.samefile(a.corpus, recorded.CORPUS):
        recorded.make_corpus(corpus)
    else:
        corpus = a.corpus
        PROGRAMS.clear()
    lines = [mutated(rng, profiles, legacy, a.corpus, scratch.name, i) if a.mutate else random_flags(rng, profiles + legacy) for i in range(a.n)]
    print(f"seed {a.seed}, {a.n} command lines, {len(profiles)} profiles and {len(legacy)} of older formats, {oracle}")
    count = collections.Counter()
    with concurrent.futures.ThreadPoolExecutor(a.j) as pool:
        for args, (verdict, what) in zip(lines, pool.map(lambda x: compare(x, os.path.abspath(a.pprof), oracle, corpus), lines)):
            count[verdict] += 1
            if what:
                print(f"{what}\n    pprof " + " ".join(f"'{x}'" for x in args))
    print(", ".join(f"{n} {verdict}" for verdict, n in count.most_common()))
    if not count["DIFFERENT"]:
        scratch.cleanup()
        return 0
    scratch._finalizer.detach()  # the profiles are worth a look
    return 1


if __name__ == "__main__":
    sys.exit(main())
