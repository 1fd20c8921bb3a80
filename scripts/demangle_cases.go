// SPDX-License-Identifier: Apache-2.0

// Records what google/pprof makes of the names on stdin, one a line, for test/symbols/demangle_test.c:
//
//	name TAB default TAB templates TAB full        ("=": as the field before)
//
// It needs an internal package, so it must lie inside a checkout of github.com/google/pprof:
//
//	mkdir cmd && cp demangle_cases.go cmd/ && go run ./cmd < names > demangle_cases.txt
//	go run ./cmd -functions < names > demangle_function_cases.txt
package main

import (
	"bufio"
	"flag"
	"fmt"
	"os"

	"github.com/google/pprof/internal/symbolizer"
	"github.com/google/pprof/profile"
	"github.com/ianlancetaylor/demangle"
)

var modes = []struct {
	name    string
	options []demangle.Option
}{
	{"", []demangle.Option{demangle.NoParams, demangle.NoEnclosingParams, demangle.NoTemplateParams}},
	{"templates", []demangle.Option{demangle.NoParams, demangle.NoEnclosingParams}},
	{"full", []demangle.Option{demangle.NoClones}},
}

// Some malformed names end the demangler with a panic; no answer then.
func filter(name string, options []demangle.Option) (ret string, ok bool) {
	defer func() { ok = recover() == nil }()
	return demangle.Filter(name, options...), true
}

func function(name, mode string) string {
	f := &profile.Function{ID: 1, Name: name, SystemName: name}
	symbolizer.Demangle(&profile.Profile{Function: []*profile.Function{f}}, false, mode)
	return f.Name
}

func main() {
	functions := flag.Bool("functions", false, "ask the symbolizer instead of the demangler")
	flag.Parse()
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 1<<24)
	for in.Scan() {
		line, last, all := in.Text(), in.Text(), true
		for _, m := range modes {
			r, ok := "", true
			if *functions {
				r = function(in.Text(), m.name)
			} else {
				r, ok = filter(in.Text(), m.options)
			}
			all = all && ok
			if r == last {
				line += "\t="
			} else {
				line += "\t" + r
			}
			last = r
		}
		if all {
			fmt.Println(line)
		}
	}
}
