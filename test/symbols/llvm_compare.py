#!/usr/bin/env python3
"""Compares our inline stacks with llvm-symbolizer's on random text addresses of one program.

  llvm_compare.py SYMBOLIZE PROGRAM [-n ADDRESSES] [-seed N] [-min PERCENT] [-show N]

PLT slots are left out: llvm-symbolizer names them after the last symbol before them (_init), which we don't on purpose.
Prints the share of equal stacks and, for the others, what differs in which frame. Exit 1 if the share is below -min.
"""
import argparse
import collections
import json
import os
import random
import struct
import subprocess
import sys


def text_ranges(path):
    """(address, size) of the executable sections of an ELF64 file, without PLTs."""
    with open(path, 'rb') as f:
        data = f.read()
    shoff, = struct.unpack_from('<Q', data, 0x28)
    entsize, count, names = struct.unpack_from('<HHH', data, 0x3A)
    names_at, = struct.unpack_from('<Q', data, shoff + names * entsize + 24)
    ranges = []
    for i in range(count):
        name, kind, flags, addr, _, size = struct.unpack_from('<IIQQQQ', data, shoff + i * entsize)
        is_plt = data.startswith(b'.plt', names_at + name)
        if flags & 4 and flags & 2 and size and kind != 8 and not is_plt:
            ranges.append((addr, size))
    return ranges


def pick(ranges, n, seed):
    rng = random.Random(seed)
    total = sum(size for _, size in ranges)
    out = []
    for _ in range(n):
        at = rng.randrange(total)
        for addr, size in ranges:
            if at < size:
                out.append(addr + at)
                break
            at -= size
    return out


def ours(tool, path, addrs):
    text = subprocess.run([tool, path], input=''.join('%x\n' % a for a in addrs), capture_output=True, text=True, errors='replace')
    if text.returncode:
        sys.exit('%s: %s' % (tool, text.stderr))
    stacks = []
    for line in text.stdout.split('\n'):
        if line.startswith('0x') and '\t' not in line:
            stacks.append([])
        elif line:
            name, file, row, column, start = line.split('\t')
            stacks[-1].append((name, file, int(row), int(column), int(start)))
    return stacks, text.stderr


def llvms(path, addrs):
    command = ['llvm-symbolizer', '--inlining', '-demangle=false', '--output-style=JSON', '--obj=' + path]
    text = subprocess.run(command, input=''.join('0x%x\n' % a for a in addrs), capture_output=True, text=True, errors='replace')
    stacks = []
    for line in text.stdout.split('\n'):
        if line:
            stacks.append([(s['FunctionName'], s['FileName'], s['Line'], s['Column'], s.get('StartLine', 0))
                           for s in json.loads(line).get('Symbol', [])])
    return stacks


def kind_of_difference(mine, theirs):
    if [f for f in theirs if f[0]] and not [f for f in mine if f[0]]:
        return 'we know no name'
    if len(mine) != len(theirs):
        return 'depth %s' % ('less' if len(mine) < len(theirs) else 'more')
    for i, (a, b) in enumerate(zip(mine, theirs)):
        for k, what in enumerate(('name', 'file', 'line', 'column', 'start line')):
            if a[k] != b[k]:
                where = 'outermost' if i == len(mine) - 1 else 'inlined'
                empty = ' (ours empty)' if not a[k] else ' (theirs empty)' if not b[k] else ''
                return '%s %s%s' % (where, what, empty)
    return None


def main():
    p = argparse.ArgumentParser()
    p.add_argument('symbolize')
    p.add_argument('program')
    p.add_argument('-n', type=int, default=2000)
    p.add_argument('-seed', type=int, default=1)
    p.add_argument('-min', type=float, default=0)
    p.add_argument('-show', type=int, default=0)
    a = p.parse_args()
    addrs = pick(text_ranges(a.program), a.n, a.seed)
    mine, notes = ours(a.symbolize, a.program, addrs)
    theirs = llvms(a.program, addrs)
    assert len(mine) == len(theirs) == len(addrs), (len(mine), len(theirs), len(addrs))
    kinds, equal, inlined = collections.Counter(), 0, 0
    for addr, m, t in zip(addrs, mine, theirs):
        inlined += len(t) > 1
        kind = kind_of_difference(m, t)
        if kind is None:
            equal += 1
            continue
        kinds[kind] += 1
        if kinds[kind] <= a.show:
            print('%s at %#x\n  ours %s\n  llvm %s' % (kind, addr, m, t))
    share = 100.0 * equal / len(addrs)
    print('%-28s %6d addresses, %5d with inlining: %.2f %% equal%s' % (
        os.path.basename(a.program), len(addrs), inlined, share, ''.join('; %s %d' % k for k in kinds.most_common())))
    for line in notes.splitlines():
        if line.startswith('problem'):
            print('  ' + line)
    sys.exit(share < a.min)


if __name__ == '__main__':
    main()
