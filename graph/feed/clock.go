package feed

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/difygraph/difygraph/graph/code"

	"github.com/google/uuid"

	"github.com/difygraph/difygraph/difyapi"
	"github.com/difygraph/difygraph/graph/list"
)

// This file holds the times that Dify shows against those that its filters compare. A Dify whose process is not in UTC reads
// the database's UTC as local time: rows are shown some hours early or late, while created_at__before and __after go on
// comparing the true time. Whoever reads on from a time that was shown would then skip those hours of rows, or have them
// twice. The shift can be one for all rows, or differ between summer and winter.
//
// A row that is shown in a second must be in Dify's answer for that very second. This is asked
//
//   - of an app that was never held against its clock, for one of the page's rows: one request of one row;
//   - for nothing of the cursor's row, and of rows of a second that an answer may have cut, since their seconds are read again
//     in any case. Only where such a row is missing, mostly because it was deleted, it is looked for.
//
// A cursor is a row of one app. The clocks of the others are held against one of their rows for each season of the log that is
// read, within which no zone changes its clocks.
//
// One case is not found out: a row shown at a wrong time that nothing is read on from. It is the last row of a list, or of the last page
// that a client asks for, and the app's first row beyond a change of clocks. Its app was checked by a row from before the change. To
// find it would take a request for each app and week of a page, where one for each app is paid. No row is lost: the page that reads
// on from there begins with the second of that row, and finds out.
//
// A clock that is simply wrong is no shift: it shows the same time that it compares.

// clockError says that an app's Dify shows other times than those that it filters by, so that its log can't be read in order.
type clockError struct {
	// Shift is the time shown less the time compared; 0 if it is not known.
	Shift time.Duration
}

// Code is the error's code.
func (e *clockError) Code() code.Code { return code.UpstreamUnsupported }

func (e *clockError) Error() string {
	by := "at other times"
	switch {
	case e.Shift < 0:
		by = describeShift(-e.Shift) + " earlier"
	case e.Shift > 0:
		by = describeShift(e.Shift) + " later"
	}
	if e.Shift == 0 {
		return "Dify shows runs " + by + " than it filters them by, so none can be found again; is the time zone of its API UTC (TZ=UTC)?"
	}
	return "Dify shows runs " + by + " than it filters them by, so none can be found again; set the time zone of its API to " +
		"UTC (TZ=UTC) and restart it"
}

// describeShift writes a shift as people do: 5 h 30 min.
func describeShift(d time.Duration) string {
	var parts []string
	for _, unit := range []struct {
		name string
		of   time.Duration
	}{{"h", time.Hour}, {"min", time.Minute}, {"s", time.Second}} {
		if n := d / unit.of; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, unit.name))
		}
		d %= unit.of
	}
	return strings.Join(parts, " ")
}

// Clocks remembers which apps' times were found to be right, and in which seasons of their logs. It may forget.
type Clocks interface {
	ClockProven(app string, season int64) bool
	ProveClock(app string, season int64)
	// DoubtClock forgets all that is known of an app.
	DoubtClock(app string)
	// Probe asks as [Source] does, at nobody's expense: whether it is asked depends on what others have read.
	Probe(ctx context.Context, app string, q difyapi.LogQuery) (*difyapi.LogPage, error)
}

// keepCalls reserves one extra call for each app whose clock is not known to be right. Otherwise a crowded second might take all of
// them, and no page would make progress.
func (r *reader) keepCalls() {
	apps := make(map[string]bool)
	for _, s := range r.streams {
		if c := (clock{stream: s}); !apps[s.app] && !c.isRight() && s.source.Extra() {
			s.reserved = 1
		}
		apps[s.app] = true
	}
}

// isRight tells whether the app's times are known to be right without a call.
func (c clock) isRight() bool {
	return c.source.ClockProven(c.app, EverProven) && (c.from == nil || c.from.Position.App == c.app || c.knowsBefore())
}

// checkClocks holds the clocks of all apps against what was read for the page.
func (r *reader) checkClocks(ctx context.Context) error { return r.eachClock(ctx, clock.check) }

// checkSamples holds the clocks of all apps that never were against a row of each.
func (r *reader) checkSamples(ctx context.Context) error { return r.eachClock(ctx, clock.checkSample) }

func (r *reader) eachClock(ctx context.Context, check func(clock, context.Context) error) error {
	apps := make(map[string][]*stream)
	for _, s := range r.streams {
		apps[s.app] = append(apps[s.app], s)
	}
	var first []*stream
	for _, streams := range apps {
		first = append(first, streams[0])
	}
	return r.each(ctx, first, func(ctx context.Context, s *stream) error {
		err := check(clock{s, apps[s.app]}, ctx)
		if _, shifted := errors.AsType[*clockError](err); shifted {
			s.source.DoubtClock(s.app)
		}
		if errors.Is(err, errSpent) {
			return ErrCallsSpent // rows whose times are not known to be right are not shown
		}
		return err
	})
}

