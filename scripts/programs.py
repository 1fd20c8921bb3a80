#!/usr/bin/env python3
"""Debian's own programs, unmodified, under `pprof run` with load: is the CPU profile right, and does the program stay what it is?

    programs.py PPROF LIBPPROF [name ...]        writes docs/programs.md and docs/programs/<name>.txt

Of each program: ROUNDS pairs of short loads (without us; with us and a CPU window open all the time), then one window of at least
MIN_CPU seconds of CPU. The kernel's figure is the process's CPU clock at the window's two ends (as the profile itself states them), less
the time of our own thread. A row passes when the total is within 3 %, 98 % of the samples' stacks end at main or at a thread's start,
output and exit status are as without us, and go tool pprof prints the same -top.
"""
import bisect, contextlib, gzip, hashlib, os, platform, re, shutil, signal, socket, statistics, subprocess, sys, tempfile, threading, time
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PPROF, LIBPPROF = (os.path.abspath(p) for p in sys.argv[1:3])
OUT = os.path.join(ROOT, "docs", "programs")
ENV = {k: v for k, v in os.environ.items() if not k.startswith("PPROF_") and k != "LD_PRELOAD"}
ENV.update(PPROF_LIBRARY=LIBPPROF, LC_ALL="C", PPROF_TMPDIR="/nonexistent")
ROUNDS, ROUND_SECONDS = int(os.environ.get("PROGRAMS_ROUNDS", "3")), 3
MIN_CPU, WINDOWS = 2.0, (8, 20, 60)
ROOTS = {"_start", "main", "clone", "clone3", "__clone", "__clone3", "start_thread", "thread_start"}


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def run(*argv, **kw):
    return subprocess.run(argv, env=ENV, capture_output=True, text=True, timeout=300, **kw)


def await_port(port, process, seconds=60):
    end = time.time() + seconds
    while time.time() < end:
        assert process.poll() is None, "the program ended early"
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1): return
        time.sleep(0.05)
    raise AssertionError("the program does not listen")


# ---- the programs: argv, ready, load(seconds) -> requests, answer() (compared with and without us), stop()

class Program:
    def __init__(self, d):
        self.d, self.port = d, free_port()

    def prepare(self): pass
    def ready(self, process): await_port(self.port, process)
    def answer(self): return ""
    def stop(self, pid): os.kill(pid, signal.SIGTERM)


class Redis(Program):
    name, version, what = "redis-server", ["redis-server", "--version"], "redis-benchmark: SET, GET, LPUSH, HSET of 200 B, 20 clients"

    def argv(self):
        return ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--loglevel", "warning"]

    def load(self, seconds):
        done, end = 0, time.time() + seconds
        while time.time() < end:
            p = run("redis-benchmark", "-p", str(self.port), "-q", "--csv", "-d", "200", "-c", "20", "-r", "10000", "-n", "10000", "-t", "set,get,lpush,hset")
            assert p.returncode == 0, p.stderr
            done += 40000
        return done

    def answer(self):
        cli = lambda *a: run("redis-cli", "-p", str(self.port), *a).stdout
        return cli("set", "k", "v" * 1000) + cli("get", "k") + cli("rpush", "l", *"abc") + cli("lrange", "l", "0", "-1") + cli("eval", "return 6*7", "0")

    def stop(self, pid): run("redis-cli", "-p", str(self.port), "shutdown", "nosave")


