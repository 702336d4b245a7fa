package service

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/difygraph/difygraph/difyapi/difytest"
	"github.com/difygraph/difygraph/internal/config"
	"github.com/difygraph/difygraph/internal/graphqlhttp"
	"github.com/difygraph/difygraph/internal/identity"
)

const difyKey = "app-secret-of-dify"

// served is a service over a Dify with apps a and b, of three runs each.
type served struct {
	url  string
	dify *difytest.Server
}

// serve starts a service for a configuration in YAML, without its apps.
func serve(t *testing.T, yaml string, o Options) *served {
	t.Helper()
	s := &served{dify: difytest.New(difytest.Options{})}
	socket := httptest.NewServer(s.dify)
	t.Cleanup(socket.Close)
	yaml += "\napps:\n"
	for _, key := range []string{"a", "b"} {
		app := s.dify.AddApp(difytest.AppOptions{Name: key, APIKey: difyKey + key})
		for i := range 3 {
			app.Insert(difytest.Row{
				CreatedAt: time.Unix(int64(1772323200+i), 0), CreatedFrom: "service-api", CreatedByRole: "end_user",
				EndUser: &difytest.EndUser{SessionID: "session-1", Type: "browser"},
				Run:     &difytest.Run{Status: difytest.StatusSucceeded, Inputs: `{"q": 1}`, Outputs: `{}`, CreatedAt: time.Unix(1772323200, 0)},
			})
		}
		yaml += fmt.Sprintf("  - {key: %s, baseURL: %q, apiKey: %s}\n", key, socket.URL+"/v1", difyKey+key)
	}
	service, err := New(parse(t, yaml), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(service.Close)
	server := httptest.NewServer(service)
	t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

// parse reads a configuration.
func parse(t testing.TB, yaml string) *config.Config {
	t.Helper()
	cfg, err := config.Load(config.Source{Path: "c.yaml", ReadFile: func(string) ([]byte, error) { return []byte(yaml), nil }})
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// answer is what came of a request.
type answer struct {
	status int
	header http.Header
	text   string
	Data   json.RawMessage
	Errors []struct {
		Message    string
		Extensions map[string]any
	}
	Extensions struct{ Cost struct{ Price, Spent int } }
}

func (a *answer) code() string {
	if len(a.Errors) == 0 {
		return ""
	}
	return fmt.Sprint(a.Errors[0].Extensions["code"])
}

// ask posts a query with header fields of name and value pairs. Host is the request's own.
func (s *served) ask(t *testing.T, query string, header ...string) *answer {
	t.Helper()
	body, err := json.Marshal(map[string]string{"query": query})
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+GraphQLPath, strings.NewReader(string(body)))
	if err != nil {
		t.Fatal(err)
	}
	return s.do(t, r, header...)
}

func (s *served) do(t *testing.T, r *http.Request, header ...string) *answer {
	t.Helper()
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/graphql-response+json")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
		if header[i] == "Host" {
			r.Host = header[i+1]
		}
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	a := &answer{status: response.StatusCode, header: response.Header, text: string(text)}
	if err := json.Unmarshal(text, a); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	if c := a.Extensions.Cost; c.Spent > c.Price {
		t.Fatalf("spent %+v: %s", c, text)
	}
	return a
}

const listQuery = `{workflowLogs {nodes {uuid createdByEndUser {sessionId}}} difyApps {key}}`

// TestCallers: who shows no token gets nothing, and who shows one gets what it allows.
func TestCallers(t *testing.T) {
	t.Parallel()
	all, allDigest := identity.NewToken()
	some, someDigest := identity.NewToken()
	s := serve(t, fmt.Sprintf(`auth:
  tokens:
    - {name: all, sha256: %q, apps: ["*"], scopes: [logs, content, people]}
    - {name: some, sha256: %q, apps: [a], scopes: [logs]}`, allDigest, someDigest), Options{})
	for name, test := range map[string]struct {
		token  string
		status int
		code   string
		rows   int
		apps   int
	}{
		"none":  {"", 401, "UNAUTHENTICATED", 0, 0},
		"wrong": {"dg_wrong", 401, "UNAUTHENTICATED", 0, 0},
		"all":   {all, 200, "", 6, 2},
		"some":  {some, 200, "FORBIDDEN", 3, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var header []string
			if test.token != "" {
				header = []string{"Authorization", "Bearer " + test.token}
			}
			a := s.ask(t, listQuery, header...)
			if a.status != test.status || a.code() != test.code {
				t.Fatalf("%d %s: %s", a.status, a.code(), a.text)
			}
			if rows, apps := strings.Count(a.text, `"uuid"`), strings.Count(a.text, `"key"`); rows != test.rows || apps != test.apps {
				t.Errorf("%d rows of %d apps: %s", rows, apps, a.text)
			}
			if challenge := a.header.Get("WWW-Authenticate"); (challenge != "") != (test.status == 401) {
				t.Errorf("WWW-Authenticate %q", challenge)
			}
			if strings.Contains(a.text, "session-1") != (name == "all") {
				t.Errorf("session ids: %s", a.text)
			}
		})
	}
}

// TestPagesOfOtherSites: nothing that another site's page sends runs, and no page reaches the server by a name of its own.
func TestPagesOfOtherSites(t *testing.T) {
	t.Parallel()
	s := serve(t, "cors: {origins: [\"https://dash.example\"]}\nhosts: [logs.example]", Options{})
	for name, test := range map[string]struct {
		header []string
		status int
	}{
		"no page":          {nil, 200},
		"own page":         {[]string{"Origin", s.url, "Sec-Fetch-Site", "same-origin"}, 200},
		"configured page":  {[]string{"Origin", "https://dash.example", "Sec-Fetch-Site", "cross-site"}, 200},
		"other page":       {[]string{"Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"}, 403},
		"sandboxed page":   {[]string{"Origin", "null"}, 403},
		"same site":        {[]string{"Sec-Fetch-Site", "same-site"}, 403},
		"configured name":  {[]string{"Host", "logs.example"}, 200},
		"name of the page": {[]string{"Host", "evil.example"}, 421},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if a := s.ask(t, listQuery, test.header...); a.status != test.status || (a.code() == "") != (test.status == 200) {
				t.Errorf("%d: %s", a.status, a.text)
			}
		})
	}
}

