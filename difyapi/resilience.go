package difyapi

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/budget"
	"github.com/failsafe-go/failsafe-go/retrypolicy"
)

// Resilience says what a client does about failures that may pass. The zero value does nothing: each call is one request.
type Resilience struct {
	// Retries is how often a request may be sent again: after a connection error before an answer, a 502, a 503 or a 429 with
	// the code too_many_requests; after any other 500 once. All requests are GET.
	Retries int
	// Breaker lets calls fail at once while the app is known to give no answer. Whether it does is found out by GET /info, after ten
	// failures in a row or a call that took its whole time limit.
	Breaker bool
}

// How long is waited before a request is sent again, and how many of all requests may be such.
const (
	retryDelay    = 100 * time.Millisecond
	maxRetryDelay = 2 * time.Second
	retryJitter   = 0.5
	retryRate     = 0.2 // of the requests under way
	minRetries    = 3   // at once, however few are
)

// attempt is one request and what came of it.
type attempt struct {
	answer *answer
	err    error
	again  bool // it may be sent again
}

// retrier sends requests again.
type retrier struct {
	most   int
	policy retrypolicy.RetryPolicy[attempt]
}

func newRetrier(most int) *retrier {
	return &retrier{most: most, policy: retrypolicy.NewBuilder[attempt]().
		HandleIf(func(a attempt, _ error) bool { return a.again }).
		WithMaxRetries(most).
		WithBackoff(retryDelay, maxRetryDelay).
		WithJitterFactor(retryJitter).
		WithBudget(budget.NewBuilder().WithMaxRate(retryRate).WithMinConcurrency(minRetries).Build()).
		ReturnLastFailure().
		Build()}
}

// do sends a request, and again while it may be of use and the context lasts. again counts how often.
func (r *retrier) do(ctx context.Context, again *atomic.Int64, send func(context.Context) (*answer, error)) (*answer, error) {
	var last attempt
	sent, requests := 0, 0
	_, err := failsafe.With[attempt](r.policy).WithContext(ctx).Get(func() (attempt, error) {
		got, err := send(ctx)
		if sent++; sent > 1 && errors.Is(err, ErrAllowanceSpent) {
			last.again = false
			return last, nil
		} else if sent > 1 {
			again.Add(1)
		}
		requests += requestsOf(got, err)
		last = attempt{answer: got, err: err, again: sent <= r.most && retries(err) >= sent}
		return last, nil
	})
	if err != nil && sent == 0 {
		return nil, err // the context ended before
	}
	if failure := failureOf(last.err); failure != nil {
		return nil, failure.after(requests) // where the budget ended or the context did, too
	}
	if last.answer != nil {
		last.answer.requests = requests
	}
	return last.answer, last.err
}

// after is the failure of a call that took so many requests in all.
func (e *Error) after(requests int) *Error {
	whole := *e
	whole.Requests = requests
	return &whole
}

// requestsOf is how many requests a try took: net/http can send one again by itself.
func requestsOf(got *answer, err error) int {
	if failure := failureOf(err); failure != nil {
		return failure.Requests
	}
	if got == nil {
		return 0 // the caller is gone
	}
	return got.requests
}

// retries is how often a request that failed like this may be sent again, as far as the failure says.
func retries(err error) int {
	const often = 1 << 10
	e := failureOf(err)
	switch {
	case e == nil || errors.Is(err, errBreakerOpen):
		return 0
	case e.Kind == KindUnavailable && e.Status == 0:
		return often
	case e.Kind != KindStatus:
		return 0
	}
	switch e.Status {
	case http.StatusBadGateway, http.StatusServiceUnavailable:
		return often
	case http.StatusInternalServerError:
		return 1
	case http.StatusTooManyRequests:
		if e.Code == "too_many_requests" {
			return often
		}
	}
	return 0
}
