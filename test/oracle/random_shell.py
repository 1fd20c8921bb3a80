#!/usr/bin/env python3
"""random_shell.py PPROF [-n COUNT] [--seed N] [--corpus DIR]: random sessions of the shell on a pipe, ours beside a real google/pprof.

Compared are stdout, stderr, exit code and what was written to files. The oracle binary is found as random_diff.py does it; without one
the test says so and is skipped. Where google/pprof's answers vary (nodes of equal names), sorted lines are compared and counted apart.
The seed is printed: the same seed gives the same sessions."""
import argparse, collections, concurrent.futures, gzip, os, random, re, subprocess, sys, tempfile, time

from random_diff import ENV, HERE, KEYS, REGEXPS, RUNS, TAGS, by_lines, find_oracle

BOOLS = ["call_tree", "relative_percentages", "compact_labels", "intel_syntax", "mean", "normalize", "drop_negative", "trim", "noinlines",
         "showcolumns"]
CHOICES = ["cum", "flat", "functions", "filefunctions", "files", "lines", "addresses"]
COMMANDS = ["top", "text", "tree", "traces", "raw", "tags", "comments", "dot", "callgrind", "proto", "topproto", "peek"]
ODD = ["", " ", "\t", ":", "o", "options", "help", "help top", "help focus", "help nosuch", "help sample_index", "help  peek ", "help cum", "help sort",
       "nosuch", "nosuch12", "top5x", "5", "=", "=x", "focus", "focus x", "focus5", "nodecount", "sort", "sort x", "granularity", "unit x y", "samples",
       "cum=", "files=t", "files=yes", "flat=0", "top=5", "top >", "peek", "peek >", "list", "weblist", "disasm", "O", "TOP", "Top5", "top10=",
       "top \u00a0 5", "\u3000top1\u2028", "h\u00e9lp", "top \xff", "unit=\u00b5s", "sample_index", "sample_index=", "sample_index= 0 ", "sample_index=-1",
       "sample_index=0x1", "help help", "exit now", "top -", "top --", "top ---cum", "top -cum=1", "top +5", "top 99999999999", "top 0005",
       "nodecount=0x10", "nodecount=1_0", "nodecount=99999999999999999999", "nodefraction=1e-400", "nodefraction=inf", "edgefraction=0x1p-4",
       "nodefraction=.5.", "divide_by=0", "divide_by=1e6", "divide_by=nan", "nodefraction=1e21", "edgefraction=1e-7", "trim=F", "trim=NO", "trim=maybe",
       "mean =", "focus= a=b //: c //: d", "focus=//:", "hide = main //:note", "output=", "source_path=/x", "trim_path=/src", "tagroot = key",
       "callgrind >$T/a", "proto >$T/a", "raw > $T/a", "top >$T/nodir/x", "top > $T/a >$T/b", "topproto>$T/a", "output=$T/b", "svg >"]
SETTINGS = [("nodecount", ["-1", "0", "1", "3", "40", "x"]), ("nodefraction", ["0", "0.01", "0.1", "x"]), ("edgefraction", ["0", "0.3"]),
            ("unit", ["auto", "ms", "kb", "s", "B", "foo", "minimum"]), ("sample_index", ["0", "1", "alloc_space", "cpu", "inuse_objects", "9", "x"]),
            ("divide_by", ["2", "1000", "0.5", "-1", "1"]), ("sort", ["cum", "flat", "x", ""]), ("granularity", CHOICES[2:] + ["x", ""])]


def report(rng):
    line = rng.choice(COMMANDS)
    if line in ("proto", "topproto", "dot", "callgrind", "raw", "traces") and rng.random() < 0.8:
        line = "top"
    if line in ("proto", "topproto"):
        return line + " >$T/a"
    if rng.random() < 0.4 and line != "peek":
        line += str(rng.choice([1, 2, 5, 20]))
    words = [line]
    if line == "peek":
        words.append(rng.choice(REGEXPS))
    for _ in range(rng.choice([0, 0, 0, 1, 1, 2, 3])):
        words.append(rng.choice([rng.choice(REGEXPS + TAGS), "-" + rng.choice(REGEXPS), "-cum", "--cum", str(rng.randrange(12)), "-3"]))
    if rng.random() < 0.05:
        words.append(rng.choice([">$T/a", "> $T/b"]))
    return " ".join(words)


def assignment(rng):
    kind = rng.random()
    if kind < 0.25:
        return rng.choice(BOOLS) + rng.choice(["", "=1", "=0", "=t", "=false", "=Yes", "= n", "=", "=2"])
    if kind < 0.35:
        return rng.choice(CHOICES) + rng.choice(["=1", "=true", ""])
    if kind < 0.65:
        name, values = rng.choice(SETTINGS)
        return name + rng.choice(["=", "=", " = "]) + rng.choice(values)
    if kind < 0.85:
        return rng.choice(["focus", "ignore", "hide", "show", "show_from", "prune_from"]) + "=" + rng.choice(["", *REGEXPS])
    if kind < 0.95:
        return rng.choice(["tagfocus", "tagignore"]) + "=" + rng.choice(["", *TAGS])
    return rng.choice(["tagshow", "taghide", "tagroot", "tagleaf"]) + "=" + rng.choice(["", *KEYS])


