package graph_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/difygraph/difygraph/difyapi/difytest"
	"github.com/difygraph/difygraph/graph/list"
)

// profileFields are those of an end user that only the profile has.
const profileFields = `name isAnonymous externalUserId profileCreatedAt profileUpdatedAt createdAt updatedAt`

// noProfile is a profile of nulls.
const noProfile = `"name": null, "isAnonymous": null, "externalUserId": null, "profileCreatedAt": null, "profileUpdatedAt": null, "createdAt": null, "updatedAt": null`

// alice has a whole profile, with times that Dify writes without a zone.
func alice() *difytest.EndUser {
	user := endUser("alice")
	user.Name, user.ExternalUserID, user.IsAnonymous = new("Alice 京都"), new("ext-1"), true
	user.CreatedAt = time.Date(2026, 2, 1, 10, 0, 0, 0, time.UTC)
	user.UpdatedAt = time.Date(2026, 2, 2, 10, 0, 0, 123456000, time.UTC)
	return user
}

const aliceProfile = `"name": "Alice 京都", "isAnonymous": true, "externalUserId": "ext-1",
	"profileCreatedAt": "2026-02-01T10:00:00Z", "createdAt": "2026-02-01T10:00:00Z", "profileUpdatedAt": "2026-02-02T10:00:00.123456Z", "updatedAt": "2026-02-02T10:00:00.123456Z"`

// serveAlice serves app a with one run of Alice's and one of another's, and app b without any.
func serveAlice(t *testing.T, o difytest.Options) *api {
	t.Helper()
	a := serve(t, options{keys: []string{"a", "b"}, dify: o})
	row := run(5)
	row.EndUser = alice()
	a.apps["a"].Insert(row, run(1))
	return a
}

func userQuery(app string, id uuid.UUID, fields string) string {
	return `{endUser(app: "` + app + `", uuid: "` + id.String() + `") {` + fields + `}}`
}

func TestProfile(t *testing.T) {
	t.Parallel()
	for name, server := range map[string]difytest.Options{"1.13.0": {Version: "1.13.0"}, "1.14.2": {}, "hidden version": {HideVersion: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := serveAlice(t, server)
			checkData(t, a, `{workflowLogs(first: 1) {nodes {createdByEndUser {sessionId n: name `+profileFields+`}}}}`,
				`{"workflowLogs": {"nodes": [{"createdByEndUser": {"sessionId": "alice", "n": "Alice 京都", `+aliceProfile+`}}]}}`)
			checkSpent(t, a, spent{lists: 2, people: 1}) // one list for each app
			checkData(t, a, userQuery("a", alice().ID, `uuid type sessionId app {key} `+profileFields),
				`{"endUser": {"uuid": "`+alice().ID.String()+`", "type": "service-api", "sessionId": "alice", "app": {"key": "a"}, `+aliceProfile+`}}`)
			checkSpent(t, a, spent{people: 1})
		})
	}
}

// TestProfileOfWhatIsOld: end users that Dify has had for long lack a name.
func TestProfileOfWhatIsOld(t *testing.T) {
	t.Parallel()
	a := serveAlice(t, difytest.Options{})
	a.apps["a"].SetEndUser(difytest.EndUser{ID: alice().ID, Type: "service_api", SessionID: "alice", CreatedAt: epoch})
	checkData(t, a, userQuery("a", alice().ID, `type `+profileFields), `{"endUser": {"type": "service-api", "name": null, "isAnonymous": false,
		"externalUserId": null, "profileCreatedAt": "2026-03-01T00:00:00Z", "profileUpdatedAt": "2026-03-01T00:00:00Z",
		"createdAt": "2026-03-01T00:00:00Z", "updatedAt": "2026-03-01T00:00:00Z"}}`)
}

// TestProfileOnOldServer: the fields alone fail. Where the version is known, nothing is asked.
func TestProfileOnOldServer(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		server difytest.Options
		calls  int
	}{
		"1.12.1":         {difytest.Options{Version: "1.12.1"}, 0},
		"1.4.3":          {difytest.Options{Version: "1.4.3"}, 0},
		"hidden version": {difytest.Options{Version: "1.12.1", HideVersion: true}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := serveAlice(t, test.server)
			answer := a.post(t, `{workflowLogs(apps: ["a"]) {nodes {uuid createdByEndUser {sessionId `+profileFields+`}}}}`, nil)
			failures := make(map[string]string)
			for field := range strings.FieldsSeq(profileFields) {
				for i := range 2 {
					failures[fmt.Sprintf("workflowLogs.nodes.%d.createdByEndUser.%s", i, field)] = "UPSTREAM_UNSUPPORTED"
				}
			}
			rows := a.apps["a"].Rows()
			checkAnswer(t, answer, `{"workflowLogs": {"nodes": [
				{"uuid": "`+rows[0].ID.String()+`", "createdByEndUser": {"sessionId": "alice", `+noProfile+`}},
				{"uuid": "`+rows[1].ID.String()+`", "createdByEndUser": {"sessionId": "s0", `+noProfile+`}}]}}`, failures)
			if e := answer.Errors[0]; e.Extensions["app"] != "a" || !strings.Contains(e.Message, "Dify 1.13.0 or newer") {
				t.Errorf("%s", answer.text)
			}
			checkSpent(t, a, spent{lists: 1, people: test.calls})
			answer = a.post(t, userQuery("a", alice().ID, "uuid"), nil)
			checkAnswer(t, answer, `{"endUser": null}`, map[string]string{"endUser": "UPSTREAM_UNSUPPORTED"})
		})
	}
}

