package loader

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/difygraph/difygraph/difyapi"
)

// TestServes: an answer serves a window that ends earlier where it shows what Dify would have answered to that.
func TestServes(t *testing.T) {
	t.Parallel()
	at := func(second int64) time.Time { return time.Unix(second, 0) }
	page := func(limit, total int, seconds ...int64) *difyapi.LogPage {
		p := &difyapi.LogPage{Page: 1, Limit: limit, Total: total}
		for _, second := range seconds {
			p.Rows = append(p.Rows, &difyapi.WorkflowLog{CreatedAt: at(second)})
		}
		return p
	}
	for name, test := range map[string]struct {
		end    int64 // of the window that was asked for; none if 0
		page   *difyapi.LogPage
		before int64 // the end of the other; none if 0
		limit  int
		serves bool
	}{
		"all rows are older":              {0, page(3, 9, 50, 40, 30), 60, 3, true},
		"all rows are older, of a part":   {70, page(3, 9, 50, 40, 30), 60, 3, true},
		"no rows":                         {0, page(3, 0), 60, 3, true},
		"all there are":                   {0, page(3, 2, 50, 40), 60, 90, true},
		"fewer rows are wanted":           {0, page(3, 9, 50, 40, 30), 60, 2, true},
		"a row is newer":                  {0, page(3, 9, 70, 40, 30), 60, 3, false},
		"a row is of the last second":     {0, page(3, 9, 60, 40, 30), 60, 3, false},
		"more rows are wanted":            {0, page(3, 9, 50, 40, 30), 60, 4, false},
		"the window ended before":         {55, page(3, 9, 50, 40, 30), 60, 3, false},
		"an answer that may be cut":       {0, page(3, 9, 50), 60, 3, false},
		"the window ended a second less":  {59, page(3, 0), 60, 3, false},
		"the window ended, this does not": {60, page(3, 0), 0, 1, false},
	} {
		wider := difyapi.LogQuery{Page: 1, Limit: test.page.Limit}
		if test.end > 0 {
			wider.CreatedBefore = at(test.end)
		}
		q := difyapi.LogQuery{Page: 1, Limit: test.limit}
		if test.before > 0 {
			q.CreatedBefore = at(test.before)
		}
		if got := serves(wider, test.page, q); got != test.serves {
			t.Errorf("%s: %t", name, got)
		}
	}
}

// TestRecall: what one operation has asked serves another's window that ends earlier, as long as it is young, and costs it a call.
func TestRecall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		dify := new(heldDify)
		client, err := difyapi.New(difyapi.Options{BaseURL: "http://dify.test/v1", APIKey: "app-secret-a", Transport: dify})
		if err != nil {
			t.Fatal(err)
		}
		upstream := New(map[string]*difyapi.Client{"a": client}, Options{OperationBytes: 1 << 20, TTL: 10 * time.Second})
		defer upstream.Close()
		ctx, done := upstream.Attach(t.Context(), plenty)
		if _, _, err := For(ctx).Logs(ctx, "a", difyapi.LogQuery{Page: 1, Limit: 20}, false); err != nil {
			t.Fatal(err)
		}
		done(0)
		earlier := difyapi.LogQuery{Page: 1, Limit: 20, CreatedBefore: time.Unix(1000, 0)}
		recall := func(q difyapi.LogQuery, calls int) (bool, error) {
			ctx, done := upstream.Attach(t.Context(), Allowance{Calls: calls})
			defer done(0)
			page, sent, err := For(ctx).Recall(ctx, "a", q)
			if requests := For(ctx).Taken().Requests; page != nil && (sent != 1 || requests != 1 || !page.SentAt.Equal(time.Now().Add(-10*time.Second))) {
				t.Errorf("%d requests counted, %d taken, asked at %v", sent, requests, page.SentAt)
			}
			return page != nil, err
		}
		if known, err := recall(earlier, 1); !known || err != nil {
			t.Errorf("%t, %v", known, err)
		}
		if _, err := recall(earlier, 0); !errors.Is(err, difyapi.ErrAllowanceSpent) {
			t.Errorf("without a call: %v", err)
		}
		for name, q := range map[string]difyapi.LogQuery{
			"another filter":    {Page: 1, Limit: 20, CreatedBefore: time.Unix(1000, 0), Keyword: "x"},
			"another beginning": {Page: 1, Limit: 20, CreatedBefore: time.Unix(1000, 0), CreatedAfter: time.Unix(500, 0)},
		} {
			if known, err := recall(q, 1); known || err != nil {
				t.Errorf("%s: %t, %v", name, known, err)
			}
		}
		time.Sleep(9 * time.Second) // the call itself took one
		if known, err := recall(earlier, 1); known || err != nil {
			t.Errorf("old: %t, %v", known, err)
		}
	})
}

