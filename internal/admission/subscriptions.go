package admission

import (
	"context"
	"sync"
)

// Subscriptions bounds what is open for as long as its client wants it: all of it, and each caller's part. It is safe for concurrent
// use.
type Subscriptions struct {
	mu             sync.Mutex
	all, perCaller int
	open           int
	by             map[string]int // callers
}

// NewSubscriptions lets so many be open.
func NewSubscriptions(all, perCaller int) *Subscriptions {
	return &Subscriptions{all: all, perCaller: perCaller, by: make(map[string]int)}
}

// Configure changes the limits. What is open stays so.
func (s *Subscriptions) Configure(all, perCaller int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all, s.perCaller = all, perCaller
}

// Open is how many there are.
func (s *Subscriptions) Open() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.open
}

// Enter counts one of the context's caller until it is left, or fails with [ErrOverloaded]. To leave twice does nothing.
func (s *Subscriptions) Enter(ctx context.Context) (leave func(), err error) {
	caller := CallerOf(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open >= s.all || s.by[caller] >= s.perCaller {
		return nil, ErrOverloaded
	}
	s.open++
	s.by[caller]++
	return sync.OnceFunc(func() { s.leave(caller) }), nil
}

func (s *Subscriptions) leave(caller string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open--
	if s.by[caller]--; s.by[caller] == 0 {
		delete(s.by, caller)
	}
}
