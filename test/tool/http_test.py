#!/usr/bin/env python3
"""http_test.py PPROF: sources over HTTP against small servers in this process. The texts are those of google/pprof, seen with
the same servers (set PPROF_ORACLE to a google/pprof to compare again)."""
import gzip, os, re, shutil, socket, ssl, struct, subprocess, sys, tempfile, threading, time

from proto import field

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


def tunnel(c, target):
    host, port = target.rsplit(":", 1)
    with socket.create_connection((host, int(port))) as far:
        c.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        both = [threading.Thread(target=pump, args=pair, daemon=True) for pair in ((c, far), (far, c))]
        for t in both:
            t.start()
        for t in both:
            t.join()


def pump(a, b):
    try:
        while data := a.recv(65536):
            b.sendall(data)
        b.shutdown(socket.SHUT_WR)
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
    "/300": plain(answer(b"HTTP/1.1 302 Found")),
    "/hop": plain(answer(b"HTTP/1.1 307 Temporary Redirect\nLocation: x/../../ok?from=hop")),
    "/tosocket": plain(answer(b"HTTP/1.1 302 Found\nLocation: unix:///run/docker.sock/info")),
    "/tofile": plain(answer(b"HTTP/1.1 302 Found\nLocation: file:///etc/passwd")),
    "/2gb": plain(b"HTTP/1.1 200 OK\r\nContent-Length: 2147483648\r\n\r\nabc"),
    "/8gb": plain(b"HTTP/1.1 200 OK\r\nContent-Length: 8589934592\r\n\r\nabc"),
    "/garbage": plain(answer(b"HTTP/1.1 200 OK", bytes(range(256)) * 16)),
    "/cutgzip": plain(answer(b"HTTP/1.1 200 OK", PROFILE[:100])),
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
        length = re.search(rb"(?i)content-length: (\d+)", data)
        while length and len(data) < data.index(b"\r\n\r\n") + 4 + int(length[1]):
            data += c.recv(65536)
        lines = data.decode("latin-1").split("\r\n")
        seen.append(lines)
        if lines[0].startswith("GET http://"):
            c.sendall(answer(b"HTTP/1.1 200 OK", PROFILE))  # we are the proxy
            return
        if lines[0].startswith("CONNECT "):
            tunnel(c, lines[0].split(" ")[1])
            return
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


def listen_unix(path):
    s = socket.socket(socket.AF_UNIX)
    s.bind(path)
    s.listen(16)

    def loop():
        while True:
            c, _ = s.accept()
            threading.Thread(target=serve, args=(c,), daemon=True).start()

    threading.Thread(target=loop, daemon=True).start()


def run(args, binary=PPROF, home=None, stdin=b"", **env):
    home = home or tempfile.mkdtemp(prefix="pprof-http-")
    e = {"PATH": os.environ["PATH"], "HOME": home, "PPROF_TMPDIR": home + "/saved", "TZ": "UTC", "LC_ALL": "C"}
    e.update({k: os.environ[k] for k in ("ASAN_OPTIONS", "UBSAN_OPTIONS") if k in os.environ}, **env)
    p = subprocess.run([binary] + args, cwd=CORPUS, env=e, capture_output=True, input=stdin, timeout=60, check=False)
    err = p.stderr.decode().replace(home, "$HOME")
    saved = sorted(os.listdir(home + "/saved")) if os.path.isdir(home + "/saved") else []
    shutil.rmtree(home, ignore_errors=True)
    return p.stdout.decode(), err, p.returncode, saved


def check(name, ok, what=""):
    if not ok:
        failures.append(name)
        print(f"FAIL {name}: {what}")


def port_masked(text):
    return re.sub(r"127\.0\.0\.1:\d+->", "127.0.0.1:LOCAL->", text)


PORT = listen()
BASE = f"http://localhost:{PORT}"


def refused(name, path, text, args=(), base=None):
    """One source that fails: message, usual last line, exit 2; and the same from a real google/pprof if there is one."""
    url = (BASE if base is None else base) + path
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
    for path in ("/ok", "/plain", "/encoded", "/chunked", "/redirect", "/hop"):
        accepted(path, path)