// clock is that of one app, with all of the app's streams. Its questions are asked by the first, without the list's filter.
type clock struct {
	*stream
	streams []*stream
}

func (c clock) check(ctx context.Context) error {
	if parameter, _ := bounded(difyapi.LogQuery{}, span{list.FirstSecond, list.FirstSecond}, 1, 1).UnsupportedBy(c.version); parameter != "" {
		return nil // it can't be asked for a second, nor read on from a cursor
	}
	for _, s := range c.streams {
		for _, p := range s.missing() {
			if err := c.find(ctx, p); err != nil {
				return err
			}
		}
	}
	switch {
	case c.from == nil:
		return c.checkSample(ctx)
	case c.from.Position.App != c.app:
		return c.checkBeside(ctx)
	case c.metCursor():
		c.prove(c.first())
		return nil
	default:
		return c.find(ctx, c.from.Position)
	}
}

// missing are the rows that were shown in seconds which are known by now, and were not among their rows.
func (s *stream) missing() []list.Position {
	if s.scan.crowded {
		return nil // not all rows of a second were seen
	}
	return slices.DeleteFunc(slices.Clone(s.shown), func(p list.Position) bool { return !s.knows(p.Second) })
}

// expect notes a row of a second that is read again, and must then be there.
func (s *stream) expect(row *difyapi.WorkflowLog) { s.shown = append(s.shown, s.position(row)) }

// meet notes a row of a second that is known now.
func (s *stream) meet(p list.Position) {
	s.metCursor = s.metCursor || s.from != nil && p == s.from.Position
	if len(s.shown) > 0 {
		s.shown = slices.DeleteFunc(s.shown, func(shown list.Position) bool { return shown == p })
	}
}

func (c clock) prove(second int64) {
	c.source.ProveClock(c.app, EverProven)
	c.source.ProveClock(c.app, SeasonOf(second))
}

// metCursor tells whether the cursor's row was in its second, or whether nobody can tell that it is missing.
func (c clock) metCursor() bool {
	return slices.ContainsFunc(c.streams, func(s *stream) bool {
		return s.metCursor || s.scan.crowded || s.accountUnknown || !s.pastCursor() && !s.done()
	})
}

// checkSample asks for the second of one of the rows that were read, once for each app.
func (c clock) checkSample(ctx context.Context) error {
	if c.source.ClockProven(c.app, EverProven) {
		return nil
	}
	return c.checkRow(ctx, c.probe(ctx))
}

// checkRow asks for the second of one of the rows that were read.
func (c clock) checkRow(ctx context.Context, ask func(span) (*difyapi.LogPage, error)) error {
	row := c.sample()
	if row == nil {
		return nil
	}
	second := secondOf(row)
	page, err := ask(span{second, second})
	switch {
	case err != nil:
		return err
	case len(page.Rows) > 0:
		c.prove(second)
		return nil
	}
	shift, exists, err := c.locate(ctx, row)
	if err == nil && exists {
		err = &clockError{Shift: shift}
	}
	return err // a row that is gone proves nothing
}

// locate is measure, and for a row that can't be found by its run a look at those around it.
func (c clock) locate(ctx context.Context, row *difyapi.WorkflowLog) (shift time.Duration, exists bool, err error) {
	if row.WorkflowRun != nil {
		return c.measure(ctx, row)
	}
	page, err := c.askAny(ctx, span{secondOf(row) - maxQuarters*quarter, secondOf(row) + maxQuarters*quarter}, maxLimit)
	return 0, err == nil && hasRow(page, row.ID), err
}

// sample is a row that Dify showed for this page, if there was any.
func (c clock) sample() *difyapi.WorkflowLog {
	for _, s := range c.streams {
		if s.sample != nil {
			return s.sample
		}
	}
	return nil
}

// checkBeside makes sure, where the cursor is a row of another app or of none, that no row is shown beyond the cursor but
// compared before it: such a row would be skipped from here on. It would be in the hours that were read last.
func (c clock) checkBeside(ctx context.Context) error {
	if err := c.checkSample(ctx); err != nil || !c.compared() {
		return err
	}
	for _, part := range bySeason(c.hoursBefore()) {
		if err := c.checkSeason(ctx, part); err != nil {
			return err
		}
	}
	return nil
}

// compared tells whether the cursor's time was compared with any row's: what was not cannot have skipped one.
func (c clock) compared() bool {
	return slices.ContainsFunc(c.streams, func(s *stream) bool { return s.compared })
}

// knowsBefore tells whether the app's times are known to be right in the hours that were read before the cursor was reached.
func (c clock) knowsBefore() bool {
	return !slices.ContainsFunc(bySeason(c.hoursBefore()), func(part span) bool { return !c.source.ClockProven(c.app, SeasonOf(part.from)) })
}

