package service

import (
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/difygraph/difygraph/difyapi/difytest"
)

// TestJoinedAndKeptAnswersTakeNoPlace: operations that wait for one call together leave the only place to others, and one whose
// answer is kept has it at once, however many wait. In a bubble, where the slow Dify takes ten seconds.
func TestJoinedAndKeptAnswersTakeNoPlace(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := startBubbleOf(t, "operations: 1, waiting: 100", "ttl: 1m", map[string]*difytest.Fault{"slow": difytest.Delay(10 * time.Second)})
		const calls = "/v1/workflows/logs"
		b.list(t, "ben", "healthy", 5)
		kept := b.dify.Calls(calls)
		var waiting sync.WaitGroup
		for range 20 {
			waiting.Go(func() {
				if status, code := b.list(t, "ann", "slow", 5); status != http.StatusOK || code != "" {
					t.Errorf("status %d, %s of one that waits", status, code)
				}
			})
		}
		time.Sleep(time.Second)
		joined := b.dify.Calls(calls)
		began := time.Now()
		for range 10 {
			if status, code := b.list(t, "ben", "healthy", 5); status != http.StatusOK || code != "" {
				t.Errorf("status %d, %s of one whose answer is kept", status, code)
			}
		}
		if took := time.Since(began); took != 0 || b.dify.Calls(calls) != joined {
			t.Errorf("kept answers took %v and %d calls", took, b.dify.Calls(calls)-joined)
		}
		waiting.Wait()
		if joined != kept+1 || b.dify.Calls(calls) != joined {
			t.Errorf("%d calls while 20 waited, %d after, want 1", joined-kept, b.dify.Calls(calls)-kept)
		}
	})
}

// TestOperationsThatWaitAreBoundedByBytes: what those of one caller hold while they wait for a slow app is at most its share of
// `limits.bytes`, however many may wait; others' are admitted meanwhile, and each gives back what it held.
func TestOperationsThatWaitAreBoundedByBytes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := startBubbleOf(t, "operations: 1, waiting: 100, operationBytes: 1048576, bytes: 1048576", "ttl: 1m",
			map[string]*difytest.Fault{"slow": difytest.Delay(10 * time.Second)})
		const fit = 5 // of 96 KiB each in half of a MiB
		for range 3 {
			var admitted, refused atomic.Int32
			var waiting sync.WaitGroup
			for range 20 {
				waiting.Go(func() {
					switch _, code := b.list(t, "ann", "slow", 5); code {
					case "":
						admitted.Add(1)
					case "OVERLOADED":
						refused.Add(1)
					}
				})
			}
			time.Sleep(time.Second)
			if status, code := b.list(t, "ben", "healthy", 5); status != http.StatusOK || code != "" {
				t.Errorf("status %d, %s of another caller's", status, code)
			}
			waiting.Wait()
			if admitted.Load() != fit || refused.Load() != 20-fit {
				t.Errorf("%d are admitted and %d refused, want %d and %d", admitted.Load(), refused.Load(), fit, 20-fit)
			}
			time.Sleep(time.Hour) // nothing is kept
		}
	})
}
