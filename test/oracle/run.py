#!/usr/bin/env python3
"""run.py PPROF [-k REGEX] [-j N] [-v]          compare PPROF with the recorded answers of google/pprof
run.py PPROF --make expected.tar.xz          record the answers of PPROF (a real google/pprof)
run.py PPROF --add -k REGEX                  record those of these cases, keep the others

Every line of cases.txt is one command line: id, kind (sh: lines of the shell, separated by ";;"), input, environment, arguments. Compared are stdout, stderr, exit
code and the files written (gzip after decompression; it must not be larger than google/pprof's). differs.txt lists the
cases that are judged otherwise, each with its reason."""
import argparse, collections, concurrent.futures, gzip, hashlib, io, lzma, os, re, shlex, shutil, subprocess, sys, tarfile, tempfile, time

HERE = os.path.dirname(os.path.abspath(__file__))
CORPUS = os.path.join(HERE, "..", "corpus")
MORE_RUNS = 30  # of cases whose answer varies, when they are recorded
DOCS = os.path.join(HERE, "..", "..", "docs", "differences.md")


def read_table(name):
    with open(os.path.join(HERE, name), encoding="utf-8") as f:
        return [line.rstrip("\n").split("\t") for line in f if line.strip() and not line.startswith("#")]


def added_lines():
    """Lines of the usage that google/pprof does not have: the first block of docs/differences.md."""
    with open(DOCS, encoding="utf-8") as f:
        block = f.read().split("```")[1]
    return {line for line in block.split("\n")[1:] if line}


def gunzip(data):
    if data[:2] != b"\x1f\x8b":
        return None
    try:
        return gzip.decompress(data)
    except (OSError, EOFError):
        return None


def strip_svg(data):
    """Scripts, styles and handlers of pictures and pages are our own."""
    if b"<svg" not in data[:2000] and not data.startswith(b"<!DOCTYPE html>"):
        return data
    data = re.sub(rb"<(script|style)[^>]*>.*?</\1>", b"", data, flags=re.S)
    return re.sub(rb' on[a-zA-Z]+="[^"]*"', b"", data)


def make_corpus(path):
    """The corpus with the binaries in it; all else are links."""
    with tarfile.open(os.path.join(CORPUS, "binaries.tar.xz")) as tar:
        tar.extractall(path, filter="data") if hasattr(tarfile, "data_filter") else tar.extractall(path)
    for root, _, files in os.walk(CORPUS):
        there = os.path.join(path, os.path.relpath(root, CORPUS))
        os.makedirs(there, exist_ok=True)
        for f in files:
            os.symlink(os.path.realpath(os.path.join(root, f)), os.path.join(there, f))


class Runner:
    def __init__(self, pprof, timeout):
        self.pprof = [os.path.abspath(pprof)]
        self.timeout = timeout
        self.root = tempfile.mkdtemp(prefix="pprof-oracle-")
        self.corpus = os.path.join(self.root, "corpus")
        make_corpus(self.corpus)

    def environment(self, scratch, extra):
        env = {"PATH": os.environ["PATH"], "HOME": scratch + "/home", "TZ": "UTC", "PPROF_TMPDIR": scratch + "/tmp",
               "TMPDIR": scratch + "/tmp", "PPROF_BINARY_PATH": "/nonexistent", "XDG_CONFIG_HOME": scratch + "/home/.config",
               "LC_ALL": "C", "TERM": "dumb", "BROWSER": "/bin/true"}
        env.update({k: os.environ[k] for k in ("ASAN_OPTIONS", "UBSAN_OPTIONS") if k in os.environ})
        if extra != "-":
            env.update(kv.split("=", 1) for kv in extra.split(" "))
        return env

    def run(self, case):
        """{suffix: bytes} of one case."""
        cid, kind, lines, extra, args = case
        scratch = os.path.join(self.root, cid.replace("/", "_"))
        os.makedirs(scratch + "/home")
        os.makedirs(scratch + "/tmp")
        try:
            stdin = b"" if kind == "cmd" else ("\n".join(lines.replace("$T", scratch).split(";;")) + "\n").encode()
            p = subprocess.run(self.pprof + shlex.split(args.replace("$T", scratch)), cwd=self.corpus, input=stdin,
                               env=self.environment(scratch, extra), capture_output=True, timeout=self.timeout)
            out, err, code = p.stdout, p.stderr, str(p.returncode)
        except subprocess.TimeoutExpired as x:
            out, err, code = x.stdout or b"", x.stderr or b"", "timeout"
        got = {"err": self.neutral(err, scratch), "rc": (code + "\n").encode()}
        self.keep(got, "out", out, scratch)
        for name in ("o", "o2"):
            path = os.path.join(scratch, name)
            if os.path.exists(path):
                with open(path, "rb") as f:
                    self.keep(got, "f." + name, f.read(), scratch)
        shutil.rmtree(scratch, ignore_errors=True)
        return got

    def neutral(self, data, scratch):
        return data.replace(scratch.encode(), b"$T").replace(self.corpus.encode(), b"$C")

    def keep(self, got, suffix, data, scratch):
        plain = gunzip(data)
        if plain is None:
            got[suffix] = strip_svg(self.neutral(data, scratch))
        else:
            got[suffix] = plain
            got[suffix + "gz"] = data


