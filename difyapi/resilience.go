package difyapi

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/budget"
	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	"github.com/failsafe-go/failsafe-go/retrypolicy"
)

// Resilience says what a client does about failures that may pass. The zero value does nothing: each call is one request.
type Resilience struct {
	// Retries is how often a request may be sent again: after a connection error before an answer, a 502, a 503 or a 429 with
	// the code too_many_requests; after any other 500 once. All requests are GET.
	Retries int
	// Breaker refuses calls for a while after many of them failed, so that a server which is down is not asked by everybody.
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

// When a breaker opens, and for how long: where half of at least so many calls in a period failed.
const (
	breakerCalls  = 10
	breakerRate   = 0.5
	breakerPeriod = 30 * time.Second
	breakerDelay  = 5 * time.Second
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
		if sent++; sent > 1 {
			again.Add(1)
		}
		got, err := send(ctx)
		requests += requestsOf(got, err)
		last = attempt{answer: got, err: err, again: sent <= r.most && retries(err) >= sent}
		return last, nil
	})
	if err != nil && sent == 0 {
		return nil, err // the context ended before
	}
	if last.answer != nil {
		last.answer.requests = requests
	}
	if failure, ok := errors.AsType[*Error](last.err); ok {
		failure.Requests = requests
	}
	return last.answer, last.err // where the budget ended or the context did, too
}

// requestsOf is how many requests a try took: net/http can send one again by itself.
func requestsOf(got *answer, err error) int {
	if failure, ok := errors.AsType[*Error](err); ok {
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
	e, ok := errors.AsType[*Error](err)
	switch {
	case !ok || errors.Is(err, errBreakerOpen):
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

var errBreakerOpen = errors.New("not asked: most of the latest calls failed")

// breaker guards an app. Its lock makes giving back a permit one step.
type breaker struct {
	mu      sync.Mutex
	circuit circuitbreaker.CircuitBreaker[any]
}

func newBreaker() *breaker {
	return &breaker{circuit: circuitbreaker.NewBuilder[any]().
		WithFailureRateThreshold(breakerRate, breakerCalls, breakerPeriod).
		WithSuccessThreshold(1).
		WithDelay(breakerDelay).
		Build()}
}

// allow tells whether a call may be made. Each that may is to be recorded.
func (b *breaker) allow() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.circuit.TryAcquirePermit()
}

// record notes how a call ended. One that ended because its callers left, or that was not made because too many wait, says
// nothing of the server: where it was to find out whether the server is back, the next one is.
func (b *breaker) record(ctx context.Context, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	left := err != nil && ctx.Err() != nil || IsOverloaded(err)
	switch {
	case !left && (IsUnavailable(err) || IsTimeout(err)):
		b.circuit.RecordFailure()
	case !left:
		b.circuit.RecordSuccess()
	case b.circuit.IsHalfOpen():
		b.circuit.Close()
		b.circuit.HalfOpen()
	}
}

// Server is a Dify server that several apps are on. It bounds the calls to all of them at once.
type Server struct{ turns *turns }

// NewServer lets so many calls be under way at once, at least 1.
func NewServer(maxInFlight int) *Server { return &Server{newTurns(maxInFlight)} }
