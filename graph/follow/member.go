package follow

import (
	"fmt"
	"time"

	"github.com/difygraph/difygraph/graph/code"
)

// OverflowError says that a subscriber is so slow that not even the last change of each run can be kept for it. Its position holds.
type OverflowError struct {
	// App is the key of the app in whose log too much has happened.
	App string
}

// Code is the error's code.
func (e *OverflowError) Code() code.Code { return code.Overloaded }

func (e *OverflowError) Error() string {
	return fmt.Sprintf("app %q: more has happened than this subscription takes in; go on from its last cursor, or filter more", e.App)
}

// member is one app of a subscription. It is guarded by the follower's lock.
//
// What it has not been told is in the follower's memory, after number; but what was taken from there, or was made for it alone,
// is in its queue.
type member struct {
	follower *follower
	woken    chan struct{} // the subscription's

	position Position // of what was told
	number   int64
	queue    []Event
	merged   bool     // the queue has not each event, so that its end alone is a position:
	after    Position // this one

	joined    time.Time
	returned  bool  // it was told before, maybe by another follower:
	elsewhere int64 // rows of the seconds up to this one

	waits  bool // for a reading
	fresh  bool // it wants to know what happens from now on
	failed bool // it was told that the app can't be read
}

// begin finds out where the member's events are.
func (m *member) begin() {
	f := m.follower
	m.joined, m.returned, m.elsewhere = time.Now(), !m.fresh, m.position.settled
	if f.plan.failure != nil {
		m.queue = []Event{{App: f.app.Key, Kind: Failed, Found: time.Now(), Err: f.plan.failure}}
	}
	if events, ok := f.memory.after(m.position.number); ok && m.position.follower == f.id {
		m.number = m.position.number
		if len(events) > f.hub.options.Queue {
			m.enqueue(bounded(events, f.hub.options.Queue))
		}
		return
	}
	m.waits = true
	if f.plan.failure != nil {
		m.fresh = false
	}
	m.settle()
}

// enqueue takes all up to now into the queue.
func (m *member) enqueue(events []Event) {
	f := m.follower
	for _, e := range events {
		e.App = f.app.Key
		m.queue = append(m.queue, e)
	}
	m.waits = false
	m.reach()
	m.wake()
}

// reach is where a queue ends that has not each event: at all that is known here.
func (m *member) reach() {
	f := m.follower
	m.merged, m.number = true, f.memory.last
	m.after = f.plan.join(f.plan.snapshot(f.id, f.memory.last), m.position)
	if len(m.queue) == 0 {
		m.position = m.after
	}
}

// hear takes in what became of the app, while the member waits. One that wants to know what happens from now on does not wait for an
// app to be read again: it is told then what has happened meanwhile.
func (m *member) hear(events []Event) {
	for _, e := range events {
		if e.Kind == Failed || e.Kind == Recovered {
			m.queue = append(m.queue, e)
		}
	}
	m.fresh = m.fresh && m.follower.plan.failure == nil
}

// settle ends the waiting, if what the member waits for is known, or never will be.
func (m *member) settle() {
	f := m.follower
	first := m.position.settled + 1
	switch {
	case !f.plan.isReady() || f.plan.failure != nil:
	case m.fresh && f.current:
		m.position, m.number, m.waits = f.plan.snapshot(f.id, f.memory.last), f.memory.last, false
	case m.fresh:
	case f.plan.from > first && !f.plan.reached:
		f.plan.want(first)
		f.poke()
	case f.plan.refresh(m.position, m.joined):
		f.poke()
	default:
		m.enqueue(bounded(f.plan.since(m.position), f.hub.options.Queue))
	}
}

// next is the next event to tell, if there is one.
func (m *member) next() (e Event, ok bool, err error) {
	m.follower.mu.Lock()
	defer m.follower.mu.Unlock()
	for {
		if len(m.queue) == 0 && !m.waits {
			if err := m.fetch(); err != nil {
				return Event{}, false, err
			}
		}
		if len(m.queue) == 0 {
			return Event{}, false, nil
		}
		e, m.queue = m.queue[0], m.queue[1:]
		if e, news := m.tell(e); news {
			return e, true, nil
		}
	}
}

// fetch takes what memory has into the queue: of more than that holds, the last change of each run.
func (m *member) fetch() error {
	f, most := m.follower, m.follower.hub.options.Queue
	events, ok := f.memory.after(m.number)
	merged := len(events) > most
	if merged {
		events = merge(events)
	}
	if !ok || len(events) > most {
		return &OverflowError{App: f.app.Key}
	}
	m.queue, m.merged, m.number = events, false, f.memory.last
	if merged {
		m.reach()
	}
	return nil
}

// tell notes in the position that an event is told, unless it is no news.
func (m *member) tell(e Event) (_ Event, news bool) {
	f := m.follower
	switch news = true; e.Kind {
	case Failed, Recovered:
		news = m.failed != (e.Kind == Failed)
		m.failed = e.Kind == Failed
	case Appeared, Changed:
		if m.returned {
			e, news = m.position.sift(e, m.elsewhere)
		}
		if news {
			m.position.tell(e.Row)
		}
	default:
	}
	switch {
	case m.waits:
	case m.merged && len(m.queue) == 0:
		m.position = m.after
	case !m.merged && e.Number > 0:
		m.position.reach(f.id, e.Number, e.settled)
	}
	return e, news
}

// told is how far the member was told. In the midst of a merged queue no number says that.
func (m *member) told() Position {
	m.follower.mu.Lock()
	defer m.follower.mu.Unlock()
	p := m.position.clone()
	if m.merged && len(m.queue) > 0 {
		p.follower = 0
	}
	return p
}

func (m *member) wake() {
	select {
	case m.woken <- struct{}{}:
	default:
	}
}
