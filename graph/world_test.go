package graph_test

import (
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/difygraph/difygraph/difyapi/difytest"
)

// world is the data of a few apps, and a slow and obvious oracle of what lists of it must have.
type world struct {
	*api
	filter filter

	mu      sync.Mutex
	random  *rand.Rand
	rows    map[place]*history
	seconds []int // that have rows, or get some
}

// history is what became of a row under the filter.
type history struct {
	always bool // it was there and matched from the beginning
	ever   bool // it matched at some time
	now    bool // it is there and matches
	listed bool // a list could show it at some time; its texts may be looked at later
}

func newWorld(t tb, o options, f filter, seed uint64, seconds map[int]int) *world {
	w := &world{api: serve(t, o), filter: f, random: rand.New(rand.NewPCG(seed, 1)), rows: make(map[place]*history)}
	for second := range seconds {
		w.seconds = append(w.seconds, second)
	}
	slices.Sort(w.seconds)
	for _, second := range w.seconds {
		for range seconds[second] {
			w.insert(second)
		}
	}
	for _, h := range w.rows {
		h.always = h.now
	}
	return w
}

// insert puts a row of any kind into a random app.
func (w *world) insert(second int) {
	keys := make([]string, 0, len(w.apps))
	for key := range w.apps {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	key := keys[w.random.IntN(len(keys))]
	row := w.apps[key].Insert(w.row(second))[0]
	h := new(history)
	w.rows[placeOf(key, row)] = h
	w.become(h, row)
}

func placeOf(key string, row difytest.Row) place { return place{row.CreatedAt.Unix(), row.ID, key} }

func pick[T any](r *rand.Rand, values ...T) T { return values[r.IntN(len(values))] }

// row is random in all that filters look at.
func (w *world) row(second int) difytest.Row {
	row := run(second)
	row.ID = randomUUID(w.random)
	row.CreatedFrom = pick(w.random, "service-api", "web-app")
	r := row.Run
	r.ID = randomUUID(w.random)
	r.Status = pick(w.random, "succeeded", "succeeded", "failed", "stopped", "running", "partial-succeeded", "paused", "scheduled")
	r.TriggeredFrom = pick(w.random, "app-run", "webhook")
	r.TotalTokens = int64(w.random.IntN(100))
	r.ElapsedTime = float64(w.random.IntN(10))
	if r.Status == "failed" {
		r.Error = new("boom")
	}
	r.Inputs, r.Outputs = inputsWith(w.random, w.text()), ""
	if r.Ended() {
		r.Outputs = w.outputs()
	}
	row.EndUser = endUser(pick(w.random, "s0", "s1", "s2", w.session()))
	switch w.random.IntN(12) {
	case 0:
		row.Run = nil
	case 1, 2, 3:
		row.CreatedByRole, row.EndUser, row.Account = "account", nil, pick(w.random, &accounts[0], &accounts[1])
	case 4:
		row.EndUser = nil
	}
	return row
}

// session is one of the filter's texts where it has some.
func (w *world) session() string {
	if len(w.filter.texts) == 0 {
		return "s0"
	}
	return pick(w.random, w.filter.texts...)
}

var accounts = []difytest.Account{
	{ID: uuid.NewSHA1(uuid.Nil, []byte("a")), Name: "Ada", Email: "ada@example.com"},
	{ID: uuid.NewSHA1(uuid.Nil, []byte("b")), Name: "Ben", Email: "ben@example.com"},
}

func randomUUID(r *rand.Rand) (id uuid.UUID) {
	for i := range id {
		id[i] = byte(r.Uint32())
	}
	return id
}

// move changes the world between and during calls, with a chance of one in every at each statement of Dify's.
func (w *world) move(every int) {
	w.dify.OnStatement(func(difytest.Statement) {
		w.mu.Lock()
		defer w.mu.Unlock()
		for w.random.IntN(every) == 0 {
			w.change()
		}
	})
}

// still makes the world stop.
func (w *world) still() { w.dify.OnStatement(nil) }

func (w *world) change() {
	switch w.random.IntN(5) {
	case 0, 1:
		w.insert(pick(w.random, w.seconds...))
	case 2:
		w.insert(w.seconds[len(w.seconds)-1] + w.random.IntN(3))
	default:
		w.touch()
	}
}

// touch ends or deletes a row: a run that is under way ends, another is deleted, some lose their run.
func (w *world) touch() {
	key := pick(w.random, w.keys()...)
	rows := w.apps[key].Rows()
	if len(rows) == 0 {
		return
	}
	row := pick(w.random, rows...)
	h := w.rows[placeOf(key, row)]
	ends := row.Run != nil && !row.Run.Ended()
	switch w.random.IntN(8) {
	case 0:
		w.apps[key].Delete(row.ID)
		// An answer that has selected the row may still show it, without its run.
		row.Run = nil
		w.become(h, row)
		h.now, h.always = false, false
	case 1, 2:
		w.update(key, row.ID, func(r *difytest.Row) { r.Run = nil })
		row.Run = nil
		w.become(h, row)
	default:
		if !ends {
			return
		}
		w.update(key, row.ID, func(r *difytest.Row) {
			r.Run.Status, r.Run.FinishedAt = pick(w.random, "succeeded", "failed", "stopped"), time.Now()
			r.Run.Outputs = w.outputs()
			row = *r
		})
		w.become(h, row)
	}
}

func (w *world) update(key string, id uuid.UUID, change func(*difytest.Row)) {
	if err := w.apps[key].Update(id, change); err != nil {
		panic(err) // the row is there, and what has ended stays as it is
	}
}

// become notes what a row is like from now on. Where a list showed it before and its texts match now, it may appear as the
// list showed it.
func (w *world) become(h *history, row difytest.Row) {
	matches := w.filter.matches(row)
	h.now, h.always = matches, h.always && matches
	h.listed = h.listed || w.filter.listed(row)
	h.ever = h.ever || h.listed && (w.filter.inTexts == nil || w.filter.inTexts(row))
}

func (w *world) keys() []string {
	keys := make([]string, 0, len(w.apps))
	for key := range w.apps {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// those are the places of the rows that satisfy, in the list's order.
func (w *world) those(oldestFirst bool, satisfy func(*history) bool) []place {
	w.mu.Lock()
	defer w.mu.Unlock()
	var places []place
	for p, h := range w.rows {
		if satisfy(h) {
			places = append(places, p)
		}
	}
	slices.SortFunc(places, place.compare)
	if !oldestFirst {
		slices.Reverse(places)
	}
	return places
}

func (w *world) ever(p place) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.rows[p] != nil && w.rows[p].ever
}
