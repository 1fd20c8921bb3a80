#!/usr/bin/env python3
"""formats_test.py PPROF: input formats that google/pprof can't read, and -folded, -csv and -json (docs/output-formats.md)."""
import csv, gzip, io, json, os, shutil, subprocess, sys, tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
CORPUS = os.path.join(HERE, "..", "corpus")
RECORDINGS = os.path.join(HERE, "..", "record", "data")
SEEDS = os.path.join(HERE, "..", "..", "fuzz", "seeds", "foreign")
PPROF = os.path.abspath(sys.argv[1])
failures = []


def run(*args, stdin=None):
    p = subprocess.run([PPROF, *args], input=stdin, capture_output=True, timeout=60, check=False)
    return p.stdout, p.stderr.decode("utf-8", "replace"), p.returncode


def check(name, ok, what=""):
    if not ok:
        failures.append(name)
        print(f"FAIL {name}: {what}")


def table(*args):
    out, err, code = run("-csv", *args)
    check(f"-csv {args}", code == 0 and out.endswith(b"\r\n"), err)
    return list(csv.DictReader(io.StringIO(out.decode("utf-8", "surrogateescape"), newline="")))


def data(*args):
    out, err, code = run("-json", *args)
    check(f"-json {args}", code == 0, err)
    return json.loads(out.decode("utf-8"))  # strict: no byte of it may be invalid


def folded(*args):
    out, err, code = run("-folded", *args)
    check(f"-folded {args}", code == 0, err)
    lines = out.split(b"\n")[:-1]
    stacks = [tuple(line.rsplit(b" ", 1)) for line in lines]
    check("sorted and distinct", [s for s, _ in stacks] == sorted({s for s, _ in stacks}), args)
    return {s: int(v) for s, v in stacks}


GO = [os.path.join(CORPUS, "go", f) for f in sorted(os.listdir(os.path.join(CORPUS, "go"))) if f.endswith(".pb.gz")]
EDGE = [os.path.join(CORPUS, "edge", f) for f in ("labels.pb.gz", "names.pb.gz", "negative.pb.gz", "recursion.pb.gz")
        if os.path.exists(os.path.join(CORPUS, "edge", f))]


def test_notations_agree():
    """The two notations hold the same rows, and the sums are those of the stacks."""
    for path in GO + EDGE:
        top, rows = data("-top", "-nodefraction=0", path), table("-top", "-nodefraction=0", path)
        check("rows", [r["flat"] for r in rows] == [str(r["flat"]) for r in top["rows"]], path)
        check("head", all(r["total"] == str(top["total"]) and r["unit"] == top["unit"] for r in rows), path)
        stacks = folded(path)
        check("flat sums", sum(r["flat"] for r in top["rows"]) == sum(stacks.values()), path)
        tags = data("-tags", path)
        check("tags", [r["weight"] for r in table("-tags", path)] == [str(r["weight"]) for r in tags["rows"]], path)
        tree, edges = data("-tree", path), table("-tree", path)
        check("nodes", [n["name"] for n in tree["rows"]] == [e["name"].encode("utf-8", "surrogateescape").decode("utf-8", "replace")
                                                             for e in edges if e["row"] == "node"] or "names" in path, path)
        n_edges = sum(len(n["callers"]) + len(n["callees"]) for n in tree["rows"])
        check("edges", n_edges == sum(e["row"] != "node" for e in edges), path)


def test_folded_reads_back():
    """What -folded writes is read again with the same sums."""
    with tempfile.TemporaryDirectory() as d:
        for path in GO:
            stacks = folded(path)
            if not stacks:
                continue
            copy = os.path.join(d, "stacks")
            with open(copy, "wb") as f:
                f.write(run("-folded", path)[0])
            check("folded twice", folded(copy) == stacks, path)


def test_any_bytes():
    """Names of any bytes: JSON stays valid, CSV gives them back, folded lines stay lines."""
    with tempfile.TemporaryDirectory() as d:
        path = os.path.join(d, "a")
        name = b'q"uo,te \xff\xc3( back\\slash\ttab \xe4\xb8\x96'
        with open(path, "wb") as f:
            f.write(b"main;" + name + b" 7\nmain;x 1\n")
        row = data(path)["rows"][0]
        check("json name", row["name"] == 'q"uo,te \\xff\\xc3( back\\slash\ttab \u4e16', row)
        check("csv name", table(path)[0]["name"].encode("utf-8", "surrogateescape") == name, table(path)[0])
        check("folded name", folded(path)[b"main;" + name.replace(b"\t", b" ")] == 7, folded(path))


