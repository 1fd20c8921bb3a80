// SPDX-License-Identifier: Apache-2.0
// Writes the tables of src/base/unicode_runs.inc and src/regex/unicode_scripts.inc from Go's package unicode:
//
//	go run unicode_tables.go category > src/base/unicode_runs.inc
//	go run unicode_tables.go script > src/regex/unicode_scripts.inc
package main

import (
	"bufio"
	"fmt"
	"os"
	"sort"
	"strings"
	"unicode"
)

var categories = []string{"Cn", "Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "No", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po",
	"Sm", "Sc", "Sk", "So", "Zs", "Zl", "Zp", "Cc", "Cf", "Co", "Cs"}

func canonical(name string) string {
	name = strings.NewReplacer("_", "", "-", "", " ", "").Replace(name)
	return strings.ToUpper(name[:1]) + strings.ToLower(name[1:])
}

func runs(w *bufio.Writer, valueOf func(rune) int) int {
	last, n, line := -1, 0, ""
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if v := valueOf(r); v != last {
			item := fmt.Sprintf("%#x,", int(r)<<8|v)
			if len(line)+len(item) > 116 {
				fmt.Fprintln(w, line)
				line = ""
			}
			line += item
			last = v
			n++
		}
	}
	fmt.Fprintln(w, line)
	return n
}

func categoryTable(w *bufio.Writer) {
	fmt.Fprintf(w, "/* Unicode %s: first rune << 8 | category of each run; made by scripts/unicode_tables.go */\n", unicode.Version)
	value := make([]uint8, unicode.MaxRune+1)
	for i, c := range categories {
		if i == 0 {
			continue
		}
		for r := rune(0); r <= unicode.MaxRune; r++ {
			if unicode.Is(unicode.Categories[c], r) {
				value[r] = uint8(i)
			}
		}
	}
	runs(w, func(r rune) int { return int(value[r]) })
}

func scriptTable(w *bufio.Writer) {
	var names []string
	for n := range unicode.Scripts {
		names = append(names, n)
	}
	sort.Slice(names, func(i, j int) bool { return canonical(names[i]) < canonical(names[j]) })
	value := make([]uint8, unicode.MaxRune+1)
	fmt.Fprintf(w, "/* Unicode %s; made by scripts/unicode_tables.go */\n\n", unicode.Version)
	fmt.Fprintf(w, "/* As Go's regexp reads names: one capital, then small letters, no '_'. Script i+1 of the runs below. */\n")
	fmt.Fprintf(w, "static const char *const script_names[] = {\n")
	line := "   "
	for i, n := range names {
		// A name is found only if its canonical form is itself a key.
		shown := canonical(n)
		if shown != n {
			shown = ""
		}
		item := fmt.Sprintf(" %q,", shown)
		if len(line)+len(item) > 118 {
			fmt.Fprintln(w, line)
			line = "   "
		}
		line += item
		for r := rune(0); r <= unicode.MaxRune; r++ {
			if unicode.Is(unicode.Scripts[n], r) {
				value[r] = uint8(i + 1)
			}
		}
	}
	fmt.Fprintf(w, "%s\n};\n\n/* First rune << 8 | script (0: none) of each run. */\nstatic const uint32_t script_runs[] = {\n", line)
	runs(w, func(r rune) int { return int(value[r]) })
	fmt.Fprintf(w, "};\n\n/* Go's CategoryAliases. */\nstatic const struct alias {\n    const char *name, *category;\n} aliases[] = {\n")
	var al []string
	for n, c := range unicode.CategoryAliases {
		al = append(al, fmt.Sprintf("    {%q, %q},\n", canonical(n), c))
	}
	sort.Strings(al)
	fmt.Fprint(w, strings.Join(al, ""))
	fmt.Fprintf(w, "};\n\n/* Runes outside a table that fold to one inside it (FoldCategory, FoldScript), by canonical name. */\n"+
		"static const struct fold {\n    const char *name;\n    uint32_t from, to;\n} folds[] = {\n")
	var fn []string
	tabs := map[string]*unicode.RangeTable{}
	for n, t := range unicode.FoldCategory {
		fn = append(fn, n)
		tabs[n] = t
	}
	for n, t := range unicode.FoldScript {
		fn = append(fn, n)
		tabs[n] = t
	}
	sort.Strings(fn)
	line = "   "
	for _, n := range fn {
		lo := rune(-1)
		for r := rune(0); r <= unicode.MaxRune+1; r++ {
			in := r <= unicode.MaxRune && unicode.Is(tabs[n], r)
			if in && lo < 0 {
				lo = r
			} else if !in && lo >= 0 {
				item := fmt.Sprintf(" {%q, %#x, %#x},", n, lo, r-1)
				if len(line)+len(item) > 118 {
					fmt.Fprintln(w, line)
					line = "   "
				}
				line += item
				lo = -1
			}
		}
	}
	fmt.Fprintf(w, "%s\n};\n", line)
}

func main() {
	w := bufio.NewWriter(os.Stdout)
	defer w.Flush()
	if os.Args[1] == "category" {
		categoryTable(w)
	} else {
		scriptTable(w)
	}
}
