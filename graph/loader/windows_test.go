package loader

import (
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/difygraph/difygraph/difyapi"
)

func TestLargestOfAlikeWindowsIsAsked(t *testing.T) {
	t.Parallel()
	before := time.Unix(1772323200, 0).UTC()
	got := largest([]difyapi.LogQuery{
		{Page: 1, Limit: 6},
		{Page: 1, Limit: 15},
		{Page: 1, Limit: 1},
		{Page: 1, Limit: 7, CreatedBefore: before},
		{Page: 1, Limit: 9, Status: difyapi.StatusFailed},
		{Page: 2, Limit: 6},
		{Page: 2, Limit: 15},
	})
	asked := make(map[difyapi.LogQuery]bool)
	for _, q := range got {
		asked[q] = true
	}
	if diff := cmp.Diff(map[difyapi.LogQuery]bool{
		{Page: 1, Limit: 15}:                              true,
		{Page: 1, Limit: 7, CreatedBefore: before}:        true,
		{Page: 1, Limit: 9, Status: difyapi.StatusFailed}: true,
		{Page: 2, Limit: 6}:                               true, // on later pages the limit decides where a page begins
		{Page: 2, Limit: 15}:                              true,
	}, asked); diff != "" {
		t.Error(diff)
	}
}

// heldDify answers each question for a list after a second, with no rows, and notes the limits.
type heldDify struct {
	mu     sync.Mutex
	limits []string
}

func (d *heldDify) RoundTrip(r *http.Request) (*http.Response, error) {
	d.mu.Lock()
	d.limits = append(d.limits, r.URL.Query().Get("limit"))
	d.mu.Unlock()
	time.Sleep(time.Second)
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(strings.NewReader(`{"total":0,"data":[]}`)),
	}, nil
}

// newSlowUpstream has one app, a, and keeps no answers.
func newSlowUpstream(t *testing.T) (*Upstream, *heldDify) {
	t.Helper()
	dify := new(heldDify)
	client, err := difyapi.New(difyapi.Options{BaseURL: "http://dify.test/v1", APIKey: "app-secret-a", Transport: dify})
	if err != nil {
		t.Fatal(err)
	}
	return New(map[string]*difyapi.Client{"a": client}, Options{OperationBytes: 1 << 20}), dify
}

// TestLateQuestionTakesTheAnswerOfItsLike: where the wait for their like splits questions that one answer serves, it still
// does, within their operation. In a bubble, where it is known who comes when.
func TestLateQuestionTakesTheAnswerOfItsLike(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		after time.Duration
		q     difyapi.LogQuery
		fresh bool
		calls int // of the late question
	}{
		"under way":        {500 * time.Millisecond, difyapi.LogQuery{Page: 1, Limit: 10}, false, 0},
		"as large":         {500 * time.Millisecond, difyapi.LogQuery{Page: 1, Limit: 20}, false, 0},
		"answered":         {5 * time.Second, difyapi.LogQuery{Page: 1, Limit: 10}, false, 0},
		"too small":        {500 * time.Millisecond, difyapi.LogQuery{Page: 1, Limit: 21}, false, 1},
		"fresh":            {5 * time.Second, difyapi.LogQuery{Page: 1, Limit: 10}, true, 1},
		"fresh, under way": {500 * time.Millisecond, difyapi.LogQuery{Page: 1, Limit: 20}, true, 1},
		"another filter":   {500 * time.Millisecond, difyapi.LogQuery{Page: 1, Limit: 10, Keyword: "x"}, false, 1},
		"another page":     {500 * time.Millisecond, difyapi.LogQuery{Page: 2, Limit: 10}, false, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				upstream, dify := newSlowUpstream(t)
				ctx, done := upstream.Attach(t.Context(), plenty)
				defer done(0)
				var first int
				var asking sync.WaitGroup
				asking.Go(func() { _, first, _ = For(ctx).Logs(ctx, "a", difyapi.LogQuery{Page: 1, Limit: 20}, false) })
				time.Sleep(test.after)
				page, sent, err := For(ctx).Logs(ctx, "a", test.q, test.fresh)
				asking.Wait()
				if err != nil || page.Limit < test.q.Limit || len(dify.limits) != 1+test.calls || first+sent != len(dify.limits) {
					t.Errorf("limits asked: %v, %d+%d requests counted, error %v", dify.limits, first, sent, err)
				}
			})
		})
	}
}

// TestOperationsDoNotShareWithoutTTL: what one operation has asked is no answer to another.
func TestOperationsDoNotShareWithoutTTL(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		upstream, dify := newSlowUpstream(t)
		for range 2 {
			ctx, done := upstream.Attach(t.Context(), plenty)
			if _, sent, err := For(ctx).Logs(ctx, "a", difyapi.LogQuery{Page: 1, Limit: 20}, false); sent != 1 || err != nil {
				t.Errorf("%d requests, %v", sent, err)
			}
			done(0)
		}
		if len(dify.limits) != 2 {
			t.Errorf("limits asked: %v", dify.limits)
		}
	})
}
