#!/usr/bin/env python3
"""symbolize_test.py PPROF [CC]: a program compiled here, a profile of addresses in it, and the names and lines found for them.
With $PPROF_ORACLE the same profile is given to a google/pprof, too, and all of the output must be equal."""
import functools, http.server, os, re, subprocess, sys, tempfile, threading

from proto import field

PPROF = os.path.abspath(sys.argv[1])
CC = sys.argv[2] if len(sys.argv) > 2 else "cc"
SOURCE = """__attribute__((noinline)) int leaf(int x) { return x * 3; }
static inline __attribute__((always_inline)) int inlined(int x)
{
    return leaf(x) + 1;
}
__attribute__((noinline)) int _ZN3app5worldEi(int x)
{
    return inlined(x) + 2;
}
int main(int argc, char **argv) { (void)argv; return _ZN3app5worldEi(argc); }
"""
failures = []


def profile(addresses, file, build_id):
    strings = ["", "samples", "count", file, build_id]
    p = field(1, field(1, 1) + field(2, 2))
    for i in range(len(addresses)):
        p += field(2, field(1, i + 1) + field(2, i + 1))
    p += field(3, field(1, 1) + field(2, 0x500000000000) + field(3, 0x500000100000) + field(5, 3) + field(6, 4))
    for i, a in enumerate(addresses):
        p += field(4, field(1, i + 1) + field(2, 1) + field(3, 0x500000000000 + a))
    return p + b"".join(field(6, s.encode()) for s in strings)


def check(name, ok, what=""):
    if not ok:
        failures.append(name)
        print(f"FAIL {name}: {what}")


def run(args, env=None):
    e = {**os.environ, "HOME": "/nonexistent", "PPROF_BINARY_PATH": "/nonexistent", **(env or {})}
    answers = []
    for binary in [PPROF] + [b for b in [os.environ.get("PPROF_ORACLE")] if b]:
        p = subprocess.run([binary, *args], capture_output=True, text=True, env=e, check=False)
        answers.append((p.stdout, p.stderr, p.returncode))
    check("oracle", all(a == answers[0] for a in answers), f"{args}\n{answers}")
    return answers[0]


def test_debuginfod(d, build_id):
    """A server of debug files; what it gives is kept where debuginfod's own client keeps it."""
    asked = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, format, *args):
            pass

        def do_GET(self):
            asked.append(self.path)
            super().do_GET()

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=d + "/served"))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    os.makedirs(f"{d}/served/buildid/{build_id}")
    subprocess.run(["objcopy", "--only-keep-debug", d + "/app", f"{d}/served/buildid/{build_id}/debuginfo"], check=True)
    subprocess.run(["strip", "-o", d + "/stripped", d + "/app"], check=True)
    urls = f"http://127.0.0.1:1 http://127.0.0.1:{server.server_port}/"
    for name, file, bid in (("stripped", d + "/stripped", build_id), ("gone", "/not/here/app", build_id), ("unknown", "/not/here/app", "ab" * 20), ("evil", "/not/here/app", "../../x")):
        with open(f"{d}/{name}.pb", "wb") as f:
            f.write(profile(ADDRESSES, file, bid))
    only_us = {"PPROF_ORACLE": ""}

    def ours(name, cache, **env):
        p = subprocess.run([PPROF, "-raw", f"{d}/{name}.pb"], capture_output=True, text=True, check=False,
                           env={**os.environ, **only_us, "HOME": d + "/home", "XDG_CACHE_HOME": "", "PPROF_BINARY_PATH": "/nonexistent", "DEBUGINFOD_CACHE_PATH": cache, **env})
        return p.stdout, p.stderr, p.returncode

    out, err, _ = ours("stripped", d + "/c0")
    check("never without the variable", "app.c:1" not in out and not asked and not os.path.exists(d + "/c0") and "Downloading" not in err, (out, err))
    for name, cache in (("stripped", d + "/c1"), ("gone", d + "/c2")):
        for again in (False, True):
            del asked[:]
            out, err, code = ours(name, cache, DEBUGINFOD_URLS=urls)
            check(f"debuginfod {name}", code == 0 and "app.c:1:" in out and "app::world" in out, (out, err))
            check(f"debuginfod {name} {again}", asked == ([] if again else [f"/buildid/{build_id}/debuginfo"]), asked)
            check(f"debuginfod {name} kept", os.path.getsize(f"{cache}/{build_id}/debuginfo") > 1000)
    for again in (False, True):
        del asked[:]
        out, err, code = ours("unknown", "", DEBUGINFOD_URLS=urls.split(" ")[1])
        check("debuginfod miss", code == 0 and "Local symbolization failed for app" in err and len(asked) == (0 if again else 2), (err, asked))
        check("debuginfod miss kept", os.path.getsize(f"{d}/home/.cache/debuginfod_client/{'ab' * 20}/executable") == 0)
    ours("unknown", d + "/c4", DEBUGINFOD_URLS=urls)
    check("no miss when a server did not answer", not os.path.exists(d + "/c4"))
    del asked[:]
    ours("evil", d + "/c3", DEBUGINFOD_URLS=urls)
    check("not a build id", not asked)
    server.shutdown()