def load_expected():
    expected = collections.defaultdict(dict)
    ids = sorted((c[0] for c in read_table("cases.txt")), key=len, reverse=True)
    with lzma.open(os.path.join(HERE, "expected.tar.xz")) as f, tarfile.open(fileobj=io.BytesIO(f.read())) as tar:
        for member in tar.getmembers():
            cid = next(i for i in ids if member.name.startswith(i + "."))
            expected[cid][member.name[len(cid) + 1:]] = tar.extractfile(member).read()
    return expected


def first_difference(want, got):
    a, b = want.split(b"\n"), got.split(b"\n")
    for i in range(max(len(a), len(b))):
        x, y = (a[i] if i < len(a) else b"<end>"), (b[i] if i < len(b) else b"<end>")
        if x != y:
            return f"line {i + 1}: want {x[:160]!r}, got {y[:160]!r}"
    return "same lines"


def normal(how, data):
    if how == "sorted":
        data = re.sub(rb"(?m)^( +\S+ +\S+%) +\S+%( +\S+ +\S+%)", rb"\1 SUM\2", data)
        data = re.sub(rb"\bN[0-9]+\b|node[0-9]+|\([0-9]+\)|\[[0-9]+/[0-9]+\]|(?<= )[+-][0-9]+|(?<= )\*", b"#", data)
        return b"\n".join(sorted(data.split(b"\n")))
    if how == "conflict":
        return re.sub(rb"\[([a-z ]+)\]", lambda m: b" ".join(sorted(m[1].split())), data)
    if how == "gopath":
        return data.replace(b"/debug/pprof/profile", b"")
    if how == "instructions":
        return re.sub(rb"<span class=asm>.*?(?=\n<span class=line>|\n</pre>)", b"", data, flags=re.S)
    if how == "names":
        return b"\n".join(data.split(b"\n")[:2])
    if how == "pointers":
        return re.sub(rb"\[[^]]*\]", b"[TYPES]", data)
    return data


def answers(want, suffix):
    """What google/pprof gave for one output; where that varies even when sorted, there are several."""
    return [data for name, data in sorted(want.items()) if name.split("@")[0] == suffix]


def judge(how, want, got, added):
    """None when equal, else what differs."""
    if how == "missing":
        lines = got["err"].split(b"\n")
        ok = got["rc"] == b"2\n" and len(lines) == 2 and b"not available in this version" in lines[0] and not got["out"]
        return None if ok else f"should say what is missing: {got['err'][:200]!r}"
    got = dict(got)
    got["err"] = b"\n".join(l for l in got["err"].split(b"\n") if l.decode("utf-8", "replace") not in added)
    for suffix in sorted({s.split("@")[0] for s in want} | set(got)):
        if suffix not in want or suffix not in got:
            return f"{suffix}: only in {'want' if suffix in want else 'got'}"
        if suffix.endswith("gz"):
            if len(got[suffix]) > len(want[suffix]):
                return f"{suffix}: {len(got[suffix])} bytes compressed, google/pprof {len(want[suffix])}"
        elif not any(normal(how, strip_svg(answer)) == normal(how, got[suffix]) for answer in answers(want, suffix)):
            return f"{suffix}: {first_difference(normal(how, strip_svg(want[suffix])), normal(how, got[suffix]))}"
    return None


# What the answers depend on besides the profile: group -> names in versions.txt.
DEPENDS = {"K": ["dot"], "I": ["llvm-objdump", "objdump", "llvm-nm", "llvm-symbolizer", "libraries"]}
LIBRARIES = ["libc.so.6", "libm.so.6", "libstdc++.so.6.0.30", "libprofiler.so.0.5.5", "libgcc_s.so.1", "libunwind.so.8.0.1"]


def version(tool, *words):
    """What a tool says it is, in one line."""
    if not shutil.which(tool):
        return f"no {tool}"
    p = subprocess.run([tool, *words], capture_output=True, text=True, check=False)
    lines = [l.strip() for l in (p.stdout + p.stderr).split("\n") if re.search(r"[0-9]\.[0-9]", l)]
    return lines[0] if lines else "unknown"


