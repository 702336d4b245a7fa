package difyapi_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/difygraph/difygraph/difyapi"
)

// script answers requests by one step after the other; its last step goes on.
type script struct {
	steps []step
	sent  atomic.Int64
}

type step struct {
	status int // 0: the connection is refused
	body   string
	takes  time.Duration
}

const (
	tooManyBody = `{"code":"too_many_requests","message":"Too many requests. Please try again later.","status":429}`
	quotaBody   = `{"code":"rate_limit_error","message":"quota","status":429}`
)

func (s *script) RoundTrip(r *http.Request) (*http.Response, error) {
	n := int(s.sent.Add(1))
	now := s.steps[min(n, len(s.steps))-1]
	select {
	case <-time.After(now.takes):
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	if now.status == 0 {
		return nil, syscall.ECONNREFUSED
	}
	return &http.Response{
		StatusCode: now.status, Header: http.Header{"Content-Type": {"application/json"}}, Request: r,
		Body: io.NopCloser(strings.NewReader(now.body)),
	}, nil
}

func resilient(t *testing.T, s *script, o difyapi.Options) *difyapi.Client {
	t.Helper()
	o.Transport = s
	return newClient(t, o)
}

// TestRetries: what may pass is sent again, as often as it says, and nothing else is.
func TestRetries(t *testing.T) {
	t.Parallel()
	good := step{200, infoBody, 0}
	for name, test := range map[string]struct {
		steps []step
		sent  int64
		ok    bool
	}{
		"good":               {[]step{good}, 1, true},
		"refused, then good": {[]step{{}, good}, 2, true},
		"refused":            {[]step{{}}, 3, false},
		"502":                {[]step{{502, "", 0}}, 3, false},
		"503, 502":           {[]step{{503, "", 0}, {502, "", 0}, good}, 3, true},
		"504":                {[]step{{504, "", 0}, good}, 1, false},
		"500 once":           {[]step{{500, "{}", 0}, good}, 2, true},
		"500 twice":          {[]step{{500, "{}", 0}, {500, "{}", 0}, good}, 2, false},
		"502, then 500":      {[]step{{502, "", 0}, {500, "{}", 0}, good}, 2, false},
		"too many":           {[]step{{429, tooManyBody, 0}, good}, 2, true},
		"quota":              {[]step{{429, quotaBody, 0}, good}, 1, false},
		"401":                {[]step{{401, "{}", 0}, good}, 1, false},
		"404":                {[]step{{404, "{}", 0}, good}, 1, false},
		"nonsense":           {[]step{{200, "nonsense", 0}, good}, 1, false},
		"our own timeout":    {[]step{{200, infoBody, time.Minute}, good}, 1, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := &script{steps: test.steps}
				client := resilient(t, s, difyapi.Options{Timeout: time.Second, Resilience: difyapi.Resilience{Retries: 2}})
				began := time.Now()
				_, err := client.Info(t.Context())
				if sent := s.sent.Load(); sent != test.sent || (err == nil) != test.ok {
					t.Errorf("sent %d times, %v; want %d, %v", sent, err, test.sent, test.ok)
				}
				if waited := time.Since(began); test.sent > 1 && (waited < 50*time.Millisecond || waited > time.Second) {
					t.Errorf("waited %v", waited)
				}
			})
		})
	}
}

// TestRetriesEndWithTheCaller: nobody waits for a caller who is gone.
func TestRetriesEndWithTheCaller(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &script{steps: []step{{502, "", 0}}}
		client := resilient(t, s, difyapi.Options{Resilience: difyapi.Resilience{Retries: 1000}})
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		if _, err := client.Info(ctx); !errors.Is(err, context.DeadlineExceeded) || s.sent.Load() != 1 {
			t.Errorf("%v after %d requests", err, s.sent.Load())
		}
	})
}

// TestRetriesHaveABudget: where everything fails, requests do not become many times as many.
func TestRetriesHaveABudget(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &script{steps: []step{{502, "", 100 * time.Millisecond}}}
		client := resilient(t, s, difyapi.Options{MaxInFlight: 100, ConnectionsPerServer: 100, Resilience: difyapi.Resilience{Retries: 2}})
		var calls sync.WaitGroup
		for range 100 {
			calls.Go(func() {
				if _, err := client.Info(t.Context()); !difyapi.IsUnavailable(err) || !strings.Contains(err.Error(), "502") {
					t.Errorf("the last failure is lost: %v", err)
				}
			})
		}
		calls.Wait()
		if sent := s.sent.Load(); sent > 170 {
			t.Errorf("%d requests for 100 calls", sent)
		}
	})
}

// TestRequestsOfAllTries: what is counted for a page is what was sent.
func TestRequestsOfAllTries(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client := resilient(t, &script{steps: []step{{502, "", 0}, {503, "", 0}, {200, infoBody, 0}}}, difyapi.Options{Resilience: difyapi.Resilience{Retries: 2}})
		info, err := client.Info(t.Context())
		if err != nil || info.Requests != 3 {
			t.Errorf("%d requests, %v", info.Requests, err)
		}
		client = resilient(t, &script{steps: []step{{502, "", 0}}}, difyapi.Options{Resilience: difyapi.Resilience{Retries: 2}})
		_, err = client.Info(t.Context())
		if failure, ok := asError(err); !ok || failure.Requests != 3 {
			t.Errorf("%+v", err)
		}
	})
}
