// SPDX-License-Identifier: Apache-2.0
// Writes the answers of Go's regexp to generated patterns: go run record.go PATTERNS SEED SUBJECTS_PER_PATTERN | gzip -9 > data/go_answers.bin.gz
// (20000 1 4). The format: see go_answers_test.c.
package main

import (
	"bufio"
	"encoding/binary"
	"math/rand"
	"os"
	"regexp"
	"strconv"
	"strings"
)

var r *rand.Rand

func pick(s ...string) string { return s[r.Intn(len(s))] }

var props = []string{"L", "Lu", "Ll", "N", "Nd", "P", "S", "Z", "M", "C", "Greek", "Latin", "Cyrillic", "Han", "Any", "ASCII", "Assigned", "LC", "greek", "g_r e-ek", "Letter", "digit", "Uppercase_Letter", "Common", "Inherited", "Foo", "", "Cn", "Co", "Lt", "Mn", "Braille", "Old_Italic", "upper case letter", "Lm", "lu", "IsGreek", "Zs", "Sm", "Hiragana"}

func class() string {
	s := "["
	if r.Intn(4) == 0 {
		s += "^"
	}
	if r.Intn(12) == 0 {
		s += pick("]", "-")
	}
	for n := 1 + r.Intn(4); n > 0; n-- {
		switch r.Intn(14) {
		case 0, 1, 2:
			s += pick("a", "b", "c", "x", ".", "_", "é", "β", "K", "s", "世", "\\", "0", "+")
		case 3, 4, 5:
			s += pick("a-z", "A-Z", "0-9", "a-c", "b-a", "α-ω", "\\x00-\\x{10FFFF}", "a-\\d", "+--", "!-~", "k-s", "\\x41-\\x5a", "K-S", "A-z")
		case 6:
			s += pick("[:alpha:]", "[:^digit:]", "[:word:]", "[:foo:]", "[:space:]", "[:punct:]", "[:xdigit:]", "[:upper:]", "[:lower:]", "[:^upper:]", "[:ascii:]", "[:graph:]", "[:cntrl:]", "[:^word:]")
		case 7, 8:
			s += pick("\\d", "\\w", "\\s", "\\D", "\\W", "\\S")
		case 9:
			s += pick("\\p", "\\P") + pick("L", "N", "{"+pick(props...)+"}", "{^"+pick(props...)+"}", "l")
		case 10:
			s += pick("\\n", "\\t", "\\.", "\\]", "\\-", "\\x41", "\\x{3b1}", "\\101", "\\b", "\\Q", "\\z", "\\_")
		default:
			s += pick("f", "g", "-", "^", "[", "*", "$", "\n", " ")
		}
	}
	if r.Intn(40) != 0 {
		s += "]"
	}
	return s
}

func atom(d int) string {
	switch r.Intn(22) {
	case 0, 1, 2, 3, 4, 5:
		return pick("a", "b", "c", "ab", "abc", "x", "foo", "main", "é", "β", "世", "k", "K", "S", "A", "_", "0", "1", "-", "::", "(anonymous)", " ", "/")
	case 6, 7:
		return "."
	case 8, 9:
		return class()
	case 10:
		return pick("^", "$", "\\b", "\\B", "\\A", "\\z", "\\Z", "^", "$")
	case 11, 12:
		return pick("\\d", "\\w", "\\s", "\\D", "\\W", "\\S")
	case 13:
		return pick("\\.", "\\*", "\\(", "\\)", "\\[", "\\n", "\\t", "\\x61", "\\x{62}", "\\x{1F600}", "\\x{110000}", "\\x6", "\\x", "\\1", "\\0", "\\07", "\\123", "\\C", "\\q", "\\_", "\\-", "\\é", "\\x{fffd}", "\\x{}", "\\a", "\\E", "\\x{d800}", "\\/", "\\\"", "\\pN", "\\x{000041}")
	case 14:
		return pick("\\p", "\\P") + pick("L", "N", "Z", "{"+pick(props...)+"}", "{^"+pick(props...)+"}", "{"+pick(props...))
	case 15:
		return pick("\\Qa.b\\E", "\\Q(\\E", "\\Q\\E", "\\Qab", "\\Q*\\E")
	case 16:
		if d <= 0 {
			return pick("(?i)", "(?s)", "(?m)", "(?U)", "(?-i)", "(?i-s)")
		}
		return pick("(?i)", "(?s)", "(?m)", "(?U)", "(?-i)", "(?im)", "(?i-s)", "(?is-mU)", "(?)", "(?x)", "(?i-)", "(?P<n>a)", "(?P<n", "(?P>n)", "(?<n>b)", "(?P<n-m>a)", "(?=a)", "(?!a)", "(?<=a)", "(?<!a)", "(?#c)", "(?>a)", "(?'n'a)", "(?P=n)", "(?--i)", "(?i--s)")
	default:
		if d <= 0 {
			return pick("a", "b", "ab", "x.", "")
		}
		open := pick("(", "(", "(", "(?:", "(?:", "(?i:", "(?s:", "(?m:", "(?U:", "(?P<x>", "(?<y>", "(?-i:", "(?i-s:")
		return open + re(d-1) + ")"
	}
}

