package service

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
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

// TestOneCallersAnswers: operations that hold as many bytes of answers as they may, and wait for an app that is slow, leave
// room for another caller's.
func TestOneCallersAnswers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := startBubble(t, "rate: 1000000, burst: 1000000, bytes: 1048576, operationBytes: 1048576",
			map[string]*difytest.Fault{"slow": difytest.Delay(20 * time.Second)})
		for i := range 90 { // some 60 KB
			b.apps["healthy"].Insert(difytest.Row{CreatedAt: time.Unix(int64(1772323200+i), 0), Run: &difytest.Run{Status: difytest.StatusSucceeded}})
		}
		var greedy sync.WaitGroup
		var refused atomic.Int64
		for i := range 60 {
			greedy.Go(func() {
				a := b.ask(t, "ann", fmt.Sprintf(`{healthy: workflowLogs(apps: "healthy", first: 90) {nodes {uuid}} slow: workflowLogs(apps: "slow", first: %d) {nodes {uuid}}}`, i+1))
				if a.code() == "OVERLOADED" {
					refused.Add(1)
				}
			})
			time.Sleep(10 * time.Millisecond)
		}
		synctest.Wait()
		if refused.Load() == 0 {
			t.Error("the greedy caller's operations did not need all that they may hold")
		}
		for i := range 10 {
			if status, code := b.list(t, "ben", "healthy", 90-i); status != http.StatusOK || code != "" {
				t.Errorf("request %d of another: %d %s", i, status, code)
			}
		}
		greedy.Wait()
	})
}

// TestWhoAsksWhatAnotherWaitsForWaitsInItsOwnLine: one caller's hundred operations wait for an app that is slow, and another asks
// what the last of them asks. It joins that call, and does not wait behind the ninety-nine.
func TestWhoAsksWhatAnotherWaitsForWaitsInItsOwnLine(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := startBubbleOf(t, "rate: 1000000, burst: 1000000, connectionsPerServer: 2", "ttl: 1m",
			map[string]*difytest.Fault{"slow": difytest.Delay(10 * time.Second)})
		var greedy sync.WaitGroup
		for i := range 90 {
			greedy.Go(func() { b.list(t, "ann", "slow", i+1) })
			time.Sleep(time.Millisecond)
		}
		synctest.Wait()
		began := time.Now()
		status, code := b.list(t, "ben", "slow", 90)
		if took := time.Since(began); status != http.StatusOK || code != "" || took > 11*time.Second {
			t.Errorf("%d %s after %v", status, code, took)
		}
		calls, last := 0, b.dify.Requests()[len(b.dify.Requests())-1].Limit
		for _, r := range b.dify.Requests() {
			if r.Limit == last {
				calls++
			}
		}
		if calls != 1 {
			t.Errorf("%d calls for what both ask", calls)
		}
		greedy.Wait()
	})
}
