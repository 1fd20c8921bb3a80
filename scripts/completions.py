#!/usr/bin/env python3
"""completions.py [--check]: writes completions/{pprof.bash,_pprof,pprof.fish} from src/tool/options.tbl, or compares them with it.

Names and the first lines of help come from the table; what a flag of the sources is for stands here, since the table does not say."""
import os, re, sys

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
SOURCES = {  # flag: (help, what follows it: file, dir, words, nothing)
    "diff_base": ("Source of base profile for comparison", "file"), "base": ("Source of base profile for profile subtraction", "file"),
    "symbolize": ("Controls source of symbol information",
                  ["none", "local", "fastlocal", "remote", "force", "demangle=none", "demangle=full", "demangle=templates", "demangle=default"]),
    "buildid": ("Override build id for main binary", ""), "timeout": ("Timeout in seconds for profile collection", ""),
    "add_comment": ("Free-form annotation to add to the profile", ""), "all_frames": ("Ignore drop_frames and keep_frames regexps", None),
    "seconds": ("Duration for time-based profile collection", ""), "tools": ("Search path for object tools", "dir"),
    "http": ("Provide web interface at host:port", ""), "no_browser": ("Skip opening a browser for the web interface", None),
    "tls_cert": ("TLS client certificate file", "file"), "tls_key": ("TLS private key file", "file"), "tls_ca": ("TLS CA certs file", "file")}
FILES, DIRS = {"output"}, {"source_path", "trim_path"}
VALUES = {"unit": ["minimum", "auto", "s", "ms", "us", "ns", "hr", "B", "kB", "MB", "GB"]}
SUBCOMMANDS = {"help": "Help on a command or option", "run": "Run a program and profile it"}


def strings(text):
    return "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', text)).encode().decode("unicode_escape")


def flags():
    """(name, help, argument) of every flag; argument None: a switch, "": anything, "file", "dir" or a list of words."""
    with open(os.path.join(ROOT, "src/tool/options.tbl"), encoding="utf-8") as f:
        table = f.read()
    found = []
    for kind, body in re.findall(r"^PP_(VAR|CHOICE|COMMAND|ADDED_COMMAND|SOURCE|SELECT|ADDED)\((.*?)\)$", table, re.S | re.M):
        name, rest = re.match(r"(\w+), *(.*)", body, re.S).groups()
        if kind == "VAR" and not rest.startswith("CHOICE"):
            argument = None if rest.startswith("BOOL") else "file" if name in FILES else "dir" if name in DIRS else VALUES.get(name, "")
            found.append((name, strings(rest.split(",", 4)[4]).split("\n")[0], argument))
        elif kind == "CHOICE":
            name, rest = re.match(r"(\w+), *(.*)", rest, re.S).groups()
            found.append((name, strings(rest).split("\n")[0], None))
        elif kind.endswith("COMMAND"):
            parts = rest.split(",", 5)
            found.append((name, re.match(r' *"([^"]*)"', parts[5]).group(1), "" if parts[4].strip() == "true" else None))
        elif kind == "SELECT":
            found.append((name, "Same as -sample_index=" + strings(rest), None))
        elif kind == "SOURCE":
            found.append((name, *SOURCES[name]))
        elif kind == "ADDED":
            text = strings(rest.split(",", 2)[2])
            found.append((name, re.sub(r"^ *-\w+ +", "", text.split("\n")[0]), None if rest.startswith("BOOL") else ""))
    return sorted(found)