// TestSpending: each request costs its caller, an invalid one too, and who has spent too much is told when to come again.
func TestSpending(t *testing.T) {
	t.Parallel()
	s := serve(t, "limits: {price: 200, burst: 200, rate: 10}", Options{})
	var a *answer
	for range 4 { // 27 of 111 each time, and what was not spent is given back
		if a = s.ask(t, `{workflowLogs(first: 90) {nodes {uuid}}}`); a.status != 200 || !strings.Contains(a.text, `"cost":{"price":191,"foreseen":111,"limit":200,"spent":27}`) {
			t.Fatalf("%d: %s", a.status, a.text)
		}
	}
	s.ask(t, `{nonsense}`)
	a = s.ask(t, `{workflowLogs(first: 90) {nodes {uuid}}}`)
	if a.status != 429 || a.code() != "RATE_LIMITED" || a.header.Get("Retry-After") != "2" || len(a.Data) > 0 {
		t.Errorf("%d, Retry-After %s: %s", a.status, a.header.Get("Retry-After"), a.text)
	}
	for range 100 {
		a = s.ask(t, `{nonsense}`)
	}
	if a.status != 429 || a.code() != "RATE_LIMITED" || a.header.Get("Retry-After") != "1" {
		t.Errorf("invalid requests cost nothing: %d: %s", a.status, a.text)
	}
}

// TestOverload: beyond so many operations that are under way or wait, others are told to come again, at once, and pay for the
// request alone.
func TestOverload(t *testing.T) {
	t.Parallel()
	s := serve(t, "limits: {operations: 1, waiting: 2, price: 60, burst: 160, rate: 10}", Options{})
	arrived, released := make(chan struct{}, 4), make(chan struct{})
	s.dify.OnStatement(func(st difytest.Statement) {
		if st.Kind == difytest.StatementCount {
			arrived <- struct{}{}
			<-released
		}
	})
	var waiting sync.WaitGroup
	for _, app := range []string{"a", "b"} {
		waiting.Go(func() {
			if a := s.ask(t, `{workflowLogs(apps: ["`+app+`"]) {nodes {uuid}}}`); a.status != 200 || a.code() != "" {
				t.Errorf("%d: %s", a.status, a.text)
			}
		})
		<-arrived
	}
	for range 10 { // two of which would empty the account at their full price
		if a := s.ask(t, listQuery); a.status != 503 || a.code() != "OVERLOADED" || a.header.Get("Retry-After") == "" || len(a.Data) > 0 {
			t.Errorf("%d: %s", a.status, a.text)
		}
	}
	close(released)
	waiting.Wait()
	s.dify.OnStatement(nil)
	if a := s.ask(t, listQuery); a.status != 200 {
		t.Errorf("afterwards: %d: %s", a.status, a.text)
	}
}

