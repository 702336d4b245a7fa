package difytest

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
)

// store is the database of one app: its log, and indexes over it for the
// filters that would otherwise look at every row. Safe for concurrent use.
type store struct {
	mu      sync.RWMutex
	all     timeline
	indexes map[indexKey]timeline
	byLog   map[uuid.UUID]*record
	byRun   map[uuid.UUID]*record
	users   map[uuid.UUID]*EndUser // profiles; replaced as a whole, never changed in place
}

// indexKey is a value of an indexed column.
type indexKey struct{ column, value string }

const (
	statusColumn  = "status"
	sessionColumn = "session_id"
	accountColumn = "account"
)

func newStore() *store {
	return &store{
		indexes: map[indexKey]timeline{},
		byLog:   map[uuid.UUID]*record{},
		byRun:   map[uuid.UUID]*record{},
		users:   map[uuid.UUID]*EndUser{},
	}
}

// keys returns the indexes that a row stands in.
func (r *Row) keys() []indexKey {
	keys := make([]indexKey, 0, 2)
	if r.Run != nil {
		keys = append(keys, indexKey{statusColumn, r.Run.Status})
	}
	if r.EndUser != nil {
		keys = append(keys, indexKey{sessionColumn, r.EndUser.SessionID})
	}
	if r.Account != nil {
		keys = append(keys, indexKey{accountColumn, r.Account.Email})
	}
	return keys
}

// insert adds rows that have their ids and times.
func (s *store) insert(rows []*Row, seed uint64) {
	if len(rows) == 0 {
		return
	}
	records := make([]*record, len(rows))
	for i, row := range rows {
		records[i] = &record{row: row, second: row.CreatedAt.Unix(), favoured: favoured(seed, row.ID)}
	}
	slices.SortStableFunc(records, bySecond)
	s.mu.Lock()
	defer s.mu.Unlock()
	batches := map[indexKey][]*record{}
	for _, r := range records {
		s.register(r)
		for _, key := range r.row.keys() {
			batches[key] = append(batches[key], r)
		}
	}
	s.all = s.all.add(records)
	for key, batch := range batches {
		s.indexes[key] = s.indexes[key].add(batch)
	}
}

// register makes a record findable by its ids. An id that is there already is
// a mistake of the test, as it is a broken constraint of the database.
func (s *store) register(r *record) {
	if s.byLog[r.row.ID] != nil {
		panic(fmt.Sprintf("difytest: log id %s is there already", r.row.ID))
	}
	s.byLog[r.row.ID] = r
	if user := r.row.EndUser; user != nil && s.users[user.ID] == nil {
		s.users[user.ID] = user
	}
	if r.row.Run == nil {
		return
	}
	if s.byRun[r.row.Run.ID] != nil {
		panic(fmt.Sprintf("difytest: run id %s is there already", r.row.Run.ID))
	}
	s.byRun[r.row.Run.ID] = r
}

// update changes the row with the given log or run id.
func (s *store) update(id uuid.UUID, change func(*Row)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	found := s.byLog[id]
	if found == nil {
		found = s.byRun[id]
	}
	if found == nil {
		return fmt.Errorf("difytest: no row or run %s", id)
	}
	changed := found.row.clone()
	change(changed)
	changed = changed.clone() // what the caller still points to stays theirs
	if err := checkChange(found.row, changed); err != nil {
		return err
	}
	s.replace(found, changed)
	return nil
}

// checkChange refuses what never happens in Dify.
func checkChange(from, to *Row) error {
	switch {
	case to.ID != from.ID || !to.CreatedAt.Equal(from.CreatedAt):
		return fmt.Errorf("difytest: row %s: id and created_at never change", from.ID)
	case from.Run != nil && to.Run != nil && from.Run.ID != to.Run.ID:
		return fmt.Errorf("difytest: row %s: its run keeps its id", from.ID)
	case from.Run.Ended() && to.Run != nil && to.Run.Status != from.Run.Status:
		return fmt.Errorf("difytest: run %s: %s is final, cannot become %s", from.Run.ID, from.Run.Status, to.Run.Status)
	}
	return nil
}

// replace puts a new version of a row in place and moves it between indexes.
func (s *store) replace(r *record, row *Row) {
	before, after := r.row.keys(), row.keys()
	for _, key := range before {
		if !slices.Contains(after, key) {
			s.unindex(key, r)
		}
	}
	for _, key := range after {
		if !slices.Contains(before, key) {
			s.indexes[key] = s.indexes[key].add([]*record{r})
		}
	}
	if r.row.Run != nil {
		delete(s.byRun, r.row.Run.ID)
	}
	if row.Run != nil {
		s.byRun[row.Run.ID] = r
	}
	r.row = row
}

func (s *store) unindex(key indexKey, r *record) {
	if s.indexes[key] = s.indexes[key].remove(r); len(s.indexes[key]) == 0 {
		delete(s.indexes, key)
	}
}

// remove deletes log rows and their runs; unknown ids are passed over. A
// statement that has a row in hand still has it, but will find no run.
func (s *store) remove(ids []uuid.UUID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range ids {
		if r := s.byLog[id]; r != nil {
			s.drop(r)
		}
	}
}

func (s *store) drop(r *record) {
	delete(s.byLog, r.row.ID)
	s.all = s.all.remove(r)
	gone := *r.row
	gone.Run = nil
	s.replace(r, &gone)
	for _, key := range gone.keys() {
		s.unindex(key, r)
	}
}

// run returns the run with an id as it is now, or nil. It is never changed.
func (s *store) run(id uuid.UUID) *Run {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if r := s.byRun[id]; r != nil {
		return r.row.Run
	}
	return nil
}

// removePerson takes an account or end user away from all rows, and the
// profile.
func (s *store) removePerson(id uuid.UUID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.users, id)
	for _, r := range s.all {
		if r.row.person() != id {
			continue
		}
		orphan := *r.row
		orphan.Account, orphan.EndUser = nil, nil
		s.replace(r, &orphan)
	}
}

// oldest returns the ids of the n oldest rows.
func (s *store) oldest(n int) []uuid.UUID {
	s.mu.RLock()
	defer s.mu.RUnlock()
	ids := make([]uuid.UUID, 0, n)
	for _, r := range s.all[:min(n, len(s.all))] {
		ids = append(ids, r.row.ID)
	}
	return ids
}

// rows returns the present version of each row, newest second first.
func (s *store) rows() []Row {
	s.mu.RLock()
	defer s.mu.RUnlock()
	rows := make([]Row, 0, len(s.all))
	for _, r := range slices.Backward(s.all) {
		rows = append(rows, *r.row)
	}
	return rows
}

func (s *store) len() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return len(s.all)
}

// wholeSecond rounds like a column of type timestamp(0): half a second counts
// up, so that a row may lie up to half a second in the future.
func wholeSecond(t time.Time) time.Time {
	return t.UTC().Round(time.Second)
}
