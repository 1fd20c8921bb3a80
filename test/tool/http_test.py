#!/usr/bin/env python3
"""http_test.py PPROF: sources over HTTP against small servers in this process. The texts are those of google/pprof, seen with
the same servers (set PPROF_ORACLE to a google/pprof to compare again)."""
import gzip, os, re, shutil, socket, ssl, struct, subprocess, sys, tempfile, threading, time

HERE = os.path.dirname(os.path.abspath(__file__))
CORPUS = os.path.join(HERE, "..", "corpus")
PPROF = os.path.abspath(sys.argv[1])
with open(os.path.join(CORPUS, "edge/recursion.pb.gz"), "rb") as f:
    PROFILE = f.read()
failures = []
seen = []  # request lines, and headers of the last request


def answer(head, body=b""):
    return head.replace(b"\n", b"\r\n") + b"\r\nContent-Length: %d\r\n\r\n" % len(body) + body


def plain(data):
    return lambda c: c.sendall(data)


def reset(c):
    c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def wait(c):
    c.recv(1)


def slow(c):
    time.sleep(0.5)
    c.sendall(answer(b"HTTP/1.1 200 OK", PROFILE))


def half_then_wait(c):
    c.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc")
    c.recv(1)


def endless(c):
    c.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    try:
        while True:
            c.sendall(b"\x00" * 65536)
    except OSError:
        pass


PATHS = {
    "/ok": plain(answer(b"HTTP/1.1 200 OK\nContent-Type: application/octet-stream", PROFILE)),
    "/plain": plain(answer(b"HTTP/1.1 200 OK", gzip.decompress(PROFILE))),
    "/encoded": plain(answer(b"HTTP/1.1 200 OK\nContent-Encoding: gzip", PROFILE)),
    "/chunked": plain(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(PROFILE), PROFILE)),
    "/redirect": plain(answer(b"HTTP/1.1 302 Found\nLocation: /ok")),
    "/loop": plain(answer(b"HTTP/1.1 302 Found\nLocation: /loop\nConnection: close")),
    "/close": lambda c: None,
    "/half": plain(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc"),
    "/halfwait": half_then_wait,
    "/wait": wait,
    "/reset": reset,
    "/slow": slow,
    "/endless": endless,
    "/500": plain(answer(b"HTTP/1.1 500 Internal Server Error\nX-Go-Pprof: 1\nContent-Type: text/plain; charset=utf-8", b"bad\n")),
    "/404": plain(answer(b"HTTP/1.1 404 Not Found\nContent-Type: text/plain", b"not here\n")),
    "/odd": plain(answer(b"HTTP/1.1 418 I am odd")),
    "/html": plain(answer(b"HTTP/1.1 200 OK\nContent-Type: text/html", b"<html></html>")),
    "/empty": plain(answer(b"HTTP/1.1 200 OK")),
    "/ssh": plain(b"SSH-2.0-OpenSSH_9\r\n"),
}


def serve(c):
    data = b""
    try:
        while b"\r\n\r\n" not in data:
            more = c.recv(4096)
            if not more:
                return
            data += more
        lines = data.decode("latin-1").split("\r\n")
        seen.append(lines)
        PATHS.get(lines[0].split(" ")[1].split("?")[0], PATHS["/404"])(c)
    except OSError:
        pass
    finally:
        c.close()


def listen(wrap=lambda c: c):
    s = socket.create_server(("127.0.0.1", 0), backlog=64)

    def loop():
        while True:
            c, _ = s.accept()
            try:
                c = wrap(c)
            except (OSError, ssl.SSLError):
                continue
            threading.Thread(target=serve, args=(c,), daemon=True).start()

    threading.Thread(target=loop, daemon=True).start()
    return s.getsockname()[1]


def run(args, binary=PPROF, home=None, **env):
    home = home or tempfile.mkdtemp(prefix="pprof-http-")
    e = {"PATH": os.environ["PATH"], "HOME": home, "PPROF_TMPDIR": home + "/saved", "TZ": "UTC", "LC_ALL": "C"}
    e.update({k: os.environ[k] for k in ("ASAN_OPTIONS", "UBSAN_OPTIONS") if k in os.environ}, **env)
    p = subprocess.run([binary] + args, cwd=CORPUS, env=e, capture_output=True, text=True, timeout=60, check=False)
    err = p.stderr.replace(home, "$HOME")
    saved = sorted(os.listdir(home + "/saved")) if os.path.isdir(home + "/saved") else []
    shutil.rmtree(home, ignore_errors=True)
    return p.stdout, err, p.returncode, saved