// TestGoneProfile: a person whom the log still shows has no profile, which is no error.
func TestGoneProfile(t *testing.T) {
	t.Parallel()
	a := serveAlice(t, difytest.Options{})
	a.apps["a"].DeleteEndUsers(alice().ID)
	checkData(t, a, `{workflowLogs(first: 1) {nodes {createdByEndUser {sessionId type `+profileFields+`}}}}`,
		`{"workflowLogs": {"nodes": [{"createdByEndUser": {"sessionId": "alice", "type": "service-api", `+noProfile+`}}]}}`)
	checkSpent(t, a, spent{lists: 2, people: 1})
	for _, query := range []string{userQuery("a", alice().ID, "uuid name"), userQuery("a", uuid.New(), "uuid name"), userQuery("b", run(1).EndUser.ID, "uuid")} {
		checkData(t, a, query, `{"endUser": null}`)
	}
	checkSpent(t, a, spent{people: 3})
}

// TestFailingProfile: the rows stand, each field has an error of its own.
func TestFailingProfile(t *testing.T) {
	t.Parallel()
	for _, f := range failures {
		if f.fault == nil || f.fault.Hang || f.name == "404 HTML" {
			continue // a 404 page is TestProfileOnOldServer's where nothing tells the version
		}
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			a := serveAlice(t, difytest.Options{})
			breakRoute(a.dify, difytest.EndUserRoute, f.fault)
			answer := a.post(t, `{workflowLogs(apps: ["a"], first: 1) {nodes {createdByEndUser {sessionId name updatedAt}}}}`, nil)
			const user = "workflowLogs.nodes.0.createdByEndUser."
			checkAnswer(t, answer, `{"workflowLogs": {"nodes": [{"createdByEndUser": {"sessionId": "alice", "name": null, "updatedAt": null}}]}}`,
				map[string]string{user + "name": f.code, user + "updatedAt": f.code})
			answer = a.post(t, userQuery("a", alice().ID, "uuid"), nil)
			checkAnswer(t, answer, `{"endUser": null}`, map[string]string{"endUser": f.code})
		})
	}
}

// theirRuns asks for the same list twice: as an end user's, and as the app's under their session id.
const theirRuns = `query ($id: UUID!, $apps: [String!]!, $own: WorkflowLogFilter, $same: WorkflowLogFilter, $order: WorkflowLogOrder! = NEWEST_FIRST, $first: Int, $after: String, $last: Int, $before: String, $sameAfter: String, $sameBefore: String) {
  endUser(app: "a", uuid: $id) { runs: workflowLogs(filter: $own, order: $order, first: $first, after: $after, last: $last, before: $before) { ...page } }
  runs: workflowLogs(apps: $apps, filter: $same, order: $order, first: $first, after: $sameAfter, last: $last, before: $sameBefore) { ...page }
}
fragment page on WorkflowLogConnection {
  edges { cursor node { id createdByEndUser { sessionId } } }
  pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  totalCount
  scan { complete reasons }
}`

type theirPage struct {
	Edges []struct {
		Cursor string
		Node   struct {
			ID               string
			CreatedByEndUser struct{ SessionID string }
		}
	}
	PageInfo struct {
		HasNextPage, HasPreviousPage bool
		StartCursor, EndCursor       *string
	}
	TotalCount *int
	Scan       struct {
		Complete bool
		Reasons  []string
	}
}

// twins are the cursors of the app's list by those of the end user's, which must not tell the session id and so differ.
type twins map[any]*string

// note takes the cursors out of both pages.
func (w twins) note(theirs, same *theirPage) {
	for i := range min(len(theirs.Edges), len(same.Edges)) {
		w[theirs.Edges[i].Cursor] = new(same.Edges[i].Cursor)
		theirs.Edges[i].Cursor, same.Edges[i].Cursor = "", ""
	}
	same.PageInfo.StartCursor, same.PageInfo.EndCursor = theirs.PageInfo.StartCursor, theirs.PageInfo.EndCursor
}

