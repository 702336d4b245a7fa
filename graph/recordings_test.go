package graph_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/difygraph/difygraph/difyapi"
	"github.com/difygraph/difygraph/graph/viewer"
)

// recording is an exchange with a real Dify; see difyapi/testdata/recordings/README.md.
type recording struct {
	name    string
	Request struct {
		Query string
	}
	Response struct {
		Status  int
		Headers map[string]string
		Body    any
	}
}

// page is the body of a recorded page, nil where the body is something else.
func (r recording) page() map[string]any {
	body, _ := r.Response.Body.(map[string]any)
	if body["data"] == nil {
		return nil
	}
	return body
}

func readRecordings(t *testing.T, pattern string) []recording {
	t.Helper()
	folder := filepath.Join("..", "difyapi", "testdata", "recordings")
	files, err := filepath.Glob(filepath.Join(folder, "*", pattern))
	if err != nil || len(files) == 0 {
		t.Fatalf("no recordings %s: %v", pattern, err)
	}
	recordings := make([]recording, len(files))
	for i, file := range files {
		text, err := os.ReadFile(file)
		if err == nil {
			err = json.Unmarshal(text, &recordings[i])
		}
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		recordings[i].name = filepath.Base(filepath.Dir(file)) + "/" + strings.TrimSuffix(filepath.Base(file), ".json")
	}
	return recordings
}

// ServeHTTP gives the recorded answer to any list. A page is made the answer to the limit that is asked for: it then says
// that there are no more rows than those recorded.
func (r recording) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	status, body := r.Response.Status, r.Response.Body
	if strings.HasSuffix(request.URL.Path, "/info") {
		status, body = http.StatusOK, vars{"name": "Recorded", "tags": []string{}}
	} else if recorded := r.page(); recorded != nil {
		limit, _ := strconv.Atoi(request.URL.Query().Get("limit"))
		rows := recorded["data"].([]any)
		body = vars{"page": 1, "limit": limit, "total": len(rows), "has_more": len(rows) > limit, "data": rows[:min(limit, len(rows))]}
	}
	text, isText := body.(string)
	if !isText {
		encoded, err := json.Marshal(body)
		if err != nil {
			panic(err) // it was JSON before
		}
		text = string(encoded)
	}
	for name, value := range r.Response.Headers {
		w.Header().Set(name, value)
	}
	if !isText {
		w.Header().Set("Content-Type", "application/json")
	}
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text))
}

// replay serves the API over a recording, as app a, to one who has the scopes, or all.
func replay(t *testing.T, r recording, scopes ...viewer.Scope) *api {
	t.Helper()
	socket := httptest.NewServer(r)
	t.Cleanup(socket.Close)
	o := options{keys: []string{"a"}}
	if len(scopes) > 0 {
		o.viewer = &someone{"", []string{"a"}, scopes}
	}
	return &api{url: serveApps(t, o, map[string]difyapi.Options{"a": {BaseURL: socket.URL + "/v1", APIKey: "app-secret-a"}})}
}

// filter has those conditions of the recorded request that Dify and this API apply alike, so that the recorded rows are
// held against them.
func (r recording) filter(t *testing.T) vars {
	t.Helper()
	query, err := url.ParseQuery(r.Request.Query)
	if err != nil {
		t.Fatal(err)
	}
	filter := vars{}
	for parameter, field := range map[string]string{"created_by_end_user_session_id": "endUserSessionId", "created_by_account": "accountEmail"} {
		if query.Has(parameter) && !query.Has("keyword") {
			filter[field] = query.Get(parameter)
		}
	}
	if status := query.Get("status"); slices.Contains([]string{"succeeded", "failed", "stopped"}, status) {
		filter["status"] = strings.ToUpper(status)
	}
	return filter
}

// TestRecordedRows holds each row of each recorded page against what the table in docs/field-mapping.md makes of it.
func TestRecordedRows(t *testing.T) {
	t.Parallel()
	query := `query ($filter: WorkflowLogFilter) {workflowLogs(filter: $filter) {totalCount nodes {` + selection(t, "WorkflowLog") + `}}}`
	pages := 0
	for _, r := range readRecordings(t, "logs-*.json") {
		page := r.page()
		if page == nil {
			continue
		}
		pages++
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			var data struct {
				WorkflowLogs struct {
					TotalCount float64
					Nodes      []map[string]any
				}
			}
			replay(t, r).get(t, query, vars{"filter": r.filter(t)}, &data)
			rows, nodes := page["data"].([]any), data.WorkflowLogs.Nodes
			if len(nodes) != len(rows) || int(data.WorkflowLogs.TotalCount) != len(rows) {
				t.Fatalf("%d rows of %v, recorded %d", len(nodes), data.WorkflowLogs.TotalCount, len(rows))
			}
			for _, row := range rows {
				checkRow(t, row.(map[string]any), nodes)
			}
		})
	}
	if pages < 60 {
		t.Errorf("%d recorded pages, there were more", pages)
	}
}

