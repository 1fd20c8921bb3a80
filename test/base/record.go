// SPDX-License-Identifier: Apache-2.0
// Writes what Go's math, strconv and time answer, for go_answers_test.c: go run record.go N SEED > data/go_answers.txt
package main

import (
	"bufio"
	"errors"
	"fmt"
	"math"
	"math/rand"
	"os"
	"strconv"
	"time"
)

var (
	r *rand.Rand
	w *bufio.Writer
)

var special = []float64{0, math.Copysign(0, -1), 1, -1, 2, -2, 0.5, -0.5, 3, 1e300, 1e-300, 5e-324, 1e-310, 2.2250738585072014e-308,
	1.7976931348623157e308, math.Inf(1), math.Inf(-1), math.NaN(), 1 << 53, 1 << 52, 1 << 63, 0.7071067811865475, 0.7071067811865476,
	709.7, 709.782712893384, 709.79, -745, -745.2, -708.5, -1e10, 1e10, 9007199254740993, 1e5, 1e6, 123456789, 1e20, 1e21, 1e22, 1e23,
	0.0001, 0.00001, 5e-5, 9.5e-5, 99.95, 100.05, 0.125, 2.5, 0.1, 1.0 / 3, 5.684341886080801e-14, 9.881312916824931e-324}

func float() float64 {
	switch r.Intn(8) {
	case 0:
		return math.Float64frombits(r.Uint64())
	case 1:
		return r.Float64()
	case 2:
		return (r.Float64() - 0.5) * 2000
	case 3:
		return float64(r.Intn(2000) - 1000)
	case 4:
		return special[r.Intn(len(special))]
	case 5:
		return math.Exp(r.NormFloat64() * 20)
	case 6:
		return math.Ldexp(1, r.Intn(2098)-1074)
	}
	return float64(r.Intn(1000000)) / float64([]int{10, 100, 1000, 7}[r.Intn(4)])
}

func number() string {
	const soup = "0123456789abfxXoOeEpP_+-. infINFtyNaA"
	if r.Intn(3) == 0 {
		s := ""
		for n := r.Intn(8); n > 0; n-- {
			s += string(soup[r.Intn(len(soup))])
		}
		return s
	}
	forms := []func() string{
		func() string { return strconv.FormatInt(int64(r.Uint64()), 10) },
		func() string { return fmt.Sprint(r.Intn(300)) },
		func() string { return fmt.Sprintf("%#x", r.Uint64()>>r.Intn(64)) },
		func() string { return fmt.Sprintf("%x", r.Uint64()>>r.Intn(64)) },
		func() string { return fmt.Sprintf("0%o", r.Intn(1000)) },
		func() string { return fmt.Sprintf("0b%b", r.Intn(1000)) },
		func() string { return fmt.Sprintf("0o%o", r.Intn(1000)) },
		func() string { return fmt.Sprintf("%d_%d", r.Intn(100), r.Intn(1000)) },
		func() string { return "0x_" + fmt.Sprintf("%x_%x", r.Intn(100), r.Intn(1000)) },
		func() string { return strconv.FormatFloat(float(), 'g', -1, 64) },
		func() string { return strconv.FormatFloat(float(), 'f', r.Intn(30), 64) },
		func() string { return strconv.FormatFloat(float(), 'x', -1, 64) },
		func() string { return strconv.FormatFloat(float(), 'e', 25, 64) },
		func() string { return fmt.Sprintf("%d%d%d", r.Uint64(), r.Uint64(), r.Uint64()) },
		func() string { return fmt.Sprintf("1e%d", r.Intn(700)-350) },
		func() string {
			return []string{"", "+", "-", "inf", "+Inf", "-INFINITY", "nan", "+nan", "infin", "1e", "1e+", ".", ".5", "5.", "0x", "0x.p1", "0x1", "0x1.8p1", "1__0",
				"_1", "1_", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809", "18446744073709551615",
				"18446744073709551616", "0_8", "08", "0", "00", "-0", "1 ", " 1", "1e1_0", "0x1p1_0", "1_000.5", "0x_1p1"}[r.Intn(37)]
		},
	}
	s := forms[r.Intn(len(forms))]()
	if r.Intn(10) == 0 {
		s = []string{"+", "-", " "}[r.Intn(3)] + s
	}
	return s
}

