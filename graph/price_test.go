package graph_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/difygraph/difygraph/graph/model"
)

type cost struct{ Price, Foreseen, Limit, Spent int }

func costOf(t tb, r *response) cost {
	t.Helper()
	return checkCost(t, r.text)
}

// checkCost holds that no operation of any test has spent more than its price.
func checkCost(t tb, answer []byte) cost {
	t.Helper()
	var parsed struct{ Extensions struct{ Cost cost } }
	if err := json.Unmarshal(answer, &parsed); err != nil {
		t.Fatalf("%v: %.300s", err, answer)
	}
	if c := parsed.Extensions.Cost; c.Spent > c.Price || c.Foreseen > c.Price || c.Price > 0 && c.Price > c.Limit {
		t.Fatalf("spent %+v: %.300s", c, answer)
	}
	return parsed.Extensions.Cost
}

// priced are operations over two apps, and what each is foreseen to cost: 1, 10 for a call, 1 for a row or what is asked for by
// its id. ScanCalls is 3, ScanDetails 5.
var priced = []struct {
	name, query string
	foreseen    int
}{
	{"nothing", `{__typename}`, 1},

	{"apps", `{difyApps {key}}`, 1 + 2},
	{"apps' names", `{difyApps {name tags mode}}`, 1 + 2*11},
	{"app", `{difyApp(key: "a") {key difyVersion}}`, 1 + 10},
	{"list", `{workflowLogs {nodes {uuid}}}`, 1 + 2*10 + 20},
	{"list of one app", `{workflowLogs(apps: ["a"], first: 7) {nodes {uuid}}}`, 1 + 10 + 7},
	{"lists of apps", `{difyApps {workflowLogs(last: 5) {nodes {uuid}}}}`, 1 + 2*(1+20+5)},
	{"rows twice", `{workflowLogs(apps: "a") {nodes {uuid} edges {node {uuid}}}}`, 1 + 10 + 2*20},
	{"aliases", `{x: workflowLogs(apps: ["a"]) {nodes {uuid}} y: workflowLogs(apps: ["a"]) {nodes {uuid}}}`, 1 + 2*(10+20)},
	{"total", `{workflowLogs(apps: ["a"]) {totalCount}}`, 1 + 10},
	{"statuses", `{workflowLogs(apps: ["a"], first: 1, filter: {status: [FAILED, STOPPED]}) {nodes {uuid}}}`, 1 + 20 + 1},
	{"one status", `{workflowLogs(apps: ["a"], first: 1, filter: {status: FAILED}) {nodes {uuid}}}`, 1 + 10 + 1},
	{"sessions", `{workflowLogs(apps: ["a"], first: 1, filter: {status: [FAILED, STOPPED], endUserSessionId: ["s0", "s1", "s2"]}) {nodes {uuid}}}`, 1 + 60 + 1},
	{"status that Dify does not know", `{workflowLogs(apps: ["a"], first: 1, scanCalls: 3, filter: {status: [FAILED, RUNNING]}) {nodes {uuid}}}`, 1 + 30 + 1},
	{"filter of ours", `{workflowLogs(first: 1, scanCalls: 3, filter: {hasError: true}) {nodes {uuid}}}`, 1 + 2*30 + 1},
	{"text of the error", `{workflowLogs(first: 1, scanCalls: 3, filter: {error: {contains: "x"}}) {nodes {uuid}}}`, 1 + 2*30 + 1},
	{"no filter", `{workflowLogs(first: 1, filter: {hasError: null, keyword: ""}) {nodes {uuid}}}`, 1 + 2*10 + 1},
	{"long keyword", `{workflowLogs(apps: ["a"], first: 1, filter: {keyword: "0123456789012345678901234567890"}) {nodes {uuid}}}`, 1 + 30 + 50 + 1},
	{"keyword in sessions", `{workflowLogs(apps: ["a"], first: 1, filter: {keyword: "x", endUserSessionId: ["s0", "s1"]}) {nodes {uuid}}}`, 1 + 30 + 20 + 20 + 50 + 1},
	{"run's id in a session", `{workflowLogs(apps: ["a"], first: 1, scanCalls: 3, filter: {keyword: "fb47b2e6-5e43-4f90-be01-d5c5a088d156", endUserSessionId: ["s0"]}) {nodes {uuid}}}`, 1 + 30 + 1},
	{"detail", `{workflowLogs(apps: ["a"], first: 2) {nodes {workflowRun {inputs outputs workflowId version}}}}`, 1 + 10 + 2*11},
	{"detail by aliases", `{workflowLogs(apps: ["a"], first: 2) {
		nodes {x: workflowRun {f: status} y: workflowRun {f: inputs}} e: edges {n: node {...F}}}} fragment F on Node {... on WorkflowLog {workflowRun {outputs}}}`, 1 + 10 + 2*(2+10)},
	{"left out", `{workflowLogs(apps: ["a"], first: 2) {nodes {workflowRun {inputs @skip(if: true)} createdByEndUser @include(if: false) {name}}}}`, 1 + 10 + 2},
	{"profiles and runs", `{workflowLogs(apps: ["a"], first: 95) {nodes {createdByEndUser {name workflowLogs(first: 1) {nodes {uuid}}}}}}`, 1 + 10 + 95*(1+10+10+1)},
	{"run", `{workflowRun(app: "a", uuid: "9be587a7-45db-4316-b0ca-0bff8687389c") {status inputs}}`, 1 + 10 + 10},
	{"run's version", `{workflowRun(app: "a", uuid: "9be587a7-45db-4316-b0ca-0bff8687389c") {version triggeredFrom}}`, 1 + 10 + 10},
	{"end user", `{endUser(app: "a", uuid: "9be587a7-45db-4316-b0ca-0bff8687389c") {name workflowLogs(first: 3) {nodes {uuid}}}}`, 1 + 10 + 10 + 3},
	{"no node", `{node(id: "x") {id}}`, 1 + 1},
	{"log", `{node(id: "LOG") {id}}`, 1 + 1 + 10},
	{"app by id", `{node(id: "APP") {id ... on DifyApp {name}}}`, 1 + 1 + 10},
	{"oldest first", `{workflowLogs(apps: ["a"], order: OLDEST_FIRST, first: 5) {nodes {uuid}}}`, 1 + 20 + 5},
	{"oldest first from its end", `{workflowLogs(apps: ["a"], order: OLDEST_FIRST, last: 5) {nodes {uuid}}}`, 1 + 10 + 5},
	{"96 rows", `{workflowLogs(apps: ["a"], first: 96) {nodes {uuid}}}`, 1 + 20 + 96},
	{"apps that failed", `{workflowLogs(first: 1, onAppFailure: PARTIAL) {scan {failedApps {app {name workflowLogs(first: 2) {nodes {workflowRun {inputs}}}}}}}}`, 1 + 2*10 + 2*(10+10+2*11)},
	{"nodes", `{nodes(ids: ["RUN", "USER", "z"]) {id ... on WorkflowRun {inputs version}}}`, 1 + 3 + (10 + 10 + 10) + 10},
	{"entities", `{_entities(representations: [{__typename: "EndUser", app: {key: "a"}, sessionId: "s"}, {__typename: "DifyAccount"}, {}]) {... on EndUser {workflowLogs(first: 4) {nodes {uuid}}}}}`, 1 + 3 + (10 + 10 + 4)},
	{"end user of a session", `{_entities(representations: [{__typename: "EndUser", app: {key: "a"}, sessionId: "s"}]) {... on EndUser {name}}}`, 1 + 1 + 10 + 10},
	{"out of range", `{x: workflowLogs(apps: ["a"], first: -5) {nodes {uuid}} y: workflowLogs(apps: ["a"], last: 2000000000) {nodes {uuid}}}`, 1 + 10 + 1 + 30 + 100},
	{"back", `{workflowLogs(apps: ["a"], last: 20) {nodes {uuid}}}`, 1 + 20 + 20},
	{"back by many rows", `{workflowLogs(apps: ["a"], last: 100) {nodes {uuid}}}`, 1 + 30 + 100},
	{"flags at an end", `{workflowLogs(apps: ["a"], first: 5) {nodes {uuid} pageInfo {hasNextPage}}}`, 1 + 10 + 5},
	{"flags and total behind a cursor", `{workflowLogs(apps: ["a"], first: 5, after: "x") {totalCount nodes {uuid} pageInfo {hasPreviousPage}}}`, 1 + 30 + 5},
	{"total behind a cursor", `{workflowLogs(apps: ["a"], first: 5, after: "x") {totalCount}}`, 1 + 10},
	{"the same app twice", `{workflowLogs(apps: ["a", "a"], first: 5) {nodes {uuid}}}`, 1 + 10 + 5},
	{"app of each row", `{workflowLogs(first: 50) {nodes {app {name}}}}`, 1 + 2*10 + 50 + 2*10},
	{"rows with many fields", `{workflowLogs(apps: ["a"], first: 10) {nodes {` + fieldsOf("uuid", 51) + `}}}`, 1 + 10 + 10*2},
	{"rows with much JSON", `{workflowLogs(apps: ["a"], first: 10) {nodes {` + fieldsOf("details", 11) + `}}}`, 1 + 10 + 10*3},
	{"app with many fields", `{difyApp(key: "a") {` + fieldsOf("key", 100) + ` key}}`, 1 + 2},
	{"schema for gateways", `{_service {sdl} b: _service {c: sdl d: sdl}}`, 1 + 3*2},
}

