package graph_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/difygraph/difygraph/difyapi"
	"github.com/difygraph/difygraph/difyapi/difytest"
	"github.com/difygraph/difygraph/graph"
	"github.com/difygraph/difygraph/graph/feed"
	"github.com/difygraph/difygraph/graph/loader"
	"github.com/difygraph/difygraph/graph/model"
	"github.com/difygraph/difygraph/graph/viewer"
	"github.com/difygraph/difygraph/internal/graphqlhttp"
)

// api is the GraphQL API over a Dify, both behind real HTTP.
type api struct {
	url   string
	dify  *difytest.Server
	apps  map[string]*difytest.App
	difys map[string]*upstream // by the apps' keys; that of most is dify

	clients map[string]*difyapi.Client
}

// upstream is a Dify and its socket.
type upstream struct {
	*difytest.Server
	socket *httptest.Server
}

type options struct {
	keys      []string // of apps; "app-a" and so on are made for them
	dify      difytest.Options
	ttl       time.Duration
	scanCalls int
	details   int // scanDetails; 200 if 0
	bytes     int64
	allBytes  int64
	price     int           // limit; 1,000,000 if 0
	deadline  time.Duration // of an operation; none if 0
	viewer    viewer.Viewer // may see all if nil
	timeout   time.Duration
	retries   int // of failed requests
	// unprovenClocks makes the first list of an app ask for one row more.
	unprovenClocks bool
	// ordinary leaves rows to gqlgen, field by field.
	ordinary bool
	apart    map[string]apart // apps that are not like the others, by their keys
}

// apart is what sets an app apart from the others.
type apart struct {
	dify    *difytest.Options   // of a Dify of its own
	app     difytest.AppOptions // its name is the key where it has none
	version string              // as configured
	name    string              // as configured
	timeout time.Duration

	transport http.RoundTripper
}

// tb is what *testing.T, *testing.B and *rapid.T have in common.
type tb interface {
	Helper()
	Fatalf(format string, args ...any)
	Cleanup(f func())
}

func serve(t tb, o options) *api {
	t.Helper()
	shared := startDify(t, o.dify)
	a := &api{dify: shared.Server, apps: make(map[string]*difytest.App), difys: make(map[string]*upstream)}
	clients := make(map[string]*difyapi.Client)
	for _, key := range o.keys {
		special := o.apart[key]
		a.difys[key] = shared
		if special.dify != nil {
			a.difys[key] = startDify(t, *special.dify)
		}
		special.app.Name, special.app.APIKey = cmp.Or(special.app.Name, key), "app-secret-"+key
		a.apps[key] = a.difys[key].AddApp(special.app)
		clients[key] = newClient(t, difyapi.Options{
			BaseURL: a.difys[key].socket.URL + "/v1", APIKey: "app-secret-" + key,
			Resilience: difyapi.Resilience{Retries: o.retries},
			Timeout:    cmp.Or(special.timeout, o.timeout), Version: difyapi.ParseVersion(special.version), Transport: special.transport,
		})
	}
	a.url, a.clients = serveClients(t, o, clients), clients
	return a
}

func startDify(t tb, o difytest.Options) *upstream {
	dify := difytest.New(o)
	socket := httptest.NewServer(dify)
	t.Cleanup(socket.Close)
	return &upstream{dify, socket}
}

// newClient makes a client. How few connections a server can bear is not what these tests are about.
func newClient(t tb, o difyapi.Options) *difyapi.Client {
	t.Helper()
	o.ConnectionsPerServer = 1000
	client, err := difyapi.New(o)
	if err != nil {
		t.Fatalf("client: %v", err)
	}
	return client
}

// serveClients serves the API over clients by the apps' keys, and returns its URL.
func serveClients(t tb, o options, clients map[string]*difyapi.Client) string {
	server := httptest.NewServer(newServer(o, clients))
	t.Cleanup(server.Close)
	return server.URL
}

func newServer(o options, clients map[string]*difyapi.Client) http.Handler {
	return serverOver(o, newUpstream(o, clients))
}

func newUpstream(o options, clients map[string]*difyapi.Client) *loader.Upstream {
	clocks := new(loader.Clocks)
	for _, client := range clients {
		if !o.unprovenClocks {
			proveClocks(clocks, client.Identity())
		}
	}
	return loader.New(clients, loader.Options{Clocks: clocks, TTL: o.ttl, OperationBytes: cmp.Or(o.bytes, 64<<20), Bytes: cmp.Or(o.allBytes, 512<<20)})
}

