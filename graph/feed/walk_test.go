package feed

import (
	"context"
	"flag"
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/difygraph/difygraph/difyapi"
	"github.com/difygraph/difygraph/difyapi/difytest"
	"github.com/difygraph/difygraph/graph/feed/feedtest"
	"github.com/difygraph/difygraph/graph/list"
	"github.com/difygraph/difygraph/graph/loader"
)

// These properties are the promise. To walk more worlds than the quick test does:
//
//	go test ./graph/feed -walks 10000 -timeout 3h

var walks = flag.Int("walks", 50, "how many worlds each property is held against")

// properties are what is walked, by the names of the tests.
var properties = map[string]struct {
	worlds feedtest.Options
	ttl    time.Duration // for which answers are shared
	hold   func(*feedtest.Walk, *rapid.T)
}{
	"still":              {feedtest.Options{Crowd: 200}, 0, (*feedtest.Walk).Exact},
	"moving":             {feedtest.Options{Crowd: 300}, 0, (*feedtest.Walk).Moving},
	"moving, shared":     {feedtest.Options{Crowd: 300}, shared, (*feedtest.Walk).Moving},
	"fenced":             {feedtest.Options{Crowd: 200}, 0, (*feedtest.Walk).Fenced},
	"slices":             {feedtest.Options{Crowd: 195}, 0, (*feedtest.Walk).Slices},
	"slices of a change": {feedtest.Options{Crowd: 195}, 0, (*feedtest.Walk).AfterChanges},

	// With a keyword of which Dify compares only the beginning.
	"long keyword, still":          {feedtest.Options{Crowd: 200, Keywords: feedtest.Keywords{Long: true}}, 0, (*feedtest.Walk).Exact},
	"long keyword, moving":         {feedtest.Options{Crowd: 200, Keywords: feedtest.Keywords{Long: true}}, 0, (*feedtest.Walk).Moving},
	"long keyword, moving, shared": {feedtest.Options{Crowd: 200, Keywords: feedtest.Keywords{Long: true}}, shared, (*feedtest.Walk).Moving},
	"long keyword, fenced":         {feedtest.Options{Crowd: 200, Keywords: feedtest.Keywords{Long: true}}, 0, (*feedtest.Walk).Fenced},

	// With a keyword beside session ids, which Dify up to 1.16 can't be asked for together.
	"keyword in session, still":       {feedtest.Options{Crowd: 200, Keywords: feedtest.Keywords{InSession: true}}, 0, (*feedtest.Walk).Exact},
	"keyword in session, moving":      {feedtest.Options{Crowd: 200, Keywords: feedtest.Keywords{InSession: true}}, 0, (*feedtest.Walk).Moving},
	"long keyword in session, still":  {feedtest.Options{Crowd: 200, Keywords: feedtest.Keywords{Long: true, InSession: true}}, 0, (*feedtest.Walk).Exact},
	"keyword in session, shared":      {feedtest.Options{Crowd: 200, Keywords: feedtest.Keywords{InSession: true}}, shared, (*feedtest.Walk).Moving},
	"keyword in session, fenced":      {feedtest.Options{Crowd: 200, Keywords: feedtest.Keywords{InSession: true}}, 0, (*feedtest.Walk).Fenced},
	"keyword in session, slices":      {feedtest.Options{Crowd: 195, Keywords: feedtest.Keywords{InSession: true}}, 0, (*feedtest.Walk).Slices},
	"keyword in session, many apps":   {feedtest.Options{Apps: 30, Keywords: feedtest.Keywords{InSession: true}}, 0, (*feedtest.Walk).Exact},
	"long keyword in session, fenced": {feedtest.Options{Crowd: 200, Keywords: feedtest.Keywords{Long: true, InSession: true}}, shared, (*feedtest.Walk).Fenced},
	"long keyword in session, moving": {feedtest.Options{Crowd: 200, Keywords: feedtest.Keywords{Long: true, InSession: true}}, 0, (*feedtest.Walk).Moving},

	// Over many apps, of which most have nothing on a page.
	"many apps, still":          {feedtest.Options{Apps: 60}, 0, (*feedtest.Walk).Exact},
	"many apps, still, shared":  {feedtest.Options{Apps: 60}, time.Hour, (*feedtest.Walk).Exact},
	"many apps, fenced, shared": {feedtest.Options{Apps: 60}, 50 * shared, (*feedtest.Walk).Fenced},
	"many apps, moving, shared": {feedtest.Options{Apps: 60}, 50 * shared, (*feedtest.Walk).Moving},
}

// shared is for how long answers serve other pages: about as long as a page or two take.
const shared = 5 * time.Millisecond