def check(name, ok, what):
    if not ok:
        failures.append(name)
        print(f"FAIL {name}: {what}")


def port_masked(text):
    return re.sub(r"127\.0\.0\.1:\d+->", "127.0.0.1:LOCAL->", text)


PORT = listen()
BASE = f"http://localhost:{PORT}"


def refused(name, path, text, args=(), base=None):
    """One source that fails: message, usual last line, exit 2; and the same from a real google/pprof if there is one."""
    url = (base or BASE) + path
    want = f"Fetching profile over HTTP from {url}\n{url}: {text}\npprof: failed to fetch any source profiles\n"
    for binary in [PPROF] + [b for b in [os.environ.get("PPROF_ORACLE")] if b]:
        begin = time.time()
        out, err, code, _ = run(["-top", *args, url], binary)
        if binary != PPROF:  # its other words for the same, depending on which of its timers is first
            detail = "while reading body" if name == "halfwait" else "while awaiting headers"
            long = f"context deadline exceeded (Client.Timeout {'or context cancellation' if name == 'halfwait' else 'exceeded'} {detail})"
            err = re.sub(r"(net/http: request canceled|context deadline exceeded)( \(Client.Timeout [a-z ]+\))?", long, err)
        check(name, (out, port_masked(err), code) == ("", want, 2), f"{binary}: {code} {out!r}\n  {err!r}, want\n  {want!r}")
        check(name, time.time() - begin < 12, "took too long")


def accepted(name, path, extra=()):
    want = subprocess.run([PPROF, "-top", "edge/recursion.pb.gz"], cwd=CORPUS, capture_output=True, text=True, check=False).stdout
    url = BASE + path
    out, err, code, saved = run(["-top", *extra, url])
    check(name, code == 0 and out == want, f"{code} {out!r} {err!r}")
    check(name, err.endswith("Saved profile in $HOME/saved/pprof.edge app.samples.cpu.001.pb.gz\n"), repr(err))
    check(name, saved == ["pprof.edge app.samples.cpu.001.pb.gz"], repr(saved))


def test_answers():
    for path in ("/ok", "/plain", "/encoded", "/chunked", "/redirect"):
        accepted(path, path)


def test_failures():
    get = lambda path, why: f'http fetch: Get "{BASE}{path}": {why}'
    refused("500", "/500", "server response: 500 Internal Server Error - bad")
    refused("404", "/404", "server response: 404 Not Found")
    refused("odd", "/odd", "server response: 418 I am odd")
    refused("html", "/html", "parsing profile: unrecognized profile format")
    refused("empty", "/empty", "parsing profile: empty input file")
    refused("close", "/close", get("/close", "EOF"))
    refused("half", "/half", "unexpected EOF")
    refused("loop", "/loop", 'http fetch: Get "/loop": stopped after 10 redirects')
    refused("reset", "/reset", get("/reset", f"read tcp 127.0.0.1:LOCAL->127.0.0.1:{PORT}: read: connection reset by peer"))
    refused("wait", "/wait", get("/wait", "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"), ["-timeout=1"])
    refused("halfwait", "/halfwait", "context deadline exceeded (Client.Timeout or context cancellation while reading body)", ["-timeout=1"])


def test_no_server():
    refused("refused", "/x", 'http fetch: Get "http://localhost:1/x": dial tcp 127.0.0.1:1: connect: connection refused', base="http://localhost:1")
    refused("v6", "/x", 'http fetch: Get "http://[::1]:1/x": dial tcp [::1]:1: connect: connection refused', base="http://[::1]:1")
    refused("port", "/x", 'http fetch: Get "http://localhost:99999/x": dial tcp: address 99999: invalid port', base="http://localhost:99999")
    refused("scheme", "/x", 'http fetch: Get "ftp://localhost/x": unsupported protocol scheme "ftp"', base="ftp://localhost")
    out, err, code, _ = run(["-top", "http://name.invalid/x"])
    check("dns", code == 2 and re.search(r'Get "http://name.invalid/x": dial tcp: lookup name.invalid on \S+:53: no such host\n', err), repr(err))


def test_tls_files():
    get = f'http fetch: Get "{BASE}/ok": '
    refused("cert", "/ok", get + "-tls_cert is specified, so -tls_key must also be specified", ["-tls_cert=a"])
    refused("key", "/ok", get + "-tls_key is specified, so -tls_cert must also be specified", ["-tls_key=a"])
    refused("ca", "/ok", get + "could not load CA specified by -tls_ca: open nosuch: no such file or directory", ["-tls_ca=nosuch"])


