#!/usr/bin/env python3
"""pty_test.py PPROF: the shell on a terminal: prompt, editing, completion, history, ^C, ^D, and the terminal's state afterwards.

Skipped where libedit is not installed."""
import ctypes.util, os, pty, select, shutil, signal, stat, sys, tempfile, termios, time

HERE = os.path.dirname(os.path.abspath(__file__))
CORPUS = os.path.join(HERE, "..", "corpus")
PROMPT = b"(pprof) "
WAIT = 20  # seconds for what must come


class Shell:
    def __init__(self, pprof, home, *args):
        env = {"PATH": os.environ["PATH"], "HOME": home, "TERM": "xterm", "TZ": "UTC", "PPROF_BINARY_PATH": "/nonexistent", "LC_ALL": "C.UTF-8"}
        env.update({k: os.environ[k] for k in ("ASAN_OPTIONS", "UBSAN_OPTIONS") if k in os.environ})
        self.pid, self.fd = pty.fork()
        if not self.pid:
            os.chdir(CORPUS)
            os.execve(pprof, [pprof, "-symbolize=none", *args], env)
        self.text = b""

    def expect(self, what):
        """Reads up to and with `what`; gives what came before."""
        end = time.time() + WAIT
        while what not in self.text:
            ready, _, _ = select.select([self.fd], [], [], max(0, end - time.time()))
            data = b""
            if ready:
                try:
                    data = os.read(self.fd, 65536)
                except OSError:
                    pass
            if not data:
                raise AssertionError(f"no {what!r} in {self.text[-2000:]!r}")
            self.text += data
        before, self.text = self.text.split(what, 1)
        return before

    def type(self, keys):
        os.write(self.fd, keys)

    def do(self, keys):
        """A line; gives what it printed."""
        self.type(keys + b"\r")
        return self.expect(PROMPT)

    def end(self):
        """How it ended; the rest of what it printed is read."""
        limit = time.time() + WAIT
        while time.time() < limit:
            if select.select([self.fd], [], [], 0.05)[0]:
                try:
                    self.text += os.read(self.fd, 65536)
                except OSError:
                    pass
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                return status
        os.kill(self.pid, signal.SIGKILL)
        raise AssertionError(f"does not end: {self.text[-500:]!r}")


def test_session(pprof, home):
    s = Shell(pprof, home, "go/cpu.pb.gz")
    assert b'Entering interactive mode' in s.expect(PROMPT)
    out = s.do(b"top1")
    assert b"main.fib" in out and b"Showing top 1 nodes" in out, out
    assert b"\x1b[0;31munrecognized command" in s.do(b"nosuch"), "errors are red"

    s.type(b"gran\t")  # a variable, with its =
    s.expect(b"ularity=")
    s.type(b"fi\t\t")
    assert b"filefunctions\r\nfiles\r\n" in s.expect(PROMPT), "a second TAB lists"
    s.type(b"s")
    s.do(b"")
    assert b"cpu.go" not in s.do(b"top3") and b".go" in s.do(b"top3"), "granularity=files"
    s.do(b"granularity=functions")

    s.type(b"pee\tmain.fi\t")
    s.expect(b"\\.fib ")
    out = s.do(b"")
    assert b"| main.fib" in out, out

    s.type(b"top 5 nonsen\x01\x05")  # there and back: libedit has drawn the line
    s.expect(b"nonsen")
    s.expect(b"\x1b[")
    s.type(b"\x03")  # the line is gone, the session is not
    s.expect(b"^C\r\n" + PROMPT)
    s.type(b"\x12top1")  # ^R finds what was typed before
    s.expect(b"bck:")
    s.type(b"\r")
    s.expect(b"Showing top 1 nodes")
    s.expect(PROMPT)
    assert "ä" in s.do("nosuchä".encode()).decode(), "UTF-8 is kept"
    s.type(b"\x04")
    assert s.end() == 0
    path = os.path.join(home, ".local/state/pprof/history")
    lines = open(path, encoding="utf-8").read().split("\n")
    assert lines[0] == "top1" and "nosuchä" in lines and not any("nonsen" in line for line in lines), lines
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600


def test_history_of_earlier_sessions(pprof, home):
    path = os.path.join(home, ".local/state/pprof/history")
    with open(path, "a", encoding="utf-8") as f:
        f.write("comments\ntop2 -cum\n")
    s = Shell(pprof, home, "go/cpu.pb.gz")
    s.expect(PROMPT)
    s.type(b"\x1b[A")  # up
    s.expect(b"top2 -cum")
    assert b"Showing top 2 nodes" in s.do(b"")
    s.type(b"quit\r")
    assert s.end() == 0
    assert not termios.tcgetattr(s.fd)[3] & termios.ICANON == 0, "the terminal is given back"
    with open(path, "w", encoding="utf-8") as f:
        f.writelines(f"top{i}\n" for i in range(5000))
    s = Shell(pprof, home, "go/cpu.pb.gz")
    s.expect(PROMPT)
    s.type(b"\x04")
    s.end()
    with open(path, encoding="utf-8") as f:
        assert sum(1 for _ in f) == 1000, "an old history is cut"


def test_interrupted_report(pprof, home):
    """^C while a report is written ends the program, as it ends google/pprof, and leaves a usable terminal."""
    s = Shell(pprof, home, "go/cpu.pb.gz")
    s.expect(PROMPT)
    s.type(b"traces\r")
    s.expect(b"-----------+")  # more than a terminal holds: it waits for us to read
    s.type(b"\x03")
    status = s.end()
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGINT, status
    flags = termios.tcgetattr(s.fd)[3]
    assert flags & termios.ICANON and flags & termios.ECHO and flags & termios.ISIG, "the terminal is left as it was"


def test_pictures_go_to_files(pprof, home):
    s = Shell(pprof, home, "go/cpu.pb.gz")
    s.expect(PROMPT)
    out = s.do(b"proto >" + home.encode() + b"/p")
    assert b"Generating report in " in out and os.path.getsize(home + "/p") > 1000
    s.type(b"exit\r")
    assert s.end() == 0


def test_progress(_pprof, home):
    """A profile that comes slowly: after half a second a line says so; it is erased before the report."""
    fifo = os.path.join(home, "slow")
    os.mkfifo(fifo)
    s = Shell(_pprof, home, "-top", "-nodecount=1", fifo)
    with open(fifo, "wb") as out, open(os.path.join(CORPUS, "go/cpu.pb.gz"), "rb") as profile:
        data = profile.read()
        out.write(data[:1000])
        out.flush()
        s.expect(b"\r\033[KReading the profile... (")
        out.write(data[1000:])
    s.expect(b" s)\r\033[K")
    assert s.end() == 0
    assert b"File: shop" in s.text and b"main.fib" in s.text and b"..." not in s.text.split(b"File: shop")[1], s.text


def main():
    if not ctypes.util.find_library("edit"):
        print("SKIPPED: no libedit here")
        return 77
    for name, test in list(globals().items()):
        if not name.startswith("test_"):
            continue
        home = tempfile.mkdtemp(prefix="pprof-pty-")
        os.makedirs(os.path.join(home, ".local/state/pprof"), mode=0o700)
        try:
            test(os.path.abspath(sys.argv[1]), home)
        finally:
            shutil.rmtree(home, ignore_errors=True)
        print(name, "fine")
    return 0


if __name__ == "__main__":
    sys.exit(main())
