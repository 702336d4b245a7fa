package difyapi_test

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/difygraph/difygraph/difyapi"
)

// allow is a context with an allowance of so many requests.
func allow(ctx context.Context, requests int64) context.Context {
	var left atomic.Int64
	left.Store(requests)
	return difyapi.WithAllowance(ctx, func() bool { return left.Add(-1) >= 0 })
}

// TestNothingIsSentBeyondTheAllowance: neither a first try nor another; what became of the last one is the error.
func TestNothingIsSentBeyondTheAllowance(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		allowed, sent int64
		want          func(error) bool
	}{
		{0, 0, func(err error) bool { return errors.Is(err, difyapi.ErrAllowanceSpent) }},
		{1, 1, difyapi.IsUnavailable},
		{2, 2, difyapi.IsUnavailable},
		{3, 3, func(err error) bool { return err == nil }},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := &script{steps: []step{{502, "", 0}, {503, "", 0}, {200, infoBody, 0}}}
			client := resilient(t, s, difyapi.Options{Resilience: difyapi.Resilience{Retries: 2, Breaker: true}})
			_, err := client.Info(allow(t.Context(), test.allowed))
			if s.sent.Load() != test.sent || !test.want(err) {
				t.Errorf("%d allowed: %d sent, %v", test.allowed, s.sent.Load(), err)
			}
			if test.allowed < 3 && err != nil && errors.Is(err, difyapi.ErrAllowanceSpent) != (test.allowed == 0) {
				t.Errorf("%d allowed: %v", test.allowed, err)
			}
			if retries := client.Stats().Retries; retries != max(0, test.sent-1) {
				t.Errorf("%d retries of %d requests", retries, test.sent)
			}
		})
	}
}

// TestNetHTTPSendsNothingAgainBeyondTheAllowance: where the connection that it kept is dead.
func TestNetHTTPSendsNothingAgainBeyondTheAllowance(t *testing.T) {
	t.Parallel()
	for _, allowed := range []int64{1, 2} {
		var arrived atomic.Int64
		client := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			[]http.HandlerFunc{respond(http.StatusOK, emptyPage), abort, respond(http.StatusOK, emptyPage)}[arrived.Add(1)-1](w, r)
		}))
		if _, err := client.WorkflowLogs(t.Context(), difyapi.LogQuery{}); err != nil {
			t.Fatal(err)
		}
		page, err := client.WorkflowLogs(allow(t.Context(), allowed), difyapi.LogQuery{})
		if got := requestsOf(page, err); int64(got) != allowed || arrived.Load() != 1+allowed || (err == nil) != (allowed == 2) {
			t.Errorf("%d allowed: %d requests, %d arrived with the first call's, %v", allowed, got, arrived.Load(), err)
		}
		if err != nil && !difyapi.IsUnavailable(err) {
			t.Error(err)
		}
	}
}

// TestCallThatMayNotBeMadeTellsNothingOfTheServer: it is neither an answer nor a failure.
func TestCallThatMayNotBeMadeTellsNothingOfTheServer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client := resilient(t, &script{steps: []step{{502, "", 0}}}, difyapi.Options{Resilience: difyapi.Resilience{Breaker: true}})
		for i := range 10 {
			_, _ = client.Info(t.Context())
			if i == 8 {
				for range 10 {
					_, _ = client.Info(allow(t.Context(), 0))
				}
				synctest.Wait()
				if state := client.Stats().Breaker; state != difyapi.BreakerClosed {
					t.Errorf("after nine failures the breaker is %v", state)
				}
			}
		}
		synctest.Wait()
		if state := client.Stats().Breaker; state != difyapi.BreakerOpen {
			t.Errorf("after ten failures the breaker is %v", state)
		}
	})
}
