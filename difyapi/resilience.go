package difyapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
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
	case e.Kind == KindUnavailable:
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

// When an app is doubted, and how it is asked then.
const (
	doubtAfter    = 10               // failures in a row
	probeTimeout  = 3 * time.Second  // also how long a call is that can be in vain
	probeInterval = 5 * time.Second  // from the beginning of one probe to that of the next, at least
	probeStale    = 10 * time.Second // from when on callers wait for a new one
)

var errBreakerOpen = errors.New("not asked, since it gave no answer a moment ago")

// notAsked is why a call was not made while the breaker is open: what became of the latest one that was.
type notAsked struct{ latest string }

func (n notAsked) Error() string { return errBreakerOpen.Error() + ": " + n.latest }

// Unwrap gives the words to callers, too.
func (n notAsked) Unwrap() []error { return []error{errBreakerOpen, Reason(n.Error())} }

// briefly says why a call gave no answer, in words that callers may read.
func briefly(failure *Error) string {
	reason, known := errors.AsType[Reason](failure)
	switch {
	case failure.Kind == KindTimeout:
		return "it took too long"
	case failure.Kind == KindStatus:
		return fmt.Sprintf("HTTP %d", failure.Status)
	case known:
		return string(reason)
	default:
		return errNoAnswer.Error()
	}
}

// breaker keeps calls from an app that does not answer. It holds what is known, and does nothing itself.
//
// A call can fail, or take too long, because of what it asks for. So failures make an app doubted, and no more: a probe, GET
// /info, which asks for nothing in particular, tells whether the app answers, and calls wait for that. Where it does not, calls
// fail at once, and those that come have it probed again now and then.
type breaker struct {
	mu       sync.Mutex
	state    BreakerState
	changed  chan struct{} // closed and made anew where advice changes
	failures int           // in a row
	latest   *Error        // of them
	answered time.Time     // the latest time
	probing  bool
	began    time.Time // the latest probe
	ended    time.Time
}

func newBreaker() *breaker { return &breaker{changed: make(chan struct{})} }

// advice is what a call is to do.
type advice struct {
	state   BreakerState    // closed: go on; half open: wait for a change, and ask again; open: fail
	changed <-chan struct{} // closed once the advice is outdated
	probe   bool            // and see to it that a probe is made
	failure *Error          // the latest, where calls fail
}

// admit tells a call what to do. Without a breaker all go on.
func (b *breaker) admit() advice {
	if b == nil {
		return advice{}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.state == BreakerOpen && time.Since(b.ended) >= probeStale {
		b.become(BreakerHalfOpen)
	}
	probe := b.state == BreakerHalfOpen && !b.probing || b.state == BreakerOpen && b.probeDue()
	if probe {
		b.beginProbe()
	}
	return advice{b.state, b.changed, probe, b.latest}
}

// outcome is what a call tells of its app.
type outcome int

const (
	nothing  outcome = iota // its caller left, or what came is no answer of Dify's
	failed                  // no answer, or one that says that Dify is broken
	timedOut                // no answer within the client's time limit
	answered                // an answer, good or bad
)

// alive tells whether a probe found somebody. What is no answer of Dify's is one all the same.
func (o outcome) alive() bool { return o == answered || o == nothing }

// outcomeOf judges a call. What a caller can bring about, such as by leaving, tells nothing of the app.
func outcomeOf(err error) outcome {
	if err == nil {
		return answered
	}
	failure := failureOf(err)
	switch {
	case failure == nil:
		return nothing
	case failure.Kind == KindTimeout:
		return timedOut
	case failure.Kind == KindUnavailable || failure.Kind == KindStatus && failure.Status >= http.StatusInternalServerError:
		return failed
	case failure.Kind == KindStatus:
		return answered
	default:
		return nothing
	}
}

// record notes how a call ended, with an error or nil, that took so long, and tells whether the app is to be probed now. A call that took long in vain
// is reason enough, also where its caller lost patience, unless others had an answer meanwhile.
func (b *breaker) record(err error, took time.Duration) (probe bool) {
	if b == nil {
		return false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	o := outcomeOf(err)
	switch o {
	case answered:
		b.answer()
		return false
	case failed, timedOut:
		b.failures++
		b.latest = failureOf(err)
	case nothing:
	}
	inVain := (o == timedOut || took >= probeTimeout) && time.Since(b.answered) >= took
	if b.state != BreakerClosed || !b.probeDue() || b.failures < doubtAfter && !inVain {
		return false
	}
	b.become(BreakerHalfOpen)
	b.beginProbe()
	return true
}

// hold lets calls wait, and tells whether it does: another app of the server is probed, and what is found concerns this one too
// unless it has just had an answer. settle is to follow.
func (b *breaker) hold() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.state != BreakerClosed || b.probing || time.Since(b.answered) < probeTimeout {
		return false
	}
	b.become(BreakerHalfOpen)
	b.probing = true
	return true
}

// settle ends what hold began. Where the other app gave no answer, this one is probed before a call is made.
func (b *breaker) settle(found outcome) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.probing = false
	if b.state == BreakerHalfOpen && found.alive() {
		b.become(BreakerClosed)
	} else {
		b.tell()
	}
}

