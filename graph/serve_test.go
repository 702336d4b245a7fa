package graph_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/difygraph/difygraph/difyapi"
	"github.com/difygraph/difygraph/difyapi/difytest"
	"github.com/difygraph/difygraph/graph/feed"
	"github.com/difygraph/difygraph/graph/loader"
	"github.com/difygraph/difygraph/internal/config"
	"github.com/difygraph/difygraph/internal/service"
	"github.com/difygraph/difygraph/internal/telemetry"
)

// api is the service in a configuration of its own over a Dify, both behind real HTTP.
type api struct {
	url    string
	client http.Client
	dify   *difytest.Server
	apps   map[string]*difytest.App
	difys  map[string]*upstream // by the apps' keys; that of most is dify

	reached map[string]difyapi.Options // how the apps are reached
	token   string                     // that is shown, if it is another one than all others show
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
	bytes     int
	allBytes  int
	price     int           // limit; 1,000,000 if 0
	deadline  time.Duration // of an operation; an hour if 0
	viewer    *someone      // may see all if nil
	viewers   []*someone    // instead of one, who show tokens of their own
	timeout   time.Duration
	// resilience is none unless it is said: each call that fails is to be seen.
	resilience difyapi.Resilience
	// connections to a server are 1000 if 0: how few it can bear is not what most tests are about.
	connections int
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
	inProcess bool // no network carries its calls, so that each has arrived, however soon its time is over
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
	a.reached = make(map[string]difyapi.Options)
	for _, key := range o.keys {
		special := o.apart[key]
		a.difys[key] = shared
		if special.dify != nil {
			a.difys[key] = startDify(t, *special.dify)
		}
		if special.inProcess {
			special.transport = a.difys[key].Transport()
		}
		special.app.Name, special.app.APIKey = cmp.Or(special.app.Name, key), "app-secret-"+key
		a.apps[key] = a.difys[key].AddApp(special.app)
		a.reached[key] = difyapi.Options{
			BaseURL: a.difys[key].socket.URL + "/v1", APIKey: "app-secret-" + key,
			Timeout: cmp.Or(special.timeout, o.timeout), Version: difyapi.ParseVersion(special.version), Transport: special.transport,
		}
	}
	a.url = serveApps(t, o, a.reached)
	return a
}

func startDify(t tb, o difytest.Options) *upstream {
	dify := difytest.New(o)
	socket := httptest.NewServer(dify)
	t.Cleanup(socket.Close)
	return &upstream{dify, socket}
}

// appOf is app a, reached without a network.
func appOf(transport http.RoundTripper) difyapi.Options {
	return difyapi.Options{BaseURL: "http://dify.test/v1", APIKey: "app-secret-a", Transport: transport}
}

// serveApps serves apps by their keys, and returns the URL for operations.
func serveApps(t tb, o options, apps map[string]difyapi.Options) string {
	t.Helper()
	server := httptest.NewServer(newServer(t, o, apps))
	t.Cleanup(server.Close)
	return server.URL + service.GraphQLPath
}

// newServer is what production serves. The apps' Difys are reached as the options of their clients say.
func newServer(t tb, o options, apps map[string]difyapi.Options) http.Handler {
	t.Helper()
	cfg := configure(o, apps)
	process := service.NewProcess(cfg.Limits)
	t.Cleanup(process.Close)
	process.Resilience, process.Clocks = o.resilience, new(loader.Clocks)
	transports := make(transports)
	for _, app := range apps {
		if !o.unprovenClocks {
			proveClocks(t, process.Clocks, app)
		}
		if app.Transport != nil {
			transports["Bearer "+app.APIKey] = app.Transport
		}
	}
	if len(transports) > 0 {
		transports[""] = process.Connections
		process.Connections = transports
	}
	api, err := service.New(cfg, service.Options{Process: process, Telemetry: observed(), FieldByField: o.ordinary})
	if err != nil {
		t.Fatalf("service: %v", err)
	}
	return api
}

// observed is told of all that the tests ask, as in production: [TestMain] looks for secrets in what it logs.
var observed = sync.OnceValue(func() *telemetry.Telemetry {
	told, err := telemetry.New(context.Background(), telemetry.Options{Metrics: true, Account: service.AccountOf})
	if err != nil {
		panic(err) // it exports no traces, which alone can fail
	}
	return told
})

// transports carry requests by their Authorization; those of others are for the one of "".
type transports map[string]http.RoundTripper

func (t transports) RoundTrip(r *http.Request) (*http.Response, error) {
	return cmp.Or(t[r.Header.Get("Authorization")], t[""]).RoundTrip(r)
}

// proveClocks makes an app's times right in all seasons of which tests have rows, so that nothing is asked to find out.
func proveClocks(t tb, clocks *loader.Clocks, app difyapi.Options) {
	t.Helper()
	client, err := difyapi.New(app)
	if err != nil {
		t.Fatalf("client: %v", err)
	}
	clocks.Prove(client.Identity(), feed.EverProven)
	for season := feed.SeasonOf(epoch.AddDate(0, -1, 0).Unix()); season <= feed.SeasonOf(epoch.AddDate(0, 6, 0).Unix()); season++ {
		clocks.Prove(client.Identity(), season)
	}
}

// token is shown with each operation. A server that asks nobody who they are does not look at it.
const token = "dg_test"

// configure is the default configuration, but for what the tests set. Limits may be out of the ranges that a file can have.
func configure(o options, apps map[string]difyapi.Options) *config.Config {
	cfg, err := config.Load(config.Source{Path: "graph.yaml", ReadFile: func(string) ([]byte, error) {
		return []byte("apps: [{key: a, baseURL: 'http://dify.test/v1', apiKey: app-a}]\nhosts: [example.com, difygraph.test]"), nil
	}})
	if err != nil {
		panic(err) // it is the same each time
	}
	cfg.Apps = nil
	for _, key := range o.keys {
		app := apps[key]
		cfg.Apps = append(cfg.Apps, config.App{
			Key: key, Name: o.apart[key].name, BaseURL: app.BaseURL, APIKey: config.NewSecret(app.APIKey),
			Version: app.Version.String(), MaxInFlight: app.MaxInFlight, Timeout: app.Timeout,
		})
	}
	const plenty = 1 << 30
	limits := &cfg.Limits
	limits.Price, limits.Rate, limits.Burst, limits.Waiting = cmp.Or(o.price, 1_000_000), plenty, plenty, plenty
	limits.ScanCalls, limits.ScanDetails = max(o.scanCalls, 1), cmp.Or(o.details, 200)
	limits.OperationBytes, limits.Bytes = cmp.Or(o.bytes, 64<<20), cmp.Or(o.allBytes, 512<<20)
	limits.Deadline, limits.ConnectionsPerServer = cmp.Or(o.deadline, time.Hour), cmp.Or(o.connections, 1000)
	cfg.Cache.TTL = o.ttl
	if o.viewer != nil {
		cfg.Auth.Tokens = []config.Token{o.viewer.token(token)}
	}
	for _, who := range o.viewers {
		cfg.Auth.Tokens = append(cfg.Auth.Tokens, who.token(who.shows()))
	}
	return cfg
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
	request, err := http.NewRequestWithContext(context.Background(), http.MethodPost, a.url, bytes.NewReader(body))
	if err != nil {
		t.Fatalf("request: %v", err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+cmp.Or(a.token, token))
	answer, err := a.client.Do(request)
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
