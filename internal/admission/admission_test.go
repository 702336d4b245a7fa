package admission

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func newGate(t *testing.T, o Options) *Gate {
	t.Helper()
	g := New(o)
	t.Cleanup(g.Close)
	return g
}

func TestSpending(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGate(t, Options{Income: 10, Savings: 100, Operations: 1})
		ann, ben := WithCaller(t.Context(), "ann"), WithCaller(t.Context(), "ben")
		for i, step := range []struct {
			wait  time.Duration
			who   context.Context
			price int
			after time.Duration // 0: admitted
		}{
			{0, ann, 60, 0},
			{0, ann, 60, 2 * time.Second},
			{0, ann, 40, 0},
			{0, ann, 1, 100 * time.Millisecond},
			{0, ben, 100, 0},
			{2 * time.Second, ann, 20, 0},
			{0, ann, 1000, 10 * time.Second}, // as dear as can be
			{time.Minute, ann, 100, 0},
			{0, ben, 100, 0},
		} {
			time.Sleep(step.wait)
			err := g.Spend(step.who, step.price)
			refused, _ := errors.AsType[*RateError](err)
			switch {
			case step.after == 0 && err != nil:
				t.Errorf("step %d: %v", i, err)
			case step.after > 0 && (refused == nil || refused.After.Round(time.Millisecond) != step.after):
				t.Errorf("step %d: %v, want %v", i, err, step.after)
			}
		}
	})
}

func TestOperationsAtOnce(t *testing.T) {
	t.Parallel()
	g := newGate(t, Options{Income: 1, Savings: 1, Operations: 3})
	var refused atomic.Int64
	var leaves []func()
	var mu sync.Mutex
	var calls sync.WaitGroup
	for range 50 {
		calls.Go(func() {
			leave, err := g.Enter()
			if _, ok := errors.AsType[*OverloadError](err); ok {
				refused.Add(1)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			leaves = append(leaves, leave)
		})
	}
	calls.Wait()
	if len(leaves) != 3 || refused.Load() != 47 {
		t.Fatalf("%d entered, %d refused", len(leaves), refused.Load())
	}
	leaves[0]()
	if _, err := g.Enter(); err != nil {
		t.Errorf("after one left: %v", err)
	}
	if _, err := g.Enter(); err == nil {
		t.Error("one too many entered")
	}
}