func TestPrice(t *testing.T) {
	t.Parallel()
	for _, test := range priced {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			o := options{keys: []string{"a", "b"}, scanCalls: 3, details: 5}
			a := serve(t, o)
			for _, app := range a.apps {
				app.Insert(runsOf(pairs(60))...)
			}
			test.query = withIDs(test.query)
			got := costOf(t, a.post(t, test.query, nil))
			if got.Foreseen != test.foreseen || got.Limit != 1_000_000 {
				t.Errorf("%+v, want %d", got, test.foreseen)
			}
			if rows := got.Spent - 10*len(a.dify.Requests()); rows < 1 || rows > 201 {
				t.Errorf("spent %d for %d requests", got.Spent, len(a.dify.Requests()))
			}
			o.price = test.foreseen
			if got := costOf(t, serve(t, o).post(t, test.query, nil)); got.Price != test.foreseen {
				t.Errorf("where there is no room for a reserve: %+v", got)
			}
			if o.price--; o.price > 0 {
				checkTooDear(t, serve(t, o), test.query, test.foreseen)
			}
		})
	}
}

// fieldsOf is a field by so many aliases.
func fieldsOf(name string, n int) string {
	var fields strings.Builder
	for i := range n {
		fmt.Fprintf(&fields, " f%d: %s", i, name)
	}
	return fields.String()
}

