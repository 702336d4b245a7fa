package fairshare

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"
)

// takeAll lets a caller take one after the other, and returns how many it has then.
func (b *Bytes) takeAll(caller string) int64 {
	for b.Allow(b.Of(caller), 1) {
		b.Add(caller, 1)
	}
	return b.Of(caller)
}

// TestSharesOfGreedyCallers: of n that want all each has 1/(n+1), and who comes new half of what is left.
func TestSharesOfGreedyCallers(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]int64{1: 600, 2: 400, 3: 300, 5: 200} {
		b := New(1200)
		for full := false; !full; { // in turns
			full = true
			for i := range n {
				if caller := fmt.Sprint(i); b.Allow(b.Of(caller), 1) {
					b.Add(caller, 1)
					full = false
				}
			}
		}
		if got := b.Of("0"); got != want || b.Free() < want {
			t.Errorf("each of %d has %d, and %d are left, want %d", n, got, b.Free(), want)
		}
		if got := b.takeAll("new"); got < want/2 {
			t.Errorf("beside %d, who comes new gets %d, want %d", n, got, want/2)
		}
	}
}

// TestOneCallerNeverHasMoreThanHalf, nor any other what it gave back, whatever callers take and give back.
func TestOneCallerNeverHasMoreThanHalf(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		b := New(1000)
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			caller, bytes := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "caller"), rapid.Int64Range(1, 600).Draw(t, "bytes")
			switch give := rapid.Bool().Draw(t, "give back"); {
			case give:
				b.Add(caller, -min(bytes, b.Of(caller)))
			case b.Allow(b.Of(caller), bytes):
				b.Add(caller, bytes)
				if b.Of(caller) > b.Free() {
					t.Fatalf("%s has %d, and %d are left", caller, b.Of(caller), b.Free())
				}
			}
			if sum := b.Of("a") + b.Of("b") + b.Of("c"); b.Of(caller) > 500 || sum+b.Free() != 1000 {
				t.Fatalf("%s has %d; %d and %d of 1000", caller, b.Of(caller), sum, b.Free())
			}
		}
	})
}

// TestFewerBytesThanAreTaken: nobody gets any until enough are given back.
func TestFewerBytesThanAreTaken(t *testing.T) {
	t.Parallel()
	b := New(1000)
	b.Add("a", 500)
	b.Resize(400)
	if b.Free() != -100 || b.Allow(0, 1) {
		t.Errorf("%d are free", b.Free())
	}
	b.Add("a", -500)
	if !b.Allow(0, 200) || len(b.by) > 0 {
		t.Errorf("%d are free, %v", b.Free(), b.by)
	}
}