def libraries():
    """The libraries that the C++ profiles name: the machine's own give the names of their functions."""
    digest = hashlib.sha256()
    for name in LIBRARIES:
        try:
            with open(f"/usr/lib/x86_64-linux-gnu/{name}", "rb") as f:
                digest.update(f.read())
        except OSError:
            digest.update(b"none")
    return digest.hexdigest()[:16]


def versions():
    tools = {t: version(t, "--version") for t in DEPENDS["I"] if t != "libraries"}
    return {"dot": version("dot", "-V"), **tools, "libraries": libraries()}


def more_answers(runner, case, first):
    """Other answers to a case of kind `sorted`, as out@1, out@2, ..."""
    seen, more = {normal("sorted", first["out"])}, {}
    for _ in range(MORE_RUNS):
        out = runner.run(case)["out"]
        if normal("sorted", out) not in seen:
            seen.add(normal("sorted", out))
            more[f"out@{len(more) + 1}"] = out
    return more


def record(runner, cases, jobs):
    varying = {row[0] for row in read_table("differs.txt") if row[1] == "sorted"}
    answers = {}
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for case, got in zip(cases, pool.map(runner.run, cases)):
            answers[case[0]] = got
            if case[0] in varying:
                got.update(more_answers(runner, case, got))
    return answers


def make(runner, cases, kept, path, jobs):
    """kept: answers of other cases."""
    raw = io.BytesIO()
    answers = {**kept, **record(runner, cases, jobs)}
    with tarfile.open(fileobj=raw, mode="w") as tar:
        for cid in (row[0] for row in read_table("cases.txt") if row[0] in answers):
            for suffix, data in sorted(answers[cid].items()):
                info = tarfile.TarInfo(f"{cid}.{suffix}")
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))
    with open(path, "wb") as f:
        f.write(lzma.compress(raw.getvalue(), preset=9 | lzma.PRESET_EXTREME))


def compare(runner, cases, jobs, verbose):
    expected, added = load_expected(), added_lines()
    differs = {row[0]: row[1:] for row in read_table("differs.txt")}
    recorded = dict(read_table("versions.txt"))
    here = versions()
    other = {group: [n for n in names if here[n] != recorded[n]] for group, names in DEPENDS.items()}
    count = collections.defaultdict(collections.Counter)
    bad = []
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for case, got in zip(cases, pool.map(runner.run, cases)):
            cid = case[0]
            how = differs.get(cid, ["exact"])[0]
            fault = judge(how, expected[cid], got, added)
            kind = "identical" if fault is None and how == "exact" else how if fault is None else "DIFFERENT"
            group = cid.split("-")[0]
            if fault and other.get(group):
                kind = "other " + ", ".join(f"{n} ({here[n]}; recorded with {recorded[n]})" for n in other[group])
            count[cid.split("-")[0]][kind] += 1
            if kind == "DIFFERENT":
                bad.append((case, fault))
            elif verbose and how != "exact":
                print(f"{cid}: {how}: {differs[cid][1]}")
    for case, fault in bad:
        print(f"{case[0]}: {fault}\n    {case[4]}")
    for group in sorted(count):
        print(f"{group}: " + ", ".join(f"{n} {kind}" for kind, n in sorted(count[group].items())))
    total = sum(count.values(), collections.Counter())
    print("all: " + ", ".join(f"{n} {kind}" for kind, n in sorted(total.items())))
    return 1 if bad else 0


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("pprof", nargs="?", default="pprof")
    ap.add_argument("-k", default=".", help="only cases whose id matches")
    ap.add_argument("-j", type=int, default=os.cpu_count() or 2)
    ap.add_argument("-t", type=float, default=60, help="seconds per case")
    ap.add_argument("-v", action="store_true")
    ap.add_argument("--make", metavar="TAR")
    ap.add_argument("--add", action="store_true")
    ap.add_argument("--versions", action="store_true", help="print what versions.txt records of this machine")
    a = ap.parse_args()
    if a.versions:
        print("\n".join(f"{name}\t{text}" for name, text in versions().items()))
        return 0
    cases = [c for c in read_table("cases.txt") if re.search(a.k, c[0])]
    runner = Runner(a.pprof, a.t)
    begin = time.time()
    try:
        if a.make or a.add:
            make(runner, cases, load_expected() if a.add else {}, a.make or os.path.join(HERE, "expected.tar.xz"), a.j)
            status = 0
        else:
            status = compare(runner, cases, a.j, a.v)
    finally:
        shutil.rmtree(runner.root, ignore_errors=True)
    print(f"{len(cases)} cases in {time.time() - begin:.1f} s")
    return status


if __name__ == "__main__":
    sys.exit(main())
