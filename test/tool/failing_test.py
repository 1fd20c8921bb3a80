#!/usr/bin/env python3
"""failing_test.py PPROF_FAILING [-k REGEX] [--all]: every command with its Nth request for memory (or a thread) refused, N = 1, 2, ...: alone,
and with all that follow. Each run must end by itself, with an error text and exit code 2, or with the very answer it has
otherwise. (failing_memory.c refuses; a run of many requests is stepped through, all of its first 150 and every k-th then.)"""
import argparse, concurrent.futures, os, re, shutil, subprocess, sys, tarfile, tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
CORPUS = os.path.join(HERE, "..", "corpus")
# name, arguments (in the corpus; $T is a directory of its own, $D one with programs), standard input
COMMANDS = [
    ("top", "-top go/cpu.pb.gz"),
    ("top-focus", "-top -focus=main|runtime -ignore=gc -show_from=main -tagfocus=x:y go/cpu.pb.gz"),
    ("proto", "-proto -output=$T/out go/heap.pb.gz"),
    ("base", "-proto -output=$T/out -base=go/heap.pb.gz go/allocs.pb.gz"),
    ("merge", "-top -nodecount=5 go/cpu.pb.gz go/cpu.pb.gz"),
    ("dot", "-dot go/cpu.pb.gz"),
    ("svg", "-svg go/cpu.pb.gz"),
    ("list", "-list=main -source_path=src go/cpu.pb.gz"),
    ("weblist", "-weblist=main -source_path=src -output=$T/out go/cpu.pb.gz"),
    ("tree", "-tree go/mutex.pb.gz"),
    ("peek", "-peek=main go/cpu.pb.gz"),
    ("traces", "-traces go/goroutine.pb.gz"),
    ("tags", "-tags edge/labels.pb.gz"),
    ("raw", "-raw go/block.pb.gz"),
    ("callgrind", "-callgrind -output=$T/out go/cpu.pb.gz"),
    ("csv", "-top -csv go/cpu.pb.gz"),
    ("json", "-tree -json go/cpu.pb.gz"),
    ("legacy-cpu", "-top cxx/gperf.cpu"),
    ("legacy-heap", "-top cxx/gperf.heapprofile"),
    ("legacy-text", "-top go/heap.debug1.txt"),
    ("symbols", "-top -lines $D/cxx/gperf.cpu"),
    ("fastlocal", "-top -symbolize=fastlocal $D/cxx/gperf.cpu"),
    ("disasm", "-disasm=spin $D/cxx/gperf.cpu"),
    ("perf", "-top ../record/data/stacks.perf.data"),
    ("jemalloc", "-top ../../fuzz/seeds/foreign/jemalloc.heap"),
    ("folded", "-folded ../../fuzz/seeds/foreign/folded.zst"),
    ("help", "help focus"),
    ("shell", "go/cpu.pb.gz", "top 3\nlist main\nfocus=runtime\no\ntags\npeek main > $T/out\nhelp top\nbad\ntraces main -x | cat\nproto >$T/p\n"),
]


class Command:
    def __init__(self, pprof, scratch, programs, name, args, stdin=""):
        self.pprof, self.name, self.scratch = pprof, name, os.path.join(scratch, name)
        put = lambda text: text.replace("$T", self.scratch).replace("$D", programs)
        self.args, self.stdin = put(args).split(" "), put(stdin).encode()
        self.env = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "LC_ALL": "C", "TZ": "UTC", "TERM": "dumb",
                    "PPROF_BINARY_PATH": os.path.join(programs, "bin"), "PPROF_TMPDIR": self.scratch}
        self.failures = []

    def run(self, at, on):
        r, w = os.pipe()
        env = {**self.env, "PP_FAIL_AT": str(at)}
        if on:
            env["PP_FAIL_ON"] = "1"
        if not at:
            env["PP_FAIL_COUNT"] = str(w)
            os.set_inheritable(w, True)
        shutil.rmtree(self.scratch, ignore_errors=True)
        os.makedirs(self.scratch)
        try:
            p = subprocess.run([self.pprof, *self.args], input=self.stdin, capture_output=True, cwd=CORPUS, env=env, timeout=60,
                               pass_fds=[] if at else [w], check=False)
            p.written = {}
            for n in os.listdir(self.scratch):
                with open(os.path.join(self.scratch, n), "rb") as f:
                    p.written[n] = f.read()
            os.close(w)
            w = None
            p.requests = 0 if at else int(os.read(r, 32))
            return p
        finally:
            os.close(r)
            if w is not None:
                os.close(w)

    def judge(self, p, plain):
        if p.returncode < 0:
            return f"ended by signal {-p.returncode}"
        if p.returncode == plain.returncode:
            same = p.stdout == plain.stdout and p.written == plain.written
            return None if same or (p.stderr != plain.stderr and p.stderr) else "another answer, and no word about it"
        if p.returncode != 2:
            return f"exit code {p.returncode}"
        return None if p.stderr.strip() else "no error text"

    def step(self, at, on, plain):
        try:
            p = self.run(at, on)
        except subprocess.TimeoutExpired:
            self.failures.append((at, on, "hangs", b""))
            return
        what = self.judge(p, plain)
        if what:
            self.failures.append((at, on, what, p.stderr[-300:]))

    def walk(self, every):
        plain = self.run(0, False)
        dense = plain.requests if every else 150
        stride = max(1, (plain.requests - dense) // 60)
        places = list(range(1, min(dense, plain.requests) + 1)) + list(range(dense + 1, plain.requests + 1, stride))
        for at in places:
            for on in (False, True):
                self.step(at, on, plain)
        return plain, len(places) * 2


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("pprof")
    ap.add_argument("-k", default=".")
    ap.add_argument("--all", action="store_true")
    a = ap.parse_args()
    total = 0
    failed = 0
    with tempfile.TemporaryDirectory() as scratch:
        with tarfile.open(os.path.join(CORPUS, "binaries.tar.xz")) as tar:
            tar.extractall(scratch + "/programs", filter="data") if hasattr(tarfile, "data_filter") else tar.extractall(scratch + "/programs")
        shutil.copytree(os.path.join(CORPUS, "cxx"), scratch + "/programs/cxx", dirs_exist_ok=True)
        commands = [Command(os.path.abspath(a.pprof), scratch, scratch + "/programs", *c) for c in COMMANDS if re.search(a.k, c[0])]
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            for c, (plain, runs) in zip(commands, pool.map(lambda c: c.walk(a.all), commands)):
                total += runs
                print(f"{c.name}: {plain.requests} requests, {runs} runs, exit code {plain.returncode}, {len(c.failures)} failures", flush=True)
                if plain.returncode:
                    print(f"  FAIL without any refusal: {plain.stderr.decode()}")
                    failed += 1
                for at, on, what, text in c.failures[:5]:
                    print(f"  FAIL request {at}{' and all after it' if on else ''}: {what}: {text}")
                failed += len(c.failures)
    print(f"{total} runs, {failed} failures")
    return 1 if failed or not total else 0


sys.exit(main())
