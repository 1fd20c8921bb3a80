#!/usr/bin/env python3
"""run.py PPROF             every file below is what google/pprof prints for the command line that its name is
run.py PPROF --make         writes them anew with PPROF, a real google/pprof, and prints what changed

    golden/<profile below test/corpus>/<flags>.txt
A new case is an empty file of that name, filled by --make. Errors stand behind the output, with the exit code."""
import difflib, os, shlex, subprocess, sys

HERE = os.path.dirname(os.path.abspath(__file__))
CORPUS = os.path.join(HERE, "..", "corpus")
RUNS = 8  # more of google/pprof, to see whether its answer depends on the order of a map
ENV = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "TZ": "UTC", "PPROF_BINARY_PATH": "/nonexistent", "LC_ALL": "C"}
ENV.update({k: os.environ[k] for k in ("ASAN_OPTIONS", "UBSAN_OPTIONS") if k in os.environ})


def cases():
    for root, _, names in sorted(os.walk(HERE)):
        for name in sorted(names):
            if root != HERE and name.endswith(".txt"):
                yield os.path.join(root, name), os.path.relpath(root, HERE), name[:-len(".txt")]


def run(pprof, profile, flags):
    p = subprocess.run([pprof, *shlex.split(flags), profile], cwd=CORPUS, env=ENV, capture_output=True, timeout=60, check=False)
    text = p.stdout.decode("utf-8", "surrogateescape")
    if p.stderr or p.returncode:
        text += "[stderr]\n" + p.stderr.decode("utf-8", "surrogateescape") + f"[exit {p.returncode}]\n"
    return text


def main():
    pprof, make = os.path.abspath(sys.argv[1]), "--make" in sys.argv
    bad = n = 0
    for path, profile, flags in cases():
        with open(path, encoding="utf-8", errors="surrogateescape", newline="") as f:
            want = f.read()
        got = run(pprof, profile, flags)
        n += 1
        if make and any(run(pprof, profile, flags) != got for _ in range(RUNS)):
            print(f"pprof {flags} {profile}: its answer varies, no golden")
            os.remove(path)
            continue
        if got == want:
            continue
        bad += 1
        print(f"pprof {flags} {profile}")
        sys.stdout.writelines(line.encode("utf-8", "backslashreplace").decode() + "\n" for line in
                              list(difflib.unified_diff(want.split("\n"), got.split("\n"), "want", "got", lineterm="", n=1))[:12])
        if make:
            with open(path, "w", encoding="utf-8", errors="surrogateescape", newline="") as f:
                f.write(got)
    print(f"{n} command lines, {bad} {'written' if make else 'different'}")
    return 1 if bad and not make else 0


if __name__ == "__main__":
    sys.exit(main())