def test_failures():
    get = lambda path, why: f'http fetch: Get "{BASE}{path}": {why}'
    refused("500", "/500", "server response: 500 Internal Server Error - bad")
    refused("404", "/404", "server response: 404 Not Found")
    refused("odd", "/odd", "server response: 418 I am odd")
    refused("html", "/html", "parsing profile: unrecognized profile format")
    refused("empty", "/empty", "parsing profile: empty input file")
    refused("302 to nowhere", "/300", "server response: 302 Found")
    refused("2gb", "/2gb", "unexpected EOF")
    refused("garbage", "/garbage", "parsing profile: unrecognized profile format")
    refused("cut gzip", "/cutgzip", "decompressing profile: unexpected EOF")
    refused("redirect to a file", "/tofile", 'http fetch: Get "file:///etc/passwd": unsupported protocol scheme "file"')
    refused("close", "/close", get("/close", "EOF"))
    refused("half", "/half", "unexpected EOF")
    refused("loop", "/loop", 'http fetch: Get "/loop": stopped after 10 redirects')
    refused("reset", "/reset", get("/reset", f"read tcp 127.0.0.1:LOCAL->127.0.0.1:{PORT}: read: connection reset by peer"))
    refused("wait", "/wait", get("/wait", "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"), ["-timeout=1"])
    refused("halfwait", "/halfwait", "context deadline exceeded (Client.Timeout or context cancellation while reading body)", ["-timeout=1"])


def test_no_server():
    refused("refused", "/x", 'http fetch: Get "http://localhost:1/x": dial tcp 127.0.0.1:1: connect: connection refused', base="http://localhost:1")
    refused("no host", "/x", 'http fetch: Get "http:///x": http: no Host in request URL', base="http://:")
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
    check("password hidden", 'Get "http://user:***@localhost:1/debug/pprof/profile"' in err, repr(err))


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


def test_client_certificate(d=None):
    """The server wants one; ours is its own."""
    if not d:
        return
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(d + "/cert", d + "/key")
    context.load_verify_locations(d + "/cert")
    context.verify_mode = ssl.CERT_REQUIRED
    port = listen(lambda c: context.wrap_socket(c, server_side=True))
    out, err, code, _ = run(["-top", "-tls_ca", d + "/cert", "-tls_cert", d + "/cert", "-tls_key", d + "/key", f"https://localhost:{port}/ok"])
    check("client certificate", code == 0 and "root" in out, repr(err))
    _, err, code, _ = run(["-top", "-tls_ca", d + "/cert", f"https://localhost:{port}/ok"])
    check("no client certificate", code == 2, repr(err))


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
    del seen[:]
    _, err, code, _ = run(["-top", "-tls_ca", d + "/cert", f"https://localhost:{port}/ok"], https_proxy=f"localhost:{PORT}")
    check("loopback is not tunnelled", code == 0 and len(seen) == 1, f"{seen} {err}")
    test_client_certificate(d)
    shutil.rmtree(d)


def test_no_socket_by_redirect():
    _, err, code, _ = run(["-top", BASE + "/tosocket"])
    check("redirect to a socket", code == 2 and 'Get "unix:///run/docker.sock/info": unsupported protocol scheme "unix"' in err, repr(err))


def test_length_beyond_the_limit():
    begin = time.time()
    _, err, code, _ = run(["-top", BASE + "/8gb"])
    check("8gb", code == 2 and "/8gb: profile is larger than -max_size=4294967296 bytes\n" in err and time.time() - begin < 5, repr(err))


def top_of(*args, **kw):
    out, err, code, _ = run(["-top", *args], **kw)
    check("top", code == 0, f"{args} {code} {err!r}")
    return out


def test_stdin():
    want = top_of("edge/recursion.pb.gz")
    check("stdin", top_of("-", stdin=PROFILE) == want)
    check("stdin as base", "0% of" in top_of("-base=-", "edge/recursion.pb.gz", stdin=PROFILE))
    _, err, code, _ = run(["-top", "-", "-"], stdin=PROFILE)
    check("stdin twice", code == 0 and "-: standard input was read by another source\n" in err and "Fetched 1 source profiles out of 2\n" in err, repr(err))
    _, err, code, _ = run(["-top", "-"], stdin=b"")
    check("empty stdin", code == 2 and "-: parsing profile: empty input file\n" in err, repr(err))


