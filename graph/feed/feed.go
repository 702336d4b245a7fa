package feed

import (
	"cmp"
	"context"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/difygraph/difygraph/graph/list"
	"github.com/difygraph/difygraph/internal/rescue"
)

// Feed reads pages of lists from a source. It keeps nothing between two pages, and is safe for concurrent use.
type Feed struct {
	Source Source
	// ScanCalls is how many calls one page may take for each stream where rows are filtered here, at least 1. PageCalls is how
	// many they may take together, but one each in any case, where the request does not say how many each may; no limit if 0.
	ScanCalls, PageCalls int
	// ScanDetails is how many runs may be looked at for one page where a keyword is longer than Dify compares, at least 1.
	ScanDetails int
}

var _ list.Reader = (*Feed)(nil)

// Read reads a page. Errors are a [list.InputError], or a [list.AppError] around what the source or the look at its answers said.
func (f *Feed) Read(ctx context.Context, req list.Request) (*list.Page, error) {
	p, page := pushdown{req.List.Filter()}, new(list.Page)
	if matchesNone(req.List) {
		return &list.Page{Total: new(int), Scan: list.Scan{AsOf: time.Now().UTC()}}, nil
	}
	rows, count := f.reader(req), new(reader)
	told := tellsTotals(req)
	var calls []func(context.Context) error
	if req.Rows {
		calls = append(calls, func(ctx context.Context) (err error) {
			page, err = rows.fill(ctx, req)
			return err
		})
	}
	if req.Total && p.countable() && !told {
		all := req
		all.Slice.From = nil // a total is of the whole list
		count = f.reader(all)
		calls = append(calls, count.count)
	}
	if err := together(ctx, calls); err != nil {
		return nil, err
	}
	report(page, rows, count)
	missing := rows.failed
	if !req.Rows && req.Partial && len(count.streams) > 0 {
		missing = count.failed
	}
	leaveOut(page, missing)
	if told {
		count = rows
	}
	if req.Total && p.countable() {
		page.Total, page.TotalErr = count.total(missing)
	}
	return page, nil
}

// tellsTotals tells whether the first answers give the totals, too. They do where reading begins at an end of the list.
func tellsTotals(req list.Request) bool { return req.Total && req.Rows && req.Slice.From == nil }

// matchesNone tells whether no row can be in the list.
func matchesNone(l list.List) bool { return len(l.Apps()) == 0 || seconds(l).empty() }

// together makes calls side by side, and ends them with the first that fails. One alone is made where it stands: a goroutine more
// costs as much as all else that reading a kept answer does.
func together(ctx context.Context, calls []func(context.Context) error) error {
	if len(calls) == 1 {
		return rescue.Call(func() error { return calls[0](ctx) })
	}
	group, ctx := errgroup.WithContext(ctx)
	for _, call := range calls {
		group.Go(func() error { return rescue.Call(func() error { return call(ctx) }) })
	}
	return group.Wait()
}

func (f *Feed) reader(req list.Request) *reader {
	p := pushdown{req.List.Filter()}
	r := &reader{slice: req.Slice, toward: req.Toward(), flags: req.Flags, partial: req.Partial, totals: tellsTotals(req), search: newSearch(p, f.ScanDetails)}
	if req.Slice.From != nil {
		r.before = req.Slice.From.Hints.SecondsPerHundred
	}
	now, keys := time.Now().Unix(), streams(req.List)
	if r.sessions = p.sessionsBeside(len(keys)); r.sessions != nil {
		r.localSearch = cmp.Or(r.search, makeSearch(p, f.ScanDetails))
	}
	quota := f.quota(len(keys), p, shapeOf(req))
	if req.Unforeseen {
		quota.each, quota.together = 0, 0
	}
	foreseen, scans := newPool(quota.together), newPool(f.pageCalls(len(keys), req.ScanCalls)-len(keys))
	for _, key := range keys {
		s := &stream{
			streamKey: key, source: f.Source, filter: p.residual(), whole: p.countable(),
			versioned: p.dependsOnVersion(), keyword: p.head(), search: r.search,
			toward: r.toward, from: req.Slice.From, now: now, bounds: seconds(req.List),
			foreseen: quota.each, together: foreseen, scans: scans, beside: len(keys), ahead: aheadOf(len(keys), req.Slice.Count, p.countable()),
		}
		if !s.whole {
			s.budget = f.scanCalls(req.ScanCalls)
		}
		if req.AppTimeout > 0 {
			s.timeLeft = new(req.AppTimeout)
		}
		s.begin()
		r.streams = append(r.streams, s)
	}
	return r
}