class Nginx(Program):
    name, version, what = "nginx", ["nginx", "-v"], "ab -k -c 8: a page of 20 KB, one process, gzip"

    def prepare(self):
        with open(f"{self.d}/page.html", "w") as f: f.write("".join(f"<p>line {i * 7919 % 1000}</p>\n" for i in range(1100)))
        with open(f"{self.d}/conf", "w") as f:
            f.write(f"""daemon off; master_process off; pid {self.d}/pid; error_log {self.d}/error.log;
events {{ worker_connections 256; }}
http {{ access_log off; gzip on; gzip_types text/html;
  client_body_temp_path {self.d}/b; proxy_temp_path {self.d}/p; fastcgi_temp_path {self.d}/f; uwsgi_temp_path {self.d}/u; scgi_temp_path {self.d}/s;
  server {{ listen 127.0.0.1:{self.port}; root {self.d}; }} }}
""")

    def argv(self): return ["nginx", "-c", f"{self.d}/conf"]

    def load(self, seconds):
        p = run("ab", "-q", "-k", "-c", "8", "-t", str(max(1, round(seconds))), "-n", "100000000", "-H", "Accept-Encoding: gzip", f"http://127.0.0.1:{self.port}/page.html")
        assert re.search(r"Failed requests:\s+0\n", p.stdout) and not re.search(r"Non-2xx", p.stdout), p.stdout + p.stderr
        return int(re.search(r"Complete requests:\s+(\d+)", p.stdout).group(1))

    def answer(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/page.html") as r: return hashlib.sha256(r.read()).hexdigest()

    def stop(self, pid): os.kill(pid, signal.SIGQUIT)


class Memcached(Program):
    name, version, what = "memcached", ["memcached", "--version"], "8 pipelined connections: sets and gets of 100 B, 2 threads"

    def argv(self): return ["memcached", "-u", "nobody", "-l", "127.0.0.1", "-p", str(self.port), "-U", "0", "-t", "2"]

    def one(self, k, end, done):
        with socket.create_connection(("127.0.0.1", self.port)) as s:
            stores = b"".join(b"set k%d-%d 0 0 100\r\n%s\r\n" % (k, i, b"x" * 100) for i in range(100))
            gets = b"".join(b"get k%d-%d\r\n" % (k, i) for i in range(100)) * 4
            want = 100 * len(b"STORED\r\n") + 4 * sum(len(b"VALUE k%d-%d 0 100\r\n" % (k, i)) + 102 + len(b"END\r\n") for i in range(100))
            while time.time() < end:
                s.sendall(stores + gets)
                got = 0
                while got < want:
                    part = len(s.recv(1 << 18))
                    assert part, "memcached closed the connection"
                    got += part
                done[k] += 500

    def load(self, seconds):
        done, end = [0] * 8, time.time() + seconds
        threads = [threading.Thread(target=self.one, args=(k, end, done)) for k in range(8)]
        for t in threads: t.start()
        for t in threads: t.join()
        return sum(done)

    def answer(self):
        with socket.create_connection(("127.0.0.1", self.port)) as s:
            s.sendall(b"set a 7 0 3\r\nxyz\r\nget a\r\nincr b 1\r\nset b 0 0 1\r\n5\r\nincr b 4\r\nquit\r\n")
            got = b""
            while part := s.recv(4096): got += part
            return got.decode()


class Mariadb(Program):
    name, version, what = "mariadbd", ["mariadbd", "--version"], "mysqlslap: mixed generated SQL, 4 clients"

    def prepare(self):
        p = run("mariadb-install-db", "--no-defaults", f"--datadir={self.d}/data", "--user=root", "--auth-root-authentication-method=normal", "--skip-test-db")
        assert p.returncode == 0, p.stdout + p.stderr

    def argv(self):
        return ["mariadbd", "--no-defaults", f"--datadir={self.d}/data", f"--socket={self.d}/s", f"--port={self.port}", "--bind-address=127.0.0.1",
                "--user=root", f"--pid-file={self.d}/pid", "--innodb-flush-log-at-trx-commit=0"]

    def load(self, seconds):
        done, end = 0, time.time() + seconds
        while time.time() < end:
            p = run("mysqlslap", "--no-defaults", f"--socket={self.d}/s", "-u", "root", "--auto-generate-sql", "--auto-generate-sql-load-type=mixed",
                    "--concurrency=4", "--number-of-queries=2000", "--create-schema=slap", "--silent")
            assert p.returncode == 0, p.stderr
            done += 2000
        return done

    def answer(self):
        sql = "select version(); create database if not exists z; create or replace table z.t(a int, b varchar(20)); insert into z.t values(1,'x'),(2,'y'); select sum(a), group_concat(b) from z.t;"
        return run("mysql", "--no-defaults", f"--socket={self.d}/s", "-u", "root", "-e", sql).stdout

    def stop(self, pid): run("mysqladmin", "--no-defaults", f"--socket={self.d}/s", "-u", "root", "shutdown")


class Script(Program):
    """A program that reads the amount of work, does it, and prints a result; `load` is one unit of work, on stdin."""

    def ready(self, process): self.process = process

    def unit(self, n): raise NotImplementedError

    def load(self, seconds):
        done, end = 0, time.time() + seconds
        while time.time() < end:
            self.process.stdin.write(self.unit(done))
            self.process.stdin.flush()
            self.last = self.process.stdout.readline()
            assert self.last.strip(), "no result"
            done += 1
        return done

    def answer(self):
        self.process.stdin.write(self.unit(0))
        self.process.stdin.flush()
        return self.process.stdout.readline()

    def stop(self, pid): pass  # the end of its input


class PythonCpu(Script):
    name, version, what = "python3-cpu", ["python3", "--version"], "one thread of pure Python: dictionaries, strings, floats"
    script = """import sys
def work(n):
    words, x = {}, 0.5
    for i in range(60000):
        x = 3.7 * x * (1 - x)
        key = 'k%d' % int(x * 997)
        words[key] = words.get(key, 0) + i
    return sum(words.values()) + len(sorted(words, key=lambda w: w[::-1]))
for line in sys.stdin: print(work(int(line)), flush=True)
"""

    def argv(self): return ["python3", "-c", self.script]
    def unit(self, n): return f"{n}\n"


class PythonThreads(PythonCpu):
    name, what = "python3-threads", "4 threads: hashlib and zlib without the interpreter's lock, new threads for each unit"
    script = """import hashlib, sys, threading, zlib
data = bytes(i * i % 251 for i in range(400000))
def work(k, out):
    h = hashlib.sha256()
    for i in range(4): h.update(zlib.compress(data[k:], 1 + i))
    out[k] = h.hexdigest()
for line in sys.stdin:
    out = [None] * 4
    threads = [threading.Thread(target=work, args=(k, out)) for k in range(4)]
    for t in threads: t.start()
    for t in threads: t.join()
    print(hashlib.sha256(''.join(out).encode()).hexdigest(), flush=True)
"""


class Sqlite(Script):
    name, version, what = "sqlite3", ["sqlite3", "--version"], "SQL on :memory:: a table of 20,000 rows made, indexed, joined, sorted"

    def argv(self): return ["sqlite3", "-batch", ":memory:"]

    def unit(self, n):
        return ("create table t(a integer, b text); with recursive n(i) as (select 1 union all select i+1 from n where i<20000) "
                "insert into t select i*7919%20011, 'text '||(i*31%977) from n; create index tb on t(b); "
                "select count(*) || ' ' || sum(x.a) || ' ' || min(y.b) from t x join t y on x.a=y.rowid where x.b>'text 5'; "
                "drop table t;\n").replace("; ", ";\n")


PROGRAMS = [Redis, Nginx, Memcached, Mariadb, Sqlite, PythonCpu, PythonThreads]


# ---- running one

class Running:
    """The program alone, or under `pprof run` with endpoints."""

    def __init__(self, program, ours):
        self.program, self.ours, self.http = program, ours, free_port()
        command = program.argv()
        if ours: command = [PPROF, "run", "-q", f"-http=127.0.0.1:{self.http}", "--"] + command
        self.stderr = tempfile.TemporaryFile(mode="w+")
        self.process = subprocess.Popen(command, env=ENV, cwd=program.d, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.stderr, text=True)
        program.ready(self.process)
        self.pid = self.process.pid
        if ours:
            await_port(self.http, self.process)
            for _ in range(100):
                with open(f"/proc/{self.pid}/task/{self.pid}/children") as f: children = f.read().split()
                if children and os.readlink(f"/proc/{children[0]}/exe") != os.path.realpath(PPROF): break
                time.sleep(0.05)
            self.pid = int(children[0])

    def cpu(self):
        return time.clock_gettime((~self.pid << 3) | 2)

    def profile(self, seconds):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.http}/debug/pprof/profile?seconds={seconds}", timeout=seconds + 60) as r: return r.read()

    def end(self):
        self.program.stop(self.pid)
        rest = self.process.communicate(timeout=60)[0]
        self.stderr.seek(0)
        return self.process.returncode, rest, self.stderr.read()


