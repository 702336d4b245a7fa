package service

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/difygraph/difygraph/difyapi/difytest"
)

// checkAnswered wants n requests of ben to the healthy app, one after the other, to be answered, each within a time.
func (b *bubble) checkAnswered(t *testing.T, n int, within time.Duration) {
	t.Helper()
	for i := range n {
		began := time.Now()
		status, code := b.list(t, "ben", "healthy", 1)
		if took := time.Since(began); status != http.StatusOK || code != "" || took > within {
			t.Errorf("request %d: %d %s after %v", i, status, code, took)
		}
	}
}

// TestOneCallersOperationsOnASlowApp leave another caller's, on another app, alone.
func TestOneCallersOperationsOnASlowApp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := startBubble(t, "rate: 1000000, burst: 1000000", map[string]*difytest.Fault{"slow": difytest.Delay(20 * time.Second)})
		var greedy sync.WaitGroup
		for i := range 70 {
			greedy.Go(func() { b.list(t, "ann", "slow", i+1) })
		}
		synctest.Wait()
		b.checkAnswered(t, 10, 10*time.Millisecond)
		greedy.Wait()
	})
}

// TestOneCallersConnections: a hundred of them that never rest leave another caller's requests to the same app alone, with as
// few places as it takes to have to wait.
func TestOneCallersConnections(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := startBubble(t, "rate: 10000000, burst: 10000000", map[string]*difytest.Fault{"healthy": difytest.Delay(20 * time.Millisecond)})
		ctx, stop := context.WithCancel(t.Context())
		var greedy sync.WaitGroup
		for i := range 100 {
			greedy.Go(func() {
				for ctx.Err() == nil {
					b.list(t, "ann", "healthy", i+1) //nolint:contextcheck // It asks until it has an answer.
					time.Sleep(time.Millisecond)     // else whoever is refused would stop the clock
				}
			})
		}
		synctest.Wait()
		b.checkAnswered(t, 60, time.Second)
		stop()
		greedy.Wait()
	})
}

// TestHangingApp: at four requests a second to an app that does not answer, each of as many requests of the same caller to
// another app is answered.
func TestHangingApp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := startBubble(t, "rate: 2000", map[string]*difytest.Fault{"slow": difytest.Hang()})
		var hanging sync.WaitGroup
		for i := range 400 {
			hanging.Go(func() {
				if status, code := b.list(t, "ben", "slow", i%100+1); status != http.StatusOK || code == "OVERLOADED" {
					t.Errorf("request %d to the app that hangs: %d %s", i, status, code)
				}
			})
			b.checkAnswered(t, 1, 10*time.Millisecond)
			time.Sleep(250 * time.Millisecond)
		}
		hanging.Wait()
	})
}
