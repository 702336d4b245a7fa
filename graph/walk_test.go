package graph_test

import (
	"encoding/json"
	"errors"
	"net/http/httptest"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/difygraph/difygraph/difyapi"
	"github.com/difygraph/difygraph/difyapi/difytest"
	"github.com/difygraph/difygraph/graph/feed/feedtest"
	"github.com/difygraph/difygraph/graph/list"
	"github.com/difygraph/difygraph/graph/model"
)

// The promise over the whole way: GraphQL and Dify behind real HTTP. Package feed walks many more worlds in memory.

// worldsOverHTTP is how many worlds each property is held against here.
const worldsOverHTTP = 20

func TestWalks(t *testing.T) {
	t.Parallel()
	const short, long = 30 * time.Millisecond, 300 * time.Millisecond
	for name, property := range map[string]struct {
		worlds feedtest.Options
		ttl    time.Duration
		hold   func(*feedtest.Walk, *rapid.T)
	}{
		"still":                      {feedtest.Options{Crowd: 200}, 0, (*feedtest.Walk).Exact},
		"moving":                     {feedtest.Options{Crowd: 300}, 0, (*feedtest.Walk).Moving},
		"moving, shared":             {feedtest.Options{Crowd: 300}, short, (*feedtest.Walk).Moving},
		"slices":                     {feedtest.Options{}, 0, (*feedtest.Walk).Slices},
		"slices of a change":         {feedtest.Options{}, 0, (*feedtest.Walk).AfterChanges},
		"long keyword, fenced":       {feedtest.Options{Keywords: feedtest.Keywords{Long: true}}, 0, (*feedtest.Walk).Fenced},
		"keyword in session, moving": {feedtest.Options{Keywords: feedtest.Keywords{InSession: true}}, short, (*feedtest.Walk).Moving},
		"many apps, moving, shared":  {feedtest.Options{Apps: 60}, long, (*feedtest.Walk).Moving},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			feedtest.Check(t, worldsOverHTTP, func(t *rapid.T) {
				w := feedtest.NewWalk(t, property.worlds)
				w.Shares = property.ttl > 0
				a := serveDifys(t, options{ttl: property.ttl, scanCalls: w.ScanCalls, details: w.Details}, w.Keys(), func(string) *difytest.Server { return w.Dify })
				w.Read = a.reader(t, w.Filter.Filter, w.Order)
				property.hold(w, t)
			})
		})
	}
}

// TestWalkOfShiftedWorld: each row exactly once, or a refusal, whatever the zone and wherever pages begin.
func TestWalkOfShiftedWorld(t *testing.T) {
	t.Parallel()
	feedtest.Check(t, worldsOverHTTP, func(t *rapid.T) {
		w := feedtest.NewShifted(t, 2)
		o := options{unprovenClocks: true, ttl: rapid.SampledFrom([]time.Duration{0, time.Hour}).Draw(t, "ttl")}
		a := serveDifys(t, o, w.Keys(), func(key string) *difytest.Server { return w.Apps[key] })
		w.Read = a.reader(t, list.Filter{}, w.Order)
		w.ExactOrRefused(t)
	})
}

// serveDifys serves the API over apps that are there already, of names that are the keys.
func serveDifys(t tb, o options, keys []string, dify func(key string) *difytest.Server) *api {
	sockets := make(map[*difytest.Server]*httptest.Server)
	apps := make(map[string]difyapi.Options)
	for _, key := range keys {
		at := dify(key)
		if sockets[at] == nil {
			sockets[at] = httptest.NewServer(at)
			t.Cleanup(sockets[at].Close)
		}
		apps[key] = difyapi.Options{BaseURL: sockets[at].URL + "/v1", APIKey: "app-secret-" + key}
	}
	o.keys = keys
	return &api{url: serveApps(t, o, apps)}
}

// reader reads a list by a query for each page.
func (a *api) reader(t tb, filter list.Filter, order list.Order) feedtest.Reader {
	return func(part feedtest.Part) (feedtest.Page, error) {
		v := vars{"filter": inputOf(filter), "order": order, "first": part.Size, "after": part.After, "before": part.Before}
		if part.Last {
			v["first"], v["last"] = nil, part.Size
		}
		r := a.post(t, listQuery, v)
		if len(r.Errors) > 0 {
			return feedtest.Page{}, errors.New(r.Errors[0].Message)
		}
		var data struct{ WorkflowLogs page }
		if err := json.Unmarshal(r.Data, &data); err != nil {
			t.Fatalf("data: %v", err)
		}
		return data.WorkflowLogs.read(), nil
	}
}

// read is the page as properties look at it.
func (p page) read() feedtest.Page {
	read := feedtest.Page{
		HasNextPage: p.PageInfo.HasNextPage, HasPreviousPage: p.PageInfo.HasPreviousPage,
		StartCursor: orEmpty(p.PageInfo.StartCursor), EndCursor: orEmpty(p.PageInfo.EndCursor),
		Total: p.TotalCount, Calls: p.Scan.UpstreamCalls,
	}
	for i, at := range p.places() {
		read.Rows = append(read.Rows, list.Position{Second: at.second, ID: at.id, App: at.app})
		read.Cursors = append(read.Cursors, p.Edges[i].Cursor)
	}
	for _, reason := range p.Scan.Reasons {
		read.Reasons = append(read.Reasons, list.Reason(reason))
	}
	return read
}

func orEmpty(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}

// inputOf is a filter as a query's variable.
func inputOf(f list.Filter) vars {
	input := vars{}
	put := func(name string, value any, given bool) {
		if given {
			input[name] = value
		}
	}
	var statuses []string
	for _, status := range f.Status {
		statuses = append(statuses, model.StatusName(status))
	}
	put("status", statuses, f.Status != nil)
	put("keyword", f.Keyword, f.Keyword != nil)
	put("createdAt", f.CreatedAt, f.CreatedAt != nil)
	put("endUserSessionId", f.EndUserSessionID, f.EndUserSessionID != nil)
	put("accountEmail", f.AccountEmail, f.AccountEmail != nil)
	put("createdFrom", f.CreatedFrom, f.CreatedFrom != nil)
	put("triggeredFrom", f.TriggeredFrom, f.TriggeredFrom != nil)
	put("elapsedTime", f.ElapsedTime, f.ElapsedTime != nil)
	put("totalTokens", f.TotalTokens, f.TotalTokens != nil)
	put("hasError", f.HasError, f.HasError != nil)
	put("error", f.Error, f.Error != nil)
	return input
}
