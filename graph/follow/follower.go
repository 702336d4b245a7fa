package follow

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/difygraph/difygraph/internal/rescue"
)

// follower follows one app while somebody listens. It asks one thing at a time.
type follower struct {
	hub   *Hub
	app   App
	share *share
	id    uint64

	// Guarded by the hub's lock.
	starts int
	end    context.CancelFunc
	ended  chan struct{} // closed once it asks nothing more

	woken chan struct{}

	mu      sync.Mutex
	plan    plan
	memory  memory
	members map[*member]bool
	current bool // the log was read since the start: what is found from then on has happened from then on
}

// start goes on where it was stopped, if it was.
func (f *follower) start(ctx context.Context) {
	before, ended := f.ended, make(chan struct{})
	ctx, f.end = context.WithCancel(ctx)
	f.starts++
	f.ended = ended
	f.hub.running.Go(func() {
		defer close(ended)
		if before != nil {
			<-before
		}
		f.hub.counters.following.Add(1)
		defer f.hub.counters.following.Add(-1)
		f.run(ctx)
	})
}

// stop lets go of a call under way, too.
func (f *follower) stop() { f.end() }

func (f *follower) run(ctx context.Context) {
	for ctx.Err() == nil {
		f.mu.Lock()
		t, at := f.plan.next(time.Now())
		f.mu.Unlock()
		if wait := time.Until(at); wait > 0 {
			f.sleep(ctx, wait)
			continue
		}
		a := f.ask(ctx, t)
		if ctx.Err() == nil {
			f.take(t, a)
		}
	}
}

// sleep ends early where there is something new to ask for.
func (f *follower) sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-f.woken:
	case <-ctx.Done():
	}
}

// errNotConfigured is why an app can't be read that is none of the configuration any more.
var errNotConfigured = errors.New("the app is none of the configuration any more")

func (f *follower) ask(ctx context.Context, t task) (a answer) {
	ctx, source, done := f.hub.options.Open(ctx, f.app)
	if source == nil {
		return answer{err: errNotConfigured}
	}
	defer done()
	r := &reading{Source: source, share: f.share, count: func() { f.hub.counters.calls.Add(1) }}
	if err := rescue.Call(func() error {
		a = r.answer(ctx, f.app.Key, t)
		return nil
	}); err != nil {
		a.err = err
	}
	return a
}

// take notes an answer, and tells what it tells.
func (f *follower) take(t task, a answer) {
	f.mu.Lock()
	defer f.mu.Unlock()
	events := f.plan.take(t, a, time.Now())
	f.tell(events)
	f.current = f.current || a.err == nil && t.window.to == latest
	for m := range f.members {
		if m.waits {
			m.hear(events)
			m.settle()
		}
		if len(events) > 0 || len(m.queue) > 0 {
			m.wake()
		}
	}
}

func (f *follower) tell(events []Event) {
	for i := range events {
		events[i].App = f.app.Key
	}
	f.memory.add(events)
	f.hub.counters.events.Add(int64(len(events)))
}

// add makes somebody listen, and tells whether nobody did before.
func (f *follower) add(m *member) (first bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.members[m] = true
	first = len(f.members) == 1
	if first {
		f.current = false
		f.tell(f.plan.resume(time.Now()))
	}
	m.begin()
	return first
}

// remove makes somebody listen no more, and tells whether nobody does now.
func (f *follower) remove(m *member) (last bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.members, m)
	return len(f.members) == 0
}

// poke lets the loop see that there is something new to ask for.
func (f *follower) poke() {
	select {
	case f.woken <- struct{}{}:
	default:
	}
}