def session(rng):
    lines = []
    for _ in range(rng.randrange(1, 9)):
        kind = rng.random()
        if kind < 0.45:
            lines.append(report(rng))
        elif kind < 0.75:
            lines.append(assignment(rng))
        elif kind < 0.8:
            lines.append(rng.choice(["cpu", "alloc_space", "total_cpu", "mean_delay", "mean_alloc_space", "inuse_space", "total_samples", "samples"]))
        else:
            lines.append(rng.choice(ODD))
    if rng.random() < 0.1:
        lines.insert(rng.randrange(len(lines) + 1), rng.choice(["quit", "exit", "q"]))
    end = rng.choice(["\n", "\n", "\n", "", "\r\n"])
    return rng.choice(["\n", "\n", "\n", "\n", "\r\n"]).join(lines) + end


def flags(rng, profiles):
    words = rng.sample(["-cum", "-lines", "-noinlines", "-mean", "-nodecount=3", "-focus=main", "-unit=ms", "-call_tree", "-inuse_space", "-compact_labels",
                        "-sample_index=0", "-sample_index=nosuch", "-divide_by=0"], rng.choice([0, 0, 0, 1, 1, 2]))
    if rng.random() < 0.1:
        words.append(f"-{rng.choice(['base', 'diff_base'])}={rng.choice(profiles)}")
    return ["-symbolize=none", *words, rng.choice(profiles)]


def run(pprof, args, text, corpus):
    """In a directory of its own: reports that would go to a terminal are files there."""
    with tempfile.TemporaryDirectory(prefix="pprof-shell-") as scratch:
        for name in os.listdir(corpus):
            os.symlink(os.path.join(os.path.abspath(corpus), name), os.path.join(scratch, name))
        p = subprocess.run([pprof, *args], cwd=scratch, env={**ENV, "TMPDIR": scratch}, capture_output=True, timeout=120, check=False,
                           input=text.replace("$T", scratch).encode("latin-1" if "\xff" in text and "\u00ff" >= max(text) else "utf-8"))
        out = p.stdout
        for name in sorted(os.listdir(scratch)):
            path = os.path.join(scratch, name)
            if not os.path.islink(path):
                with open(path, "rb") as f:
                    data = f.read()
                out += b"\nFILE " + name.encode() + b"\n" + (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data)
        err = re.sub(rb"(incompatible sample types) \[[^]]*\] and \[[^]]*\]", rb"\1", p.stderr)
        return out.replace(scratch.encode(), b"$T"), err.replace(scratch.encode(), b"$T"), p.returncode


def compare(args, text, ours, oracle, corpus, added):
    out, err, code = run(ours, args, text, corpus)
    got = out, b"\n".join(line for line in err.split(b"\n") if line not in added), code
    want = run(oracle, args, text, corpus)
    if got == want:
        return "equal", None
    answers = [want]
    for _ in range(RUNS):
        answers.append(run(oracle, args, text, corpus))
        if answers[-1] == got:
            return "equal to one of google/pprof's answers", None
    if any(a != want for a in answers) and any(by_lines(a) == by_lines(got) for a in answers):
        return "equal when sorted", None
    varies = len({tuple(map(repr, by_lines(a))) for a in answers}) > 1
    for x, y, what in zip(want, got, ("stdout", "stderr", "exit code")):
        if x != y:
            a, b = (repr(x).encode().split(b"\\n"), repr(y).encode().split(b"\\n"))
            i = next((i for i in range(min(len(a), len(b))) if a[i] != b[i]), min(len(a), len(b)))
            return "varies and differs" if varies else "DIFFERENT", f"{what} line {i + 1}: want {a[i:i + 1]!r:.200}, got {b[i:i + 1]!r:.200}"
    return "DIFFERENT", "?"


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("pprof")
    ap.add_argument("-n", type=int, default=200)
    ap.add_argument("-j", type=int, default=os.cpu_count() or 2)
    ap.add_argument("--seed", type=int, default=int(time.time()))
    ap.add_argument("--corpus", default=os.path.join(HERE, "..", "corpus"))
    a = ap.parse_args()
    oracle = find_oracle()
    if not oracle:
        print("SKIPPED: no google/pprof here (set PPROF_ORACLE): NOTHING WAS COMPARED", file=sys.stderr)
        return 77
    profiles = sorted(os.path.relpath(os.path.join(root, f), a.corpus) for root, _, files in os.walk(a.corpus) for f in files
                      if f.endswith(".pb.gz"))
    with open(os.path.join(HERE, "..", "..", "docs", "differences.md"), "rb") as f:
        added = {line for line in f.read().split(b"```")[1].split(b"\n")[1:] if line}
    rng = random.Random(a.seed)
    sessions = [(flags(rng, profiles), session(rng)) for _ in range(a.n)]
    print(f"seed {a.seed}, {a.n} sessions, {len(profiles)} profiles, {oracle}")
    count = collections.Counter()
    with concurrent.futures.ThreadPoolExecutor(a.j) as pool:
        todo = [pool.submit(compare, args, text, os.path.abspath(a.pprof), oracle, a.corpus, added) for args, text in sessions]
        for (args, text), job in zip(sessions, todo):
            verdict, what = job.result()
            count[verdict] += 1
            if what:
                print(f"{verdict}: {what}\n    pprof {' '.join(args)} with {text!r}")
    print(", ".join(f"{n} {verdict}" for verdict, n in count.most_common()))
    return 1 if count["DIFFERENT"] else 0


if __name__ == "__main__":
    sys.exit(main())
