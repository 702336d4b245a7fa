package difyapi

import (
	"context"
	"errors"
	"slices"
	"sync"
)

// MaxWaiting is how many calls of a [Client] may wait for their turn. More fail at once ([IsOverloaded]): behind so many, an
// answer would come too late for whoever asks, and each of them holds memory while it waits.
const MaxWaiting = 1000

var errTooManyWait = errors.New("too many calls wait")

type callerKey struct{}

// WithCaller says on whose behalf calls under the context are made: any value that compares. Where calls have to wait for
// others (see [Options.MaxInFlight]), callers take turns, so that who wants much does not hold up who wants little. Calls
// without a caller are one caller's.
func WithCaller(ctx context.Context, caller any) context.Context {
	return context.WithValue(ctx, callerKey{}, caller)
}

// turns lets some calls be under way at a time. Those that wait are let in one of each caller after the other; those of
// one caller in the order in which they came.
type turns struct {
	mu      sync.Mutex
	free    int
	queued  int                     // in all lines
	waiting map[any][]chan struct{} // by caller; what is sent to one is a place
	order   []any                   // the callers of waiting, the next first
}

func newTurns(places int) *turns {
	return &turns{free: places, waiting: make(map[any][]chan struct{})}
}

// acquire waits for a place, and counts how long. Its errors are the context's, and errTooManyWait.
func (t *turns) acquire(ctx context.Context, count *counters) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	caller := ctx.Value(callerKey{})
	place, err := t.queue(caller)
	if place == nil {
		return err
	}
	if !count.wait(ctx, place) {
		t.leave(caller, place)
		return ctx.Err()
	}
	return nil
}

// queue takes a free place, and returns nil; or one in the caller's line, if it is not too long with the others'.
func (t *turns) queue(caller any) (chan struct{}, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.free > 0:
		t.free--
		return nil, nil
	case t.queued == MaxWaiting:
		return nil, errTooManyWait
	}
	t.queued++
	place := make(chan struct{}, 1)
	if t.waiting[caller] == nil {
		t.order = append(t.order, caller)
	}
	t.waiting[caller] = append(t.waiting[caller], place)
	return place, nil
}

// leave gives up waiting, and gives back a place that came meanwhile.
func (t *turns) leave(caller any, place chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	select {
	case <-place:
		t.pass()
		return
	default:
	}
	t.remove(caller, slices.Index(t.waiting[caller], place))
}

// release gives back a place.
func (t *turns) release() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.pass()
}

// pass gives a place to the caller whose turn it is. It is called with the lock held, as remove is.
func (t *turns) pass() {
	if len(t.order) == 0 {
		t.free++
		return
	}
	caller := t.order[0]
	t.waiting[caller][0] <- struct{}{}
	t.remove(caller, 0)
	if len(t.waiting[caller]) > 0 {
		t.order = append(t.order[1:], caller)
	}
}

func (t *turns) remove(caller any, i int) {
	t.queued--
	t.waiting[caller] = slices.Delete(t.waiting[caller], i, i+1)
	if len(t.waiting[caller]) == 0 {
		delete(t.waiting, caller)
		t.order = slices.DeleteFunc(t.order, func(c any) bool { return c == caller })
	}
}
