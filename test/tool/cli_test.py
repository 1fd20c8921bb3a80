#!/usr/bin/env python3
"""cli_test.py PPROF: what has no counterpart in google/pprof, or depends on terminals, pipes and the directory."""
import os, pty, re, shutil, subprocess, sys, tempfile, time

HERE = os.path.dirname(os.path.abspath(__file__))
CORPUS = os.path.abspath(os.path.join(HERE, "..", "corpus"))
PROFILE = os.path.join(CORPUS, "edge/recursion.pb.gz")
PPROF = os.path.abspath(sys.argv[1])
failures = []


def run(*args, **kw):
    env = dict(os.environ, **kw.pop("env", {}))
    p = subprocess.run([PPROF, *args], capture_output=True, text=True, timeout=60, check=False, env=env, **kw)
    return p.stdout, p.stderr, p.returncode


def check(name, ok, what=""):
    if not ok:
        failures.append(name)
        print(f"FAIL {name}: {what}")


def on_terminal(args, cwd):
    """(what appears on a terminal that is stdin, stdout and stderr, exit code)"""
    pid, fd = pty.fork()
    if pid == 0:
        os.chdir(cwd)
        os.execv(PPROF, [PPROF, *args])
    text = b""
    while True:
        try:
            more = os.read(fd, 4096)
        except OSError:
            break
        if not more:
            break
        text += more
    _, status = os.waitpid(pid, 0)
    os.close(fd)
    return text.decode().replace("\r\n", "\n"), os.waitstatus_to_exitcode(status)


def test_help():
    out, err, code = run("help")
    check("help", code == 0 and out.startswith("usage:\n") and not err, (code, err))
    _, usage, code = run("-help")
    check("-help is the same text on stderr", code == 0 and usage == out)
    out, err, code = run("help", "top")
    check("help top", code == 0 and out.startswith("Outputs top entries in text form\n  Usage:\n    top [n] "), out)
    for topic, text in (("granularity", "granularity      \n      -functions       Aggregate at the function level.\n"), ("seconds", "-seconds              Duration "),
                        ("-symbolize", "-symbolize=           Controls source of symbol information\n  none "), ("--tls_ca", "-tls_ca               TLS CA certs "),
                        ("base", "-base source          Source of base profile for profile subtraction\n"), ("max_size", "-max_size          Largest ")):
        out, err, code = run("help", topic)
        check(f"help {topic}", code == 0 and out.startswith(text) and not err, (out, err))
        check(f"help {topic} ends", not re.search(r"(?m)^ *-(?!functions|files|filefunctions|lines|addresses|" + topic.lstrip("-") + ")", out), out)
    out, err, code = run("help", "nosuch")
    check("help nosuch", code == 2 and err == "Unknown command: nosuch\n", err)
    with tempfile.TemporaryDirectory() as d:
        shutil.copy(PROFILE, d + "/help")
        out, err, code = run("help", cwd=d, input="")
        check("a file named help", code == 0 and "Entering interactive mode" in err, (out, err))
        out, err, code = run("help", "top", cwd=d)
        check("help top beside it", code == 0 and out.startswith("Outputs top"), err)


def test_version():
    out, err, code = run("--version")
    check("version", code == 0 and out.startswith("pprof ") and out.count("\n") == 1 and not err, (out, err))


def test_no_match():
    for report, colon in (("list", ":"), ("weblist", ":"), ("disasm", "")):
        out, err, code = run(f"-{report}=nosuch", "-output=/dev/null", PROFILE)
        check(f"no match for -{report}", (out, err, code) == ("", f"pprof: no matches found for regexp{colon} nosuch\n", 2), (out, err))


def test_compat():
    _, err, code = run("-top", "nofile", env={"PPROF_COMPAT": "go"})
    check("compat", code == 2 and err.endswith("\nfailed to fetch any source profiles\n"), err)


def test_pipe_as_source():
    want, _, _ = run("-top", PROFILE)
    with open(PROFILE, "rb") as f:
        out, err, code = run("-top", "/dev/stdin", stdin=f)
    check("stdin file", (out, code) == (want, 0), err)
    cat = subprocess.Popen(["cat", PROFILE], stdout=subprocess.PIPE)
    out, err, code = run("-top", "/dev/stdin", stdin=cat.stdout)
    cat.wait()
    check("stdin pipe", (out, code) == (want, 0), err)


