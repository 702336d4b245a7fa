package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"

	"github.com/difygraph/difygraph/difyapi/difytest"
	"github.com/difygraph/difygraph/graph"
	"github.com/difygraph/difygraph/internal/config"
	"github.com/difygraph/difygraph/internal/playground"
	"github.com/difygraph/difygraph/internal/playground/browsertest"
)

func TestSampleData(t *testing.T) {
	t.Parallel()
	server := start(t, "DIFYGRAPH_LISTEN=127.0.0.1:0")
	if greeting := <-server.printed; !strings.Contains(greeting, "sample data") || !strings.Contains(greeting, "Playground  "+server.url+"/\n") {
		t.Errorf("greeting without a word on sample data, or where it is:\n%s", greeting)
	}
	if status, page := server.get(t, "/"); status != http.StatusOK || !strings.Contains(page, "Sample data") {
		t.Errorf("playground: %d, with a notice: %t", status, strings.Contains(page, "Sample data"))
	}
	for _, probe := range []string{"/healthz", "/readyz"} {
		if status, _ := server.get(t, probe); status != http.StatusOK {
			t.Errorf("GET %s: %d", probe, status)
		}
	}
	var answer struct{ DifyApps []struct{ Key, Name string } }
	server.query(t, `{difyApps {key name}}`, `{}`, &answer)
	want := []struct{ Key, Name string }{
		{"translator", "Translator"}, {"support-triage", "Support triage"}, {"invoice-reader", "Invoice reader"},
	}
	if diff := cmp.Diff(want, answer.DifyApps); diff != "" {
		t.Errorf("sample apps (-want +got):\n%s", diff)
	}
	var page struct {
		WorkflowLogs struct{ Nodes []struct{ UUID string } }
	}
	server.query(t, `{workflowLogs(first: 1, appTimeout: 30) {nodes {uuid}}}`, `{}`, &page)
	if len(page.WorkflowLogs.Nodes) != 1 {
		t.Errorf("%+v", page)
	}
	server.stop(t)
}

func TestSampleDataStops(t *testing.T) {
	t.Parallel()
	var cfg config.Config
	stop, err := startSample(t.Context(), &cfg)
	if err != nil {
		t.Fatal(err)
	}
	dify := &testServer{url: cfg.Apps[0].BaseURL}
	if status, _ := dify.get(t, "/info"); status != http.StatusUnauthorized {
		t.Errorf("the built-in Dify without a key: %d, want 401", status)
	}
	stop()
	if response, err := http.Get(cfg.Apps[0].BaseURL + "/info"); err == nil {
		response.Body.Close()
		t.Errorf("the built-in Dify answers %d after its end", response.StatusCode)
	}
}

func TestExamplesRun(t *testing.T) {
	t.Parallel()
	server := start(t, "DIFYGRAPH_LISTEN=127.0.0.1:0")
	for _, example := range playground.Examples() {
		var answer map[string]json.RawMessage
		server.query(t, example.Query, example.Variables, &answer)
		if len(answer) == 0 {
			t.Errorf("%s: no data", example.Name)
		}
	}
}

func TestPlaygroundInBrowser(t *testing.T) {
	t.Parallel()
	browsertest.Run(t, start(t, "DIFYGRAPH_LISTEN=127.0.0.1:0").url, browsertest.BuiltIn())
}

func TestBadRequests(t *testing.T) {
	t.Parallel()
	server := start(t, "DIFYGRAPH_LISTEN=127.0.0.1:0")
	for name, test := range map[string]struct {
		method, contentType, body string
		status                    int
	}{
		"GET":               {http.MethodGet, "", "", http.StatusBadRequest},
		"no JSON":           {http.MethodPost, "application/json", "shibboleth{", http.StatusBadRequest},
		"wrong type":        {http.MethodPost, "application/json", `{"query": ["shibboleth"]}`, http.StatusBadRequest},
		"two values":        {http.MethodPost, "application/json", `{"query": "{__typename}"} {"shibboleth": 1}`, http.StatusBadRequest},
		"empty":             {http.MethodPost, "application/json", "", http.StatusBadRequest},
		"too large":         {http.MethodPost, "application/json", strings.Repeat(" ", 1<<20+1), http.StatusRequestEntityTooLarge},
		"what a form sends": {http.MethodPost, "text/plain", `{"query": "{__typename}"}`, http.StatusUnsupportedMediaType},
		"DELETE":            {http.MethodDelete, "", "", http.StatusMethodNotAllowed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			status, answer := server.send(t, test.method, "/graphql", test.contentType, test.body)
			if status != test.status || strings.Contains(answer, "shibboleth") || !strings.HasPrefix(answer, `{"errors":[`) {
				t.Errorf("got %d, want %d: %.300s", status, test.status, answer)
			}
		})
	}
}

