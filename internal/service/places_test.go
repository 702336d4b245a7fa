package service

import (
	"net/http"
	"sync"
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