func kind(err error) int {
	switch {
	case errors.Is(err, strconv.ErrSyntax):
		return 1
	case errors.Is(err, strconv.ErrRange):
		return 2
	}
	return 0
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func bits(f float64) uint64 { return math.Float64bits(f) }

func math1(name string, f func(float64) float64, x float64) {
	fmt.Fprintf(w, "%s %x 0 %x\n", name, bits(x), bits(f(x)))
}

func maths() {
	x, y := float(), float()
	math1("exp", math.Exp, x)
	math1("log", math.Log, x)
	math1("log2", math.Log2, x)
	math1("round", math.Round, x)
	fmt.Fprintf(w, "pow %x %x %x\n", bits(x), bits(y), bits(math.Pow(x, y)))
	k := r.Intn(4400) - 2200
	fmt.Fprintf(w, "ldexp %x %x %x\n", bits(x), uint32(int32(k)), bits(math.Ldexp(x, k)))
}

func texts() {
	x := float()
	verb, prec := "efg"[r.Intn(3)], r.Intn(20)-1
	if r.Intn(2) == 0 {
		prec = -1
	}
	fmt.Fprintf(w, "float %x %d %d %x\n", bits(x), verb, prec, strconv.FormatFloat(x, verb, prec, 64))
	if prec >= 0 && fmt.Sprintf("%.*"+string(verb), prec, x) != strconv.FormatFloat(x, verb, prec, 64) {
		panic("fmt and strconv differ")
	}
}

func parses() {
	s := number()
	base := []int{0, 0, 10, 10, 16, 2, 36}[r.Intn(7)]
	size := []int{64, 64, 32, 8}[r.Intn(4)]
	i, err := strconv.ParseInt(s, base, size)
	fmt.Fprintf(w, "int %x %d %d %d %x %x\n", s, base, size, kind(err), uint64(i), text(err))
	u, err := strconv.ParseUint(s, base, size)
	fmt.Fprintf(w, "uint %x %d %d %d %x %x\n", s, base, size, kind(err), u, text(err))
	f, err := strconv.ParseFloat(s, 64)
	fmt.Fprintf(w, "parse %x %d %x %x\n", s, kind(err), bits(f), text(err))
}

func durations() {
	d := time.Duration(r.Uint64()) >> r.Intn(64)
	if r.Intn(3) == 0 {
		d = time.Duration(r.Intn(5000)) * []time.Duration{1, 1000, 1000000, time.Second, time.Minute, 1500 * time.Microsecond}[r.Intn(6)]
	}
	fmt.Fprintf(w, "duration %x %x\n", uint64(d), d.String())
}

func quotes() {
	s := ""
	for n := r.Intn(6); n >= 0; n-- {
		switch r.Intn(5) {
		case 0:
			s += string(rune(r.Intn(0x300)))
		case 1:
			s += string(rune(r.Intn(0x110000)))
		case 2:
			s += string([]byte{byte(r.Intn(256))})
		case 3:
			s += []string{"\"", "\\", "\n", "\t", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\u2028", "é", "世", "\ufffd", "\x7f", "`", "\u00a0", "\u00ad"}[r.Intn(14)]
		default:
			s += string(rune(r.Intn(0x10000)))
		}
	}
	fmt.Fprintf(w, "quote %x %x\n", s, strconv.Quote(s))
}

func times() {
	zone, err := time.LoadLocation("Asia/Kolkata")
	if err != nil {
		panic(err)
	}
	for _, l := range []*time.Location{time.UTC, zone} {
		t := time.Unix(0, int64(r.Uint64())>>r.Intn(10))
		if r.Intn(3) == 0 {
			t = t.Truncate(time.Millisecond)
		}
		name := "UTC"
		if l == zone {
			name = "kolkata"
		}
		fmt.Fprintf(w, "time %s %x %x %x\n", name, uint64(t.UnixNano()), t.In(l).Format("2006-01-02 15:04:05.999999999 -0700 MST"),
			t.In(l).Format("2006-01-02 15:04:05 MST"))
	}
}

// printable is a checksum over IsPrint of all runes: fails on a single wrong one.
func printable() {
	sum := uint64(14695981039346656037)
	for c := rune(0); c <= 0x110000; c++ {
		b := uint64(0)
		if strconv.IsPrint(c) {
			b = 1
		}
		sum = (sum ^ b) * 1099511628211
	}
	fmt.Fprintf(w, "printable %x\n", sum)
}

func main() {
	n, _ := strconv.Atoi(os.Args[1])
	seed, _ := strconv.Atoi(os.Args[2])
	r = rand.New(rand.NewSource(int64(seed)))
	w = bufio.NewWriter(os.Stdout)
	defer w.Flush()
	printable()
	for i := 0; i < n; i++ {
		maths()
		texts()
		texts()
		parses()
		durations()
		quotes()
		if i%4 == 0 {
			times()
		}
	}
}