func TestConfiguredApp(t *testing.T) {
	t.Parallel()
	dify := startDify(t)
	server := start(t, "DIFYGRAPH_LISTEN=127.0.0.1:0", "DIFY_API_KEY="+goodKey, "DIFY_BASE_URL="+dify)
	var answer struct{ DifyApps []struct{ Key, Name string } }
	server.query(t, `{difyApps {key name}}`, `{}`, &answer)
	if len(answer.DifyApps) != 1 || answer.DifyApps[0] != struct{ Key, Name string }{"default", "Echo"} {
		t.Errorf("apps: %+v", answer.DifyApps)
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	dify := startDify(t)
	eastern := configFile(t, "apps: [{key: echo, baseURL: %q, apiKey: %s}]", startDifyIn(t, time.FixedZone("east", 8*3600)), goodKey)
	good := configFile(t, "apps: [{key: echo, baseURL: %q, apiKey: %s}]", dify, goodKey)
	both := configFile(t, "apps: [{key: gone, baseURL: %q, apiKey: %s}, {key: echo, baseURL: %q, apiKey: %s}]", dify, badKey, dify, goodKey)
	for name, test := range map[string]struct {
		args, environ []string
		want          []string
		ok            bool
	}{
		"answers":           {[]string{"check", "--config", good}, nil, []string{"echo  answers  Dify 1.14.2  mode workflow", "At most 4 connections to each Dify", "SERVER_WORKER_CLASS=gevent"}, true},
		"by environment":    {[]string{"check"}, []string{"DIFYGRAPH_CONFIG=" + good}, []string{"echo  answers"}, true},
		"flag wins":         {[]string{"check", "--config", good}, []string{"DIFYGRAPH_CONFIG=nowhere"}, []string{"echo  answers"}, true},
		"one fails":         {[]string{"check", "--config", both}, nil, []string{"gone  fails", "401", "echo  answers"}, false},
		"wrong times":       {[]string{"check", "--config", eastern}, nil, []string{"echo  fails", "8 h earlier", "TZ=UTC"}, false},
		"json":              {[]string{"check", "--config", both, "--json", "--timeout", "20s"}, nil, []string{`{"apps":[{"app":"gone","asked":["` + dify + `/info"],"answers":false,"error":`, `{"app":"echo",`, `"answers":true,"version":"1.14.2","mode":"workflow"}`}, false},
		"nothing to check":  {[]string{"check"}, nil, nil, false},
		"no such file":      {[]string{"check", "--config", "nowhere"}, nil, nil, false},
		"empty variable":    {[]string{"check", "--config", ""}, []string{"DIFYGRAPH_CONFIG=" + good}, nil, false},
		"two sources":       {[]string{"check", "--config", good}, []string{"DIFY_API_KEY=" + goodKey}, nil, false},
		"no such flag":      {[]string{"check", "--hurry"}, nil, nil, false},
		"help is no check":  {[]string{"check", "--help"}, nil, []string{"Usage: difygraph check"}, true},
		"no place to serve": {[]string{"--config", good}, []string{"DIFYGRAPH_LISTEN=0.0.0.0:0"}, nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var stdout bytes.Buffer
			err := run(t.Context(), process{test.args, test.environ, &stdout, io.Discard})
			if (err == nil) != test.ok {
				t.Errorf("run: %v", err)
			}
			for _, want := range test.want {
				if !strings.Contains(stdout.String(), want) {
					t.Errorf("no %q in:\n%s", want, stdout.String())
				}
			}
			if failing := strings.Contains(stdout.String(), "fails") || strings.Contains(stdout.String(), `"answers":false`); err != nil && failing != (exitCode(err) == 2) {
				t.Errorf("exit code %d of %v", exitCode(err), err)
			}
			if shown := stdout.String() + fmt.Sprint(err); strings.Contains(shown, goodKey) || strings.Contains(shown, badKey) {
				t.Errorf("an API key is shown:\n%s", shown)
			}
		})
	}
}

func TestSchema(t *testing.T) {
	t.Parallel()
	var stdout bytes.Buffer
	if err := run(t.Context(), process{args: []string{"schema"}, stdout: &stdout}); err != nil {
		t.Fatal(err)
	}
	printed, err := gqlparser.LoadSchema(&ast.Source{Input: stdout.String()})
	if err != nil {
		t.Fatalf("what is printed is no schema: %v", err)
	}
	if len(printed.SchemaDirectives) > 0 {
		t.Errorf("%s, which Relay's compiler does not take, and which speaks to gateways alone", printed.SchemaDirectives[0].Name)
	}
	served := graph.Schema()
	if diff := cmp.Diff(fieldsOf(served), fieldsOf(printed)); diff != "" {
		t.Errorf("fields (-served +printed):\n%s", diff)
	}
}