def test_options():
    path = os.path.join(CORPUS, "go", "heap.pb.gz")
    half, whole = folded("-divide_by=2", path), folded(path)
    check("-divide_by", all(v == int(whole[s] / 2) for s, v in half.items()))
    check("-sample_index", folded("-sample_index=inuse_objects", path) != whole)
    check("-focus", 0 < len(folded("-focus=main", path)) < len(whole))
    check("-base", not folded("-base", path, path))
    check("-peek", data("-peek=main", path)["report"] == "peek")
    check("unit", data("-unit=MB", path)["unit"] == "bytes")
    check("alone", data(path) == data("-top", path))
    _, err, code = run("-json", "-dot", path)
    check("-json -dot", code == 2 and "-json goes with -top, -tree, -peek and -tags, not with -dot" in err, err)
    _, err, code = run("-json", "-csv", path)
    check("-json -csv", code == 2 and "-csv and -json cannot both be specified" in err, err)
    _, err, code = run("-csv", "-peek=nosuchname", path)
    check("no match", code == 2 and "no matches found for regexp: nosuchname" in err, err)


def test_perf_data():
    path = os.path.join(RECORDINGS, "frames.perf.data")
    by_name = {r["value"]: r["weight"] for r in data("-tags", "-symbolize=none", path)["rows"] if r["key"] == "comm"}
    check("threads", by_name == {"sh": 75000000, "work": 45000000, "second thread": 25000000}, by_name)
    check("faults", data("-sample_index=page-faults_event", "-symbolize=none", path)["total"] == 30180)
    out, _, _ = run("-comments", "-symbolize=none", path)
    check("command", b"record -q -e cpu-clock,page-faults -F 200 -g -o frames.perf.data ./work\n" in out, out)
    with tempfile.TemporaryDirectory() as d, open(path, "rb") as f:
        whole = f.read()
        cut, packed = os.path.join(d, "cut"), os.path.join(d, "packed.gz")
        with open(cut, "wb") as g:
            g.write(whole[:len(whole) // 2])
        _, err, code = run("-top", "-symbolize=none", cut)
        check("cut", code == 0 and "breaks off" in err, err)
        with gzip.open(packed, "wb") as g:
            g.write(whole)
        check("gzip", data("-symbolize=none", packed) == data("-symbolize=none", path))
        with open(cut, "wb") as g:
            g.write(whole[:60])
        _, err, code = run("-top", cut)
        check("header", code == 2 and "perf.data: the file ends before its data" in err, err)


def test_texts():
    rows = {r["value"]: r["weight"] for r in data("-tags", os.path.join(SEEDS, "goroutines.txt"))["rows"] if r["key"] == "state"}
    check("states", rows.get("sleep", 0) >= 1 and rows.get("running") == 1, rows)
    heap = data("-tags", "-symbolize=none", os.path.join(SEEDS, "jemalloc.heap"))
    check("jemalloc", heap["total"] == 347122 and heap["unit"] == "bytes", heap)
    _, err, code = run("-top", os.path.join(SEEDS, "folded.txt"))
    check("no complaint about missing binaries", code == 0 and not err, err)
    check("zstd", folded(os.path.join(SEEDS, "folded.zst")) == {b"main;f;g": 20})


def test_google_reads_it():
    oracle = os.environ.get("PPROF_ORACLE") or shutil.which("pprof", path=os.path.expanduser("~/go/bin"))
    if not oracle:
        print("no google/pprof here: its reading of what -proto writes is not compared")
        return
    with tempfile.TemporaryDirectory() as d:
        inputs = [os.path.join(RECORDINGS, f) for f in sorted(os.listdir(RECORDINGS))]
        inputs += [os.path.join(SEEDS, f) for f in sorted(os.listdir(SEEDS))]
        for path in inputs:
            made = os.path.join(d, "made.pb.gz")
            _, err, code = run("-proto", "-symbolize=none", "-output=" + made, path)
            check("-proto", code == 0, err)
            for report in ("-top", "-traces", "-tags"):
                args = [report, "-symbolize=none", made]
                p = subprocess.run([oracle, *args], capture_output=True, timeout=60, check=False)
                out, _, code = run(*args)
                check(f"google/pprof {report}", (p.stdout, p.returncode) == (out, code), path)


for test in [v for k, v in sorted(globals().items()) if k.startswith("test_")]:
    test()
print(f"{len(failures)} failures")
sys.exit(1 if failures else 0)
