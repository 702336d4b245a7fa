package difyapi

import (
	"errors"
	"sync"
	"time"
)

// Health is whether an app is of use, as its calls have it.
type Health struct {
	// Down says that calls to the app fail. An app that was not called yet is not down.
	Down bool
	// Since is when the first of the failures in a row came, also of those that are over. It is zero before there were any.
	Since time.Time
	// Failure is the latest one of an app that is down; else nil.
	Failure *Error
}

// When an app counts as down, and as back.
const (
	downAfter = 3                // failures in a row, so that one odd question is none
	backAfter = 10 * time.Second // since the latest failure, so that an app which comes and goes is one that is down
)

// health follows an app's calls. It makes none.
type health struct {
	mu       sync.Mutex
	now      Health
	failures int // in a row
	latest   time.Time
	changed  func(Health) // nil: nobody is told
}

// note takes the end of a call into account. A refused key is Dify's word, and no app comes back from it by itself: it needs no second.
func (h *health) note(err error) {
	changed, now, tell := h.judge(err)
	if changed && tell != nil {
		tell(now)
	}
}

func (h *health) judge(err error) (changed bool, now Health, tell func(Health)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	before := h.now.Down
	switch failure := failureOf(err); {
	case errors.Is(err, errBreakerOpen): // nobody was asked
	case failure != nil && tellsDown(failure):
		h.fail(failure)
	case answeredByDify(err):
		h.succeed()
	}
	return h.now.Down != before, h.now, h.changed
}

// tellsDown tells whether a failure is the app's, and not that of one question.
func tellsDown(failure *Error) bool {
	return failure.Kind == KindTimeout || IsUnavailable(failure) || IsUnauthorized(failure) || IsBadResponse(failure) && !IsNotWhole(failure) && !IsUnreadable(failure)
}

func (h *health) fail(failure *Error) {
	h.latest = time.Now()
	if h.failures++; h.failures == 1 && !h.now.Down {
		h.now.Since = h.latest
	}
	if h.now.Down || h.failures >= downAfter || IsUnauthorized(failure) {
		h.now.Down, h.now.Failure = true, failure
	}
}

func (h *health) succeed() {
	h.failures = 0
	if h.now.Down && time.Since(h.latest) >= backAfter {
		h.now.Down, h.now.Failure = false, nil
	}
}

// tellTo says who is told of changes from now on, if anybody.
func (h *health) tellTo(changed func(Health)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if changed != nil {
		h.changed = changed
	}
}

// Health is how the app stands, by the calls of all of its clients.
func (c *Client) Health() Health {
	c.health.mu.Lock()
	defer c.health.mu.Unlock()
	return c.health.now
}