// TestDeadline: an operation that takes too long ends with what it has.
func TestDeadline(t *testing.T) {
	t.Parallel()
	s := serve(t, "limits: {deadline: 100ms}", Options{})
	s.dify.SetFault(func(*http.Request) *difytest.Fault { return difytest.Hang() })
	a := s.ask(t, `{workflowLogs {nodes {uuid}} difyApps {key}}`)
	if a.code() != "OPERATION_TIMEOUT" || string(a.Data) != `{"workflowLogs":null,"difyApps":[{"key":"a"},{"key":"b"}]}` {
		t.Errorf("%d: %s", a.status, a.text)
	}
}

// TestIntrospectionCanBeSwitchedOff: gateways with a token can read the schema all the same.
func TestIntrospectionCanBeSwitchedOff(t *testing.T) {
	t.Parallel()
	const off = "graphql: {introspection: false, suggestions: false}\n"
	token, digest := identity.NewToken()
	known := serve(t, off+fmt.Sprintf("auth: {tokens: [{name: gateway, sha256: %q, apps: [a], scopes: [logs]}]}", digest), Options{})
	if a := known.ask(t, `{_service {sdl}}`, "Authorization", "Bearer "+token); a.code() != "" || !strings.Contains(a.text, "type WorkflowLog") {
		t.Errorf("_service: %s", a.text)
	}
	if a := known.ask(t, `{__schema {types {name}}}`, "Authorization", "Bearer "+token); a.code() == "" {
		t.Errorf("introspection: %s", a.text)
	}
	s := serve(t, off, Options{})
	if a := s.ask(t, `{_service {sdl}}`); a.code() != "FORBIDDEN" || strings.Contains(a.text, "type WorkflowLog") {
		t.Errorf("_service without a token: %s", a.text)
	}
	if a := s.ask(t, `{workflowLog {nodes {uuid}}}`); strings.Contains(a.text, "Did you mean") {
		t.Errorf("suggestions: %s", a.text)
	}
}

// TestListedOperations: with a fixed list and nothing else, what is not on it does not run.
func TestListedOperations(t *testing.T) {
	t.Parallel()
	operations, err := graphqlhttp.ParseOperations(fmt.Appendf(nil, `{%q: "{difyApps {key}}"}`, sha256Of("{difyApps {key}}")))
	if err != nil {
		t.Fatal(err)
	}
	s := serve(t, "", Options{Persisted: graphqlhttp.Persisted{Listed: operations, OnlyListed: true}})
	if a := s.ask(t, `{difyApps {key}}`); a.status != 200 || a.code() != "" {
		t.Errorf("listed: %s", a.text)
	}
	if a := s.ask(t, `{difyApps {name}}`); a.code() == "" || len(a.Data) > 0 {
		t.Errorf("not listed: %s", a.text)
	}
}

// TestNoDifyKeyIsShown: whatever is asked, the answer does not have the key.
func TestNoDifyKeyIsShown(t *testing.T) {
	t.Parallel()
	s := serve(t, "", Options{})
	for _, fault := range []*difytest.Fault{nil, difytest.Unauthorized(), difytest.CloseConnection()} {
		s.dify.SetFault(func(*http.Request) *difytest.Fault { return fault })
		a := s.ask(t, `{workflowLogs {nodes {uuid}} difyApps {name difyVersion} _service {sdl}}`)
		headers := strings.Join(slicesOf(a.header), " ")
		if strings.Contains(a.text+headers, difyKey) || strings.Contains(a.text, "/v1") {
			t.Errorf("%s", a.text)
		}
	}
}

func slicesOf(header http.Header) (values []string) {
	for v := range maps.Values(header) {
		values = append(values, v...)
	}
	return values
}

func sha256Of(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