func rep() string {
	switch r.Intn(14) {
	case 0, 1:
		return "*"
	case 2, 3:
		return "+"
	case 4:
		return "?"
	case 5:
		return pick("*?", "+?", "??")
	case 6:
		return pick("{2}", "{0}", "{1}", "{3}", "{10}", "{100}", "{1000}", "{1001}", "{01}", "{2,1}", "{40}")
	case 7:
		return pick("{0,}", "{1,}", "{2,}", "{,2}", "{0,0}", "{100000000000}", "{1,99999999999}")
	case 8:
		return pick("{0,1}", "{1,2}", "{2,3}", "{0,3}?", "{2}?", "{1,3}", "{", "{a}", "{1", "{1,", "{3,1000}", "{1,2,3}", "{ 1}", "{-1}")
	case 9:
		return pick("**", "*+", "+*", "?*", "*{2}", "{2}{3}", "{2}*", "*??", "+?+", "*(?i)*", "*\\Q\\E+")
	}
	return ""
}

func seq(d int) string {
	s := ""
	for n := r.Intn(4); n >= 0; n-- {
		s += atom(d)
		if r.Intn(3) == 0 {
			s += rep()
		}
	}
	return s
}

func re(d int) string {
	s := seq(d)
	for r.Intn(4) == 0 {
		s += "|"
		if r.Intn(6) != 0 {
			s += seq(d)
		}
	}
	return s
}

func mutate(s string) string {
	b := []byte(s)
	for n := 1 + r.Intn(3); n > 0; n-- {
		if len(b) == 0 {
			return string(b)
		}
		i := r.Intn(len(b))
		switch r.Intn(5) {
		case 0:
			b = append(b[:i], b[i+1:]...)
		case 1:
			b[i] = "()[]{}*+?\\^$|.-,:<>Pp\xff\xc3\x00 a1"[r.Intn(26)]
		case 2:
			c := "()[]{}*+?\\^$|.-,:<>Pp\xff\xe4\x00 a1Q"[r.Intn(26)]
			b = append(b[:i], append([]byte{c}, b[i:]...)...)
		case 3:
			b = b[:i]
		case 4:
			j := r.Intn(len(b))
			if i > j {
				i, j = j, i
			}
			b = append(b, b[i:j]...)
		}
	}
	return string(b)
}

func soup() string {
	s := ""
	for n := 1 + r.Intn(8); n > 0; n-- {
		s += pick("(", ")", "[", "]", "{", "}", "*", "+", "?", "\\", "^", "$", "|", ".", "a", "b", "-", ",", "1", "2", ":", "<", ">", "P", "?:", "(?", "[:", ":]", "\\p", "\\Q", "\\E", "\xff", "é", "i", "\\x", "[^", "(?i", "\xc3", "{2", "a-", "\\pL", "[[:", "(?P<")
	}
	return s
}

