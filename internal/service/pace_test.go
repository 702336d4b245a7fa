package service

import "testing"

// TestPaceOfGarbageCollection holds that little in use lets more be made than as much again, and much in use less: a server that
// holds a gigabyte for a while does not take two.
func TestPaceOfGarbageCollection(t *testing.T) {
	t.Parallel()
	for inUse, want := range map[uint64]int{0: 400, 1 << 20: 400, 8 << 20: 300, 24 << 20: 100, 48 << 20: 50, 1 << 30: 40} {
		if got := percentFor(inUse); got != want {
			t.Errorf("%d MiB in use: %d %%, want %d", inUse>>20, got, want)
		}
	}
}