def test_seconds():
    del seen[:]
    _, err, code, _ = run(["-top", "-seconds=2", f"localhost:{PORT}/ok?seconds=9&gc=1"])
    check("seconds", code == 0 and seen[0][0] == "GET /ok?gc=1&seconds=2 HTTP/1.1", f"{seen} {err}")
    check("seconds", "\nPlease wait... (2s)\n" in err, repr(err))


def test_user():
    del seen[:]
    url = f"http://user:p%40w@localhost:{PORT}/404"
    _, err, _, _ = run(["-top", url])
    check("user", "Authorization: Basic dXNlcjpwQHc=" in seen[0], f"{seen}")
    url = "http://user:p%40w@localhost:1/"
    _, err, _, _ = run(["-top", url])
    check("password hidden", 'Get "http://user:***@localhost:1/"' in err, repr(err))


def test_many_at_once():
    begin = time.time()
    out, err, code, saved = run(["-top", "-base", BASE + "/slow"] + [BASE + "/slow"] * 16)
    took = time.time() - begin
    check("many", code == 0 and took < 4, f"{code} {took:.1f} s for 17 sources of 0.5 s each; {err}")
    check("many", len(saved) == 1, repr(saved))


def test_partial():
    out, err, code, _ = run(["-top", BASE + "/ok", BASE + "/404", "nofile"])
    check("partial", code == 0 and err.count("\n") == 6, repr(err))
    for line in (f"{BASE}/404: server response: 404 Not Found", "nofile: stat nofile: no such file or directory", "Fetched 1 source profiles out of 3"):
        check("partial", line + "\n" in err, repr(err))


def test_too_much():
    _, err, code, _ = run(["-top", "-max_size=1000000", BASE + "/endless"])
    check("endless", code == 2 and "/endless: profile is larger than -max_size=1000000 bytes\n" in err, repr(err))
    _, err, code, _ = run(["-top", "-max_size=100", "edge/recursion.pb.gz"])
    check("large file", code == 2 and "larger than" in err, repr(err))


def test_not_http():
    _, err, code, _ = run(["-top", BASE + "/ssh"])
    check("ssh", code == 2 and "malformed HTTP response" in err, repr(err))


def test_saved_copy():
    home = tempfile.mkdtemp(prefix="pprof-http-")
    os.makedirs(home + "/saved")
    open(home + "/saved/pprof.edge app.samples.cpu.001.pb.gz", "w").close()
    _, err, code, saved = run(["-top", BASE + "/ok"], home=home)
    check("saved", code == 0 and saved[-1].endswith("cpu.002.pb.gz"), repr(saved))
    _, err, code, saved = run(["-top", BASE + "/ok"], PPROF_TMPDIR="/proc/nosuch")
    check("saved elsewhere", "Could not use temp dir /proc/nosuch: mkdir /proc/nosuch: no such file or directory\n" in err, repr(err))
    check("saved elsewhere", "Saved profile in $HOME/pprof/pprof." in err, repr(err))


def test_tls():
    if not shutil.which("openssl"):
        print("SKIPPED tls: no openssl")
        return
    d = tempfile.mkdtemp(prefix="pprof-http-")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
                    "subjectAltName=DNS:localhost", "-keyout", d + "/key", "-out", d + "/cert"], capture_output=True, check=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(d + "/cert", d + "/key")
    port = listen(lambda c: context.wrap_socket(c, server_side=True))
    _, err, code, _ = run(["-top", f"https://localhost:{port}/ok"])
    check("tls unknown", code == 2 and f'https://localhost:{port}/ok: http fetch: Get "https://localhost:{port}/ok": ' in err, repr(err))
    out, err, code, _ = run(["-top", f"https+insecure://localhost:{port}/ok"])
    check("tls insecure", code == 0 and "root" in out, repr(err))
    out, err, code, _ = run(["-top", "-tls_ca", d + "/cert", f"https://localhost:{port}/ok"])
    check("tls ca", code == 0 and "root" in out, repr(err))
    shutil.rmtree(d)


for name, test in sorted(globals().items()):
    if name.startswith("test_"):
        test()
print("FAILED: " + ", ".join(failures) if failures else "all of HTTP is well")
sys.exit(1 if failures else 0)