// hoursBefore are the two hours that were read before the cursor was reached: no zone that is UTC for a part of the year is
// shifted by more in the other.
func (c clock) hoursBefore() span {
	if c.toward == list.Newer {
		return span{c.first() - 2*hour, c.first() - 1}
	}
	return span{c.first() + 1, c.first() + 2*hour}
}

// checkSeason holds the app's times against one of the rows of a span's season, once for each: one that was read for the page,
// or else one of the span.
func (c clock) checkSeason(ctx context.Context, part span) error {
	season := SeasonOf(part.from)
	if row := c.sample(); row != nil && SeasonOf(secondOf(row)) == season && !c.source.ClockProven(c.app, season) {
		if err := c.checkRow(ctx, c.probe(ctx)); err != nil {
			return err
		}
	}
	if c.source.ClockProven(c.app, season) {
		return nil
	}
	page, err := c.probe(ctx)(part)
	if err == nil && len(page.Rows) > 0 {
		c.prove(part.from)
	}
	return err
}

// find looks for a row that was not in its second: in that second by itself, in the two hours before and after it, as at a
// change of clocks, and then by another row. If all of these are right the row was deleted.
func (c clock) find(ctx context.Context, at list.Position) error {
	page, err := c.askAny(ctx, span{at.Second, at.Second}, maxLimit)
	if err != nil || hasRow(page, at.ID) || len(page.Rows) == maxLimit {
		return err
	}
	page, err = c.askAny(ctx, span{at.Second - 2*hour, at.Second + 2*hour}, maxLimit)
	if err == nil && len(page.Rows) == maxLimit && !hasRow(page, at.ID) {
		page, err = c.askAround(ctx, at, hour, -hour, 2*hour, -2*hour)
	}
	if err != nil {
		return err
	}
	if i := indexOf(page, at.ID); i >= 0 {
		return c.disordered(ctx, page.Rows[i:i+1])
	}
	return c.checkRow(ctx, func(w span) (*difyapi.LogPage, error) { return c.askAny(ctx, w, 1) })
}

// askAround asks for the seconds that are some seconds off, until one has the row.
func (c clock) askAround(ctx context.Context, at list.Position, offsets ...int64) (page *difyapi.LogPage, err error) {
	for _, off := range offsets {
		page, err = c.askAny(ctx, span{at.Second + off, at.Second + off}, maxLimit)
		if err != nil || hasRow(page, at.ID) {
			break
		}
	}
	return page, err
}

func hasRow(page *difyapi.LogPage, id uuid.UUID) bool { return indexOf(page, id) >= 0 }

func indexOf(page *difyapi.LogPage, id uuid.UUID) int {
	return slices.IndexFunc(page.Rows, func(row *difyapi.WorkflowLog) bool { return row.ID == id })
}

// probe asks for one row of a window, without the list's filter. The request is not counted among the page's, which would tell what
// other operations have read.
func (c clock) probe(ctx context.Context) func(span) (*difyapi.LogPage, error) {
	return func(w span) (*difyapi.LogPage, error) {
		if w = w.writable(); w.empty() {
			return new(difyapi.LogPage), nil
		}
		if c.useKept(); !c.mayAsk() {
			return nil, errSpent
		}
		page, err := c.source.Probe(ctx, c.app, bounded(difyapi.LogQuery{}, w, 1, 1))
		if errors.Is(err, difyapi.ErrAllowanceSpent) {
			err = errSpent
		}
		if err != nil {
			return nil, err
		}
		return page, c.checkTimes(ctx, page, w)
	}
}

// useKept lets the reserved call be made.
func (c clock) useKept() { c.foreseen, c.reserved = max(c.foreseen, 0)+c.reserved, 0 }

// askAny asks for rows of a window, without the list's filter.
func (c clock) askAny(ctx context.Context, w span, limit int) (*difyapi.LogPage, error) {
	if w = w.writable(); w.empty() {
		return new(difyapi.LogPage), nil
	}
	c.useKept()
	page, err := c.logs(ctx, bounded(difyapi.LogQuery{}, w, 1, limit), true)
	if err != nil {
		return nil, err
	}
	c.scan.add(tally{rows: len(page.Rows), asOf: page.SentAt})
	return page, c.checkTimes(ctx, page, w)
}

// checkTimes holds the times of an answer against its window, and against Dify's order.
func (s *stream) checkTimes(ctx context.Context, page *difyapi.LogPage, w span) error {
	if rows := outOfOrder(page); rows != nil {
		return s.disordered(ctx, rows)
	}
	for _, row := range page.Rows {
		if second := secondOf(row); second < w.from || second > w.to {
			return s.shifted(ctx, row, w, page.Version)
		}
	}
	return nil
}