def test_several_bases():
    out = top_of("-base", "edge/recursion.pb.gz", "-base=edge/recursion.pb.gz", "-base=", *["edge/recursion.pb.gz"] * 2)
    check("two bases of two", "0% of" in out, out)
    _, err, code, _ = run(["-top", "-diff_base=nofile", "-diff_base=edge/recursion.pb.gz", "edge/recursion.pb.gz"])
    check("one base of two", code == 0 and "nofile: stat nofile: no such file or directory\nFetched 1 base profiles out of 2\n" == err, repr(err))


def test_default_path():
    del seen[:]
    for url in (f"localhost:{PORT}", f"http://localhost:{PORT}/?seconds=1"):
        run(["-top", url])
    check("default path", [l[0].split("?")[0] for l in seen] == ["GET /debug/pprof/profile HTTP/1.1", "GET /debug/pprof/profile"], f"{seen}")


def test_unix_socket():
    want = top_of("edge/recursion.pb.gz")
    with tempfile.TemporaryDirectory() as d:
        path = d + "/app.sock"
        listen_unix(path)
        listen_unix("\0pprof-http-test-%d" % os.getpid())
        for url in (f"unix:{path}/ok?seconds=1", f"unix://{path}/ok", f"http+unix://{path.replace('/', '%2F')}/ok", f"unix:@pprof-http-test-{os.getpid()}/ok"):
            check(url, top_of(url) == want)
        del seen[:]
        _, err, _, _ = run(["-top", "-seconds=3", "-symbolize=none", f"unix:{path}"])
        check("unix default path", seen[0][0] == "GET /debug/pprof/profile?seconds=3 HTTP/1.1" and "Host: localhost" in seen[0], f"{seen}")
        check("unix text", f"from unix:{path}/debug/pprof/profile?seconds=3\n" in err, repr(err))
        _, err, code, _ = run(["-top", f"unix:{d}/none.sock/debug/pprof/heap"])
        check("no socket", code == 2 and f'Get "unix:{d}/none.sock/debug/pprof/heap": dial unix {d}/none.sock: connect: no such file or directory\n' in err, repr(err))


def test_proxy():
    want = top_of("edge/recursion.pb.gz")
    proxy = f"localhost:{PORT}"
    for env in ({"http_proxy": proxy}, {"HTTP_PROXY": "http://user:pw@" + proxy}, {"http_proxy": proxy, "no_proxy": "other.test,10.0.0.0/8,name.test:82"}):
        del seen[:]
        check(f"proxy {env}", top_of("http://name.test:81/ok", **env) == want)
        check(f"proxy {env}", ("Proxy-Authorization: Basic dXNlcjpwdw==" in seen[0]) == ("HTTP_PROXY" in env), f"{seen}")
        check(f"proxy {env}", seen[0][0] == "GET http://name.test:81/ok HTTP/1.1", f"{seen}")
    check("loopback is not proxied", top_of(BASE + "/ok", http_proxy="localhost:1") == want)
    for no in ("name.invalid", ".invalid", "*.invalid:80", "*", "other, NAME.invalid:80"):
        _, err, _, _ = run(["-top", "http://name.invalid/ok"], http_proxy=proxy, no_proxy=no)
        check(f"no_proxy={no}", "lookup name.invalid" in err, repr(err))
    _, err, _, _ = run(["-top", "http://name.test/ok"], http_proxy="localhost:1")
    check("no proxy there", 'Get "http://name.test/ok": proxyconnect tcp: dial tcp 127.0.0.1:1: connect: connection refused\n' in err, repr(err))
    _, err, _, _ = run(["-top", "http://name.test/ok"], HTTP_PROXY=proxy, REQUEST_METHOD="GET")
    check("cgi", "refusing to use HTTP_PROXY value in CGI environment; see golang.org/s/cgihttpproxy\n" in err, repr(err))


def bare_profile(addresses, file, build_id, start=0x400000):
    """Addresses in one mapping, without names."""
    p = field(1, field(1, 1) + field(2, 2))
    p += b"".join(field(2, field(1, i + 1) + field(2, i + 1)) for i in range(len(addresses)))
    p += field(3, field(1, 1) + field(2, start) + field(3, start + 0x100000) + field(5, 3) + field(6, 4))
    p += b"".join(field(4, field(1, i + 1) + field(2, 1) + field(3, a)) for i, a in enumerate(addresses))
    return p + b"".join(field(6, s.encode()) for s in ("", "samples", "count", file, build_id))


