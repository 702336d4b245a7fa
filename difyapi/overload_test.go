package difyapi_test

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/difygraph/difygraph/difyapi"
)

// TestOverload: where Dify does not answer, calls pile up to a bound, beyond which they fail at once and are not sent.
func TestOverload(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const places = 3
		var sent sync.Map
		client := newClient(t, difyapi.Options{MaxInFlight: places, Timeout: time.Hour, Transport: roundTrip(func(req *http.Request) (*http.Response, error) {
			sent.Store(req, true)
			<-req.Context().Done()
			return nil, req.Context().Err()
		})})
		ctx, cancel := context.WithCancel(t.Context())
		var calls sync.WaitGroup
		for range places + difyapi.MaxWaiting {
			calls.Go(func() {
				if _, err := client.Info(ctx); !errors.Is(err, context.Canceled) || difyapi.IsOverloaded(err) {
					t.Errorf("a call that could wait: %v", err)
				}
			})
		}
		synctest.Wait()
		began := time.Now()
		_, err := client.Info(difyapi.WithCaller(ctx, "another"))
		if !difyapi.IsOverloaded(err) || err.Error() != "dify: GET /info: overloaded" || time.Since(began) > 0 {
			t.Errorf("a call too many: %v after %v", err, time.Since(began))
		}
		cancel()
		calls.Wait()
		n := 0
		sent.Range(func(any, any) bool { n++; return true })
		if n != places {
			t.Errorf("%d calls were sent, want %d", n, places)
		}
	})
}

// TestCallsSideBySide: never more than MaxInFlight, and no fewer where more are wanted.
func TestCallsSideBySide(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		underWay, most := 0, 0
		client := newClient(t, difyapi.Options{MaxInFlight: 5, ConnectionsPerServer: 10, Transport: roundTrip(func(req *http.Request) (*http.Response, error) {
			mu.Lock()
			underWay++
			most = max(most, underWay)
			mu.Unlock()
			time.Sleep(time.Second)
			mu.Lock()
			underWay--
			mu.Unlock()
			return response(req, http.StatusOK, emptyPage), nil
		})})
		began := time.Now()
		var calls sync.WaitGroup
		for range 51 {
			calls.Go(func() {
				if _, err := client.WorkflowLogs(t.Context(), difyapi.LogQuery{}); err != nil {
					t.Error(err)
				}
			})
		}
		calls.Wait()
		if took := time.Since(began); most != 5 || took != 11*time.Second {
			t.Errorf("%d at once, %v for 51 calls of a second, want 5 and 11 s", most, took)
		}
	})
}
