package graphqlhttp

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/difygraph/difygraph/graph/code"
)

func (p *pool) lease(caller string) *lease { return &lease{pool: p, caller: caller} }

func TestOneCallerCannotHoldAllBytes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPool(1000)
		greedy := make([]*lease, 100)
		for i := range greedy { // connections of one caller
			greedy[i] = p.lease("greedy")
			go func() { _ = greedy[i].take(t.Context(), 50) }()
		}
		synctest.Wait()
		if p.bytes.Of("greedy") != 500 || len(p.waiting["greedy"]) != 90 {
			t.Errorf("%d of 1000 bytes are held, %d wait", p.bytes.Of("greedy"), len(p.waiting["greedy"]))
		}
		start := time.Now()
		for _, caller := range []string{"polite", "other"} {
			if f := p.lease(caller).take(t.Context(), 100); f != nil || time.Since(start) != 0 {
				t.Errorf("%s: %v after %v", caller, f, time.Since(start))
			}
		}
		time.Sleep(2 * poolWait)
		for _, l := range greedy {
			l.settle(0)
		}
		if p.bytes.Of("greedy") != 0 || p.bytes.Free() != 800 || len(p.waiting) != 0 || p.first["greedy"] != nil {
			t.Errorf("afterwards: %d held, %d free, %d wait", p.bytes.Of("greedy"), p.bytes.Free(), len(p.waiting))
		}
	})
}

func TestWhoWaitsALittleGetsBytes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPool(1000)
		first, second := p.lease("a"), p.lease("a")
		if f := first.take(t.Context(), 400); f != nil {
			t.Fatal(f.errors)
		}
		time.AfterFunc(poolWait/2, func() { first.settle(100) })
		start := time.Now()
		if f := second.take(t.Context(), 400); f != nil || time.Since(start) != poolWait/2 {
			t.Errorf("%v after %v", f, time.Since(start))
		}
		synctest.Wait()
		if p.bytes.Free() != 500 || p.bytes.Of("a") != 500 {
			t.Errorf("%d free, %d held", p.bytes.Free(), p.bytes.Of("a"))
		}
	})
}

// TestRequestsOfOneCallerDoNotWaitForEachOther: each has its body, and none could be decoded if all had to share what is left.
func TestRequestsOfOneCallerDoNotWaitForEachOther(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPool(1000)
		start := time.Now()
		for range 5 {
			l := p.lease("a")
			if f := l.take(t.Context(), 100); f != nil {
				t.Fatal(f.errors)
			}
			go func() {
				time.Sleep(time.Millisecond) // until all have theirs
				if f := l.take(t.Context(), 200); f != nil {
					t.Error(f.errors)
				}
				time.Sleep(time.Millisecond) // decoding
				l.settle(0)
			}()
		}
		time.Sleep(10 * time.Millisecond)
		synctest.Wait()
		if p.bytes.Free() != 1000 || len(p.waiting) != 0 || time.Since(start) != 10*time.Millisecond {
			t.Errorf("%d free, %d wait, after %v", p.bytes.Free(), len(p.waiting), time.Since(start))
		}
	})
}

func TestWhoWaitsInVainIsRefused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPool(1000)
		start := time.Now()
		f := p.lease("a").take(t.Context(), 501)
		if f == nil || f.status != http.StatusServiceUnavailable || codeOf(f.errors[0]) != code.Overloaded || time.Since(start) != poolWait {
			t.Errorf("%v after %v", f, time.Since(start))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if f := p.lease("a").take(ctx, 501); f == nil || time.Since(start) != poolWait+time.Millisecond {
			t.Errorf("the client is gone: %v after %v", f, time.Since(start))
		}
		if len(p.waiting) != 0 || p.bytes.Free() != 1000 {
			t.Errorf("%d wait, %d free", len(p.waiting), p.bytes.Free())
		}
	})
}

// TestGrantsLookAtCallersNotAtClaims: of thousands of one caller's that wait, what is given back has one looked at.
func TestGrantsLookAtCallersNotAtClaims(t *testing.T) {
	t.Parallel()
	p := newPool(1000)
	first, other := p.lease("greedy"), p.lease("greedy")
	if p.claim(first, 400) != nil || p.claim(other, 100) != nil {
		t.Fatal("there was room")
	}
	for range 1000 {
		p.claim(p.lease("greedy"), 300)
	}
	if c := p.claim(first, 600); c == nil || p.waiting["greedy"][0] != c {
		t.Error("whose request goes on before the others does not stand first")
	}
	small := p.claim(p.lease("greedy"), 1)
	other.keep(0)
	select {
	case <-small.granted:
		t.Error("the last that came was looked at before the others")
	default:
	}
}