def test_stdout_problems():
    with open("/dev/full", "w") as full:
        p = subprocess.run([PPROF, "-top", PROFILE], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    check("full", p.returncode == 2 and p.stderr == "pprof: write /dev/stdout: no space left on device\n", p.stderr)


def test_terminal():
    with tempfile.TemporaryDirectory() as d:
        text, code = on_terminal(["-proto", PROFILE], d)
        check("proto", code == 0 and text == "\033[0;31mGenerating report in profile001.pb.gz\n\033[0m", (code, text))
        text, code = on_terminal(["-callgrind", PROFILE], d)
        check("callgrind", "profile001.callgraph.out" in text and os.path.getsize(d + "/profile001.callgraph.out") > 0, text)
        text, code = on_terminal(["-proto", PROFILE], d)
        check("second", "profile002.pb.gz" in text, text)
        text, code = on_terminal(["-top", PROFILE], d)
        check("text stays", code == 0 and "flat%" in text and len(os.listdir(d)) == 3, text)


def test_viewer():
    with tempfile.TemporaryDirectory() as d:
        viewer = d + "/viewer"
        with open(viewer, "w") as f:
            f.write(f"#!/bin/sh\ncp \"$2\" {d}/copy\necho \"$@\" > {d}/args\n")
        os.chmod(viewer, 0o755)
        begin = time.time()
        out, err, code = run("-web", PROFILE, env={"BROWSER": viewer + " --new", "TMPDIR": d})
        check("web", code == 0 and not out, (err, out))
        with open(d + "/copy") as f, open(d + "/args") as g:
            check("web", "<svg" in f.read() and g.read() == f"--new {d}/pprof001.svg\n")
        check("web waits a second", time.time() - begin >= 1)
        check("temporary file is gone", not os.path.exists(d + "/pprof001.svg"))
        out, err, code = run("-eog", PROFILE, env={"PATH": "/nonexistent", "TMPDIR": d})
        check("no dot", code == 2 and err == 'pprof: failed to execute dot. Is Graphviz installed? Error: exec: "dot": executable file not found in $PATH\n', err)
        out, err, code = run("-kcachegrind", PROFILE, env={"PATH": "/nonexistent", "TMPDIR": d})
        check("no viewer", code == 2 and err == 'pprof: exec: "kcachegrind": executable file not found in $PATH\n', err)
        check("nothing left", sorted(os.listdir(d)) == ["args", "copy", "viewer"], os.listdir(d))


def test_files():
    with tempfile.TemporaryDirectory() as d:
        for name, text in (("dir", None), ("secret", "x")):
            os.mkdir(f"{d}/{name}") if text is None else open(f"{d}/{name}", "w").write(text)
        _, err, code = run("-top", "dir", cwd=d)
        check("directory", code == 2 and err.startswith("dir: read dir: is a directory\n"), err)
        _, err, code = run("-top", "-output=out", PROFILE, cwd=d)
        want, _, _ = run("-top", PROFILE)
        check("output", code == 0 and err == "Generating report in out\n" and open(d + "/out").read() == want, err)


def test_perf_data():
    want, _, _ = run("-top", PROFILE)
    with tempfile.TemporaryDirectory() as d:
        with open(d + "/perf_to_profile", "w") as f:
            f.write(f'#!/bin/sh\n[ "$1 $3 $5" = "-i -o -f" ] || exit 3\ncp {PROFILE} "$4"\n')
        os.chmod(d + "/perf_to_profile", 0o755)
        with open(d + "/perf.data", "wb") as f:
            f.write(b"PERFILE2" + bytes(100))
        env = {"PATH": d + ":" + os.environ["PATH"], "TMPDIR": d}
        out, err, code = run("-top", d + "/perf.data", env=env)
        check("perf.data", (out, code) == (want, 0) and err == f"Converting {d}/perf.data to a profile.proto... (May take a few minutes)\n", err)
        check("perf.data leaves nothing", sorted(os.listdir(d)) == ["perf.data", "perf_to_profile"], os.listdir(d))
        with open(d + "/perf_to_profile", "w") as f:
            f.write("#!/bin/sh\nexit 7\n")
        _, err, code = run("-top", d + "/perf.data", env=env)
        check("perf.data fails", code == 2 and ": failed to convert perf.data file. Try github.com/google/perf_data_converter: exit status 7\n" in err, err)


for name, test in sorted(globals().items()):
    if name.startswith("test_"):
        test()
print("FAILED: " + ", ".join(failures) if failures else "the command line is well")
sys.exit(1 if failures else 0)