// proveClocks makes an app's times right in all seasons of which tests have rows, so that nothing is asked to find out.
func proveClocks(clocks *loader.Clocks, app string) {
	clocks.Prove(app, feed.EverProven)
	for season := feed.SeasonOf(epoch.AddDate(0, -1, 0).Unix()); season <= feed.SeasonOf(epoch.AddDate(0, 6, 0).Unix()); season++ {
		clocks.Prove(app, season)
	}
}

func serverOver(o options, upstream *loader.Upstream) http.Handler {
	apps := make([]*model.DifyApp, len(o.keys))
	for i, key := range o.keys {
		apps[i] = &model.DifyApp{Key: key, ConfiguredName: o.apart[key].name}
	}
	resolver := graph.NewResolver(apps, upstream, graph.Limits{
		ScanCalls: max(o.scanCalls, 1), ScanDetails: cmp.Or(o.details, 200), Price: cmp.Or(o.price, 1_000_000),
		AppTimeout: 30 * time.Second, Deadline: o.deadline,
	})
	if o.ordinary {
		resolver.FieldByField()
	}
	srv := graph.NewServer(resolver)
	transport, err := graphqlhttp.New(graph.Schema(), graphqlhttp.Options{})
	if err != nil {
		panic(err) // it has no options that it could refuse
	}
	transport.Mount(srv)
	who := o.viewer
	if who == nil {
		who = viewer.All
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		srv.ServeHTTP(w, r.WithContext(viewer.NewContext(r.Context(), who)))
	})
}

// response is an answer to an operation.
type response struct {
	Data   json.RawMessage
	Errors []responseError
	text   []byte // the whole of it, as it came
}

type responseError struct {
	Message    string
	Path       []any
	Locations  []struct{ Line, Column int }
	Extensions map[string]any
}

// codes are the errors' codes.
func (r *response) codes() (codes []string) {
	for _, e := range r.Errors {
		codes = append(codes, fmt.Sprint(e.Extensions["code"]))
	}
	return codes
}

func (a *api) post(t tb, query string, variables map[string]any) *response {
	t.Helper()
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		t.Fatalf("request: %v", err)
	}
	answer, err := http.Post(a.url, "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatalf("post: %v", err)
	}
	defer answer.Body.Close()
	r := new(response)
	if r.text, err = io.ReadAll(answer.Body); err != nil {
		t.Fatalf("answer: %v", err)
	}
	if err := json.Unmarshal(r.text, r); err != nil {
		t.Fatalf("answer: %v", err)
	}
	checkCost(t, r.text)
	return r
}

// get decodes the data of an operation that has no errors.
func (a *api) get(t tb, query string, variables map[string]any, into any) {
	t.Helper()
	r := a.post(t, query, variables)
	if len(r.Errors) > 0 {
		t.Fatalf("%v: %s %v", variables, r.Errors[0].Message, r.Errors[0].Extensions)
	}
	if err := json.Unmarshal(r.Data, into); err != nil {
		t.Fatalf("data: %v", err)
	}
}

// listCalls is how many requests for lists Dify has had.
func (a *api) listCalls() int { return a.dify.Calls("/v1/workflows/logs") }

// runsOf makes rows for each second, counted from a time that is long past.
func runsOf(counts map[int]int) []difytest.Row {
	var rows []difytest.Row
	for second, n := range counts {
		for range n {
			rows = append(rows, run(second))
		}
	}
	return rows
}

var epoch = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)

func run(second int) difytest.Row {
	at := epoch.Add(time.Duration(second) * time.Second)
	return difytest.Row{
		CreatedAt: at, CreatedFrom: "service-api", CreatedByRole: "end_user",
		EndUser: endUser("s0"),
		Run:     &difytest.Run{Version: "1", Status: difytest.StatusSucceeded, TriggeredFrom: "app-run", CreatedAt: at, FinishedAt: at, Inputs: "{}", Outputs: "{}"},
	}
}

func endUser(session string) *difytest.EndUser {
	return &difytest.EndUser{ID: uuid.NewSHA1(uuid.Nil, []byte(session)), Type: "service-api", SessionID: session}
}

var accounts = []difytest.Account{
	{ID: uuid.NewSHA1(uuid.Nil, []byte("a")), Name: "Ada", Email: "ada@example.com"},
	{ID: uuid.NewSHA1(uuid.Nil, []byte("b")), Name: "Ben", Email: "ben@example.com"},
}

var _ tb = (*testing.T)(nil)
