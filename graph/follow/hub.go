package follow

import (
	"context"
	"encoding/binary"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
)

// App is what is followed. Where any of it changes, it is another app, with a follower of its own.
type App struct {
	// Key is the app's name in lists.
	Key string
	// Identity stands for its base URL and API key, see [difyapi.Client.Identity].
	Identity string
	// Server is the base URL of its Dify: what followers of one server ask together is limited.
	Server string
}

// Options of a [Hub].
type Options struct {
	// Open begins a reading of an app, which goes on until done. The source is asked under the context. Nil says that the app is none
	// of the configuration any more.
	Open func(ctx context.Context, app App) (_ context.Context, source Source, done func())
	// Interval is the pause between two looks at a log in which something happens, and IdleInterval the longest where nothing does.
	// 1 s and 10 s where 0.
	Interval, IdleInterval time.Duration
	// Settle is how late a row may become visible, by the clock of Dify's database; 30 s where 0.
	Settle time.Duration
	// Lookback is for how long before its start a follower looks for runs that have not ended; 1 h where 0.
	Lookback time.Duration
	// Memory is how many events are remembered of an app, and Queue how many a subscriber may be told at once: 10,000 and 1,000
	// where 0.
	Memory, Queue int
}

// forgetAfter is for how long a follower that nobody listens to keeps what it knows.
const forgetAfter = 10 * time.Minute

// Hub has the followers of all apps. It outlives configurations. It is safe for concurrent use.
type Hub struct {
	options Options
	ctx     context.Context
	end     context.CancelFunc
	running sync.WaitGroup

	mu        sync.Mutex
	followers map[App]*follower
	shares    map[string]*share

	counters struct{ following, calls, events atomic.Int64 }
}

// New makes a hub, which is to be closed.
func New(o Options) *Hub {
	for _, d := range []struct {
		value *time.Duration
		or    time.Duration
	}{{&o.Interval, time.Second}, {&o.IdleInterval, 10 * time.Second}, {&o.Settle, 30 * time.Second}, {&o.Lookback, time.Hour}} {
		if *d.value == 0 {
			*d.value = d.or
		}
	}
	if o.Memory == 0 {
		o.Memory = 10_000
	}
	if o.Queue == 0 {
		o.Queue = 1000
	}
	h := &Hub{options: o, followers: make(map[App]*follower), shares: make(map[string]*share)}
	h.ctx, h.end = context.WithCancel(context.Background())
	return h
}

// Close ends all followers. Subscriptions are told nothing more.
func (h *Hub) Close() {
	h.end()
	h.running.Wait()
}

// Settle is how late a row may become visible.
func (h *Hub) Settle() time.Duration { return h.options.Settle }

// Stats are counts since the start.
type Stats struct {
	// Following is how many followers are at work now.
	Following int64
	// Calls is how many calls they made, and Events how many events they found.
	Calls, Events int64
}

// Stats tells what the followers do.
func (h *Hub) Stats() Stats {
	return Stats{h.counters.following.Load(), h.counters.calls.Load(), h.counters.events.Load()}
}

// Subscribe makes a subscription, as yet to no app.
func (h *Hub) Subscribe() *Subscription {
	return &Subscription{hub: h, woken: make(chan struct{}, 1)}
}

// join makes somebody listen to an app, whose follower begins with the first.
func (h *Hub) join(app App, m *member) {
	h.mu.Lock()
	defer h.mu.Unlock()
	f := h.followers[app]
	if f == nil {
		id := uuid.New()
		f = &follower{
			hub: h, app: app, share: h.shareOf(app.Server), id: binary.BigEndian.Uint64(id[8:]), plan: newPlan(h.options),
			memory: memory{keep: h.options.Memory}, members: make(map[*member]bool), woken: make(chan struct{}, 1),
		}
		h.followers[app] = f
	}
	m.follower = f
	if f.add(m) {
		f.start(h.ctx)
	}
}

func (h *Hub) shareOf(server string) *share {
	if h.shares[server] == nil {
		h.shares[server] = newShare()
	}
	return h.shares[server]
}

// leave makes somebody listen no more. What a follower knows is kept for a while after the last has left.
func (h *Hub) leave(m *member) {
	h.mu.Lock()
	defer h.mu.Unlock()
	f := m.follower
	if !f.remove(m) {
		return
	}
	f.stop()
	left := f.starts
	time.AfterFunc(forgetAfter, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		if f.starts == left {
			delete(h.followers, f.app)
		}
	})
}
