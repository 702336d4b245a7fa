package graph_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/difygraph/difygraph/difyapi/difytest"
	"github.com/difygraph/difygraph/graph/model"
)

const (
	nodeQuery  = `query ($id: ID!) {node(id: $id) {__typename id}}`
	nodesQuery = `query ($ids: [ID!]!) {nodes(ids: $ids) {__typename id}}`
)

// object is what every node has.
type object struct {
	Type string `json:"__typename"`
	ID   string
}

func (a *api) nodes(t *testing.T, ids []string) (nodes []*object, answer *response) {
	t.Helper()
	answer = a.post(t, nodesQuery, vars{"ids": ids})
	var data struct{ Nodes []*object }
	if err := json.Unmarshal(answer.Data, &data); err != nil {
		t.Fatalf("%v: %s", err, answer.text)
	}
	return data.Nodes, answer
}

// TestNodesOfAList: each object of a list is fetched again by its id, with the same type and the same id.
func TestNodesOfAList(t *testing.T) {
	t.Parallel()
	for name, server := range map[string]difytest.Options{"1.13.0": {Version: "1.13.0"}, "1.14.2": {}, "hidden version": {HideVersion: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := serve(t, options{keys: []string{"a", "b"}, dify: server})
			for _, app := range a.apps {
				gone := run(61)
				gone.Run = nil
				app.Insert(append(runsOf(map[int]int{0: 2, 7: 1, 60: 3}), gone)...)
			}
			var list any
			a.get(t, `{workflowLogs(first: 100) {nodes {__typename id app {__typename id} workflowRun {__typename id} createdByEndUser {__typename id}}}}`, nil, &list)
			types := make(map[string]string)
			collectIDs(t, types, list)
			if len(types) != 2*(7+6+1+1) {
				t.Fatalf("%d objects", len(types))
			}
			var ids []string
			for id := range types {
				ids = append(ids, id)
			}
			nodes, answer := a.nodes(t, ids)
			if len(answer.Errors) > 0 {
				t.Fatalf("%s", answer.text)
			}
			for i, id := range ids {
				if want := (object{types[id], id}); nodes[i] == nil || *nodes[i] != want {
					t.Errorf("%+v, want %+v", nodes[i], want)
				}
			}
		})
	}
}

// TestFieldsOfNodes: what was fetched by its id has all fields of what a list showed.
func TestFieldsOfNodes(t *testing.T) {
	t.Parallel()
	a := serveAlice(t, difytest.Options{})
	row := a.apps["a"].Rows()[0]
	for _, test := range []struct{ id, kind, extra, child string }{
		{idOfEntry("a", row), "WorkflowLog", "", ""},
		{idOfRun("a", row), "WorkflowRun", "inputs outputs workflowId", "workflowRun"},
		{idOfEndUser("a", row.EndUser), "EndUser", profileFields, "createdByEndUser"},
	} {
		listed := `...fields`
		if test.child != "" {
			listed = `child: ` + test.child + ` {...fields}`
		}
		var data struct {
			Node         vars
			WorkflowLogs struct{ Nodes []vars }
		}
		a.get(t, `query ($id: ID!) {node(id: $id) {...fields} workflowLogs(first: 1) {nodes {`+listed+`}}}
			fragment fields on `+test.kind+` {`+selection(t, test.kind)+test.extra+`}`, vars{"id": test.id}, &data)
		want := data.WorkflowLogs.Nodes[0]
		if child, ok := want["child"].(vars); ok {
			want = child
		}
		if diff := cmp.Diff(want, data.Node); diff != "" || len(want) < 5 {
			t.Errorf("%s (-listed +node):\n%s", test.kind, diff)
		}
	}
}

// TestEntryByID: it is found in its second, whatever becomes of its run; by an old id by its run, and where that is gone by its
// second.
func TestEntryByID(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		after      func(*api, difytest.Row)
		lists, old int
		gone       bool
	}{
		"with a run":     {lists: 1, old: 1},
		"run deleted":    {after: func(a *api, row difytest.Row) { _ = a.apps["a"].DeleteRun(row.ID) }, lists: 1, old: 2},
		"person deleted": {after: func(a *api, row difytest.Row) { a.apps["a"].DeletePerson(row.EndUser.ID) }, lists: 1, old: 1},
		"entry deleted":  {after: func(a *api, row difytest.Row) { a.apps["a"].Delete(row.ID) }, lists: 1, old: 2, gone: true},
		"run named by another": {after: func(a *api, row difytest.Row) {
			other := run(9)
			other.Run.Inputs = `{"about": "` + row.Run.ID.String() + `"}`
			a.apps["a"].Insert(other)
		}, lists: 1, old: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := serve(t, options{keys: []string{"a", "b"}})
			a.apps["a"].Insert(runsOf(map[int]int{4: 3, 5: 2, 6: 1})...)
			row := a.apps["a"].Insert(run(9))[0]
			id := a.newestID(t)
			if test.after != nil {
				test.after(a, row)
			}
			for id, lists := range map[string]int{id: test.lists, oldIDOfEntry(row): test.old} {
				a.dify.ResetRequests()
				want := `{"node": {"__typename": "WorkflowLog", "id": "` + id + `"}}`
				if test.gone {
					want = `{"node": null}`
				}
				checkAnswer(t, a.post(t, nodeQuery, vars{"id": id}), want, none)
				checkSpent(t, a, spent{lists: lists})
			}
		})
	}
}