// TestNothingIsRecalledWithoutTTL: where answers do not serve other operations, no part of them does.
func TestNothingIsRecalledWithoutTTL(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		upstream, _ := newSlowUpstream(t)
		ctx, done := upstream.Attach(t.Context(), plenty)
		defer done(0)
		if _, _, err := For(ctx).Logs(ctx, "a", difyapi.LogQuery{Page: 1, Limit: 20}, false); err != nil {
			t.Fatal(err)
		}
		page, _, err := For(ctx).Recall(ctx, "a", difyapi.LogQuery{Page: 1, Limit: 20, CreatedBefore: time.Unix(1000, 0)})
		if page != nil || err != nil {
			t.Errorf("%+v, %v", page, err)
		}
	})
}

// TestRecallAround: an answer that has all rows of a window which had ended serves the windows within, as long as it is young, and
// costs each operation a call.
func TestRecallAround(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		upstream, _ := newSlowUpstream(t)
		upstream = upstream.Next(upstream.clients, Options{OperationBytes: 1 << 20, TTL: 10 * time.Second})
		defer upstream.Close()
		window := func(from, to int64) difyapi.LogQuery {
			return difyapi.LogQuery{Page: 1, Limit: 20, CreatedAfter: time.Unix(from, 0), CreatedBefore: time.Unix(to, 0)}
		}
		ask := func(q difyapi.LogQuery) {
			ctx, done := upstream.Attach(t.Context(), plenty)
			defer done(0)
			if _, _, err := For(ctx).Logs(ctx, "a", q, false); err != nil {
				t.Fatal(err)
			}
		}
		recall := func(q difyapi.LogQuery) bool {
			ctx, done := upstream.Attach(t.Context(), plenty)
			defer done(0)
			page, sent, err := For(ctx).RecallAround(ctx, "a", q)
			if err != nil || page != nil && (sent != 1 || For(ctx).Taken().Requests != 1) {
				t.Errorf("%d requests counted, %d taken, %v", sent, For(ctx).Taken().Requests, err)
			}
			return page != nil
		}
		now := time.Now().Unix()
		ask(window(1000, now+5))
		if recall(window(1000, 2000)) {
			t.Error("a window that had not ended serves another")
		}
		ask(window(1000, 2000))
		open, other := window(1500, 0), window(1500, 1800)
		open.CreatedBefore, other.Keyword = time.Time{}, "x"
		for name, test := range map[string]struct {
			q    difyapi.LogQuery
			want bool
		}{
			"the same": {window(1000, 2000), true}, "within": {window(1500, 1800), true}, "before": {window(999, 2000), false},
			"behind": {window(1500, 2001), false}, "without an end": {open, false}, "another filter": {other, false},
		} {
			if got := recall(test.q); got != test.want {
				t.Errorf("%s: %t", name, got)
			}
		}
		time.Sleep(10 * time.Second)
		if recall(window(1500, 1800)) {
			t.Error("an old answer serves")
		}
	})
}
