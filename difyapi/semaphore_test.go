package difyapi

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// game is calls that come for a slot and give it back, each named by its caller's letter, its operation's digit, its app's
// small letter and a number: "A0a7".
type game struct {
	*semaphore
	appSlots int
	came     int
	holding  []string // in the order in which they got a slot
	waiting  []*waiter
	refused  []string
	granted  []string // all that ever got a slot
	names    map[*waiter]string
	claims   map[string]claim
}

func newGame(slots, apps, appSlots int) *game {
	s := newSemaphore(slots)
	s.apps = apps
	return &game{semaphore: s, appSlots: appSlots, names: map[*waiter]string{}, claims: map[string]claim{}}
}

// claimOf reads the name of a call: "A", "A1" or "A1a".
func (g *game) claimOf(call string) claim {
	c := claim{caller: call[:1], operation: 0, app: "a", appSlots: g.appSlots}
	if len(call) > 1 {
		c.operation = call[1:2]
	}
	if len(call) > 2 {
		c.app = call[2:3]
	}
	if c.caller == "-" {
		c.caller = ""
	}
	return c
}

// come lets a call want a slot.
func (g *game) come(call string) {
	w, name := &waiter{claim: g.claimOf(call)}, fmt.Sprint(call, g.came)
	g.came++
	g.claims[name] = w.claim
	switch {
	case g.grant(w.claim):
		g.hold(name)
	case g.wait(w):
		g.names[w] = name
		g.waiting = append(g.waiting, w)
	default:
		g.refused = append(g.refused, name)
	}
}

func (g *game) hold(name string) {
	g.holding, g.granted = append(g.holding, name), append(g.granted, name)
}

// end lets the i-th of those that hold a slot give it back.
func (g *game) end(i int) {
	name := g.holding[i]
	g.holding = slices.Delete(g.holding, i, i+1)
	g.release(g.claims[name])
	g.dispatch()
}

func (g *game) dispatch() {
	for w := g.next(); w != nil; w = g.next() {
		g.waiting = slices.DeleteFunc(g.waiting, func(o *waiter) bool { return o == w })
		g.hold(g.names[w])
	}
}

