// SPDX-License-Identifier: Apache-2.0
// Writes what Go's sort.Slice makes of lists with ties, for gosort_test.c: go run record_sort.go > data/gosort.txt
// A line: how many elements, how many keys, seed of the keys; then a hash of the order that they get.
package main

import (
	"fmt"
	"sort"
)

func main() {
	for _, n := range []int{0, 1, 5, 12, 13, 20, 49, 50, 51, 100, 255, 256, 1000, 5000} {
		for _, keys := range []uint64{1, 2, 3, 10, 1 << 40} {
			for seed := uint64(1); seed <= 4; seed++ {
				type element struct{ key, id uint64 }
				all := make([]element, n)
				x := seed
				for i := range all {
					x = x*6364136223846793005 + 1442695040888963407
					key := (x >> 33) % keys
					switch seed {
					case 2: // ascending but for some
						if i%17 != 0 {
							key = uint64(i)
						}
					case 3: // descending
						key = uint64(n-i) / (1 + keys%7)
					}
					all[i] = element{key, uint64(i)}
				}
				sort.Slice(all, func(i, j int) bool { return all[i].key < all[j].key })
				h := uint64(14695981039346656037)
				for _, e := range all {
					h = (h ^ e.id) * 1099511628211
				}
				fmt.Printf("%d %d %d %x\n", n, keys, seed, h)
			}
		}
	}
}