func TestWalks(t *testing.T) {
	t.Parallel()
	for name, property := range properties {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			feedtest.Check(t, *walks, func(t *rapid.T) {
				w := feedtest.NewWalk(t, property.worlds)
				w.Shares = property.ttl > 0
				m := newInMemory(t, property.ttl, w.Keys(), func(string) *difytest.Server { return w.Dify })
				m.feed.ScanCalls, m.feed.ScanDetails = w.ScanCalls, w.Details
				m.proveClocks()
				w.Read = m.of(t, w.Filter.Filter, w.Order)
				property.hold(w, t)
			})
		})
	}
}

// TestWalkOfShiftedWorld: whatever zone a Dify is in, beside few apps or many.
func TestWalkOfShiftedWorld(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		apps int
		ttl  time.Duration
	}{
		"without cache":            {2, 0},
		"with cache":               {2, time.Hour},
		"many apps, without cache": {30, 0},
		"many apps, with cache":    {30, time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			feedtest.Check(t, *walks, func(t *rapid.T) {
				w, ttl := feedtest.NewShifted(t, test.apps), test.ttl
				m := newInMemory(t, ttl, w.Keys(), func(key string) *difytest.Server { return w.Apps[key] })
				w.Read = m.of(t, list.Filter{}, w.Order)
				w.ExactOrRefused(t)
			})
		})
	}
}

// inMemory reads lists of Difys within the process, through loaders as production does.
type inMemory struct {
	feed     Feed
	clients  map[string]*difyapi.Client
	clocks   *loader.Clocks
	upstream *loader.Upstream
}

func newInMemory(t *rapid.T, ttl time.Duration, keys []string, dify func(key string) *difytest.Server) *inMemory {
	m := &inMemory{clients: make(map[string]*difyapi.Client), clocks: new(loader.Clocks), feed: Feed{ScanCalls: 1, ScanDetails: 200}}
	for _, key := range keys {
		client, err := difyapi.New(difyapi.Options{BaseURL: "http://dify.test/v1", APIKey: "app-secret-" + key, Transport: dify(key).Transport()})
		if err != nil {
			t.Fatalf("client: %v", err)
		}
		m.clients[key] = client
	}
	m.upstream = loader.New(m.clients, loader.Options{TTL: ttl, Clocks: m.clocks, OperationBytes: 64 << 20})
	t.Cleanup(m.upstream.Close)
	return m
}

// proveClocks makes the apps' times right in all seasons of which worlds have rows, so that nothing is asked to find out.
func (m *inMemory) proveClocks() {
	for _, client := range m.clients {
		m.clocks.Prove(client.Identity(), EverProven)
		for season := SeasonOf(feedtest.Epoch.AddDate(0, -1, 0).Unix()); season <= SeasonOf(feedtest.Epoch.AddDate(0, 6, 0).Unix()); season++ {
			m.clocks.Prove(client.Identity(), season)
		}
	}
}

// of reads a list, each page by an operation of its own.
func (m *inMemory) of(t *rapid.T, filter list.Filter, order list.Order) feedtest.Reader {
	l, err := list.New(slices.Collect(maps.Keys(m.clients)), true, filter, order)
	if err != nil {
		t.Fatalf("list: %v", err)
	}
	return func(part feedtest.Part) (feedtest.Page, error) {
		slice, err := list.NewSlice(l, &part.Size, &part.After, nil, &part.Before)
		if part.Last {
			slice, err = list.NewSlice(l, nil, &part.After, &part.Size, &part.Before)
		}
		if err != nil {
			return feedtest.Page{}, err
		}
		counted := part.Size%2 == 0 // totals may change how the first page is read
		ctx, done := m.upstream.Attach(context.Background(), loader.Allowance{Calls: 1_000_000, Extra: 1_000_000})
		defer done(0)
		read := m.feed
		read.Source = loader.For(ctx)
		page, err := read.Read(ctx, list.Request{List: l, Slice: slice, Rows: true, Flags: true, Total: counted})
		if err != nil {
			return feedtest.Page{}, err
		}
		p := pageOf(page)
		p.Uncounted = !counted
		return p, nil
	}
}

func pageOf(p *list.Page) feedtest.Page {
	page := feedtest.Page{
		HasNextPage: p.HasNextPage, HasPreviousPage: p.HasPreviousPage, StartCursor: p.StartCursor, EndCursor: p.EndCursor,
		Total: p.Total, Reasons: p.Scan.Reasons, Calls: p.Scan.UpstreamCalls,
	}
	for i := range p.Rows {
		page.Rows, page.Cursors = append(page.Rows, p.Rows[i].Position), append(page.Cursors, p.Cursor(&p.Rows[i]))
	}
	return page
}
