package follow

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/difygraph/difygraph/difyapi"
	"github.com/difygraph/difygraph/difyapi/difytest"
	"github.com/difygraph/difygraph/graph/feed/feedtest"
)

// These worlds are the promise: nothing is lost, nothing is told twice, and the last state of each run is told. To follow more worlds
// than the quick test does:
//
//	go test ./graph/follow -run Worlds -walks 5000 -timeout 3h

var walks = flag.Int("walks", 40, "how many worlds are followed")

// scenario is what a world is made of, and what happens in it.
type scenario struct {
	seed          uint64
	skew          time.Duration
	dateless      bool
	memory, queue int
	steps         []step
}

// step happens, and then time passes.
type step struct {
	what  string
	n     int // of rows or, where somebody is meant, who
	pause time.Duration
}

func anyScenario(t *rapid.T) scenario {
	s := scenario{
		seed:     rapid.Uint64().Draw(t, "seed"),
		skew:     time.Duration(rapid.IntRange(-120, 120).Draw(t, "skew")) * time.Second,
		dateless: rapid.Bool().Draw(t, "dateless"),
		memory:   10_000, queue: 1000,
	}
	if rapid.Bool().Draw(t, "small") {
		s.memory, s.queue = 100, 30
	}
	what := []string{
		"start", "start", "start", "start", "end", "end", "end", "end", "pause", "delete", "burst", "down", "up", "up",
		"join", "join", "leave", "return", "return", "doze", "wake",
	}
	for range rapid.IntRange(5, 60).Draw(t, "steps") {
		s.steps = append(s.steps, step{
			what:  rapid.SampledFrom(what).Draw(t, "what"),
			n:     rapid.IntRange(0, 7).Draw(t, "n"),
			pause: time.Duration(rapid.SampledFrom([]int{0, 100, 700, 1500, 4000, 15_000, 60_000}).Draw(t, "ms")) * time.Millisecond,
		})
	}
	return s
}

func TestWorlds(t *testing.T) {
	t.Parallel()
	feedtest.Check(t, *walks, func(r *rapid.T) {
		s := anyScenario(r)
		var fault string
		synctest.Test(t, func(*testing.T) { fault = s.play() })
		if fault != "" {
			r.Fatal(fault)
		}
	})
}

// world is one app whose log moves, and who listens to it by one of two replicas.
type world struct {
	*dify
	hubs   []*Hub
	random *rand.Rand

	troubled time.Time // when the app could not be read, last

	mu   sync.Mutex
	seen map[uuid.UUID]time.Time // when rows became visible; those that were deleted, too
	ears []*listener

	touched map[uuid.UUID]time.Time // when runs changed last
}

// play returns what went wrong.
func (s scenario) play() (fault string) {
	w := &world{dify: newDify(difytest.Options{Seed: s.seed}, "a"), random: rand.New(rand.NewPCG(s.seed, 0)), seen: make(map[uuid.UUID]time.Time), touched: make(map[uuid.UUID]time.Time)}
	w.skew, w.dateless = s.skew, s.dateless
	for range 2 {
		h, closed := w.hub(Options{Memory: s.memory, Queue: s.queue})
		defer closed()
		w.hubs = append(w.hubs, h)
	}
	defer func() {
		for _, l := range w.ears {
			l.leave()
		}
		if r := recover(); r != nil {
			fault = fmt.Sprint(r)
		}
	}()
	for _, step := range s.steps {
		w.do(step)
		pass(step.pause)
		w.listen()
	}
	w.down.Store(false)
	for _, l := range w.ears {
		l.dozes = false
		l.comeBack(w.hubs[0])
	}
	for range 40 {
		pass(time.Minute)
		w.listen()
	}
	for _, l := range w.ears {
		l.complete()
	}
	return ""
}

