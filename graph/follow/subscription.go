package follow

import (
	"context"
	"slices"
	"sync"
	"time"
)

// Subscription tells what happens in the logs of some apps. Its methods may be called from several goroutines, but for Next, which
// is for one.
type Subscription struct {
	hub   *Hub
	woken chan struct{}

	mu      sync.Mutex
	members []*member // those that were told longest ago first
}

// Add makes the subscription tell of an app: what happens from now on or, where a position is given, since then. An app that it
// tells of already is left as it is.
func (s *Subscription) Add(app App, after *Position) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if slices.ContainsFunc(s.members, func(m *member) bool { return m.follower.app == app }) {
		return
	}
	m := &member{woken: s.woken, fresh: after == nil, position: PositionAt(time.Now(), s.hub.options.Settle)}
	if after != nil {
		m.position = after.clone()
	}
	s.hub.join(app, m)
	s.members = append(s.members, m)
	m.wake()
}

// Remove makes it tell nothing more of an app.
func (s *Subscription) Remove(app App) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.members = slices.DeleteFunc(s.members, func(m *member) bool {
		gone := m.follower.app == app
		if gone {
			s.hub.leave(m)
		}
		return gone
	})
}

// Close ends the subscription. It is to be called once; positions can be asked for before.
func (s *Subscription) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range s.members {
		s.hub.leave(m)
	}
	s.members = nil
}

// Next waits for the next event. Those of an app come in the order in which they were found; apps take turns. Its errors are an
// [OverflowError], after which the subscription is to be closed, and those of the context.
func (s *Subscription) Next(ctx context.Context) (Event, error) {
	for {
		if e, ok, err := s.poll(); ok || err != nil {
			return e, err
		}
		select {
		case <-s.woken:
		case <-ctx.Done():
			return Event{}, context.Cause(ctx)
		}
	}
}

func (s *Subscription) poll() (Event, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, m := range s.members {
		e, ok, err := m.next()
		if ok {
			s.members = append(slices.Delete(s.members, i, i+1), m)
		}
		if ok || err != nil {
			return e, ok, err
		}
	}
	return Event{}, false, nil
}

// Positions are how far each app has been told, by the apps' keys: with the events that Next has returned, and no others.
func (s *Subscription) Positions() map[string]Position {
	s.mu.Lock()
	defer s.mu.Unlock()
	positions := make(map[string]Position, len(s.members))
	for _, m := range s.members {
		positions[m.follower.app.Key] = m.told()
	}
	return positions
}
