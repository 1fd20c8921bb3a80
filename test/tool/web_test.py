#!/usr/bin/env python3
"""web_test.py PPROF [ORACLE]: -http from outside: routes, refusals, what the pages hold against -top, settings, bad clients.
ORACLE (or $PPROF_ORACLE, or pprof in Go's bin): a google/pprof; then the same requests are answered by both, and the sums per
function are those of its stacks. Without one that part is said to be skipped."""
import collections, http.client, json, os, re, shutil, socket, subprocess, sys, tempfile, threading, time, urllib.parse

HERE = os.path.dirname(os.path.abspath(__file__))
CORPUS = os.path.join(HERE, "..", "corpus")
PPROF = os.path.abspath(sys.argv[1])
failures = []


def find_oracle():
    for path in (sys.argv[2:3] or [os.environ.get("PPROF_ORACLE", ""), os.path.expanduser("~/go/bin/pprof")]):
        if path and os.access(path, os.X_OK):
            return path
    return None


ORACLE = find_oracle()


def check(name, ok, what=""):
    if not ok:
        failures.append(name)
        print(f"FAILED {name}: {what}")


class Server:
    """A pprof -http with a home of its own."""

    def __init__(self, binary, *args, address="localhost:"):
        self.home = tempfile.mkdtemp()
        env = dict(os.environ, HOME=self.home, PPROF_TMPDIR=self.home, BROWSER="false")
        env.pop("XDG_CONFIG_HOME", None)
        self.process = subprocess.Popen([binary, "-no_browser", f"-http={address}", *args], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL,
                                        env=env, text=True, cwd=CORPUS)
        self.said, self.port = [], None
        for line in self.process.stderr:
            self.said.append(line)
            if line.startswith("Serving web UI on "):
                self.port = int(line.rsplit(":", 1)[1])
                break
        if self.port is None:
            raise SystemExit(f"{binary} does not serve: {self.said}")
        threading.Thread(target=lambda: self.said.extend(self.process.stderr), daemon=True).start()
        for _ in range(200):  # google/pprof says so before it listens
            try:
                socket.create_connection(("localhost", self.port)).close()
                break
            except OSError:
                time.sleep(0.05)

    def get(self, target, method="GET", **headers):
        c = http.client.HTTPConnection("localhost", self.port, timeout=60)
        c.putrequest(method, target, skip_host="Host" in headers, skip_accept_encoding=True)
        for name, value in headers.items():
            c.putheader(name.replace("_", "-"), value)
        c.endheaders()
        r = c.getresponse()
        body = r.read()
        c.close()
        return r.status, r.headers, body

    def data(self, target):
        status, _, body = self.get(target)
        check(f"{target}: status", status == 200, body[:200])
        return json.loads(body)

    def close(self):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.home)


def refusals_and_redirects(ours, theirs):
    """What a client sees of each target: status, where to, of what type; for refusals the text, too."""
    targets = ["/", "/ui", "/ui/", "/?f=a%20b", "/ui/?f=%zz", "/x", "/ui/x", "/ui/flamegraph2?f=1", "/ui/flamegraphold", "//ui/top", "/ui//top",
               "/ui/../x", "/ui/top/", "/ui/top", "/ui/flamegraph", "/ui/peek?f=main", "/ui/top?f=(", "/ui/top?n=x", "/ui/top?si=nosuch",
               "/ui/flamegraph?trim=maybe", "/ui/flamegraph?g=nosuch", "/ui/flamegraph?f=[", "/ui/peek?f=nosuchname", "/ui/disasm?f=nosuchname",
               "/ui/saveconfig", "/ui/deleteconfig?config=nosuch", "/ui/saveconfig?config=x&n=y", "/ui/download", "/ui/top?a=1;b=2&f=main",
               "/ui/top?sort=cum&n=3", "/ui/%74op", "/ui/top?tf=10mb:&i=x"]
    for target in targets:
        for method in ("GET", "HEAD", "POST"):
            status, headers, body = ours.get(target, method)
            if not theirs:
                check(f"{method} {target}", status < 500, (status, body[:100]))
                continue
            want, want_headers, want_body = theirs.get(target, method)
            check(f"{method} {target}: status", status == want, (status, want))
            for name in ("Location", "Content-Type", "Content-Disposition", "X-Content-Type-Options"):
                if name == "X-Content-Type-Options" and status == 200:
                    continue
                check(f"{method} {target}: {name}", headers[name] == want_headers[name], (headers[name], want_headers[name]))
            if status != 200:
                check(f"{method} {target}: text", body == want_body, (body, want_body))