// probed notes how a probe ended, with an error or nil.
func (b *breaker) probed(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.probing, b.ended = false, time.Now()
	if outcomeOf(err).alive() {
		b.answer()
		return
	}
	b.latest = failureOf(err)
	b.become(BreakerOpen)
}

// answer is called with the lock held, as the functions below are.
func (b *breaker) answer() {
	b.failures, b.answered = 0, time.Now()
	b.become(BreakerClosed)
}

func (b *breaker) become(s BreakerState) {
	if b.state == s {
		return
	}
	b.state = s
	b.tell()
}

func (b *breaker) tell() {
	close(b.changed)
	b.changed = make(chan struct{})
}

func (b *breaker) probeDue() bool { return !b.probing && time.Since(b.began) >= probeInterval }

func (b *breaker) beginProbe() { b.probing, b.began = true, time.Now() }

func (b *breaker) current() BreakerState {
	if b == nil {
		return BreakerClosed
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.state
}

// prober is the caller of probes, so that they have their turn beside other callers.
const prober = "difyapi: probe"

// enter waits for a slot, as far as the app is not known to give no answer. Its errors are the context's, errBreakerOpen and
// errTooManyWait.
func (c *Client) enter(ctx context.Context) (slot claim, err error) {
	on := waitersOf(ctx)
	for {
		now, err := c.admitted(ctx)
		if err != nil {
			return slot, err
		}
		if slot, err = c.server.acquire(ctx, on, c.spot(), now.changed, &c.counters); err != errHalted { //nolint:errorlint // ours, as it is
			return slot, err
		}
	}
}

// admitted waits while the app is doubted.
func (c *Client) admitted(ctx context.Context) (advice, error) {
	for {
		now := c.guard().admit()
		if now.probe {
			c.pool.background(c.probeApp)
		}
		switch now.state {
		case BreakerClosed:
			return now, nil
		case BreakerOpen:
			return now, notAsked{briefly(now.failure)}
		case BreakerHalfOpen:
		}
		select {
		case <-now.changed:
		case <-ctx.Done():
			return now, ctx.Err()
		}
	}
}

// guard is the app's breaker; nil where the client has none.
func (c *Client) guard() *breaker {
	if !c.breaks {
		return nil
	}
	return c.breaker
}

// probeApp finds out whether the app answers. It has its turn as callers have.
func (c *Client) probeApp() {
	slot, err := c.server.acquire(c.ctx, waitersOf(WithCaller(c.ctx, prober)), c.spot(), nil, new(counters))
	if err != nil {
		// Even for this there is no room, or nobody wants to know any more.
		c.breaker.probed(&Error{Kind: KindUnavailable, endpoint: http.MethodGet + " " + infoPath, cause: errNoAnswer})
		return
	}
	c.breaker.probed(c.ping(slot))
}

// ping asks GET /info with the slot, which it gives back. Who calls has no part in it.
func (c *Client) ping(slot claim) error {
	defer c.server.release(slot)
	ctx, cancel := context.WithTimeout(c.ctx, probeTimeout)
	defer cancel()
	_, failure := c.exchange(c.newRequest(ctx, infoPath, ""))
	if failure == nil {
		c.health.note(nil)
		return nil
	}
	err := c.explain(c.ctx, ctx, http.MethodGet+" "+infoPath, failure)
	c.health.note(err)
	return err
}

// leave gives back a call's slot, or has the app probed with it, after the call took so long. The server's other apps wait
// for what is found.
func (c *Client) leave(slot claim, err error, took time.Duration) {
	if !c.guard().record(err, took) {
		c.server.release(slot)
		return
	}
	held := c.pool.holdOthers(c.app)
	c.pool.background(func() {
		err := c.ping(slot)
		c.breaker.probed(err)
		for _, b := range held {
			b.settle(outcomeOf(err))
		}
	})
}
