package difyapi

import (
	"errors"
	"net/http"
	"sync"
	"time"
)

// When an app is doubted, and how it is asked then.
const (
	doubtAfter    = 10               // failures in a row
	probeTimeout  = 3 * time.Second  // also how long a call is that can be in vain
	probeInterval = 5 * time.Second  // from the beginning of one probe to that of the next, at least
	probeStale    = 10 * time.Second // from when on callers wait for a new one
)

var errBreakerOpen = errors.New("not asked: it gave no answer a moment ago")

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
	return advice{b.state, b.changed, probe}
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

// record notes how a call ended that took so long, and tells whether the app is to be probed now. A call that took long in vain
// is reason enough, also where its caller lost patience, unless others had an answer meanwhile.
func (b *breaker) record(o outcome, took time.Duration) (probe bool) {
	if b == nil {
		return false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	switch o {
	case answered:
		b.answer()
		return false
	case failed, timedOut:
		b.failures++
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

// probed notes the outcome of a probe.
func (b *breaker) probed(found outcome) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.probing, b.ended = false, time.Now()
	if found.alive() {
		b.answer()
	} else {
		b.become(BreakerOpen)
	}
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
