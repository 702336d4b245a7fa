package follow

import (
	"cmp"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/difygraph/difygraph/difyapi"
)

// This file says what is told to those who were away, or are slow. It is pure.

// since is what has happened since a position, by the picture: what could not be read, then rows in their order, each at most once.
func (p *picture) since(pos Position) (events []Event) {
	if pos.settled+1 < p.from {
		events = append(events, Event{Kind: Skipped, Gap: Gap{First: pos.settled + 1, Last: p.from - 1}})
	}
	gaps := len(events)
	for _, k := range p.rows {
		if e, happened := pos.compare(k.row); happened && !k.gone {
			events = append(events, e)
		}
	}
	slices.SortFunc(events[gaps:], func(a, b Event) int {
		return cmp.Or(a.Row.CreatedAt.Compare(b.Row.CreatedAt), slices.Compare(a.Row.ID[:], b.Row.ID[:]))
	})
	return events
}

// refresh has those open rows asked for at once that were told to be something else and have not been seen since: what is known of them
// here may be older than what was told elsewhere. It tells whether there are such rows.
func (p *picture) refresh(pos Position, since time.Time) (needed bool) {
	for _, k := range p.rows {
		if k.due.IsZero() || !k.seen.Before(since) {
			continue
		}
		if was, known := pos.told[markOf(k.row.ID)]; known && was.state != stateOf(k.row) {
			k.due, needed = earlier(k.due, since), true
		}
	}
	return needed
}

// compare is what happened to a row since the position, if anything did.
func (p Position) compare(row *difyapi.WorkflowLog) (Event, bool) {
	was, known := p.told[markOf(row.ID)]
	is := stateOf(row)
	switch {
	case known:
		return Event{Kind: Changed, Row: row, Before: was.state.was(row)}, was.state != is && is != 0 && !was.state.isFinal()
	case secondOf(row) > p.settled:
		return Event{Kind: Appeared, Row: row}, true
	default:
		return Event{Kind: Changed, Row: row}, p.partial && endedAfter(row, p.settled)
	}
}

// sift is what an event tells somebody who has the position, but for rows of whom they were told by another follower, which may have
// been ahead of this one: up to a second, and those that the position has.
func (p Position) sift(e Event, elsewhere int64) (_ Event, news bool) {
	if _, known := p.told[markOf(e.Row.ID)]; !known && secondOf(e.Row) > elsewhere {
		return e, true
	}
	sifted, news := p.compare(e.Row)
	e.Kind, e.Before = sifted.Kind, sifted.Before
	return e, news
}

// endedAfter tells whether the row's run ended after a second; so it is where it can't be told.
func endedAfter(row *difyapi.WorkflowLog, second int64) bool {
	run := row.WorkflowRun
	return run != nil && run.Status.Final() && (run.FinishedAt == nil || run.FinishedAt.Unix() > second)
}

// merge leaves of several events of a row the last: what changed since it appeared has appeared so, and else it has changed from
// what it was before the first. Of what became of the app itself the last is left, too.
func merge(events []Event) []Event {
	first, last := make(map[uuid.UUID]int), make(map[uuid.UUID]int)
	for i, e := range slices.Backward(events) {
		first[about(e)] = i
	}
	for i, e := range events {
		last[about(e)] = i
	}
	var merged []Event
	for i, e := range events {
		if e.Kind != Skipped && last[about(e)] != i {
			continue
		}
		if e.Row != nil {
			e.Kind, e.Before = events[first[e.Row.ID]].Kind, events[first[e.Row.ID]].Before
		}
		if e.Kind == Changed && e.Before != nil && !differs(e.Before, e.Row) {
			continue // it is again what it was
		}
		merged = append(merged, e)
	}
	return merged
}

// about is the id of the row that an event tells of; zero where it tells whether the app can be read, and no row's where of rows that
// were skipped.
func about(e Event) uuid.UUID {
	switch {
	case e.Row != nil:
		return e.Row.ID
	case e.Kind == Skipped:
		return uuid.Max
	default:
		return uuid.Nil
	}
}

// bounded leaves about so many events: the last ones, after one that says between which seconds there were more.
func bounded(events []Event, most int) []Event {
	if len(events) > most {
		events = merge(events)
	}
	if len(events) <= most {
		return events
	}
	n := len(events) - most + 1
	kept := []Event{gapOf(events[:n])}
	for _, e := range events[:n] {
		if e.Kind == Failed || e.Kind == Recovered {
			kept = append(kept, e)
		}
	}
	return append(kept, events[n:]...)
}

// gapOf is one event in the place of several, of which at least one is of rows.
func gapOf(events []Event) Event {
	gap, count, counted := Gap{First: latest}, 0, true
	for _, e := range events {
		switch {
		case e.Row != nil:
			gap.First, gap.Last = min(gap.First, secondOf(e.Row)), max(gap.Last, secondOf(e.Row))
			count++
		case e.Kind == Skipped:
			gap.First, gap.Last = min(gap.First, e.Gap.First), max(gap.Last, e.Gap.Last)
			counted = false
		}
	}
	if counted {
		gap.Count = &count
	}
	last := events[len(events)-1]
	return Event{Kind: Skipped, Gap: gap, Number: last.Number, Found: last.Found, settled: last.settled}
}