func checkRow(t *testing.T, row map[string]any, nodes []map[string]any) {
	t.Helper()
	i := slices.IndexFunc(nodes, func(node map[string]any) bool { return node["uuid"] == row["id"] })
	if i < 0 {
		t.Fatalf("row %v is missing", row["id"])
	}
	want, got := vars{}, vars{}
	for _, m := range mapping {
		if m.ours == "" {
			continue
		}
		want[m.ours], got[m.ours] = nil, at(nodes[i], m.ours)
		status, _ := at(row, "workflow_run.status").(string)
		if value := at(row, m.dify); value != nil && !slices.Contains(notYet[m.dify], status) {
			want[m.ours] = m.convert(value)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("row %v (-recorded +shown):\n%s", row["id"], diff)
	}
	for dify, ours := range objects {
		if (at(row, dify) == nil) != (at(nodes[i], ours) == nil) {
			t.Errorf("row %v: %s is %v, %s %v", row["id"], dify, at(row, dify), ours, at(nodes[i], ours))
		}
	}
	for path, value := range leaves(nodes[i], "") {
		if strings.HasSuffix(path, "app.key") && value != "a" || strings.HasSuffix(path, ".id") && value == "" {
			t.Errorf("row %v: %s is %v", row["id"], path, value)
		}
	}
}

// TestRecordedErrors: what a real Dify answered in place of a page becomes the design's codes, and none of it is shown.
func TestRecordedErrors(t *testing.T) {
	t.Parallel()
	codes := map[int]string{
		http.StatusBadRequest:          "INTERNAL_SERVER_ERROR", // no argument of ours leads to these
		http.StatusUnauthorized:        "UPSTREAM_UNAUTHORIZED",
		http.StatusNotFound:            "UPSTREAM_UNSUPPORTED", // beside GET /info
		http.StatusInternalServerError: "UPSTREAM_UNAVAILABLE",
	}
	failed := 0
	for _, pattern := range []string{"logs-*.json", "auth-*.json", "no-such-route.json"} {
		for _, r := range readRecordings(t, pattern) {
			if r.page() != nil {
				continue
			}
			failed++
			t.Run(r.name, func(t *testing.T) {
				t.Parallel()
				want := codes[r.Response.Status]
				if strings.HasSuffix(r.name, "logs-account-unknown") {
					want = "BAD_USER_INPUT"
				}
				answer := replay(t, r).post(t, `query ($filter: WorkflowLogFilter) {workflowLogs(filter: $filter) {nodes {uuid}} difyApps {key}}`, vars{"filter": r.filter(t)})
				if !slices.Equal(answer.codes(), []string{want}) || string(answer.Data) != `{"workflowLogs":null,"difyApps":[{"key":"a"}]}` {
					t.Errorf("want %s: %s", want, answer.text)
				}
				checkUnquoted(t, r, answer)
			})
		}
	}
	if failed < 45 {
		t.Errorf("%d recorded errors, there were more", failed)
	}
}

// checkUnquoted holds that nothing of Dify's message is repeated.
func checkUnquoted(t *testing.T, r recording, answer *response) {
	t.Helper()
	body, _ := r.Response.Body.(map[string]any)
	for _, name := range []string{"message", "code"} {
		if text, ok := body[name].(string); ok && strings.Contains(string(answer.text), text) {
			t.Errorf("%q is shown in %s", text, answer.text)
		}
	}
}

func TestRecordedInfo(t *testing.T) {
	t.Parallel()
	for _, r := range readRecordings(t, "info.json") {
		socket := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("X-Version", r.Response.Headers["x-version"])
			_ = json.NewEncoder(w).Encode(r.Response.Body)
		}))
		t.Cleanup(socket.Close)
		a := &api{url: serveApps(t, options{keys: []string{"a"}}, map[string]difyapi.Options{"a": {BaseURL: socket.URL + "/v1", APIKey: "app-secret-a"}})}
		checkData(t, a, `{difyApp(key: "a") {`+appFields+`}}`, `{"difyApp": {"key": "a", "name": "Echo", "description": "", "tags": [],
			"mode": "workflow", "authorName": "Admin", "difyVersion": "`+r.Response.Headers["x-version"]+`"}}`)
	}
}

// userInputs are the values that bodies have under sys.user_id, in texts, too.
var userInputs = regexp.MustCompile(`sys\.user_id\\*": *\\*"([^"\\]+)`)

// TestRecordedPeopleAreShownToNobody who may not see them: no answer has who started a run, wherever Dify tells.
func TestRecordedPeopleAreShownToNobody(t *testing.T) {
	t.Parallel()
	seen := 0
	for _, r := range append(readRecordings(t, "run*.json"), readRecordings(t, "logs-*.json")...) {
		whole, err := json.Marshal(r.Response.Body)
		if err != nil {
			t.Fatal(err)
		}
		people := userInputs.FindAllSubmatch(whole, -1)
		seen += len(people)
		a := replay(t, r, viewer.Logs, viewer.Content)
		var answers []byte
		query := `{workflowLogs {nodes {` + selection(t, "WorkflowLog") + `}}}`
		if body, _ := r.Response.Body.(map[string]any); body["id"] != nil && r.page() == nil {
			query = fmt.Sprintf(`{workflowRun(uuid: %q) {uuid inputs outputs error again: inputs}}`, body["id"])
		}
		answers = append(answers, a.post(t, query, nil).text...)
		for _, person := range people {
			if bytes.Contains(answers, append(append([]byte(`"`), person[1]...), '"')) || bytes.Contains(answers, []byte("sys.user_id")) {
				t.Errorf("%s shows %s: %s", r.name, person[1], answers)
			}
		}
		if len(people) > 0 && !bytes.Contains(answers, []byte(`"inputs":{`)) {
			t.Errorf("%s: no inputs are shown: %s", r.name, answers)
		}
	}
	if seen < 13 {
		t.Errorf("%d people in the recordings, there were more", seen)
	}
}
