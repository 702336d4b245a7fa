package feedtest

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/difygraph/difygraph/difyapi/difytest"
	"github.com/difygraph/difygraph/graph/list"
)

// Epoch is the second 0 of worlds.
var Epoch = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)

// World is the data of a few apps, and what became of it.
type World struct {
	Dify   *difytest.Server
	Apps   map[string]*difytest.App // by the keys that lists name them by
	Filter Filter

	mu      sync.Mutex
	random  *rand.Rand
	rows    map[list.Position]*history
	seconds []int // that have rows, or get some
}

// history is what became of a row under the filter.
type history struct {
	always bool // it was there and matched from the beginning
	ever   bool // it matched at some time
	now    bool // it is there and matches
	listed bool // a list could show it at some time; its texts may be looked at later
}

// newWorld makes so many apps, with so many rows in the seconds.
func newWorld(o difytest.Options, apps int, f Filter, seconds map[int]int) *World {
	w := &World{
		Dify: difytest.New(o), Apps: make(map[string]*difytest.App), Filter: f,
		random: rand.New(rand.NewPCG(o.Seed, 1)), rows: make(map[list.Position]*history),
	}
	for i := range apps {
		w.addApp(fmt.Sprintf("%c%d", 'a'+i%26, i/26))
	}
	for _, account := range accounts {
		w.Dify.AddAccount(account)
	}
	w.seconds = slices.Sorted(maps.Keys(seconds))
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

func (w *World) addApp(key string) {
	w.Apps[key] = w.Dify.AddApp(difytest.AppOptions{Name: key, APIKey: "app-secret-" + key})
}

// Keys are those of the apps, sorted.
func (w *World) Keys() []string { return slices.Sorted(maps.Keys(w.Apps)) }

// insert puts a row of any kind into a random app.
func (w *World) insert(second int) {
	key := pick(w.random, w.Keys()...)
	row := w.Apps[key].Insert(w.row(second))[0]
	h := new(history)
	w.rows[positionOf(key, row)] = h
	w.become(h, row)
}

func positionOf(key string, row difytest.Row) list.Position {
	return list.Position{Second: row.CreatedAt.Unix(), ID: row.ID, App: key}
}

func pick[T any](r *rand.Rand, values ...T) T { return values[r.IntN(len(values))] }

func rowAt(second int) difytest.Row {
	at := Epoch.Add(time.Duration(second) * time.Second)
	return difytest.Row{
		CreatedAt: at, CreatedFrom: "service-api", CreatedByRole: "end_user", EndUser: endUser("s0"),
		Run: &difytest.Run{Version: "1", Status: difytest.StatusSucceeded, TriggeredFrom: "app-run", CreatedAt: at, FinishedAt: at, Inputs: "{}", Outputs: "{}"},
	}
}

func endUser(session string) *difytest.EndUser {
	return &difytest.EndUser{ID: uuid.NewSHA1(uuid.Nil, []byte(session)), Type: "service-api", SessionID: session}
}

// row is random in all that filters look at.
func (w *World) row(second int) difytest.Row {
	row := rowAt(second)
	row.ID = randomUUID(w.random)
	row.CreatedFrom = pick(w.random, "service-api", "web-app")
	r := row.Run
	r.ID = randomUUID(w.random)
	r.Status = pick(w.random, "succeeded", "succeeded", "failed", "stopped", "running", "partial-succeeded", "paused", "scheduled")
	r.TriggeredFrom = pick(w.random, "app-run", "webhook")
	r.TotalTokens = int64(w.random.IntN(100))
	r.ElapsedTime = float64(w.random.IntN(10))
	if r.Status == "failed" {
		r.Error = new(pick(w.random, "boom", "bang"))
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
func (w *World) session() string {
	if len(w.Filter.texts) == 0 {
		return "s0"
	}
	return pick(w.random, w.Filter.texts...)
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
func (w *World) move(every int) {
	w.Dify.OnStatement(func(difytest.Statement) {
		w.mu.Lock()
		defer w.mu.Unlock()
		for w.random.IntN(every) == 0 {
			w.change()
		}
	})
}

// still makes the world stop.
func (w *World) still() { w.Dify.OnStatement(nil) }

func (w *World) change() {
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
func (w *World) touch() {
	key := pick(w.random, w.Keys()...)
	rows := w.Apps[key].Rows()
	if len(rows) == 0 {
		return
	}
	row := pick(w.random, rows...)
	switch w.random.IntN(8) {
	case 0:
		w.remove(key, row)
	case 1, 2:
		w.update(key, &row, func(r *difytest.Row) { r.Run = nil })
	default:
		if row.Run == nil || row.Run.Ended() {
			return
		}
		w.update(key, &row, func(r *difytest.Row) {
			r.Run.Status, r.Run.FinishedAt = pick(w.random, "succeeded", "failed", "stopped"), time.Now()
			r.Run.Outputs = w.outputs()
		})
	}
}

// remove deletes a row. An answer that has selected it may still show it, without its run.
func (w *World) remove(key string, row difytest.Row) {
	w.Apps[key].Delete(row.ID)
	h := w.rows[positionOf(key, row)]
	row.Run = nil
	w.become(h, row)
	h.now, h.always = false, false
}

func (w *World) update(key string, row *difytest.Row, change func(*difytest.Row)) {
	err := w.Apps[key].Update(row.ID, func(r *difytest.Row) {
		change(r)
		*row = *r
	})
	if err != nil {
		panic(err) // the row is there, and what has ended stays as it is
	}
	w.become(w.rows[positionOf(key, *row)], *row)
}

// become notes what a row is like from now on. Where a list showed it before and its texts match now, it may appear as the
// list showed it.
func (w *World) become(h *history, row difytest.Row) {
	matches := w.Filter.matches(row)
	h.now, h.always = matches, h.always && matches
	h.listed = h.listed || w.Filter.listed(row)
	h.ever = h.ever || h.listed && (w.Filter.inTexts == nil || w.Filter.inTexts(row))
}

// those are the positions of the rows that satisfy, oldest first or newest first.
func (w *World) those(oldestFirst bool, satisfy func(*history) bool) []list.Position {
	w.mu.Lock()
	defer w.mu.Unlock()
	var those []list.Position
	for p, h := range w.rows {
		if satisfy(h) {
			those = append(those, p)
		}
	}
	slices.SortFunc(those, compare)
	if !oldestFirst {
		slices.Reverse(those)
	}
	return those
}

func (w *World) ever(p list.Position) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.rows[p] != nil && w.rows[p].ever
}

func isThere(h *history) bool { return h.now }
