#!/usr/bin/env python3
"""embed.py INPUT SYMBOL OUTPUT.c: a text file as a C string constant."""
import sys

source, symbol, output = sys.argv[1:]
text = open(source, encoding="utf-8").read()
lines = [line.replace("\\", "\\\\").replace('"', '\\"') for line in text.split("\n")]
with open(output, "w", encoding="utf-8") as f:
    f.write(f"extern const char {symbol}[];\nconst char {symbol}[] =\n")
    f.writelines(f'    "{line}\\n"\n' for line in lines[:-1])
    f.write(f'    "{lines[-1]}";\n')
