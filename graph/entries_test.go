package graph_test

import (
	"testing"

	"github.com/google/uuid"

	"github.com/difygraph/difygraph/graph/model"
)

// TestEntriesThatStandTogetherTakeFewCalls: fifty of a page take one, however they are asked for; those that stand alone take one each;
// and each is the one that was asked for.
func TestEntriesThatStandTogetherTakeFewCalls(t *testing.T) {
	t.Parallel()
	a := serve(t, options{keys: []string{"a"}})
	counts := map[int]int{}
	for i := range 50 {
		counts[i*7] = 1 // a page
	}
	for i := range 500 {
		counts[10_000+i] = 1 // others, newer
	}
	counts[1_000_000] = 1 // far from all
	var near []string
	far := ""
	for _, row := range a.apps["a"].Insert(runsOf(counts)...) {
		if second := int(row.CreatedAt.Sub(epoch).Seconds()); second < 10_000 {
			near = append(near, idOfEntry("a", row))
		} else if second == 1_000_000 {
			far = idOfEntry("a", row)
		}
	}
	gone := model.ID{Kind: model.KindLog, App: "a", UUID: uuid.New(), Second: epoch.Unix() + 7}.String()
	for name, test := range map[string]struct {
		ids   []string
		calls int
	}{"a page": {near, 1}, "one": {near[:1], 1}, "two": {near[:2], 1}, "two far apart": {[]string{near[0], far}, 2}, "a page and one far from it": {append([]string{far}, near...), 2}, "one is gone": {append([]string{gone}, near...), 1 + 1}} {
		before := a.listCalls()
		nodes, answer := a.nodes(t, test.ids)
		if calls := a.listCalls() - before; calls != test.calls || len(answer.Errors) > 0 || len(nodes) != len(test.ids) {
			t.Errorf("%s: %d calls, want %d: %.300s", name, calls, test.calls, answer.text)
		}
		for i, id := range test.ids {
			if (nodes[i] == nil) != (id == gone) || id != gone && nodes[i].ID != id {
				t.Errorf("%s: %v is not %s", name, nodes[i], id)
			}
		}
	}
}
