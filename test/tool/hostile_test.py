#!/usr/bin/env python3
"""hostile_test.py PPROF: small inputs that want much memory or time, and names that want to be markup. Each run has 10 s and 4 GB."""
import gzip, json, os, resource, socket, subprocess, sys, tempfile, threading, time

from proto import field, varint

PPROF = os.path.abspath(sys.argv[1])
HERE = os.path.dirname(os.path.abspath(__file__))
SANITIZED = b"__asan_init" in open(PPROF, "rb").read() or b"__tsan_init" in open(PPROF, "rb").read()
failures = []


def profile(lines, name=b"f", file=b"/nosuch.c", mapping=None, build_id=b"", named=True):
    """One sample of value 1 with a location for each line; all of them in one function."""
    strings = [b"", b"samples", b"count", name, file, mapping or b"", build_id]
    out = field(1, field(1, 1) + field(2, 2))
    out += field(2, field(1, b"".join(varint(i + 1) for i in range(len(lines)))) + field(2, b"\1"))
    if mapping:
        out += field(3, field(1, 1) + field(2, 0x1000) + field(3, 0x100000) + field(5, 5) + field(6, 6))
    for i, line in enumerate(lines):
        out += field(4, field(1, i + 1) + (field(2, 1) if mapping else b"") + field(3, 0x1000 + 4 * i) + (field(4, field(1, 1) + field(2, line)) if named else b""))
    out += field(5, field(1, 1) + field(2, 3) + field(3, 3) + field(4, 4))
    return gzip.compress(out + b"".join(field(6, s) for s in strings))


def limit():
    if not SANITIZED:
        resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))


def run(data, *args, **env):
    with tempfile.TemporaryDirectory() as d:
        with open(d + "/in", "wb") as f:
            f.write(data)
        p = subprocess.Popen([PPROF, *args, "-output=" + d + "/out", d + "/in"], stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
                             preexec_fn=limit, env=dict(os.environ, **{"HOME": d, "DEBUGINFOD_URLS": "", **env}))
        try:
            err = p.communicate(timeout=100 if SANITIZED else 10)[1].decode(errors="replace").replace(d + "/", "")
        except subprocess.TimeoutExpired:
            p.kill()
            p.communicate()
            return b"", "no end", -1
        out = open(d + "/out", "rb").read() if os.path.exists(d + "/out") else b""
        return out, err, p.returncode


def check(name, ok, what=""):
    if not ok:
        failures.append(name)
        print(f"FAIL {name}: {what}")


def test_labels_of_a_goroutine():
    out, err, code = run(b"goroutine 1 [running labels:{" + b'"":"" ' * 160000 + b"}]:\nmain.main()\n\t/x.go:1 +0x1\n", "-top")
    check("empty labels", code == 0 and b"main.main" in out, err)


def test_many_types():
    types = b"".join(field(1, b"") for _ in range(300000))
    _, err, code = run(types + field(2, field(2, b"\1" * 300000)) + field(6, b""), "-top")
    check("equal types", code == 2 and "profiles have empty common sample type list" in err, err)
    n = 50000
    types = b"".join(field(1, field(1, i + 1)) for i in range(n))
    out, err, code = run(types + field(2, field(2, b"\1" * n)) + field(6, b"") + b"".join(field(6, b"t%d" % i) for i in range(n)), "-top", f"-sample_index=t{n - 1}")
    check("distinct types", code == 0 and b"Type: t49999" in out, err)


def test_far_lines():
    """google/pprof has no end here."""
    for lines in ([1 << 62, -(1 << 62) - 11], [-(1 << 63), (1 << 63) - 1], [(1 << 63) - 1, -(1 << 63), 5]):
        for report in ("-weblist=.", "-list=.", "-disasm=.", "-peek=.", "-dot", "-callgrind", "-raw"):
            _, err, code = run(profile(lines), report)
            check(f"{report} {lines}", code == (2 if report == "-disasm=." else 0), err)


def test_tools_that_lie():
    """An objdump whose instructions are 2^63 bytes long."""
    with tempfile.TemporaryDirectory() as d:
        for tool, text in (("objdump", "    1000:\tnop\n    ffffffffffffff00:\tret\n    \x1b<b>:\n:\n():\n;:1\n    10"), ("nm", "0000000000001000 T f\nzz\n0 T\n")):
            with open(f"{d}/{tool}", "w") as f:
                f.write(f"#!/bin/sh\ncase $1 in --version) echo GNU {tool} 2.40;; *) cat <<'X'\n{text}\nX\n;; esac\n")
            os.chmod(f"{d}/{tool}", 0o755)
        for report in ("-weblist=.", "-disasm=."):
            _, err, code = run(profile([1, 2], mapping=PPROF.encode()), report, "-tools=" + d, PATH=d + ":/usr/bin:/bin")
            check(f"{report} with a lying objdump", code in (0, 2) and err != "no end", err)


def trickle(server):
    while True:
        c, _ = server.accept()
        try:
            c.recv(65536)
            c.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
            while True:
                c.sendall(b"xxx")
                time.sleep(0.3)
        except OSError:
            c.close()


def test_server_that_trickles():
    """Ten bytes a second are no silence, but no answer either."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=trickle, args=(server,), daemon=True).start()
        data = profile([1], mapping=b"/nosuch/bin", build_id=b"ab12cd34ab12", named=False)
        _, err, code = run(data, "-top", DEBUGINFOD_URLS=f"http://127.0.0.1:{server.getsockname()[1]}", DEBUGINFOD_TIMEOUT="1")
        check("trickle", code == 0 and "buildid/ab12cd34ab12/debuginfo: context deadline exceeded" in err, err)


def test_markup_in_names():
    evil = b"</pre></style></title><script>x()</script>\"'&\n\x1b[31m\xff\\,|{"
    page, err, code = run(profile([1], evil, evil, evil), "-weblist=.")
    check("weblist", code == 0 and page.count(b"<script") == 1 and b"script>x()" not in page and page.count(b"</pre>") == 1, page[-900:])
    for report in ("-top", "-tree", "-tags", "-peek=."):
        out, err, code = run(profile([1], evil, evil, evil), report, "-json")
        check(f"{report} -json", code == 0 and json.loads(out) is not None, err)


for name, test in sorted(globals().items()):
    if name.startswith("test_"):
        test()
print("FAILED: " + ", ".join(failures) if failures else "hostile input is refused or shown")
sys.exit(1 if failures else 0)