// TestIDOfAnEntryStays: it is the same before its run is written, with it, and after it was deleted.
func TestIDOfAnEntryStays(t *testing.T) {
	t.Parallel()
	a := serve(t, options{keys: []string{"a"}})
	late := run(5)
	late.Run = nil
	row := a.apps["a"].Insert(late)[0]
	ids := []string{a.newestID(t)}
	if err := a.apps["a"].Update(row.ID, func(r *difytest.Row) {
		r.Run = run(5).Run
		r.Run.ID = uuid.New()
	}); err != nil {
		t.Fatal(err)
	}
	ids = append(ids, a.newestID(t))
	if err := a.apps["a"].DeleteRun(row.ID); err != nil {
		t.Fatal(err)
	}
	if ids = append(ids, a.newestID(t)); len(slices.Compact(ids)) != 1 {
		t.Errorf("ids %q", ids)
	}
}

// newestID is the id of the newest entry, as a list shows it.
func (a *api) newestID(t *testing.T) string {
	t.Helper()
	var list struct{ WorkflowLogs struct{ Nodes []object } }
	a.get(t, `{workflowLogs(first: 1) {nodes {id}}}`, nil, &list)
	return list.WorkflowLogs.Nodes[0].ID
}

// TestEntryWhoseRunIsWrittenLater keeps the old id that a list showed before there was a run.
func TestEntryWhoseRunIsWrittenLater(t *testing.T) {
	t.Parallel()
	a := serve(t, options{keys: []string{"a"}})
	row := a.apps["a"].Insert(run(5))[0]
	row.Run = nil
	id := oldIDOfEntry(row)
	checkAnswer(t, a.post(t, `query ($id: ID!) {node(id: $id) {id ... on WorkflowLog {workflowRun {statusText}}}}`, vars{"id": id}),
		`{"node": {"id": "`+id+`", "workflowRun": {"statusText": "succeeded"}}}`, none)
}

// TestEntryWithAnotherRun: an id that names a run which is not the entry's was made up.
func TestEntryWithAnotherRun(t *testing.T) {
	t.Parallel()
	a := serve(t, options{keys: []string{"a"}})
	rows := a.apps["a"].Insert(run(5), run(5))
	row := rows[0]
	for _, id := range []uuid.UUID{uuid.New(), rows[1].Run.ID} {
		row.Run = &difytest.Run{ID: id}
		checkAnswer(t, a.post(t, nodeQuery, vars{"id": oldIDOfEntry(row)}), `{"node": null}`, none)
	}
}