// scanCalls is how many calls a stream may take where a page asks for so many.
func (f *Feed) scanCalls(asked int) int { return max(1, cmp.Or(asked, f.ScanCalls)) }

// fill reads the page's rows.
func (r *reader) fill(ctx context.Context, req list.Request) (*list.Page, error) {
	early, cancel := early(ctx)
	defer cancel()
	m, n, spent, err := r.readSound(ctx, early)
	if err != nil {
		return nil, err
	}
	if r.accountUnknown() {
		return nil, errAccountUnknown
	}
	behind, err := r.hasPrevious(early)
	if err != nil {
		return nil, err
	}
	reading := list.Reading{Rows: m.page(n), HasMore: spent || m.more || len(m.rows) > n, HasPassed: behind, SecondsPerHundred: r.secondsPerHundred()}
	if spent && !r.ended(m, n) {
		reading.Stop = new(m.stop(r.toward))
	}
	page := list.NewPage(req, reading)
	if reading.Stop != nil {
		page.Scan.Reasons = append(page.Scan.Reasons, list.ScanBudget)
	}
	return page, nil
}

// count counts the list. It fails alone, see total: the page stands without it.
func (r *reader) count(ctx context.Context) error {
	r.partial = true // so that all calls are waited for, and counted
	early, cancel := early(ctx)
	defer cancel()
	bounded := r.bounded()
	if bounded {
		r.keepCalls()
	}
	err := r.each(early, slices.Clone(r.streams), func(ctx context.Context, s *stream) error {
		_, err := s.ask(ctx, s.bounds, 1, 1, false)
		return err
	})
	if err == nil && bounded {
		err = r.checkSamples(ctx) // Dify counts by times that it may not show
	}
	switch {
	case err == nil && r.accountUnknown():
		return errAccountUnknown
	case ctx.Err() != nil:
		return ctx.Err()
	default:
		r.uncounted = err
		return nil
	}
}

// bounded tells whether the list has bounds of time, so that it depends on Dify's clock how many rows there are.
func (r *reader) bounded() bool {
	return len(r.streams) > 0 && r.streams[0].bounds != (span{beginning, end})
}

// total sums up what the streams were told, but for those of apps whose rows are missing. It is not known where another app
// could not be counted.
func (r *reader) total(missing []*list.AppError) (*int, error) {
	for _, e := range r.failed {
		if !failed(missing, e.App) {
			return nil, e
		}
	}
	if r.uncounted != nil {
		return nil, r.uncounted
	}
	sum := 0
	for _, s := range r.streams {
		if failed(missing, s.app) {
			continue
		}
		if !list.IsInt(s.total) {
			return nil, &list.AppError{App: s.app, Err: list.ErrBeyondInt}
		}
		sum += s.total
	}
	return &sum, nil
}

var errAccountUnknown = list.NewInputError("filter.accountEmail", "no member of any of the apps' workspaces has this e-mail address; "+
	"Dify compares it exactly, case included")

// report sums up what the page took.
func report(p *list.Page, rows, count *reader) {
	sum := rows.tally()
	sum.add(count.tally())
	if sum.crowded {
		p.Scan.Reasons = append(p.Scan.Reasons, list.CrowdedSecond)
	}
	if sum.doubtful {
		p.Scan.Reasons = append(p.Scan.Reasons, list.BadResponse)
	}
	p.Scan.UpstreamCalls, p.Scan.RowsScanned, p.Scan.AsOf = sum.calls, sum.rows, sum.asOf
	p.Scan.DetailCalls = sum.details
	if sum.asOf.IsZero() {
		p.Scan.AsOf = time.Now().UTC()
	}
}

// leaveOut reports the apps whose rows the page does not have.
func leaveOut(p *list.Page, apps []*list.AppError) {
	if len(apps) > 0 {
		p.Scan.FailedApps = apps
		p.Scan.Reasons = append(p.Scan.Reasons, list.AppFailed)
	}
}