func (w *world) do(s step) {
	switch s.what {
	case "start":
		for range s.n {
			w.appear(w.late())
		}
	case "burst":
		delay := w.late()
		for range 20 * s.n {
			w.appear(delay)
		}
	case "end":
		w.change(s.n, func(r *difytest.Run) {
			r.Status, r.FinishedAt = pick(w.random, "succeeded", "failed", "stopped", "partial-succeeded"), time.Now().Add(w.skew)
		})
	case "pause":
		w.change(s.n, func(r *difytest.Run) { r.Status = pick(w.random, "paused", "running") })
	case "delete":
		if rows := w.apps["a"].Rows(); len(rows) > 0 {
			w.apps["a"].Delete(pick(w.random, rows...).ID)
		}
	case "down", "up":
		if w.down.Swap(s.what == "down") {
			w.troubled = time.Now()
		}
		for _, l := range w.ears { // before the first reading
			l.sound = l.sound && (s.what == "up" || time.Since(l.joined) > 20*time.Second)
		}
	case "join":
		w.ears = append(w.ears, w.join(w.hubs[s.n%2]))
	default:
		if len(w.ears) > 0 {
			w.ears[s.n%len(w.ears)].do(s.what, pick(w.random, w.hubs...))
		}
	}
}

func pick[T any](r *rand.Rand, values ...T) T { return values[r.IntN(len(values))] }

// late is how long after its second a row becomes visible.
func (w *world) late() time.Duration {
	return time.Duration(w.random.IntN(pick(w.random, 500, 1500, 1500, 25_000))) * time.Millisecond
}

// appear makes a run, which becomes visible later.
func (w *world) appear(late time.Duration) {
	at := time.Now().Add(w.skew)
	status := pick(w.random, "running", "running", "running", "succeeded", "paused")
	id, run := w.uuid(), w.uuid()
	time.AfterFunc(late, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		row := difytest.Row{ID: id, CreatedAt: at, CreatedFrom: "service-api", CreatedByRole: "end_user", Run: &difytest.Run{ID: run, Version: "1", Status: status, CreatedAt: at}}
		if status == "succeeded" {
			row.Run.FinishedAt = time.Now().Add(w.skew)
		}
		w.seen[w.apps["a"].Insert(row)[0].ID] = time.Now()
	})
}

func (w *world) uuid() (id uuid.UUID) {
	for i := range id {
		id[i] = byte(w.random.Uint32())
	}
	return id
}

// change changes some of the open runs.
func (w *world) change(n int, change func(*difytest.Run)) {
	for _, row := range w.apps["a"].Rows() {
		if n > 0 && !row.Run.Ended() && w.random.IntN(2) == 0 {
			n--
			w.touched[row.ID] = time.Now()
			if err := w.apps["a"].Update(row.ID, func(r *difytest.Row) { change(r.Run) }); err != nil {
				panic(err)
			}
		}
	}
}

// seenAt is when a row became visible; zero if it never did.
func (w *world) seenAt(id uuid.UUID) time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.seen[id]
}

func (w *world) listen() {
	for _, l := range w.ears {
		l.listen()
	}
}

// statuses are those of the rows that are there.
func (w *world) statuses() map[uuid.UUID]difyapi.RunStatus {
	statuses := make(map[uuid.UUID]difyapi.RunStatus)
	for _, row := range w.apps["a"].Rows() {
		statuses[row.ID] = difyapi.RunStatus(row.Run.Status)
	}
	return statuses
}

// listener is somebody who listens, over all of their subscriptions.
type listener struct {
	*world
	sub    *Subscription // nil while they are away
	joined time.Time
	sound  bool // the app could be read then
	dozes  bool
	at     []byte // the position, as they got it

	told map[uuid.UUID]difyapi.RunStatus // what they know
	new  map[uuid.UUID]bool              // of it, what has appeared
	sure map[uuid.UUID]bool              // of it, what was told: a follower may know of what was there somewhat less, for as long as a pause
	gaps []Gap
	cut  bool // a position had not all rows that matter
	most int  // rows that there were when they came back: of many, not all are looked at again
}

func (w *world) join(h *Hub) *listener {
	l := &listener{world: w, joined: time.Now(), told: w.statuses(), new: make(map[uuid.UUID]bool), sure: make(map[uuid.UUID]bool), sub: h.Subscribe(), sound: !w.down.Load() && time.Since(w.troubled) > time.Minute}
	l.most = len(l.told)
	l.sub.Add(w.app("a"), nil)
	synctest.Wait()
	return l
}