// withIDs puts ids in the place of their kinds.
func withIDs(query string) string {
	id := func(kind model.Kind) string { return model.ID{Kind: kind, App: "a", UUID: uuid.New()}.String() }
	return strings.NewReplacer(`"LOG"`, `"`+id(model.KindLog)+`"`, `"APP"`, `"`+id(model.KindApp)+`"`, `"RUN"`, `"`+id(model.KindRun)+`"`,
		`"USER"`, `"`+id(model.KindEndUser)+`"`).Replace(query)
}

// TestThousandReferencesPassTheDefault: what a gateway may ask for at once it can pay.
func TestThousandReferencesPassTheDefault(t *testing.T) {
	t.Parallel()
	for _, of := range []vars{
		{"__typename": "DifyAccount", "email": "a@example.com"},
		{"__typename": "DifyApp", "key": "a"},
		{"__typename": "WorkflowRun", "app": vars{"key": "a"}, "uuid": uuid.NewString()},
		{"__typename": "EndUser", "app": vars{"key": "a"}, "sessionId": "s"},
	} {
		a := serve(t, options{keys: []string{"a"}, price: 20_000})
		r := a.post(t, `query ($r: [_Any!]!) {_entities(representations: $r) {__typename ... on WorkflowRun {status} ... on EndUser {type}}}`, vars{"r": slices.Repeat([]vars{of}, 1000)})
		if len(r.Errors) > 0 {
			t.Errorf("%v: %.200s", of["__typename"], r.text)
		}
	}
}

func checkTooDear(t *testing.T, a *api, query string, price int) {
	t.Helper()
	r := a.post(t, query, nil)
	if len(r.Errors) != 1 || r.codes()[0] != "COST_LIMIT_EXCEEDED" || len(r.Data) > len("null") || len(a.dify.Requests()) > 0 {
		t.Fatalf("%s", r.text)
	}
	for _, number := range []int{price, price - 1} {
		if !strings.Contains(r.Errors[0].Message, fmt.Sprint(number)) {
			t.Errorf("no %d in %s", number, r.text)
		}
	}
	if diff := fmt.Sprint(r.Errors[0].Extensions["cost"]); diff != fmt.Sprint(map[string]any{"price": float64(price), "limit": float64(price - 1)}) {
		t.Errorf("%s", r.text)
	}
}

func TestPriceByVariables(t *testing.T) {
	t.Parallel()
	a := serve(t, options{keys: []string{"a"}})
	r := a.post(t, `query ($n: Int, $f: WorkflowLogFilter, $ids: [ID!]!, $with: Boolean!) {
		workflowLogs(first: $n, filter: $f) {nodes {workflowRun {inputs @include(if: $with)}}} nodes(ids: $ids) {id}}`,
		vars{"n": 3, "f": vars{"status": []string{"FAILED", "SUCCEEDED"}}, "ids": []string{"x", "y"}, "with": true})
	if got, want := costOf(t, r).Foreseen, 1+20+3*11+2; got != want {
		t.Errorf("price %d, want %d", got, want)
	}
}

// TestEmptyRangesAreNoCondition of a price either.
func TestEmptyRangesAreNoCondition(t *testing.T) {
	t.Parallel()
	a := serve(t, options{keys: []string{"a"}})
	want := costOf(t, a.post(t, `{workflowLogs {totalCount}}`, nil)).Foreseen
	for _, filter := range []string{"{totalTokens: {}}", "{elapsedTime: {min: null}}"} {
		if got := costOf(t, a.post(t, `{workflowLogs(filter: `+filter+`) {totalCount}}`, nil)); got.Foreseen != want {
			t.Errorf("%s: foreseen %d, want %d", filter, got.Foreseen, want)
		}
	}
}

// TestHugeListsHaveAPrice: nothing is made of what a filter multiplies before it is refused.
func TestHugeListsHaveAPrice(t *testing.T) {
	t.Parallel()
	a := serve(t, options{keys: []string{"a"}})
	many := make([]string, 4_900)
	for i := range many {
		many[i] = fmt.Sprint(i)
	}
	r := a.post(t, `query ($m: [String!]) {workflowLogs(apps: $m, filter: {status: [FAILED, STOPPED, SUCCEEDED], endUserSessionId: $m}) {totalCount}}`, vars{"m": many})
	if len(r.Errors) != 1 || r.codes()[0] != "COST_LIMIT_EXCEEDED" || !strings.Contains(r.Errors[0].Message, "720300001") {
		t.Errorf("%s", r.text)
	}
}