SYMBOLS = (b"num_symbols: 1\n0x400010 main.work\nnonsense\n0x400020\t_ZN3app5worldEi\r\n  0x400030   a b c\n0x400010 main.work2\n"
           b"0x \n0xfg x\nx0x400040 \n0x500000 elsewhere\n0x400050 no newline")


def test_symbolz():
    """The same answers and questions as google/pprof's, when there is one."""
    cases = []
    addresses = [0x400010, 0x400020, 0x400030, 0x400040, 0x400050]
    for where, symbol in (("/debug/pprof/profile", "/debug/pprof/symbol"), ("/x/pprof/heap", "/x/pprof/symbol"), ("/some/profilez", "/some/symbolz"), ("/a%20b/p", "/a%20b/symbolz")):
        for file, build_id in (("", ""), ("/no/such/app", ""), ("/no/such/app", "abcdef12"), ("", "abcdef12")):
            cases.append((where, symbol, file, build_id))
    for where, symbol, file, build_id in cases:
        for mode in ("", "remote", "remote:demangle=full", "local", "none"):
            for reply in (answer(b"HTTP/1.1 200 OK", SYMBOLS), answer(b"HTTP/1.1 200 OK", b"0x1ffffffffffffffff x\n"), answer(b"HTTP/1.1 404 Not Found"), answer(b"HTTP/1.1 200 OK")):
                PATHS[where] = plain(answer(b"HTTP/1.1 200 OK", bare_profile(addresses, file, build_id)))
                PATHS[symbol] = plain(reply)
                answers = []
                for binary in [PPROF] + [b for b in [os.environ.get("PPROF_ORACLE")] if b]:
                    del seen[:]
                    out, err, code, saved = run(["-raw", "-symbolize=" + mode, BASE + where], binary)
                    answers.append((out, err, code, saved, [(l[0], l[-1]) for l in seen]))
                if mode in ("", "remote") and reply == answer(b"HTTP/1.1 200 OK", SYMBOLS):
                    check("names", " main.work2 " in out and " a b c " in out and " app::world " in out and "no newline" not in out, out)
                    check("query", seen[1][0] == f"POST {symbol} HTTP/1.1" and seen[1][-1] == "0x400010+0x400020+0x400030+0x400040+0x400050", f"{seen[1]}")
                check(f"symbolz {where} {file} {build_id} {mode}", all(a == answers[0] for a in answers), f"\n{answers[0]}\n{answers[-1]}")
            if not os.environ.get("PPROF_ORACLE") and mode:
                break


def test_symbolz_of_merged():
    """Two sources with one mapping at two places: the first one's server is asked, for addresses of its own."""
    for i, start in ((1, 0x400000), (2, 0x700000)):
        PATHS[f"/{i}/profilez"] = plain(answer(b"HTTP/1.1 200 OK", bare_profile([start + 0x10, start + 0x20 * i], "/no/such/app", "abcd", start)))
        PATHS[f"/{i}/symbolz"] = plain(answer(b"HTTP/1.1 200 OK", b"0x400010 one\n0x400020 two\n0x400040 four\n"))
    answers = []
    for order in ("12", "21"):
        for binary in [PPROF] + [b for b in [os.environ.get("PPROF_ORACLE")] if b]:
            del seen[:]
            out, err, code, _ = run(["-raw"] + [f"{BASE}/{i}/profilez" for i in order], binary)
            err = "\n".join(sorted(err.split("\n")))
            posts = [(l[0], l[-1]) for l in seen if l[0].startswith("POST")]
            answers.append((order, out, err, code, posts))
    for a in answers:
        check(f"merged {a[0]}", all(a == b for b in answers if a[0] == b[0]), f"\n{a}\n{answers}")
    check("merged names", " one " in answers[0][1] and " four " in answers[0][1], answers[0])


for name, test in sorted(globals().items()):
    if name.startswith("test_"):
        test()
print("FAILED: " + ", ".join(failures) if failures else "all of HTTP is well")
sys.exit(1 if failures else 0)
