package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/99designs/gqlgen/graphql/handler/lru"
	"github.com/99designs/gqlgen/graphql/handler/transport"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/difygraph/difygraph/difyapi"
	"github.com/difygraph/difygraph/graph"
	"github.com/difygraph/difygraph/graph/loader"
	"github.com/difygraph/difygraph/graph/model"
	"github.com/difygraph/difygraph/graph/viewer"
	"github.com/difygraph/difygraph/internal/config"
	"github.com/difygraph/difygraph/internal/identity"
	"github.com/difygraph/difygraph/internal/service"
	"github.com/difygraph/difygraph/internal/telemetry"
)

// upstream is the Dify of a server that is measured, which so many clients ask at once.
type upstream struct {
	url     string
	clients int
}

// connections are more than are needed, since no caller may have all of them; and as many as can be at most.
func (u upstream) connections() int { return min(2*max(u.clients, 100), 1000) }

// waiting is how many operations may wait: more than are needed, since no app may have all of them.
func (u upstream) waiting() int { return max(2000, 4*u.clients) }

// kind is one of the servers that are compared.
type kind struct {
	name    string
	serve   func(upstream) (http.Handler, error)
	request func(address string, rows int) []byte
}

// kinds begin with the floor.
var kinds = []kind{
	{"bytes", func(u upstream) (http.Handler, error) { return copied(u), nil }, pageRequest},
	{"structs", func(u upstream) (http.Handler, error) { return encoded(u), nil }, pageRequest},
	{"gqlgen", newOrdinary, queryRequest},
	{"difygraph", newService, queryRequest},
	{"cached", newCaching, queryRequest},
}

// handlerOf is the server that a child's arguments name.
func handlerOf(args []string) (http.Handler, error) {
	if len(args) == 4 && args[0] == "upstream" {
		c, err := parseCanned(args)
		return newUpstream(c), err
	}
	for _, k := range kinds {
		if len(args) == 3 && args[0] == k.name {
			clients, err := strconv.Atoi(args[2])
			if err != nil {
				return nil, err
			}
			return k.serve(upstream{"http://" + args[1], clients})
		}
	}
	return nil, fmt.Errorf("no server %q", args)
}

// fetch asks the upstream what was asked.
func fetch(client *http.Client, upstream string, r *http.Request) (*http.Response, error) {
	request, err := http.NewRequestWithContext(r.Context(), http.MethodGet, upstream+r.URL.RequestURI(), nil) //nolint:gosec // Both ends are this program's.
	if err != nil {
		return nil, err
	}
	return client.Do(request) //nolint:gosec // Both ends are this program's.
}

func newHTTPClient(u upstream) *http.Client {
	return &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: u.connections(), DisableCompression: true}, Timeout: time.Minute}
}

// copied is as little as a server can do: it copies Dify's bytes.
func copied(u upstream) http.Handler {
	client := newHTTPClient(u)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer, err := fetch(client, u.url, r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer answer.Body.Close()
		w.Header().Set("Content-Type", answer.Header.Get("Content-Type"))
		w.Header().Set("Content-Length", answer.Header.Get("Content-Length"))
		_, _ = io.Copy(w, answer.Body)
	})
}

// encoded is what most would write: Dify's page into structs, and structs into JSON.
func encoded(u upstream) http.Handler {
	client := newHTTPClient(u)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer, err := fetch(client, u.url, r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer answer.Body.Close()
		var page plainPage
		if err := json.NewDecoder(answer.Body).Decode(&page); err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(page)
	})
}

type plainPage struct {
	Page    int        `json:"page"`
	Limit   int        `json:"limit"`
	Total   int        `json:"total"`
	HasMore bool       `json:"has_more"`
	Data    []plainLog `json:"data"`
}

type plainLog struct {
	ID               string          `json:"id"`
	WorkflowRun      *plainRun       `json:"workflow_run"`
	Details          json.RawMessage `json:"details"`
	CreatedFrom      string          `json:"created_from"`
	CreatedByRole    string          `json:"created_by_role"`
	CreatedByAccount *plainAccount   `json:"created_by_account"`
	CreatedByEndUser *plainEndUser   `json:"created_by_end_user"`
	CreatedAt        int64           `json:"created_at"`
}

type plainRun struct {
	ID              string   `json:"id"`
	Version         *string  `json:"version"`
	Status          string   `json:"status"`
	TriggeredFrom   *string  `json:"triggered_from"`
	Error           *string  `json:"error"`
	ElapsedTime     *float64 `json:"elapsed_time"`
	TotalTokens     *int64   `json:"total_tokens"`
	TotalSteps      *int     `json:"total_steps"`
	ExceptionsCount *int     `json:"exceptions_count"`
	CreatedAt       *int64   `json:"created_at"`
	FinishedAt      *int64   `json:"finished_at"`
}

type plainAccount struct {
	ID    string  `json:"id"`
	Name  *string `json:"name"`
	Email *string `json:"email"`
}