var fixed = []string{"", "a**", "^*", "$*", "(^)*", "(?:)*", "()*", "(|a)*", "(|a)+", "(a|b)*?c", "(a*)*", "(a*)+", "((a*)*)*", "(a*|b)*", "(a|ab)(c|bcd)(d*)", "(?i)straße", "(?i)\\w+", "(?i)[[:word:]]", "(?i)[k-s]", "(?i)K", "(?i)ſ", "(?i)\\P{Lu}", "(?i)[\\P{Lu}a]", "(?i)[^\\P{Lu}a]", "(?i)\\p{Lu}+", "(?i)\\p{Ll}+", "(?i)\\P{Ll}", "(?i)\\p{Greek}", "(?i)\\P{Greek}", "(?i)\\p{M}", "(?i)\\PM", "(?i)\\p{ASCII}", "(?i)\\P{ASCII}", "[[:word:]-]", "[a-]", "[-a]", "[]a]", "[^]a]", "[]", "[^]", "[a", "[a-", "[a-b", "[\\", "(((", ")))", "a)", "(a", "a|*", "|*", "*", "+a", "?", "{1}", "{", "}", "a{1,2}{3}", "(?:a{1000}){1000}", "((a{100}){10}){2}", "((a{10}){10}){10}", "((a{10}){10}){11}", "(?:a{2,}){501}", "(?:a{0}){1000}", "x{0,1000}", "(?P<a>b)(?P<a>c)", "(?P<n>)", "(?P<>a)", "(?P<a", "(?P=a)", "(?<n>x)", "(?<n", "(?<>)", "(?<a.b>)", "(?i)(?s).", "(?s).*", ".*", "\\C", "\\8", "\\18", "\\08", "\\0018", "\\pé", "\\p", "\\P", "\\p{", "\\p{L", "\\p{^L}", "\\P{^L}", "\\p{^}", "[\\p{^L}\\d]", "[^\\pL\\pN]", "[\\P{Any}]", "[^\\P{Any}]", "\\P{Any}", "\\p{Any}", "[^\\x00-\\x{10FFFF}]", "[\\x00-\\x{10FFFF}]", "[^\\d\\D]", "\\Q", "\\Qa", "\\Q\\E*", "a\\Q\\E*", "a*\\Q\\E*", "a*(?i)*", "a*(?i)b*A", "\\Qab\\E+", "(?i", "(?", "(?)", "(?:", "(?i:a", "(?i)", "(?-)", "(?-:a)", "(?i-:a)", "(?ii)a", "(?i-i)a", "\xff", "a\xffb", "[\xff]", "[a-\xff]", "\\\xff", "(?P<\xff>a)", "(?P<a\xff", "\\p{\xff}", "\\p{L\xff", "\\x{\xff}", "\\x\xff", "(?\xff)", "\\Q\xff\\E", "\x00", "\\x{0}", "a\nb", "(?m)^b$", "^b$", "(?m)\\Ab\\z", "\\bfoo\\b", "\\Bo", "\xef\xbf\xbd", "[^a]", ".", "(?s:.)+", "\\x{FFFD}+", "(?U)a+", "(?U)a+?", "a+?b", "(a+?)(a*)", "(a{2,3}?)(a*)", "(?:(a)|b)*", "(?:(a)|(b))*", "(a)|b", "(a)(b)?", "x*", "(x*)*", "(?:x*){2}", "(x*){0}", "(a){0}b", "(a|b|ab)*", "foo|foobar", "(foo|foobar)(bar)?", "(?i)Σ", "(?i)σ", "(?i)ς", "(?i)[α-ω]", "(?i)ǆ", "(?i)Ǆ", "\\z", "\\A", "\\A\\z", "$^", "(?m)$^", "(?m)$", "a$b", "main\\.", "^runtime\\.", "(anonymous namespace)::", "[.]so$|[.]so[._][0-9]+", "^(?:[a-z]\\w*\\.)*([A-Z][\\w\\$]*\\.(?:<init>|[a-z][\\w\\$]*(?:\\$\\d+)?))(?:(?:\\()|$)", "^(?:[\\w\\-\\.]+\\/)+([^.]+\\..+)", "^(.*?)/v(?:[2-9]|[1-9][0-9]+)([./].*)$", "^(?:[_a-zA-Z]\\w*::)+(_*[A-Z]\\w*::~?[_a-zA-Z]\\w*(?:<.*>)?)", "([+-]?[[:digit:]]+)([[:alpha:]]+)?", "^((.*/)?[\\w\\d_]+)(\\.|::)([^/]*)$", "::|\\.", "(?i)(?-i)a", "(?i)a(?-i)b", "((?i)a)b", "(?i:a|b)c", "(?s)a.b", "(?-s)a.b"}

