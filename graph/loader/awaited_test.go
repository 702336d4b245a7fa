package loader

import (
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/difygraph/difygraph/difyapi"
)

// TestOneGoroutineWaitsForAnAnswer, beside those of the fields that want it.
func TestOneGoroutineWaitsForAnAnswer(t *testing.T) { //nolint:paralleltest // It counts the process's goroutines.
	synctest.Test(t, func(t *testing.T) {
		const fields, others = 500, 20
		dify := newCountingDify()
		u := upstreamTo(t, dify, time.Second, 1<<20)
		ctx, done := u.Attach(difyapi.WithCaller(t.Context(), "ann"), plenty)
		defer done(0)
		before := runtime.NumGoroutine()
		var waiting sync.WaitGroup
		for range fields {
			waiting.Go(func() { _, _ = For(ctx).Info(ctx, "a") })
		}
		synctest.Wait()
		if more := runtime.NumGoroutine() - before; more > fields+others {
			t.Errorf("%d goroutines for %d fields", more, fields)
		}
		waiting.Wait()
		if dify.calls() != 1 {
			t.Errorf("%d calls", dify.calls())
		}
	})
}
