#!/usr/bin/env python3
"""needed_test.py PPROF: each library that is loaded at every start costs some 0.3 ms. Those for URLs, for the web and for the
store are loaded on first use; no library joins the list unseen."""
import re, subprocess, sys

KNOWN = {"libc.so.6", "libm.so.6", "libstdc++.so.6", "libgcc_s.so.1", "libdeflate.so.0", "libdw.so.1", "libelf.so.1", "libre2.so.9",
         "ld-linux-x86-64.so.2", "libasan.so.8", "libubsan.so.1", "libtsan.so.2", "libedit.so.2"}
text = subprocess.run(["readelf", "-dW", sys.argv[1]], capture_output=True, text=True, check=True).stdout
needed = set(re.findall(r"\(NEEDED\).*\[(.*)\]", text))
print(len(needed), sorted(needed))
sys.exit(f"not on the list: {sorted(needed - KNOWN)}" if needed - KNOWN else 0)