with tempfile.TemporaryDirectory() as d:
    with open(d + "/app.c", "w", encoding="utf-8") as f:
        f.write(SOURCE)
    subprocess.run([CC, "-O2", "-g", "-fno-pie", "-pie", "-fPIE", "-Wl,--build-id=sha1", "-o", d + "/app", d + "/app.c"], check=True)
    symbols = {m[2]: int(m[1], 16) for m in re.finditer(r"(?m)^([0-9a-f]+) T (\S+)$", subprocess.run(["nm", d + "/app"], capture_output=True, text=True, check=True).stdout)}
    notes = subprocess.run(["readelf", "-n", d + "/app"], capture_output=True, text=True, check=True).stdout
    build_id = re.search(r"Build ID: ([0-9a-f]+)", notes)[1]
    world, leaf = symbols["_ZN3app5worldEi"], symbols["leaf"]
    ADDRESSES = [leaf, world, world + 4]
    for name, file, bid in (("plain", d + "/app", build_id), ("elsewhere", "/not/here/app", build_id), ("wrong", d + "/app", "0123456789")):
        with open(f"{d}/{name}.pb", "wb") as f:
            f.write(profile([leaf, world, world + 4], file, bid))

    out, err, code = run(["-raw", d + "/plain.pb"])
    check("functions", re.search(r": 0x[0-9a-f]+ M=1 leaf \S+/app.c:1:\d+ s=1\n", out), (out, err))
    check("demangled", "app::world " in out and "(_ZN3app5worldEi)" in out, out)
    out, err, code = run(["-top", "-lines", d + "/plain.pb"])
    check("lines", "app.c:1" in out and not err and code == 0, (out, err))
    out, _, _ = run(["-raw", "-symbolize=demangle=full", d + "/plain.pb"])
    check("full", "app::world(int) " in out, out)
    out, _, _ = run(["-raw", "-symbolize=local:demangle=none", d + "/plain.pb"])
    check("none", "app::" not in out, out)
    out, _, _ = run(["-raw", "-symbolize=none", d + "/plain.pb"])
    check("no symbols", "leaf" not in out, out)

    with open(d + "/everywhere.pb", "wb") as f:
        f.write(profile(range(0, 0x6000, 0x40), d + "/app", build_id))
    out, _, _ = run(["-raw", "-symbolize=fastlocal", d + "/everywhere.pb"])
    check("fastlocal", " _init :0" in out and "app.c" not in out and out.count("M=1 ") > 100, out)

    _, err, code = run(["-top", d + "/elsewhere.pb"])
    check("missing", code == 0 and err == f"Local symbolization failed for app (build ID {build_id}): stat /not/here/app: no such file or directory\n"
          "Some binary filenames not available. Symbolization may be incomplete.\n"
          "Try setting PPROF_BINARY_PATH to the search path for local binaries.\n", err)
    out, err, _ = run(["-top", d + "/elsewhere.pb"], {"PPROF_BINARY_PATH": d})
    check("PPROF_BINARY_PATH", "leaf" in out and not err, (out, err))
    out, err, _ = run(["-top", d + "/app", d + "/elsewhere.pb"])
    check("binary on the command line", "leaf" in out and not err and out.startswith("File: app\n"), (out, err))
    _, err, _ = run(["-top", d + "/wrong.pb"])
    check("build id", err == "Local symbolization failed for app (build ID 0123456789): build ID mismatch\n", err)
    _, err, _ = run(["-top", d + "/wrong.pb"], {"PPROF_BINARY_PATH": d})
    test_debuginfod(d, build_id)
    check("build id while locating", err.startswith(f"Ignoring local file {d}/app: build-id mismatch (0123456789 != {build_id})\n"), err)

print("FAILED: " + ", ".join(failures) if failures else "symbols are found")
sys.exit(1 if failures else 0)