def google_stacks(theirs, query):
    page = theirs.get("/ui/flamegraph" + query)[2].decode()
    at = page.rindex("stackViewer(") + len("stackViewer(")
    stacks = json.JSONDecoder().raw_decode(page[at:].lstrip())[0]
    flat, cum = collections.Counter(), collections.Counter()
    for stack in stacks["Stacks"]:
        names = [stacks["Sources"][i]["FullName"] for i in stack["Sources"][1:]]
        for name in set(names):
            cum[name] += stack["Value"]
        if names:
            flat[names[-1]] += stack["Value"]
    return stacks["Total"], +flat, +cum


def walk(flame):
    """(node, parent, self, rest) of each node, checking that the parts are the whole."""
    n = len(flame["frame"])
    parent, following = [-1] * n, 1
    own = list(flame["value"])
    for node, frames, value, weight in flame["rest"]:
        own[node] -= value
        check("rest counts", frames > 0 and weight >= abs(value))
    for i in range(n):
        for k in range(flame["children"][i]):
            parent[following] = i
            own[i] -= flame["value"][following]
            following += 1
    check("all nodes have a parent", following == n, (following, n))
    return parent, own


def tree_sums(flame):
    parent, own = walk(flame)
    above, flat, cum = [frozenset()] * len(parent), collections.Counter(), collections.Counter()
    for i, p in enumerate(parent):
        if p < 0:
            continue
        name = flame["names"][flame["frame"][i]]
        above[i] = above[p] | {name}
        flat[name] += own[i]
        if name not in above[p]:
            cum[name] += flame["value"][i]
    return +flat, +cum


def exact_text(text):
    return float(re.match(r"-?[0-9.]+", text).group()) if text != "0" else 0.0


def top_sums(profile, *options):
    out = subprocess.run([PPROF, "-top", "-json", "-trim=false", *options, profile], capture_output=True, text=True, check=True, cwd=CORPUS)
    rows = json.loads(out.stdout)["rows"]
    return {r["name"]: r["flat"] for r in rows}, {r["name"]: r["cum"] for r in rows}


def flame_has_the_sums(ours, theirs, profile):
    for query, options in (("?g=functions", []), ("?g=functions&f=main", ["-focus=main"]), ("?g=functions&h=runtime", ["-hide=runtime"]),
                           ("?g=functions&noinlines=t", ["-noinlines"]), ("?g=lines&i=fib", ["-lines", "-ignore=fib"])):
        data = ours.data("/ui/flamegraph" + query + "&format=json&prune=0")
        flat, cum = tree_sums(data["flame"])
        check(f"{profile}{query}: nothing left out", not data["flame"]["rest"])
        if "g=lines" not in query:
            want_flat, want_cum = top_sums(profile, *options)
            check(f"{profile}{query}: flat as -top", flat == +collections.Counter(want_flat), (flat - collections.Counter(want_flat)))
            check(f"{profile}{query}: cum as -top", cum == +collections.Counter(want_cum))
        if theirs:
            total, their_flat, their_cum = google_stacks(theirs, query)
            check(f"{profile}{query}: total as google/pprof", total == data["meta"]["total"], (total, data["meta"]["total"]))
            check(f"{profile}{query}: flat as google/pprof", flat == their_flat, list((flat - their_flat).items())[:3])
            check(f"{profile}{query}: cum as google/pprof", cum == their_cum, list((cum - their_cum).items())[:3])