func (w twins) of(cursor any) *string {
	if c, ok := cursor.(*string); ok && c != nil {
		return w[*c]
	}
	return nil
}

// theirPage asks for a page both ways and holds that they are the same, flags included.
func (a *api) theirPage(t *testing.T, v vars, w twins) theirPage {
	t.Helper()
	all := vars{"id": alice().ID, "apps": []string{"a"}}
	same := vars{"endUserSessionId": []string{"alice"}}
	if own, ok := v["own"].(vars); ok {
		maps.Copy(same, own)
		same["endUserSessionId"] = []string{"alice"}
	}
	all["same"], all["sameAfter"], all["sameBefore"] = same, w.of(v["after"]), w.of(v["before"])
	maps.Copy(all, v)
	var data struct {
		EndUser struct{ Runs theirPage }
		Runs    theirPage
	}
	a.get(t, theirRuns, all, &data)
	w.note(&data.EndUser.Runs, &data.Runs)
	if diff := cmp.Diff(data.Runs, data.EndUser.Runs); diff != "" {
		t.Errorf("%v (-workflowLogs +theirs):\n%s", v, diff)
	}
	for _, edge := range data.EndUser.Runs.Edges {
		if edge.Node.CreatedByEndUser.SessionID != "alice" {
			t.Errorf("a run of %q", edge.Node.CreatedByEndUser.SessionID)
		}
	}
	return data.EndUser.Runs
}

// serveRunsOfAlice serves app a with 40 runs, each other one Alice's, and b with one of hers.
func serveRunsOfAlice(t *testing.T, o difytest.Options) *api {
	t.Helper()
	a := serve(t, options{keys: []string{"a", "b"}, dify: o})
	for i := range 40 {
		row := run(i / 3 * 7)
		if i%2 == 0 {
			row.EndUser = alice()
		}
		if i%5 == 0 {
			row.Run.Status, row.Run.Inputs = difytest.StatusFailed, `{"q": "hello"}`
		}
		a.apps["a"].Insert(row)
	}
	elsewhere := run(1000)
	elsewhere.EndUser = alice()
	a.apps["b"].Insert(elsewhere)
	return a
}

func TestRunsOfAnEndUser(t *testing.T) {
	t.Parallel()
	a := serveRunsOfAlice(t, difytest.Options{})
	for name, test := range map[string]struct {
		vars vars
		rows int
	}{
		"all":                  {vars{}, 20},
		"some":                 {vars{"first": 7}, 7},
		"last":                 {vars{"last": 6}, 6},
		"oldest first":         {vars{"order": "OLDEST_FIRST", "first": 3}, 3},
		"by status":            {vars{"own": vars{"status": "FAILED"}}, 4},
		"by keyword":           {vars{"own": vars{"keyword": "hello"}}, 4},
		"by time":              {vars{"own": vars{"createdAt": between("2026-03-01T00:00:07Z", "2026-03-01T00:00:21Z")}}, 3},
		"session among others": {vars{"own": vars{"endUserSessionId": []string{"s0", "alice", "bob"}}}, 20},
		"by what Dify can't":   {vars{"own": vars{"hasError": false}}, 20},
		"no condition":         {vars{"own": vars{}}, 20},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if p := a.theirPage(t, test.vars, twins{}); len(p.Edges) != test.rows {
				t.Errorf("%d rows, want %d", len(p.Edges), test.rows)
			}
		})
	}
}

// TestWalkOfAnEndUser: page for page it is the app's list under the session id.
func TestWalkOfAnEndUser(t *testing.T) {
	t.Parallel()
	a := serveRunsOfAlice(t, difytest.Options{})
	v, seen, w := vars{"first": 6}, 0, twins{}
	for more := true; more; {
		p := a.theirPage(t, v, w)
		if p.TotalCount == nil || *p.TotalCount != 20 {
			t.Errorf("total %v", p.TotalCount)
		}
		seen += len(p.Edges)
		more, v["after"] = p.PageInfo.HasNextPage, p.PageInfo.EndCursor
	}
	if seen != 20 {
		t.Errorf("%d rows", seen)
	}
	p := a.theirPage(t, vars{"last": 4, "before": v["after"]}, w)
	if len(p.Edges) != 4 || !p.PageInfo.HasPreviousPage {
		t.Errorf("backward: %d rows, %+v", len(p.Edges), p.PageInfo)
	}
}

