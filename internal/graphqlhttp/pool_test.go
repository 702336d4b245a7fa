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
		if p.held["greedy"] != 500 || len(p.waiting) != 90 {
			t.Errorf("%d of 1000 bytes are held, %d wait", p.held["greedy"], len(p.waiting))
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
		if p.held["greedy"] != 0 || p.free != 800 || len(p.waiting) != 0 || p.first["greedy"] != nil {
			t.Errorf("afterwards: %v held, %d free, %d wait", p.held, p.free, len(p.waiting))
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
		if p.free != 500 || p.held["a"] != 500 {
			t.Errorf("%d free, %v held", p.free, p.held)
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
		if p.free != 1000 || len(p.waiting) != 0 || time.Since(start) != 10*time.Millisecond {
			t.Errorf("%d free, %d wait, after %v", p.free, len(p.waiting), time.Since(start))
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
		if len(p.waiting) != 0 || p.free != 1000 {
			t.Errorf("%d wait, %d free", len(p.waiting), p.free)
		}
	})
}
