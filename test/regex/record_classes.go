// SPDX-License-Identifier: Apache-2.0
// Writes which runes Go's character classes hold: go run record_classes.go > data/go_classes.txt
// First line: the runes tried, in hex. Then: pattern, tab, number of them that match, checksum.
package main

import (
	"bufio"
	"fmt"
	"os"
	"regexp"
	"sort"
	"unicode"
)

func main() {
	w := bufio.NewWriter(os.Stdout)
	defer w.Flush()
	tried := map[rune]bool{}
	try := func(runes ...rune) {
		for _, r := range runes {
			if r >= 0 && r <= unicode.MaxRune && !(r >= 0xd800 && r < 0xe000) {
				tried[r] = true
			}
		}
	}
	var names []string
	for _, tables := range []map[string]*unicode.RangeTable{unicode.Categories, unicode.Scripts} {
		for name, t := range tables {
			names = append(names, name)
			for _, x := range t.R16 {
				try(rune(x.Lo), rune(x.Lo)-1, rune(x.Hi), rune(x.Hi)+1)
			}
			for _, x := range t.R32 {
				try(rune(x.Lo), rune(x.Lo)-1, rune(x.Hi), rune(x.Hi)+1)
			}
		}
	}
	for name := range unicode.CategoryAliases {
		names = append(names, name)
	}
	names = append(names, "Any", "ASCII", "Assigned", "Nonsense")
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if unicode.SimpleFold(r) != r {
			try(r)
		}
	}
	var runes []rune
	for r := range tried {
		runes = append(runes, r)
	}
	sort.Slice(runes, func(i, j int) bool { return runes[i] < runes[j] })
	sort.Strings(names)
	for _, r := range runes {
		fmt.Fprintf(w, "%x ", r)
	}
	fmt.Fprintln(w)
	var patterns []string
	for _, n := range names {
		patterns = append(patterns, `\p{`+n+`}`, `(?i)\p{`+n+`}`, `(?i)\P{`+n+`}`)
		if n != "LC" && n != "Cased_Letter" { // (?i) does not fold these in Go: RE2 can't mix that
			patterns = append(patterns, `(?i)[^a\P{`+n+`}]`)
		}
	}
	for _, c := range []string{`\w`, `\d`, `\s`, `\W`, `\D`, `\S`, `[[:alnum:]]`, `[[:alpha:]]`, `[[:ascii:]]`, `[[:blank:]]`, `[[:cntrl:]]`,
		`[[:graph:]]`, `[[:lower:]]`, `[[:print:]]`, `[[:punct:]]`, `[[:upper:]]`, `[[:word:]]`, `[[:xdigit:]]`, `[[:^upper:]]`, `[^[:upper:]]`,
		`[^[:^word:]]`, `[a-z]`, `[^a-z]`, `.`, `[α-ω]`, `[А-я]`, `[^k]`, `K`, `ſ`, `ß`, `[\x{100}-\x{200}]`} {
		patterns = append(patterns, c, `(?i)`+c)
	}
	for _, p := range patterns {
		rx, err := regexp.Compile("^" + p + "$")
		if err != nil {
			continue
		}
		sum, n := uint64(14695981039346656037), 0
		for _, r := range runes {
			in := rx.MatchString(string(r))
			sum ^= map[bool]uint64{true: 1}[in]
			sum *= 1099511628211
			if in {
				n++
			}
		}
		fmt.Fprintf(w, "%s\t%d %x\n", p, n, sum)
	}
}