func subjects() []string {
	out := []string{"", "a", "b", "ab", "abc", "aaa", "abab", "abcd", "abcbcd", "foo", "foobar", "main.main", "runtime.mallocgc", "std::vector<int>::push_back(int&&)", "(anonymous namespace)::f", "github.com/foo/bar/v2.(*T).M", "/usr/lib/libc.so.6", "a\nb", "\n", "\nb\n", "é", "ÉÀ", "βΣσς", "世界", "K", "k", "K", "ſs", "\xff", "a\xffb", "\xc3", "\xe4\xb8", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xef\xbf\xbd", "x\xef\xbf\xbdy", "\U0001F600", "\x00", "a\x00b", "A_b0 -", "straße STRASSE", "ǅ ǆ Ǆ", "123", "12kB", "com.example.Foo.bar(Baz.java)", " \t\r\n", "[]{}()", "*.+?", "aAbB", "\u0345\u0399", "\u2028", "xxx"}
	alpha := []string{"a", "b", "c", "x", "A", "B", "K", "k", "0", "1", "_", ".", ":", "/", "(", " ", "\n", "é", "β", "世", "\xff", "S", "s", "ſ", "foo", "main"}
	for len(out) < 160 {
		s := ""
		for n := 1 + r.Intn(12); n > 0; n-- {
			s += alpha[r.Intn(len(alpha))]
		}
		out = append(out, s)
	}
	return out
}

func main() {
	n, _ := strconv.Atoi(os.Args[1])
	seed, _ := strconv.Atoi(os.Args[2])
	per, _ := strconv.Atoi(os.Args[3])
	r = rand.New(rand.NewSource(int64(seed)))
	w := bufio.NewWriterSize(os.Stdout, 1<<20)
	defer w.Flush()
	u := func(x int) { w.Write(binary.AppendUvarint(nil, uint64(x))) }
	str := func(s string) { u(len(s)); w.WriteString(s) }
	subs := subjects()
	u(len(subs))
	for _, s := range subs {
		str(s)
	}
	u(n)
	for i := 0; i < n; i++ {
		var p string
		if i < len(fixed) {
			p = fixed[i]
		} else {
			switch r.Intn(8) {
			case 0:
				p = soup()
			case 1, 2:
				p = mutate(re(2))
			default:
				p = re(1 + r.Intn(3))
			}
		}
		if len(p) > 200 {
			p = strings.ToValidUTF8(p[:200], "")
		}
		str(p)
		rx, err := regexp.Compile(p)
		if err != nil {
			str(err.Error())
			continue
		}
		u(0)
		u(rx.NumSubexp())
		k := per
		if i < len(fixed) {
			k = 4 * per
		}
		for ; k > 0; k-- {
			si := r.Intn(len(subs))
			u(si + 1)
			m := rx.FindStringSubmatchIndex(subs[si])
			if m == nil {
				u(0)
				continue
			}
			u(1)
			for j := 0; j < len(m); j += 2 {
				if m[j] < 0 {
					u(0)
				} else {
					u(m[j] + 1)
					u(m[j+1] - m[j])
				}
			}
			all := rx.FindAllStringIndex(subs[si], -1)
			sum := 0
			for _, a := range all {
				sum = sum*31 + a[0]*7 + a[1] + 1
				sum &= 0xffff
			}
			u(len(all))
			u(sum)
		}
		u(0)
	}
}