// TestEntryOfACrowdedSecond: each of 150 entries of one second is found, with and without its run.
func TestEntryOfACrowdedSecond(t *testing.T) {
	t.Parallel()
	a := serve(t, options{keys: []string{"a"}, dify: difytest.Options{StableTies: true}})
	rows := a.apps["a"].Insert(runsOf(map[int]int{4: 10, 5: 150, 6: 10})...)
	crowded := slices.DeleteFunc(rows, func(r difytest.Row) bool { return r.CreatedAt != run(5).CreatedAt })
	for _, i := range []int{0, 70, 149} {
		for range 2 {
			for _, id := range []string{idOfEntry("a", crowded[i]), oldIDOfEntry(crowded[i])} {
				checkAnswer(t, a.post(t, nodeQuery, vars{"id": id}), `{"node": {"__typename": "WorkflowLog", "id": "`+id+`"}}`, none)
			}
			if err := a.apps["a"].DeleteRun(crowded[i].ID); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestNodeOfAnotherApp: an id that names another app than the object's finds nothing there, nor does that of an app that
// the caller may not read.
func TestNodeOfAnotherApp(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"1.6.0", "1.12.1", "1.14.2"} {
		a := serve(t, options{keys: []string{"a", "b"}, dify: difytest.Options{Version: version}})
		own := run(5)
		own.EndUser = alice()
		row := a.apps["a"].Insert(own)[0]
		for _, app := range []string{"b", "nobody", ""} {
			for _, id := range []string{idOfEntry(app, row), idOfRun(app, row)} {
				checkAnswer(t, a.post(t, nodeQuery, vars{"id": id}), `{"node": null}`, none)
			}
		}
		checkAnswer(t, a.post(t, nodeQuery, vars{"id": idOfEndUser("nobody", row.EndUser)}), `{"node": null}`, none)
		checkAnswer(t, a.post(t, nodeQuery, vars{"id": model.ID{Kind: model.KindApp, App: "nobody"}.String()}), `{"node": null}`, none)
	}
}

func TestEndUserNodeOnOldServer(t *testing.T) {
	t.Parallel()
	for name, server := range map[string]difytest.Options{"1.12.1": {Version: "1.12.1"}, "hidden version": {Version: "1.12.1", HideVersion: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := serveAlice(t, server)
			id := idOfEndUser("a", alice())
			checkAnswer(t, a.post(t, nodeQuery, vars{"id": id}), `{"node": null}`, map[string]string{"node": "UPSTREAM_UNSUPPORTED"})
			answer := a.post(t, nodesQuery, vars{"ids": []string{idOfApp(), id}})
			checkAnswer(t, answer, `{"nodes": [{"__typename": "DifyApp", "id": "`+idOfApp()+`"}, null]}`, map[string]string{"nodes.1": "UPSTREAM_UNSUPPORTED"})
		})
	}
}

// idOfApp is the id of app a.
func idOfApp() string { return model.ID{Kind: model.KindApp, App: "a"}.String() }

// TestNodes: the order is the one asked for, and an id twice is an object twice at one call.
func TestNodes(t *testing.T) {
	t.Parallel()
	a := serve(t, options{keys: []string{"a"}})
	rows := a.apps["a"].Insert(runsOf(map[int]int{0: 10})...)
	a.get(t, `{difyApps {name}}`, nil, new(any))
	a.dify.ResetRequests()
	var ids []string
	for _, i := range []int{3, 9, 3, 0, 5, 9} {
		ids = append(ids, idOfRun("a", rows[i]))
	}
	nodes, answer := a.nodes(t, ids)
	for i, id := range ids {
		if nodes[i] == nil || nodes[i].ID != id {
			t.Errorf("%d: %s", i, answer.text)
		}
	}
	checkSpent(t, a, spent{runs: 4})
	if nodes, _ := a.nodes(t, []string{}); nodes == nil || len(nodes) != 0 {
		t.Errorf("no ids: %v", nodes)
	}
}

// TestManyNodes: a hundred are answered, each at one call; more are refused.
func TestManyNodes(t *testing.T) {
	t.Parallel()
	a := serve(t, options{keys: []string{"a"}})
	rows := a.apps["a"].Insert(runsOf(map[int]int{0: 101})...)
	a.get(t, `{difyApps {name}}`, nil, new(any))
	a.dify.ResetRequests()
	ids := make([]string, len(rows))
	for i, row := range rows {
		ids[i] = idOfRun("a", row)
	}
	var data struct {
		Nodes []struct {
			ID     string
			Inputs any
		}
	}
	a.get(t, `query ($ids: [ID!]!) {nodes(ids: $ids) {id ... on WorkflowRun {inputs outputs}}}`, vars{"ids": ids[:100]}, &data)
	for i, node := range data.Nodes {
		if node.ID != ids[i] || node.Inputs == nil {
			t.Errorf("%d: %+v", i, node)
		}
	}
	checkSpent(t, a, spent{runs: 100})
	answer := a.post(t, nodesQuery, vars{"ids": ids})
	checkAnswer(t, answer, `{"nodes": null}`, map[string]string{"nodes": "BAD_USER_INPUT"})
	if e := answer.Errors; len(e) == 1 && (e[0].Extensions["argument"] != "ids" || !strings.Contains(e[0].Message, "at most 100 ids, not 101")) {
		t.Errorf("%v", e[0])
	}
	checkSpent(t, a, spent{})
}

// TestBadNodeAmongGood: each element has its own result or error.
func TestBadNodeAmongGood(t *testing.T) {
	t.Parallel()
	a := serve(t, options{keys: []string{"a"}})
	row := a.apps["a"].Insert(run(5))[0]
	good := idOfRun("a", row)
	missing := model.ID{Kind: model.KindRun, App: "a", UUID: uuid.New()}.String()
	account := model.ID{Kind: model.KindAccount, App: "a", UUID: uuid.New()}.String()
	answer := a.post(t, `query ($ids: [ID!]!) {first: nodes(ids: $ids) {id}}`, vars{"ids": []string{"nonsense", good, missing, account, good, idOfRun("nobody", row)}})
	node := fmt.Sprintf(`{"id": %q}`, good)
	checkAnswer(t, answer, `{"first": [null, `+node+`, null, null, `+node+`, null]}`,
		map[string]string{"first.0": "BAD_USER_INPUT", "first.3": "BAD_USER_INPUT"})
	for _, e := range answer.Errors {
		if e.Extensions["argument"] != "id" {
			t.Errorf("%v", e)
		}
	}
}
