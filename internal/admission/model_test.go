package admission

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// model is a gate in the most obvious way: it looks through all operations for the one whose turn it is.
type model struct {
	limit int // of slots
	clock int // counts turns
	turns map[turn]int
	all   []*modelled
}

// turn is a caller's in a line.
type turn struct {
	caller    string
	returning bool
}

type state int

const (
	entering state = iota
	working
	waiting // for an app
	returning
	loose // it works without a slot, since it gave up returning
	gone
)

type modelled struct {
	caller string
	state  state
	since  int // its place in line
}

func (m *model) queue(o *modelled, s state) {
	m.clock++
	o.state, o.since = s, m.clock
	if !slices.ContainsFunc(m.all, func(other *modelled) bool { return other != o && other.caller == o.caller && other.state == s }) {
		m.turns[turn{o.caller, s == returning}] = m.clock
	}
	m.hand()
}

func (m *model) hand() {
	for handed := true; handed; {
		handed = m.handOne(returning) || m.handOne(entering)
	}
}

// handOne gives a slot to the oldest of the caller that was served longest ago, of those that may have one more.
func (m *model) handOne(s state) bool {
	var next *modelled
	for _, o := range m.all {
		if o.state != s || !m.allows(o.caller) {
			continue
		}
		if next == nil || m.before(o, next) {
			next = o
		}
	}
	if next == nil {
		return false
	}
	m.clock++
	m.turns[turn{next.caller, s == returning}] = m.clock
	next.state = working
	return true
}

func (m *model) allows(caller string) bool {
	has, free := m.having(caller), m.limit-m.having("")
	isLast := m.limit > 1 && has+1 == m.limit
	return has < 3*free && !isLast
}

func (m *model) before(a, b *modelled) bool {
	line := a.state == returning
	if a.caller != b.caller {
		return m.turns[turn{a.caller, line}] < m.turns[turn{b.caller, line}]
	}
	return a.since < b.since
}

// having is how many slots a caller has, or all together.
func (m *model) having(caller string) (n int) {
	for _, o := range m.all {
		if o.state == working && (caller == "" || caller == o.caller) {
			n++
		}
	}
	return n
}

// pair is an operation and what it should be.
type pair struct {
	*modelled
	real   *Operation
	apps   []string // that it waits for
	called <-chan struct{}
}

// TestGateIsAsTheModel: whatever comes, goes, waits and comes back, the same operations have slots, in the same turns.
func TestGateIsAsTheModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.IntRange(1, 9).Draw(t, "slots")
		w := &walk{
			gate:  NewGate(Options{Operations: limit, Waiting: 10_000}),
			model: &model{limit: limit, turns: make(map[turn]int)},
		}
		t.Repeat(map[string]func(*rapid.T){
			"enter": w.enter, "leave": w.leave, "wait": w.wait, "resume": w.resume, "give up": w.giveUp, "": w.check,
		})
		w.end(t)
	})
}

type walk struct {
	gate  *Gate
	model *model
	all   []*pair
}

func (w *walk) draw(t *rapid.T, of ...state) *pair {
	from := slices.DeleteFunc(slices.Clone(w.all), func(p *pair) bool { return !slices.Contains(of, p.state) })
	if len(from) == 0 {
		t.Skip("none")
	}
	return from[rapid.IntRange(0, len(from)-1).Draw(t, "which")]
}

func (w *walk) enter(t *rapid.T) {
	caller := fmt.Sprint("caller ", rapid.IntRange(1, 4).Draw(t, "caller"))
	p := &pair{modelled: &modelled{caller: caller}, real: &Operation{gate: w.gate, caller: caller}}
	w.all, w.model.all = append(w.all, p), append(w.model.all, p.modelled)
	w.model.queue(p.modelled, entering)
	w.gate.admit(p.real)
}

func (w *walk) leave(t *rapid.T) {
	p := w.draw(t, entering, working, waiting, returning, loose)
	p.state = gone
	w.model.hand()
	p.real.Leave()
	p.real.Leave()
}

func (w *walk) wait(t *rapid.T) {
	p := w.draw(t, working, waiting, returning, loose)
	p.state = waiting
	w.model.hand()
	app := fmt.Sprint("app ", rapid.IntRange(1, 2).Draw(t, "app"))
	if !p.real.suspend(app) {
		t.Fatal("may not wait")
	}
	p.apps = append(p.apps, app)
}

func (w *walk) resume(t *rapid.T) {
	p := w.draw(t, waiting)
	i := rapid.IntRange(0, len(p.apps)-1).Draw(t, "answer")
	app, resumed := p.apps[i], false
	p.apps = slices.Delete(p.apps, i, i+1)
	if len(p.apps) == 0 {
		w.model.queue(p.modelled, returning)
	}
	p.called = p.real.resume(app, &resumed)
	p.real.resume(app, &resumed) // a second time is none
}

func (w *walk) giveUp(t *rapid.T) {
	p := w.draw(t, returning, working, waiting)
	if p.called == nil {
		t.Skip("it never came back")
	}
	if p.state == returning {
		p.state = loose
	}
	p.real.giveUp(p.called)
}

func (w *walk) check(t *rapid.T) {
	for i, p := range w.all {
		if p.real.hasSlot != (p.state == working) {
			t.Fatalf("operation %d of %s: slot %v, should be %d", i, p.caller, p.real.hasSlot, p.state)
		}
	}
}

func (w *walk) end(t *rapid.T) {
	for _, p := range w.all {
		p.real.Leave()
	}
	g := w.gate
	if g.slots.taken+len(g.slots.by)+g.admitted.taken+len(g.atApps)+len(g.entering.order)+len(g.returning.order) != 0 {
		t.Fatalf("left behind: %+v", g)
	}
}
