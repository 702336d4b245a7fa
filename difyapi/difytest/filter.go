package difytest

import "math"

// filter is the WHERE of the list. Empty fields are no condition.
type filter struct {
	after, before int64 // seconds, both included
	status        string
	session       string
	account       string // e-mail
	keyword       *keyword
	nobody        bool // matches no row
}

func everything() filter {
	return filter{after: math.MinInt64, before: math.MaxInt64}
}

// columns returns the conditions that an index answers.
func (f filter) columns() []indexKey {
	var keys []indexKey
	for _, key := range []indexKey{{statusColumn, f.status}, {sessionColumn, f.session}, {accountColumn, f.account}} {
		if key.value != "" {
			keys = append(keys, key)
		}
	}
	return keys
}

// matches says whether a row meets all conditions but those of time. Status
// and keyword join the runs, so that a row without a run meets neither.
func (f filter) matches(row *Row) bool {
	switch {
	case f.status != "" && (row.Run == nil || row.Run.Status != f.status),
		f.session != "" && (row.EndUser == nil || row.EndUser.SessionID != f.session),
		f.account != "" && (row.Account == nil || row.Account.Email != f.account):
		return false
	}
	return f.keyword == nil || f.keyword.matches(row)
}

// matching returns the records that meet the filter, oldest second first. The
// smallest index that applies is the one that is looked through, and where it
// says everything, its window is the answer as it stands. The caller holds mu.
func (s *store) matching(where filter) timeline {
	if where.nobody {
		return nil
	}
	columns := where.columns()
	window := s.all.window(where.after, where.before)
	for _, key := range columns {
		if narrower := s.indexes[key].window(where.after, where.before); len(narrower) < len(window) {
			window = narrower
		}
	}
	if len(columns) == 0 && where.keyword == nil {
		return window
	}
	if len(columns) == 1 && where.keyword == nil {
		return s.indexes[columns[0]].window(where.after, where.before)
	}
	var found timeline
	for _, r := range window {
		if where.matches(r.row) {
			found = append(found, r)
		}
	}
	return found
}

// count is the first statement of an answer.
func (s *store) count(where filter) int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return len(s.matching(where))
}

// selected is a row as the second statement has read it.
type selected struct {
	record *record
	row    *Row
}

// page is the second statement: it sorts what matches now and cuts the page
// out of it.
func (s *store) page(where filter, offset, limit int, ties disorder) []selected {
	s.mu.RLock()
	defer s.mu.RUnlock()
	page := ties.page(s.matching(where), offset, limit)
	rows := make([]selected, len(page))
	for i, r := range page {
		rows[i] = selected{record: r, row: r.row}
	}
	return rows
}

// load is the third statement: the log's own columns are as selected, runs and
// people as they are by now.
func (s *store) load(page []selected) []Row {
	s.mu.RLock()
	defer s.mu.RUnlock()
	rows := make([]Row, len(page))
	for i, entry := range page {
		now := entry.record.row
		rows[i] = *entry.row
		rows[i].Run, rows[i].Account, rows[i].EndUser = now.Run, now.Account, now.EndUser
	}
	return rows
}