func (l *listener) do(what string, h *Hub) {
	switch what {
	case "leave":
		l.leave()
	case "return":
		l.comeBack(h)
	case "doze", "wake":
		l.dozes = what == "doze"
	}
}

func (l *listener) leave() {
	if l.sub == nil {
		return
	}
	l.at = l.sub.Positions()["a"].Append(nil)
	l.sub.Close()
	l.sub = nil
}

func (l *listener) comeBack(h *Hub) {
	l.leave()
	after, rest, err := ParsePosition(l.at)
	if err != nil || len(rest) > 0 {
		panic(fmt.Sprintf("position %x: %v", l.at, err))
	}
	l.most = max(l.most, len(l.statuses()))
	l.cut = l.cut || after.partial
	l.sub = h.Subscribe()
	l.sub.Add(l.app("a"), &after)
}

func (l *listener) listen() {
	for l.sub != nil && !l.dozes {
		e, ok, err := l.sub.poll()
		if err != nil {
			l.comeBack(pick(l.random, l.hubs...))
			return
		}
		if !ok {
			return
		}
		l.hear(e)
	}
}

// hear holds an event against what the listener knows.
func (l *listener) hear(e Event) {
	if e.Kind == Skipped {
		l.gaps = append(l.gaps, e.Gap)
	}
	if e.Row == nil {
		return
	}
	id, status := e.Row.ID, e.Row.WorkflowRun.Status
	was, known := l.told[id]
	skipped := l.skipped(secondOf(e.Row))
	switch {
	case l.seenAt(id).IsZero():
		l.fail("told of a row that never was", e)
	case e.Kind == Appeared && l.new[id] && !skipped && !l.cut:
		l.fail("told twice", e)
	case e.Kind == Appeared && known && !l.new[id] && !l.mayRepeat(id):
		l.fail("told of a row that was there", e)
	case e.Kind == Changed && l.sure[id] && was == status && !skipped && !l.cut:
		l.fail("told of no change", e)
	case e.Kind == Changed && !known && !skipped && !l.mayRepeat(id):
		l.fail("told of a change of an unknown row", e)
	case e.Kind == Changed && l.sure[id] && e.Before != nil && e.Before.WorkflowRun.Status != was && !skipped && !l.mayRepeat(id):
		l.fail(fmt.Sprintf("told that it was %s", e.Before.WorkflowRun.Status), e)
	}
	l.told[id], l.sure[id] = status, true
	l.new[id] = l.new[id] || e.Kind == Appeared
}

// mayRepeat: who joined an app that can't be read is told of what was there some minutes before, too; and who joined just before a
// row became visible may have been told of it or not.
func (l *listener) mayRepeat(id uuid.UUID) bool {
	since := l.joined.Sub(l.seenAt(id)).Abs()
	return l.cut || since < 6*time.Minute && !l.sound || since < 20*time.Second
}

func (l *listener) skipped(second int64) bool {
	return slices.ContainsFunc(l.gaps, func(g Gap) bool { return g.First <= second && second <= g.Last })
}

// complete holds what the listener knows in the end against the world.
func (l *listener) complete() {
	for _, row := range l.apps["a"].Rows() {
		status := difyapi.RunStatus(row.Run.Status)
		was, known := l.told[row.ID]
		switch {
		case l.skipped(row.CreatedAt.Unix()) || known && was == status:
		case known && l.most > 80 && !l.new[row.ID]:
		case !l.sure[row.ID] && l.touched[row.ID].Sub(l.joined) < 20*time.Second: // before the first reading
		case !known && l.mayRepeat(row.ID) && row.Run.Ended():
		default:
			panic(fmt.Sprintf("row %s of %v, seen %v: is %s, known as %q, joined %v", row.ID, row.CreatedAt, l.seenAt(row.ID), status, was, l.joined))
		}
	}
}

func (l *listener) fail(what string, e Event) {
	panic(fmt.Sprintf("%s: %d, row %s of %v, %s, seen %v, known as %q, joined %v", what, e.Kind, e.Row.ID, e.Row.CreatedAt, e.Row.WorkflowRun.Status,
		l.seenAt(e.Row.ID), l.told[e.Row.ID], l.joined))
}