type plainEndUser struct {
	ID          string  `json:"id"`
	Type        string  `json:"type"`
	IsAnonymous bool    `json:"is_anonymous"`
	SessionID   *string `json:"session_id"`
}

const (
	appKey = "bench"
	// callers ask in turn: one alone may not have all that is free.
	callers = 4
)

func tokenOf(caller int) string { return "dg_bench_" + strconv.Itoa(caller) }

// asCaller is the request of another caller than the first.
func asCaller(request []byte, caller int) []byte {
	return bytes.Replace(request, []byte(tokenOf(0)), []byte(tokenOf(caller)), 1)
}

// everyField is all of a log entry that takes no call of its own.
const everyField = `query Page($first: Int!) { workflowLogs(first: $first) {
  edges { cursor node {
    id uuid app { id key } createdFrom createdByRole createdAt details
    createdByAccount { id uuid name email }
    createdByEndUser { id uuid type sessionId app { key } }
    workflowRun { id uuid version status statusText error elapsedTime totalTokens totalSteps exceptionsCount triggeredFrom createdAt finishedAt app { key } }
  } }
  pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  scan { complete reasons upstreamCalls rowsScanned asOf }
} }`

// queryRequest asks a GraphQL server for a page.
func queryRequest(address string, rows int) []byte {
	body, _ := json.Marshal(map[string]any{"query": everyField, "variables": map[string]int{"first": rows}})
	return fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\n"+
		"Accept: application/json\r\nContent-Length: %d\r\n\r\n%s", service.GraphQLPath, address, tokenOf(0), len(body), body)
}

// newOrdinary is gqlgen as everybody uses it: the same schema without guards, telemetry or limits, over the stock transport.
func newOrdinary(u upstream) (http.Handler, error) {
	client, err := difyapi.New(difyapi.Options{
		BaseURL: u.url + "/v1", APIKey: apiKey, MaxInFlight: u.connections(), ConnectionsPerServer: u.connections(),
	})
	if err != nil {
		return nil, err
	}
	shared := loader.New(map[string]*difyapi.Client{appKey: client}, loader.Options{OperationBytes: 64 << 20})
	resolver := graph.NewResolver([]*model.DifyApp{{Key: appKey}}, shared, graph.Limits{ScanCalls: 10, ScanDetails: 200, Price: 1_000_000})
	resolver.FieldByField()
	api := graph.NewServer(resolver)
	api.SetQueryCache(lru.New[*ast.QueryDocument](1000))
	api.AddTransport(transport.POST{})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		api.ServeHTTP(w, r.WithContext(viewer.NewContext(r.Context(), viewer.All)))
	}), nil
}

// newService is this server as it is in production: guards, a caller's token, a line in the log for each request, metrics. The
// cache is off; limits are out of the way.
func newService(u upstream) (http.Handler, error) { return serviceOf(configuration(u, 0)) }

// newCaching is the same with the cache on, as it is by default.
func newCaching(u upstream) (http.Handler, error) { return serviceOf(configuration(u, 2*time.Second)) }

func serviceOf(file []byte) (http.Handler, error) {
	service.TuneMemory()
	cfg, err := config.Load(config.Source{
		Path: "bench.yaml", Environ: []string{}, ReadFile: func(string) ([]byte, error) { return file, nil },
	})
	if err != nil {
		return nil, err
	}
	told, err := telemetry.New(context.Background(), telemetry.Options{
		Log: telemetry.NewLogger(io.Discard, telemetry.Format(cfg.Log)), Metrics: true, Account: service.AccountOf,
	})
	if err != nil {
		return nil, err
	}
	slog.SetDefault(slog.New(slog.DiscardHandler))
	return service.New(cfg, service.Options{Telemetry: told})
}

// configuration leaves the limits out of the way of so many clients; or as they are by default, if there are none.
func configuration(u upstream, ttl time.Duration) []byte {
	inFlight, limits := "", ""
	if n := u.connections(); u.clients > 0 {
		inFlight = fmt.Sprintf(", maxInFlight: %d", n)
		limits = fmt.Sprintf(", connectionsPerServer: %d, waiting: %d, bytes: %d", n, u.waiting(), 1<<30)
	}
	var entries []string
	for caller := range callers {
		token := tokenOf(caller)
		digest := sha256.Sum256([]byte(token))
		entries = append(entries, strings.TrimPrefix(identity.TokenEntry("bench-"+strconv.Itoa(caller), hex.EncodeToString(digest[:]), []string{"*"}, viewer.Scopes()), "- "))
	}
	return fmt.Appendf(nil, `listen: 127.0.0.1:0
auth: {tokens: [%s]}
apps: [{key: %s, baseURL: "%s/v1", apiKey: %s%s}]
limits: {rate: 10000000, burst: 10000000%s}
cache: {ttl: %v}
metrics: {listen: "127.0.0.1:0"}
`, strings.Join(entries, ", "), appKey, u.url, apiKey, inFlight, limits, ttl)
}
