#!/bin/sh
# Every `#include "room/..."` of src/ must be allowed by rooms.txt; a zone file may include only zone headers, base,
# the ledger's layout and os.h.  A room may always include itself.
set -eu
cd "$(dirname "$0")/.."
python3 - <<'PY'
import os, re, sys
allowed = {}
for line in open("rooms.txt"):
    line = line.split("#")[0].strip()
    if line:
        room, uses = line.split(":")
        allowed[room] = set(uses.split()) | {room}
ZONE = re.compile(r"/(sigsafe|hooks)/")
ZONE_OK = re.compile(r'^(base/|ledger/|runtime/os/os\.h$|unwind/sigsafe/|runtime/(sigsafe|hooks)/)')
bad = []
for top, _, files in os.walk("src"):
    for name in files:
        if not name.endswith((".c", ".h", ".cc")): continue
        path = os.path.join(top, name)
        room = path.split("/")[1]
        if room not in allowed:
            bad.append(f"{path}: room {room} is not in rooms.txt"); continue
        for n, line in enumerate(open(path, errors="replace"), 1):
            m = re.match(r'\s*#\s*include\s+"([^"]+)"', line)
            if not m: continue
            used = m.group(1)
            if used.split("/")[0] not in allowed[room]:
                bad.append(f"{path}:{n}: room {room} may not include {used}")
            elif ZONE.search(path) and not ZONE_OK.match(used) and used not in open("zone.includes").read().split():
                bad.append(f"{path}:{n}: a zone may not include {used}")
for b in bad: print(b)
print(f"check-rooms: {len(allowed)} rooms, {len(bad)} broken rules")
sys.exit(bool(bad))
PY
