// Code shapes of Go for the comparison with llvm-symbolizer.
package main

import (
	"fmt"
	"os"
	"sort"
	"strings"
)

type shape interface{ area() float64 }
type square struct{ side float64 }
type circle struct{ radius float64 }

func (s square) area() float64 { return s.side * s.side }
func (c circle) area() float64 { return 3.14159 * c.radius * c.radius }

func checked(x int) (int, bool) {
	if x%11 == 3 {
		return 0, false
	}
	return x * 3 % 101, true
}

func fold[T int | float64](v []T, f func(a, b T) T) (t T) {
	for _, x := range v {
		t = f(t, x)
	}
	return
}

func main() {
	var v []int
	for i := 0; i < 1000*len(os.Args); i++ {
		if x, ok := checked(i); ok {
			v = append(v, x)
		}
	}
	sort.Slice(v, func(i, j int) bool { return v[i] > v[j] })
	var shapes []shape
	for _, x := range v {
		if x&1 == 0 {
			shapes = append(shapes, square{float64(x)})
		} else {
			shapes = append(shapes, circle{float64(x)})
		}
	}
	var b strings.Builder
	for _, s := range shapes {
		fmt.Fprintf(&b, "%.1f,", s.area())
	}
	fmt.Println(len(b.String()), fold(v, func(a, b int) int { return a*31 + b }))
}