// TestOnlyOthersSessions: a filter that excludes the end user's own session leaves nothing, and nothing is asked.
func TestOnlyOthersSessions(t *testing.T) {
	t.Parallel()
	a := serveRunsOfAlice(t, difytest.Options{})
	const fields = `workflowLogs(filter: {endUserSessionId: ["s0", "bob"]}) {nodes {uuid} edges {cursor} totalCount pageInfo {hasNextPage hasPreviousPage endCursor} scan {complete upstreamCalls}}`
	const empty = `{"nodes": [], "edges": [], "totalCount": 0, "pageInfo": {"hasNextPage": false, "hasPreviousPage": false, "endCursor": null}, "scan": {"complete": true, "upstreamCalls": 0}}`
	checkData(t, a, userQuery("a", alice().ID, fields), `{"endUser": {"workflowLogs": `+empty+`}}`)
	checkSpent(t, a, spent{people: 1})
}

// TestBadFilterOfAnEndUser: what any list refuses is refused here.
func TestBadFilterOfAnEndUser(t *testing.T) {
	t.Parallel()
	a := serveRunsOfAlice(t, difytest.Options{})
	for _, sessions := range [][]string{{}, {""}, {" "}, {"alice", ""}, names(21), {"a\x00"}} {
		v := vars{"id": alice().ID, "filter": vars{"endUserSessionId": sessions}}
		answer := a.post(t, `query ($id: UUID!, $filter: WorkflowLogFilter) {endUser(app: "a", uuid: $id) {workflowLogs(filter: $filter) {totalCount}}}`, v)
		checkAnswer(t, answer, `{"endUser": {"workflowLogs": null}}`, map[string]string{"endUser.workflowLogs": "BAD_USER_INPUT"})
	}
	if n := a.listCalls(); n > 0 {
		t.Errorf("%d lists", n)
	}
}

// TestWithoutSession: whom Dify can't list the runs of has none to show, never those of all.
func TestWithoutSession(t *testing.T) {
	t.Parallel()
	for _, session := range []string{`null`, `""`} {
		a := serveAlice(t, difytest.Options{})
		breakRoute(a.dify, difytest.LogsRoute, difytest.Rewrite(func(body []byte) []byte {
			return []byte(strings.ReplaceAll(string(body), `"session_id": "alice"`, `"session_id": `+session))
		}))
		answer := a.post(t, `{workflowLogs(apps: ["a"], first: 1) {nodes {createdByEndUser {uuid sessionId workflowLogs {nodes {uuid}}}}}}`, nil)
		checkAnswer(t, answer, `{"workflowLogs": {"nodes": [{"createdByEndUser": {"uuid": "`+alice().ID.String()+`", "sessionId": `+session+`, "workflowLogs": null}}]}}`,
			map[string]string{"workflowLogs.nodes.0.createdByEndUser.workflowLogs": "UPSTREAM_UNSUPPORTED"})
		if n := a.listCalls(); n != 1 {
			t.Errorf("session id %s: %d lists", session, n)
		}
	}
}

// TestRunsOnOldServer: a server that ignores the session id is not asked for anyone's runs.
func TestRunsOnOldServer(t *testing.T) {
	t.Parallel()
	for name, server := range map[string]difytest.Options{"1.4.3": {Version: "1.4.3"}, "hidden version": {Version: "1.4.3", HideVersion: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := serveRunsOfAlice(t, server)
			answer := a.post(t, `{workflowLogs(apps: ["a"], first: 20) {nodes {createdByEndUser {sessionId workflowLogs(first: 20) {nodes {uuid}}}}}}`, nil)
			var data struct {
				WorkflowLogs struct {
					Nodes []struct{ CreatedByEndUser vars }
				}
			}
			if err := json.Unmarshal(answer.Data, &data); err != nil || len(data.WorkflowLogs.Nodes) != 20 || len(answer.Errors) != 20 {
				t.Fatalf("%v: %s", err, answer.text)
			}
			for i, e := range answer.Errors {
				if e.Extensions["code"] != "UPSTREAM_UNSUPPORTED" || data.WorkflowLogs.Nodes[i].CreatedByEndUser["workflowLogs"] != nil {
					t.Errorf("%v", e)
				}
			}
		})
	}
}

// TestCursorsOfAnEndUserTellNoSession: whoever may not know the session id can't find it out by trying the cursors of lists.
func TestCursorsOfAnEndUserTellNoSession(t *testing.T) {
	t.Parallel()
	digest := func(session string) string {
		filter := list.Filter{}.OfEndUser(alice().ID, session)
		list, err := list.New([]string{"a"}, false, filter, list.NewestFirst)
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf("%x", list.Digest())
	}
	if digest("alice") != digest("bob") {
		t.Error("the session id is part of what cursors hold")
	}
}