def pruning_loses_nothing(ours):
    whole = ours.data("/ui/flamegraph?format=json&prune=0")["flame"]
    for extra in ("", "&invert=1"):
        whole = ours.data("/ui/flamegraph?format=json&prune=0" + extra)["flame"]
        for prune in ("0.0001", "0.01", "0.2", "1"):
            flame = ours.data(f"/ui/flamegraph?format=json&prune={prune}{extra}")["flame"]
            _, own = walk(flame)
            check(f"prune={prune}{extra}: sum", sum(own) + sum(r[2] for r in flame["rest"]) == whole["value"][0])
            check(f"prune={prune}{extra}: least", all(v >= flame["least"] for v in flame["value"]))
            check(f"prune={prune}{extra}: smaller", len(flame["frame"]) < len(whole["frame"]) or prune == "0.0001")
    # One node after another as the root: the same value as inside the whole.
    whole = ours.data("/ui/flamegraph?format=json&prune=0")["flame"]
    parent, _ = walk(whole)
    for node in range(1, len(parent), max(1, len(parent) // 40)):
        path, i = [], node
        while i > 0:
            path.insert(0, str(whole["places"][whole["frame"][i]]))
            i = parent[i]
        zoomed = ours.data("/ui/flamegraph?format=json&prune=0&path=" + ".".join(path))["flame"]
        check(f"path {path}: value", zoomed["value"][0] == whole["value"][node])
        check(f"path {path}: above", len(zoomed["above"]) == len(path) and zoomed["above"][0][1] == whole["value"][0])
    for bad in ("prune=2", "prune=x", "prune=-1", "prune=nan", "path=999999", "path=1..2", "path=x", "path=0.0.0.0.0.0.0.0", "find=("):
        status, headers, body = ours.get("/ui/flamegraph?format=json&" + bad)
        check(f"{bad}: refused", status == 400 and body.endswith(b"\n") and headers["Content-Type"].startswith("text/plain"), (status, body[:80]))


def search_counts_each_stack_once(ours):
    data = ours.data("/ui/flamegraph?format=json&prune=0&g=functions&find=" + urllib.parse.quote("^main\\.fib$"))
    _, cum = tree_sums(data["flame"])
    check("find: value", data["find"]["value"] == cum["main.fib"] > 0, (data["find"], cum["main.fib"]))
    check("find: places", len(data["find"]["places"]) == 1)
    check("find alone", "flame" not in ours.data("/ui/flamegraph?format=json&find=x&nodes=0"))


def top_is_top(ours, profile):
    data = ours.data("/ui/top?format=json")
    flat, cum = top_sums(profile)
    check("top: rows", {r[0]: r[2] for r in data["rows"]} == flat and {r[0]: r[3] for r in data["rows"]} == cum)
    out = subprocess.run([PPROF, "-top", "-nodecount=10", profile], capture_output=True, text=True, check=True, cwd=CORPUS).stdout
    lines = [line.split(None, 5) for line in out.split("cum%\n")[1].splitlines()]
    rows = ours.data("/ui/top?format=json&n=10")["rows"]
    check("top: texts", [(l[0], l[3], l[5]) for l in lines] == [(r[4], r[5], (r[0] + " " + r[1]).strip()) for r in rows], (lines, rows))


def names_are_only_text(directory):
    """A profile whose names are markup: they are data and text in every page, and no file but sources is read."""
    folded = os.path.join(directory, "evil.folded")
    evil = ["</script><script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "a'b\"c&amp", "../../../../etc/passwd", "\u2028\u00e9\U0001f600",
            "x" * 65536, "{{data}}{{body}}"]
    with open(folded, "w", encoding="utf-8") as f:
        for i, name in enumerate(evil):
            f.write(f"main;{name} {i + 1}\n")
    ours = Server(PPROF, "-symbolize=none", folded)
    data = ours.data("/ui/flamegraph?format=json&prune=0")
    check("evil: names arrive whole", set(evil) <= set(data["flame"]["names"]), [n[:50] for n in data["flame"]["names"]])
    for view in ("flamegraph", "top", "graph", "peek", "source", "disasm"):
        status, headers, body = ours.get("/ui/" + view)
        if status != 200:
            continue
        check(f"evil: {view}", b"<script>alert" not in body and b"<img" not in body.replace(b"<image", b""), view)
        check(f"evil: {view}: policy", "default-src 'self'" in (headers["Content-Security-Policy"] or ""))
        check(f"evil: {view}: one document", body.count(b"</html>") == 1 + (body.count(b"srcdoc=") > 0 and 0))
        check(f"evil: {view}: no file", b"root:x:" not in body)
    ours.close()


def only_our_names(ours):
    for host in ("localhost", "127.0.0.1:1", "[::1]:9", f"localhost:{ours.port}"):
        check(f"Host {host}", ours.get("/ui/top", Host=host)[0] == 200)
    for host in ("evil.example", "127.0.0.1.evil.example", "192.168.0.1", ""):
        check(f"Host {host}", ours.get("/ui/top", Host=host)[0] in (400, 403))
    check("cross-site save", ours.get("/ui/saveconfig?config=x", Sec_Fetch_Site="cross-site")[0] == 403)
    check("cross-origin save", ours.get("/ui/saveconfig?config=x", Origin="http://evil.example")[0] == 403)


def settings_are_shared(ours, theirs):
    path = os.path.join(ours.home, ".config/pprof/settings.json")
    steps = ["/ui/saveconfig?config=one&f=main&n=5&trim=f", "/ui/saveconfig?config=t%3Co&h=%3Cx%3E&nf=0.25&g=lines&calltree=t", "/ui/saveconfig?config=one&i=%C3%A9",
             "/ui/deleteconfig?config=t%3Co", "/ui/saveconfig?config=last"]
    for step in steps:
        check(f"{step}: status", ours.get(step)[0] == 200)
        text = open(path).read()
        if theirs:
            theirs.get(step)
            want = open(os.path.join(theirs.home, ".config/pprof/settings.json")).read()
            check(f"{step}: the same file", text == want, (text, want))
    check("settings: modes", os.stat(path).st_mode & 0o777 == 0o644 and os.stat(os.path.dirname(path)).st_mode & 0o777 == 0o700)
    menu = ours.data("/ui/flamegraph?format=json&i=%C3%A9")["meta"]["configs"]
    check("settings: menu", [c["name"] for c in menu] == ["Default", "one", "last"] and [c["current"] for c in menu] == [False, True, False], menu)
    with open(path, "w") as f:
        f.write("{broken")
    check("settings: broken", ours.get("/ui/saveconfig?config=x")[0] == 400 and ours.get("/ui/top")[0] == 200)


def assets_are_complete(ours):
    """Every module that the page names is there, and nothing leads to another machine."""
    wanted, seen = ["assets/app.js", "assets/style.css"], set()
    while wanted:
        name = wanted.pop()
        if name in seen:
            continue
        seen.add(name)
        status, headers, body = ours.get("/ui/" + name)
        check(f"{name}: served", status == 200 and body)
        check(f"{name}: of this machine", not re.search(rb"https?://", body), name)
        for other in re.findall(rb"(?:from|import) '\./([^']+)'", body):
            wanted.append(os.path.normpath(os.path.join(os.path.dirname(name), other.decode())))
    check("assets: all of them", len(seen) == 10, seen)
    if shutil.which("node"):
        for name in seen:
            if name.endswith(".js"):
                source = ours.get("/ui/" + name)[2]
                r = subprocess.run(["node", "--input-type=module", "--check"], input=source, capture_output=True)
                check(f"{name}: syntax", r.returncode == 0, r.stderr[:300])


def bad_clients(ours):
    """Half requests, silent and slow ones, many at once: the others are still answered."""
    idle = [socket.create_connection(("localhost", ours.port)) for _ in range(200)]
    for i, s in enumerate(idle):
        s.sendall((b"GET /ui/to", b"", b"GET /ui/flamegraph HTTP/1.1\r\nHost: localhost\r\n\r\n", b"\x00\xff\r\n\r\n")[i % 4])
    check("among 200 bad clients", ours.get("/ui/top")[0] == 200)
    for s in idle:
        s.close()
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(ours.get("/ui/top?format=json")[0])) for _ in range(50)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    check("50 at once", answers == [200] * 50, collections.Counter(answers))
    check("a long target", ours.get("/ui/top?f=" + "a" * 10000)[0] == 200)
    check("still there", ours.process.poll() is None and ours.get("/ui/top")[0] == 200)


def browser_draws(ours, directory):
    """Where Debian's chromium is: the pages run, draw, and tell a screen reader what they drew; nothing is said on the console."""
    chromium = shutil.which("chromium")
    if not chromium:
        print("no chromium here: the pages' scripts were not run")
        return
    data = ours.data("/ui/top?format=json&g=functions")
    served = next(row[3] for row in data["rows"] if row[0] == "net/http.(*conn).serve")
    share = f"{100 * served / data['meta']['total']:.2f}%"
    for view, wanted in (("flamegraph", ['role="treegrid"', 'aria-level="2"', "net/http.(*conn).serve", share]), ("flamegraph?q=fib&inv=1", ["1 function, "]),
                         ("top", ['aria-sort="descending"', "main.fib", 'aria-rowindex="2"']), ("top?q=json&n=20", [" functions</span>"]), ("peek?f=fib", ["<pre>"]),
                         ("flamegraph?f=nosuchname", ["No sample is left"])):
        r = subprocess.run([chromium, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", f"--user-data-dir={directory}/chromium",
                            "--enable-logging=stderr", "--timeout=20000", "--virtual-time-budget=5000", "--dump-dom", f"http://localhost:{ours.port}/ui/{view}"],
                           capture_output=True, text=True, timeout=120)
        check(f"browser: {view}: drawn", "data-drawn=" in r.stdout, r.stdout[-300:])
        for text in wanted:
            check(f"browser: {view}: {text}", text in r.stdout.split('id="data"')[0], r.stdout[:300])
        console = [line for line in r.stderr.splitlines() if "CONSOLE" in line]
        check(f"browser: {view}: console", not console, console)


def command_line():
    def fails(args, text, code=2):
        r = subprocess.run([PPROF, *args, "go/cpu.pb.gz"], capture_output=True, text=True, cwd=CORPUS, timeout=60)
        check(f"{args}: text", r.stderr.endswith(text) and r.returncode == code, (r.stderr, r.returncode))

    fails(["-http=8080", "-no_browser"], "could not split http address: address 8080: missing port in address\n")
    fails(["-http=localhost:x", "-no_browser"], 'invalid port number: strconv.Atoi: parsing "x": invalid syntax\n')
    fails(["-http=localhost:99999", "-no_browser"], "listen tcp: address 99999: invalid port\n")
    taken = socket.create_server(("127.0.0.1", 0))
    port = taken.getsockname()[1]
    fails([f"-http=localhost:{port}", "-no_browser"],
          f"Serving web UI on http://localhost:{port}\npprof: listen tcp 127.0.0.1:{port}: bind: address already in use\n")


def main():
    profile = "go/cpu.pb.gz"
    command_line()
    ours = Server(PPROF, profile)
    theirs = Server(ORACLE, profile) if ORACLE else None
    if not theirs:
        print("no google/pprof here: compared with -top only")
    try:
        assets_are_complete(ours)
        refusals_and_redirects(ours, theirs)
        flame_has_the_sums(ours, theirs, profile)
        pruning_loses_nothing(ours)
        search_counts_each_stack_once(ours)
        top_is_top(ours, profile)
        only_our_names(ours)
        settings_are_shared(ours, theirs)
        bad_clients(ours)
        with tempfile.TemporaryDirectory() as d:
            browser_draws(ours, d)
    finally:
        ours.close()
        if theirs:
            theirs.close()
    with tempfile.TemporaryDirectory() as d:
        names_are_only_text(d)
    print("FAILED: " + ", ".join(failures[:20]) if failures else "fine")
    sys.exit(bool(failures))


main()