def bash(all_flags):
    words = " ".join("-" + name + ("" if arg is None else "=") for name, _, arg in all_flags)
    topics = " ".join(name for name, _, _ in all_flags)
    cases = "".join(f"    -{name}) COMPREPLY=($(compgen -W '{' '.join(arg)}' -- \"$word\")) ;;\n"
                    for name, _, arg in all_flags if isinstance(arg, list))
    files = "|".join("-" + name for name, _, arg in all_flags if arg == "file")
    dirs = "|".join("-" + name for name, _, arg in all_flags if arg == "dir")
    return f"""# bash completion of pprof, made by scripts/completions.py
_pprof_value() {{ # flag, what is typed of its value
    local word=$2
    case $1 in
{cases}    {files}) COMPREPLY=($(compgen -f -- "$word")) ;;
    {dirs}) COMPREPLY=($(compgen -d -- "$word")) ;;
    esac
}}

_pprof() {{
    local line=${{COMP_LINE:0:COMP_POINT}} word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD - 1]}}
    COMPREPLY=()
    if [[ $before == = && $COMP_CWORD -ge 2 ]]; then
        _pprof_value "${{COMP_WORDS[COMP_CWORD - 2]/#--/-}}" "$word"
    elif [[ $word == = ]]; then
        _pprof_value "${{before/#--/-}}" ""
    elif [[ ${{COMP_WORDS[1]}} == help && $COMP_CWORD -ge 2 ]]; then
        COMPREPLY=($(compgen -W '{topics}' -- "$word"))
    elif [[ $word == -* ]]; then
        COMPREPLY=($(compgen -W '{words}' -- "${{word/#--/-}}"))
        [[ ${{COMPREPLY[0]}} != *= ]] || compopt -o nospace
    else
        COMPREPLY=($(compgen -f -- "$word"))
        [[ $COMP_CWORD != 1 ]] || COMPREPLY+=($(compgen -W '{" ".join(SUBCOMMANDS)}' -- "$word"))
    fi
}}
complete -o filenames -F _pprof pprof
"""


def zsh(all_flags):
    def spec(name, text, arg):
        text = re.sub(r"([\[\]:'\\])", "", text)
        if arg is None:
            return f"'-{name}[{text}]'"
        action = "_files" if arg == "file" else "_files -/" if arg == "dir" else f"({' '.join(arg)})" if arg else " "
        return f"'-{name}=[{text}]:{name}:{action}'"
    specs = " \\\n    ".join(spec(*flag) for flag in all_flags)
    topics = " ".join(name for name, _, _ in all_flags)
    subcommands = " ".join(name + "\\:" + text.replace(" ", "\\ ") for name, text in SUBCOMMANDS.items())
    return f"""#compdef pprof
# zsh completion of pprof, made by scripts/completions.py
_pprof_first() {{
    _alternative 'commands:command:(({subcommands}))' 'files:source:_files'
}}

if [[ $words[2] == help ]]; then
    (( CURRENT < 3 )) || compadd {topics}
    return
fi
_arguments \\
    {specs} \\
    '1: :_pprof_first' '*:source:_files'
"""


def fish(all_flags):
    def quoted(text):
        return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
    lines = ["# fish completion of pprof, made by scripts/completions.py"]
    for name, text in SUBCOMMANDS.items():
        lines.append(f"complete -c pprof -n __fish_is_first_arg -a {name} -d {quoted(text)}")
    lines.append(f"complete -c pprof -n '__fish_seen_subcommand_from help' -f -a {quoted(' '.join(name for name, _, _ in all_flags))}")
    for name, text, arg in all_flags:
        line = f"complete -c pprof -o {name} -d {quoted(text)}"
        if arg is not None:
            line += " -r" if arg in ("file", "dir") else " -x"
        if isinstance(arg, list):
            line += f" -a {quoted(' '.join(arg))}"
        lines.append(line)
    return "\n".join(lines) + "\n"


def main():
    all_flags = flags()
    made = {"pprof.bash": bash(all_flags), "_pprof": zsh(all_flags), "pprof.fish": fish(all_flags)}
    stale = 0
    for name, text in made.items():
        path = os.path.join(ROOT, "completions", name)
        if sys.argv[1:] == ["--check"]:
            with open(path, encoding="utf-8") as f:
                if f.read() != text:
                    print(f"completions/{name} is not what options.tbl says: run scripts/completions.py")
                    stale = 1
        else:
            with open(path, "w", encoding="utf-8") as f:
                f.write(text)
    with open(os.path.join(ROOT, "docs/man/pprof.1"), encoding="utf-8") as f:
        man = f.read()
    for name, _, _ in all_flags:
        if not re.search(rf"^\.(It )?.*\bFl {name}\b", man, re.M):
            print(f"docs/man/pprof.1 does not name -{name}")
            stale = 1
    return stale


if __name__ == "__main__":
    sys.exit(main())