// TestSemaphoreTakesTurns: callers are let in one after the other, within a caller its operations, within these in order.
func TestSemaphoreTakesTurns(t *testing.T) {
	t.Parallel()
	for come, want := range map[string]string{
		"A A A A":             "A0 A1 A2 A3",
		"A A A A A A B":       "A0 A1 B6 A2 A3 A4 A5",
		"A A B B C C A B C":   "A0 A1 B2 C4 A6 B3 C5 B7 C8",
		"Aa Ab Ac Ad Ae B":    "Aa0 Ab1 B5 Ac2 Ad3 Ae4",   // a hundred operations are one caller's
		"Ax Ax Ax Ay B":       "Ax0 Ax1 B4 Ay3 Ax2",       // one's many details do not hold up its other operation
		"- - - A -":           "-0 -1 A3 -2 -4",           // nobody's calls are as one caller's
		"Axa Axb Axa Axb Bxb": "Axa0 Axb1 Bxb4 Axa2 Axb3", // and so are calls to several apps
		"Ax By Ax By Ax Cz":   "Ax0 By1 Ax2 Cz5 By3 Ax4",  //
	} {
		t.Run(come, func(t *testing.T) {
			t.Parallel()
			g := newGame(1, 1, 1000)
			for call := range strings.SplitSeq(come, " ") {
				g.come(call)
			}
			for len(g.holding) > 0 {
				g.end(0)
			}
			if diff := cmp.Diff(want, strings.Join(g.granted, " ")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestSharesOfSlots: how many slots calls get that all come at once, and stay.
func TestSharesOfSlots(t *testing.T) {
	t.Parallel()
	many := func(call string) string { return strings.Repeat(call+" ", 20) }
	for name, test := range map[string]struct {
		slots, apps, appSlots int
		come                  string
		want                  map[string]int // by the name's beginning
	}{
		"one caller, 1 slot":                  {1, 1, 100, many("A"), map[string]int{"A": 1}},
		"one caller, 2 slots":                 {2, 1, 100, many("A"), map[string]int{"A": 1}},
		"one caller, 3 slots":                 {3, 1, 100, many("A"), map[string]int{"A": 2}},
		"one caller, 4 slots":                 {4, 1, 100, many("A"), map[string]int{"A": 3}},
		"one caller, 8 slots":                 {8, 1, 100, many("A"), map[string]int{"A": 6}},
		"one caller, its operations":          {4, 1, 100, many("A0") + many("A1"), map[string]int{"A": 3}},
		"one caller, its apps":                {4, 3, 100, many("Axa") + many("Axb") + many("Axc"), map[string]int{"A": 3}},
		"a second one need not wait":          {4, 1, 100, many("A") + "B", map[string]int{"A": 3, "B": 1}},
		"nobody's calls":                      {4, 1, 100, many("-"), map[string]int{"-": 4}},
		"one app of several":                  {4, 2, 100, many("-xa"), map[string]int{"-": 3}},
		"one app of several, of many callers": {4, 2, 100, many("Axa") + many("Bxa") + many("Cxa"), map[string]int{"A": 3}},
		"a second app need not wait":          {4, 2, 100, many("Axa") + many("Bxa") + "Bxb", map[string]int{"A": 3, "Bxb": 1}},
		"no more than the app may have":       {100, 2, 4, many("-xa"), map[string]int{"-": 4}},
		"one caller of an app":                {100, 2, 4, many("Axa") + "Bxa", map[string]int{"A": 3, "B": 1}},
		"a full app does not hold up another": {100, 2, 4, many("Axa") + "Axb", map[string]int{"Axa": 3, "Axb": 1}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGame(test.slots, test.apps, test.appSlots)
			for call := range strings.FieldsSeq(test.come) {
				g.come(call)
			}
			got := map[string]int{}
			for beginning := range test.want {
				for _, call := range g.holding {
					if strings.HasPrefix(call, beginning) {
						got[beginning]++
					}
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestSharesOfLines: one caller, or one app of several, does not fill the line.
func TestSharesOfLines(t *testing.T) {
	t.Parallel()
	g := newGame(1, 1, 1000)
	for range 1 + MaxWaiting {
		g.come("A")
	}
	if len(g.waiting) != MaxWaiting/2 {
		t.Fatalf("%d of one caller's calls wait, want half of %d", len(g.waiting), MaxWaiting)
	}
	for range MaxWaiting {
		g.come("B")
	}
	if got := g.queue.callers["B"]; got != MaxWaiting/4 {
		t.Errorf("%d of a second caller's calls wait, want a quarter", got)
	}
	g = newGame(1, 2, 1000)
	for range 1 + MaxWaiting {
		g.come("-xa")
	}
	if len(g.waiting) != MaxWaiting*3/4 {
		t.Errorf("%d calls to one app wait, want three quarters of %d", len(g.waiting), MaxWaiting)
	}
	g.come("-xb")
	if len(g.waiting) != MaxWaiting*3/4+1 {
		t.Error("a call to another app finds no room")
	}
}

// TestSemaphoreByTheBook plays calls that come, end, or give up waiting, and holds who gets a slot against the plain rules.
func TestSemaphoreByTheBook(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		slots, apps, appSlots := rapid.IntRange(1, 9).Draw(r, "slots"), rapid.IntRange(1, 2).Draw(r, "apps"), rapid.IntRange(1, 5).Draw(r, "slots of an app")
		g := newGame(slots, apps, appSlots)
		book := &ruleBook{slots: slots, apps: apps, appSlots: appSlots, since: map[string]int{}}
		calls := rapid.Custom(func(r *rapid.T) string {
			return rapid.SampledFrom([]string{"A", "A", "A", "B", "C", "-"}).Draw(r, "caller") +
				rapid.SampledFrom([]string{"x", "x", "y"}).Draw(r, "operation") + rapid.SampledFrom([]string{"a", "b"}[:apps]).Draw(r, "app")
		})
		for now := range rapid.IntRange(1, 80).Draw(r, "steps") {
			move, which := rapid.SampledFrom([]string{"come", "come", "come", "end", "give up"}).Draw(r, "move"), rapid.IntRange(0, 20).Draw(r, "which")
			switch {
			case move == "come":
				call := calls.Draw(r, "call")
				g.come(call)
				book.come(fmt.Sprint(call, g.came-1))
			case move == "end" && len(g.holding) > 0:
				which %= len(g.holding)
				book.end(g.holding[which])
				g.end(which)
			case move == "give up" && len(g.waiting) > 0:
				w := g.waiting[which%len(g.waiting)]
				book.giveUp(g.names[w])
				g.leave(w)
				g.waiting = slices.DeleteFunc(g.waiting, func(o *waiter) bool { return o == w })
				g.dispatch()
			}
			if diff := cmp.Diff(book.granted, g.granted); diff != "" {
				r.Fatalf("step %d: %s", now, diff)
			}
		}
		for len(g.holding) > 0 {
			g.end(0)
		}
		if len(g.waiting) > 0 || len(g.lines) > 0 || g.held.all+g.queue.all > 0 || len(g.held.both)+len(g.queue.both) > 0 {
			r.Fatalf("%d wait for ever; lines %v, held %v, waiting %v", len(g.waiting), g.lines, g.held, g.queue)
		}
	})
}

// ruleBook is the plain rules: of the calls that may have a slot the next is of the caller whose latest turn is longest ago,
// counted from when it came to wait; of that caller's, of the operation of which the same is true; of these the first.
type ruleBook struct {
	slots, apps, appSlots int
	holding, waiting      []string
	since                 map[string]int // when a caller, or an operation, had its turn, or came to wait
	ticks                 int
	granted               []string
}

func caller(call string) string      { return call[:1] }
func operationOf(call string) string { return call[:2] }
func appOf(call string) string       { return call[2:3] }

func having(calls []string, call string, of ...func(string) string) int {
	n := 0
	for _, c := range calls {
		if !slices.ContainsFunc(of, func(f func(string) string) bool { return f(c) != f(call) }) {
			n++
		}
	}
	return n
}

func (b *ruleBook) may(call string) bool {
	free := b.slots - len(b.holding)
	ofApp := having(b.holding, call, appOf)
	enough := func(own, free, all int) bool { return own < 3*free && (own == 0 || own < all-1) }
	return free > 0 && ofApp < b.appSlots &&
		(b.apps == 1 || enough(ofApp, free, b.slots)) &&
		(call[0] == '-' || enough(having(b.holding, call, caller), free, b.slots) &&
			enough(having(b.holding, call, caller, appOf), b.appSlots-ofApp, b.appSlots))
}

func (b *ruleBook) come(call string) {
	if b.may(call) { // and nobody that waits may
		b.holding, b.granted = append(b.holding, call), append(b.granted, call)
		return
	}
	for _, of := range []func(string) string{caller, operationOf} {
		if having(b.waiting, call, of) == 0 {
			b.turn(of(call))
		}
	}
	b.waiting = append(b.waiting, call)
}

func (b *ruleBook) turn(of string) {
	b.ticks++
	b.since[of] = b.ticks
}

func (b *ruleBook) end(call string) {
	b.holding = slices.DeleteFunc(b.holding, func(c string) bool { return c == call })
	b.dispatch()
}

func (b *ruleBook) giveUp(call string) {
	b.waiting = slices.DeleteFunc(b.waiting, func(c string) bool { return c == call })
	b.dispatch()
}

func (b *ruleBook) dispatch() {
	for {
		var next string
		for _, call := range b.waiting {
			if b.may(call) && (next == "" || b.before(call, next)) {
				next = call
			}
		}
		if next == "" {
			return
		}
		b.turn(caller(next))
		b.turn(operationOf(next))
		b.waiting = slices.DeleteFunc(b.waiting, func(c string) bool { return c == next })
		b.holding, b.granted = append(b.holding, next), append(b.granted, next)
	}
}

func (b *ruleBook) before(call, other string) bool {
	if caller(call) != caller(other) {
		return b.since[caller(call)] < b.since[caller(other)]
	}
	return b.since[operationOf(call)] < b.since[operationOf(other)]
}

// BenchmarkRelease gives back a slot where hundreds of one caller's calls wait for another app that is full: what it costs goes with
// callers and apps, not with what waits.
func BenchmarkRelease(b *testing.B) {
	for _, waiting := range []int{10, 900} {
		b.Run(fmt.Sprint(waiting), func(b *testing.B) {
			g := newGame(4, 2, 1)
			g.come("A0a")
			for i := range waiting {
				w := &waiter{claim: g.claimOf("A0a")}
				w.operation = i
				g.wait(w)
			}
			free := g.claimOf("B0b")
			for b.Loop() {
				g.grant(free)
				g.release(free)
				if g.next() != nil {
					b.Fatal("the app is full")
				}
			}
		})
	}
}

// TestReleaseLooksAtAppsNotAtCalls: of a thousand calls that wait for an app which is full, one is asked whether it may go.
func TestReleaseLooksAtAppsNotAtCalls(t *testing.T) {
	t.Parallel()
	l := newLine("A")
	for i := range 1000 {
		l.push(&waiter{claim: claim{caller: "A", operation: i % 300, app: fmt.Sprint(i % 3)}})
	}
	asked := 0
	w := l.next(func(c claim) bool {
		asked++
		return c.app == "2"
	})
	if asked > 3 || w == nil || w.app != "2" || w.operation != 2 {
		t.Errorf("%d were asked, %+v goes", asked, w)
	}
}
