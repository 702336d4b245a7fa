package feed

import (
	"context"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/difygraph/difygraph/internal/rescue"
)

// Feed reads pages of lists from a source. It keeps nothing between two pages, and is safe for concurrent use.
type Feed struct {
	Source Source
	// ScanCalls is how many calls one page may take for each stream where rows are filtered here, at least 1.
	ScanCalls int
	// ScanDetails is how many runs may be looked at for one page where a keyword is longer than Dify compares, at least 1.
	ScanDetails int
}

// Request asks for a page.
type Request struct {
	List  List
	Slice Slice
	// Partial makes the list go on without apps that can't be read; else it fails.
	Partial bool
	// Rows, Flags and Total are what is wanted of the page: its rows, whether there are more, and how many there are in
	// all. What is not wanted costs no call.
	Rows, Flags, Total bool
	// Unforeseen says that nobody has foreseen the page: all of its calls are extra.
	Unforeseen bool
	// AppTimeout is how long an app may take before it counts as failed; no limit but that of each call if 0.
	AppTimeout time.Duration
}

// Read reads a page. Errors are an [InputError], or an [AppError] around what the source or the look at its answers said.
func (f *Feed) Read(ctx context.Context, req Request) (*Page, error) {
	page := &Page{digest: req.List.digest}
	if len(req.List.apps) == 0 || req.List.seconds().empty() {
		page.Total = new(int)
		page.Scan.AsOf = time.Now().UTC()
		return page, nil
	}
	rows, count := f.reader(req), f.reader(req)
	told := req.Rows && req.Slice.from == nil // the first answers of a list from its end tell the totals too
	group, groupCtx := errgroup.WithContext(ctx)
	if req.Rows {
		group.Go(func() error { return rescue.Call(func() error { return rows.fill(groupCtx, page) }) })
	}
	if req.Total && req.List.countable() && !told {
		group.Go(func() error { return rescue.Call(func() error { return count.count(groupCtx) }) })
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	page.report(rows, count)
	missing := rows.failed
	if !req.Rows && req.Partial && len(count.streams) > 0 {
		missing = count.failed
	}
	page.leaveOut(missing)
	if req.Total && req.List.countable() {
		if told {
			count = rows
		}
		page.Total, page.TotalErr = count.total(missing)
	}
	return page, nil
}

func (f *Feed) reader(req Request) *reader {
	r := &reader{slice: req.Slice, toward: req.List.order.direction(req.Slice.backward), flags: req.Flags, partial: req.Partial}
	r.search = newSearch(req.List, f.ScanDetails)
	now := time.Now().Unix()
	for _, key := range req.List.streams() {
		s := &stream{
			streamKey: key, source: f.Source, filter: req.List.residual(), whole: req.List.countable(),
			versioned: req.List.dependsOnVersion(), keyword: req.List.head(), search: r.search,
			toward: r.toward, from: req.Slice.from, now: now, bounds: req.List.seconds(),
		}
		if !s.whole {
			s.budget = max(1, f.ScanCalls)
		}
		if !req.Unforeseen {
			s.foreseen = f.foreseen(s.whole, req.shape())
		}
		if req.AppTimeout > 0 {
			s.patience = new(req.AppTimeout)
		}
		s.begin()
		r.streams = append(r.streams, s)
	}
	return r
}

// fill reads the page's rows.
func (r *reader) fill(ctx context.Context, page *Page) error {
	m, n, spent, err := r.readSound(ctx)
	if err != nil {
		return err
	}
	if r.accountUnknown() {
		return errAccountUnknown
	}
	behind, err := r.behind(ctx)
	if err != nil {
		return err
	}
	page.Rows = m.rows[:n:n]
	page.pace = r.pace()
	var stop *Position
	if spent && !r.ended(m, n) {
		stop = new(m.stop(r.toward))
		page.Scan.Reasons = append(page.Scan.Reasons, ScanBudget)
	}
	page.orient(r.toward, r.slice.backward, spent || m.more || len(m.rows) > n, behind, stop)
	return nil
}

// count counts the list. It fails alone, see total: the page stands without it.
func (r *reader) count(ctx context.Context) error {
	r.partial = true // so that all calls are waited for, and counted
	err := r.each(ctx, slices.Clone(r.streams), func(ctx context.Context, s *stream) error {
		_, err := s.ask(ctx, s.bounds, 1, 1, false)
		return err
	})
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

// total sums up what the streams were told, but for those of apps whose rows are missing. It is not known where another app
// could not be counted.
func (r *reader) total(missing []*AppError) (*int, error) {
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
		if !failed(missing, s.app) {
			sum += s.total
		}
	}
	return &sum, nil
}

var errAccountUnknown = inputError("filter.accountEmail", "no member of any of the apps' workspaces has this e-mail address; "+
	"Dify compares it exactly, case included")

// report sums up what the page took.
func (p *Page) report(rows, count *reader) {
	sum := rows.tally()
	sum.add(count.tally())
	if sum.crowded {
		p.Scan.Reasons = append(p.Scan.Reasons, CrowdedSecond)
	}
	if sum.doubtful {
		p.Scan.Reasons = append(p.Scan.Reasons, BadResponse)
	}
	p.Scan.UpstreamCalls, p.Scan.RowsScanned, p.Scan.AsOf = sum.calls, sum.rows, sum.asOf
	if sum.asOf.IsZero() {
		p.Scan.AsOf = time.Now().UTC()
	}
}

// leaveOut reports apps whose rows are missing.
func (p *Page) leaveOut(apps []*AppError) {
	if len(apps) > 0 {
		p.Scan.FailedApps = apps
		p.Scan.Reasons = append(p.Scan.Reasons, AppFailed)
	}
}