class Clock(threading.Thread):
    """The process's CPU clock every 4 ms beside the wall clock, and the CPU time of our own thread in it (all signals blocked)."""

    def __init__(self, running):
        super().__init__(daemon=True)
        self.running, self.over, self.wall, self.cpu, self.own = running, False, [], [], {}

    def run(self):
        for i in range(1 << 30):
            if self.over: return
            before = time.time_ns()
            self.cpu.append(self.running.cpu())
            self.wall.append((before + time.time_ns()) // 2)
            if i % 25 == 0: self.look_for_ours()
            time.sleep(0.004)

    def look_for_ours(self):
        base = f"/proc/{self.running.pid}/task"
        for tid in os.listdir(base):
            with contextlib.suppress(OSError):
                with open(f"{base}/{tid}/status") as f: blocked = int(re.search(r"SigBlk:\t(\w+)", f.read()).group(1), 16)
                with open(f"{base}/{tid}/schedstat") as f: used = int(f.read().split()[0]) / 1e9
                if blocked >> 32 & 0x7fffffff == 0x7fffffff: self.own.setdefault(tid, []).append(used)

    def at(self, wall):
        i = min(max(bisect.bisect(self.wall, wall), 1), len(self.wall) - 1)
        w0, w1, c0, c1 = self.wall[i - 1], self.wall[i], self.cpu[i - 1], self.cpu[i]
        return c0 + (c1 - c0) * (wall - w0) / (w1 - w0)

    def own_seconds(self):
        return sum(v[-1] - v[0] for v in self.own.values())


def top(tool, file, *more):
    p = subprocess.run([*tool, "-symbolize=none", "-top", *more, file], env=ENV, capture_output=True, text=True, timeout=120)
    assert p.returncode == 0, p.stderr
    return p.stdout


def read_raw(file):
    """(seconds in all, share whose outermost frame is a start routine, other outermost frames, start and length in ns)"""
    raw = run(PPROF, "-symbolize=none", "-raw", file).stdout
    head, rest = raw.split("\nSamples:\n", 1)
    samples, locations = rest.split("\nLocations\n", 1)
    names = {}
    current = None
    for line in locations.split("\nMappings\n")[0].splitlines():
        m = re.match(r"\s+(\d+): 0x[0-9a-f]+ (?:M=\d+ )?(.*)", line)
        if m: current = m.group(1)
        name = (m.group(2) if m else line.strip()).split(" ")[0]
        if current and name: names[current] = name
    total = rooted = 0
    others = {}
    for line in samples.splitlines():
        m = re.match(r"\s*\d+\s+(\d+): ?([\d ]*)", line)
        if not m: continue
        ns, ids = int(m.group(1)), m.group(2).split()
        root = names.get(ids[-1], "?") if ids else "(no stack)"
        if root == "?" and len(ids) > 1 and names.get(ids[-2], "").startswith("__libc_start_main"): root = "_start"  # stripped: it has no name
        total += ns
        if root.split("@")[0] in ROOTS: rooted += ns
        else: others[root] = others.get(root, 0) + ns
    return total / 1e9, rooted / total if total else 0, others


def message_number(data, field):
    """A top-level varint field of profile.proto: 9 time_nanos, 10 duration_nanos."""
    at = 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128: return value

    while at < len(data):
        key = varint()
        if key & 7 == 0:
            value = varint()
            if key >> 3 == field: return value
        else:
            size = varint()
            at += size
    return 0


def loaded_window(running, seconds):
    """One window under load: (profile bytes, kernel's CPU seconds in it, of which ours)."""
    clock = Clock(running)
    clock.start()
    result = []
    asking = threading.Thread(target=lambda: result.append(running.profile(seconds)))
    asking.start()
    running.program.load(seconds + 1)
    asking.join()
    clock.over = True
    clock.join()
    data = gzip.decompress(result[0])
    start, length = message_number(data, 9), message_number(data, 10)
    return result[0], clock.at(start + length) - clock.at(start), clock.own_seconds()


def without_numbers(text):
    """Log lines carry times and process numbers."""
    return re.sub(r"\d+", "N", text)


def rounds(cls, d):
    """Interleaved short loads: requests a second and CPU seconds a request, without and with us."""
    speed, cost, ends = {False: [], True: []}, {False: [], True: []}, {}
    for i in range(ROUNDS * 2):
        ours = bool(i % 2)
        program = cls(d)
        program.prepare()
        r = Running(program, ours)
        answer = program.answer()
        program.load(0.5)
        asking = threading.Thread(target=r.profile, args=(ROUND_SECONDS + 1,)) if ours else None
        if asking: asking.start()
        cpu, start = r.cpu(), time.time()
        n = program.load(ROUND_SECONDS)
        speed[ours].append(n / (time.time() - start))
        cost[ours].append((r.cpu() - cpu) / n)
        if asking: asking.join()
        status, rest, err = r.end()
        ends[ours] = (status, answer, without_numbers(rest), len(err.splitlines()))
        shutil.rmtree(f"{d}/data", ignore_errors=True)
    return speed, cost, ends


def measure(cls, d, note):
    speed, cost, ends = rounds(cls, d)
    program = cls(d)
    program.prepare()
    r = Running(program, True)
    program.load(0.5)
    for seconds in WINDOWS:
        profile, kernel, own = loaded_window(r, seconds)
        if kernel >= MIN_CPU: break
    status, _, _ = r.end()
    file = f"{d}/cpu.pb.gz"
    with open(file, "wb") as f: f.write(profile)
    total, rooted, others = read_raw(file)
    mine, go = top([PPROF], file), top(["go", "tool", "pprof"], file)
    row = {"name": cls.name, "cpu": kernel - own, "total": total, "error": total / (kernel - own) - 1, "rooted": rooted,
           "speed": statistics.median(speed[True]) / statistics.median(speed[False]),
           "cost": statistics.median(cost[True]) / statistics.median(cost[False]) - 1, "cost_best": min(cost[True]) / min(cost[False]) - 1}
    checks = {"window of at least 2 CPU seconds": kernel >= MIN_CPU, "total within 3 %": abs(row["error"]) <= 0.03, "98 % of the stacks end at a start": rooted >= 0.98,
              "output and exit as without": ends[True] == ends[False] and status == ends[False][0], "go tool pprof -top is the same": mine == go}
    row["failed"] = [n for n, ok in checks.items() if not ok]
    note(f"kernel {kernel:.3f} s in the window (ours {own:.3f} s), profile {total:.3f} s: {row['error'] * 100:+.2f} %")
    note(f"stacks that end at main or a thread's start: {rooted * 100:.2f} %; others: " +
         (", ".join(f"{n} {v / 1e6:.0f} ms" for n, v in sorted(others.items(), key=lambda x: -x[1])[:6]) or "none"))
    for ours in (False, True):
        note(f"{'with' if ours else 'without'}: requests/s {' '.join(f'{v:.1f}' for v in speed[ours])}; CPU us/request {' '.join(f'{v * 1e6:.2f}' for v in cost[ours])}; exit {ends[ours][0]}")
    if ends[True] != ends[False]: note(f"without: {ends[False]!r:.2000}\nwith: {ends[True]!r:.2000}")
    for n, ok in checks.items(): note(f"{'ok  ' if ok else 'FAIL'} {n}")
    note("\n" + top([PPROF], file, "-nodecount=10"))
    return row


def write_table(rows, skipped):
    def cell(r):
        return (f"| {r['name']} | {r['what']} | {r['cpu']:.2f} s | {r['total']:.2f} s | {r['error'] * 100:+.1f} % | {r['rooted'] * 100:.1f} % | {r['speed']:.2f} | "
                f"{r['cost'] * 100:+.1f} % | {r['cost_best'] * 100:+.1f} % | {'pass' if not r['failed'] else 'FAIL: ' + ', '.join(r['failed'])} |\n")

    with open(os.path.join(ROOT, "docs", "programs.md"), "w") as f:
        f.write("# Debian's programs under pprof run\n\nWritten by `make programs` from real runs; what each run printed is in [programs/](programs/). "
                "Nobody recompiled these programs.\n\n"
                "- *kernel*: CPU time charged to the process in the window, less our own thread's; *profile*: the total of its CPU profile (100 Hz).\n"
                "- *ends*: share of the samples whose stack ends at `main`, `_start` or a thread's start.\n"
                f"- *throughput*: requests a second with a CPU window and heap sampling on, divided by those without us (medians of {ROUNDS} interleaved rounds).\n"
                "- *CPU/request*: how much more CPU a request took, by medians and by the best rounds. On a shared machine throughput says more about the neighbours.\n"
                "- A row passes when the total is within 3 %, 98 % of the stacks end where they should, output and exit status are unchanged, and `go tool pprof -top` agrees.\n\n"
                "| program | load | kernel | profile | difference | ends | throughput | CPU/request | best | |\n|---|---|---|---|---|---|---|---|---|---|\n")
        for r in rows: f.write(cell(r))
        for name, why in skipped: f.write(f"| {name} | not run: {why} | | | | | | | | FAIL |\n")
        f.write(f"\nMachine: {os.cpu_count()} processors, Linux {platform.release()}, load average {os.getloadavg()[1]:.1f} (5 min) at the end.\n")


def main():
    wanted = sys.argv[3:]
    os.makedirs(OUT, exist_ok=True)
    rows, skipped = [], []
    for cls in PROGRAMS:
        if wanted and cls.name not in wanted: continue
        lines = []
        with tempfile.TemporaryDirectory() as d:
            os.chmod(d, 0o755)
            try:
                p = run(*cls.version)
                lines.append(f"{cls.name}: {(p.stdout + p.stderr).splitlines()[0]}\n{cls.what}")
                rows.append({"what": cls.what, **measure(cls, d, lines.append)})
                verdict = ", ".join(rows[-1]["failed"]) or "pass"
            except Exception as e:
                verdict = f"not run: {type(e).__name__}: {e}"
                skipped.append((cls.name, str(e).splitlines()[0][:80] if str(e) else type(e).__name__))
        with open(os.path.join(OUT, cls.name + ".txt"), "w") as f: f.write("\n".join(lines) + "\n")
        print("\n".join(lines[2:2 + 4]))
        print(f"{cls.name}: {verdict}", flush=True)
    if not wanted: write_table(rows, skipped)
    bad = len(skipped) + sum(bool(r["failed"]) for r in rows)
    print(f"programs: {len(rows) + len(skipped) - bad} passed, {bad} failed")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