// TestSubgraphSchema wants what is printed to be what a gateway is told, without the fields of which a graph of many has
// one pair, perhaps another's.
func TestSubgraphSchema(t *testing.T) {
	t.Parallel()
	var stdout bytes.Buffer
	if err := run(t.Context(), process{args: []string{"schema", "--subgraph"}, stdout: &stdout}); err != nil {
		t.Fatal(err)
	}
	var answer struct {
		Service struct{ SDL string } `json:"_service"`
	}
	start(t, "DIFYGRAPH_LISTEN=127.0.0.1:0").query(t, `{_service {sdl}}`, `{}`, &answer)
	if diff := cmp.Diff(answer.Service.SDL, stdout.String()); diff != "" {
		t.Errorf("SDL (-_service +printed):\n%s", diff)
	}
	document, err := parser.ParseSchema(&ast.Source{Input: stdout.String()})
	if err != nil {
		t.Fatal(err)
	}
	var fields []string
	for _, definition := range slices.Concat(document.Definitions, document.Extensions) {
		for _, field := range definition.Fields {
			if definition.Name == "Query" {
				fields = append(fields, field.Name)
			}
		}
	}
	if diff := cmp.Diff([]string{"difyApps", "difyApp", "workflowLogs", "workflowRun", "endUser"}, fields); diff != "" {
		t.Errorf("fields of Query (-want +got):\n%s", diff)
	}
}

// fieldsOf is each type's fields with their types, sorted.
func fieldsOf(schema *ast.Schema) map[string][]string {
	fields := make(map[string][]string)
	for name, definition := range schema.Types {
		for _, field := range definition.Fields {
			fields[name] = append(fields[name], field.Name+": "+field.Type.String())
		}
		slices.Sort(fields[name])
	}
	return fields
}

const (
	goodKey = "app-good-0123456789"
	badKey  = "app-bad-0123456789"
)

// startDify serves a Dify with one app, and returns its base URL.
func startDify(t *testing.T) string {
	t.Helper()
	return startDifyIn(t, time.UTC)
}

// startDifyIn is for a Dify that takes itself to be in a zone. It has two runs.
func startDifyIn(t *testing.T, zone *time.Location) string {
	t.Helper()
	dify := difytest.New(difytest.Options{Zone: zone})
	dify.AddApp(difytest.AppOptions{Name: "Echo", APIKey: goodKey}).Insert(difytest.Evenly(1, 2, time.Now(), time.Hour)...)
	server := httptest.NewServer(dify)
	t.Cleanup(server.Close)
	return server.URL + "/v1"
}

func configFile(t *testing.T, format string, values ...any) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "difygraph.yaml")
	if err := os.WriteFile(path, fmt.Appendf(nil, format, values...), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// testServer is the program, serving.
type testServer struct {
	url     string
	started string       // the line of the log
	printed printedTexts // to the standard output, at most one
	cancel  context.CancelFunc
	ended   chan error
}

// start runs the program with an environment, and waits until it says where to look.
func start(t *testing.T, environ ...string) *testServer {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	s := &testServer{cancel: cancel, ended: make(chan error, 1), printed: make(printedTexts, 1)}
	log := make(startLine, 1)
	go func() {
		defer close(s.ended)
		s.ended <- run(ctx, process{environ: environ, stdout: s.printed, stderr: log})
	}()
	t.Cleanup(func() { s.stop(t) })
	select {
	case s.started = <-log:
	case err := <-s.ended:
		t.Fatalf("run: %v", err)
	}
	s.url = startedURL(t, s.started)
	return s
}

// startedURL is where the line of the start says that the server is.
func startedURL(t *testing.T, line string) string {
	t.Helper()
	var told struct{ Playground string }
	if err := json.Unmarshal([]byte(line), &told); err != nil || told.Playground == "" {
		t.Fatalf("%v in %s", err, line)
	}
	return strings.TrimSuffix(told.Playground, "/")
}

// startLine takes the line of the start from the log.
type startLine chan string

func (l startLine) Write(line []byte) (int, error) {
	if strings.Contains(string(line), `"msg":"started"`) {
		l <- string(line)
	}
	return len(line), nil
}

// printedTexts has each text that was written at once.
type printedTexts chan string

func (p printedTexts) Write(text []byte) (int, error) {
	p <- string(text)
	return len(text), nil
}

// stop ends the program as a signal does. A second time does nothing.
func (s *testServer) stop(t *testing.T) {
	t.Helper()
	s.cancel()
	if err := <-s.ended; err != nil {
		t.Errorf("run: %v", err)
	}
}

func (s *testServer) get(t *testing.T, path string) (int, string) {
	t.Helper()
	return s.send(t, http.MethodGet, path, "", "")
}

// query runs an operation that must succeed, and decodes its data.
func (s *testServer) query(t *testing.T, query, variables string, data any) {
	t.Helper()
	body, err := json.Marshal(map[string]any{"query": query, "variables": json.RawMessage(variables)})
	if err != nil {
		t.Fatal(err)
	}
	status, text := s.send(t, http.MethodPost, "/graphql", "application/json", string(body))
	var answer struct{ Data, Errors json.RawMessage }
	if err := json.Unmarshal([]byte(text), &answer); err != nil || status != http.StatusOK || answer.Errors != nil {
		t.Fatalf("%d %v: %.1000s\nto %s", status, err, text, query)
	}
	if err := json.Unmarshal(answer.Data, data); err != nil {
		t.Fatal(err)
	}
}

func (s *testServer) send(t *testing.T, method, path, contentType, body string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, s.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", contentType)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text)
}
