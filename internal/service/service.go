// Package service puts the parts together: what is served over HTTP for one configuration.
package service

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/difygraph/difygraph/difyapi"
	"github.com/difygraph/difygraph/graph"
	"github.com/difygraph/difygraph/graph/loader"
	"github.com/difygraph/difygraph/graph/model"
	"github.com/difygraph/difygraph/internal/admission"
	"github.com/difygraph/difygraph/internal/browser"
	"github.com/difygraph/difygraph/internal/config"
	"github.com/difygraph/difygraph/internal/graphqlhttp"
	"github.com/difygraph/difygraph/internal/identity"
	"github.com/difygraph/difygraph/internal/playground"
	"github.com/difygraph/difygraph/internal/telemetry"
)

// GraphQLPath is where operations are sent to.
const GraphQLPath = "/graphql"

// Options are what the command line says beside the configuration.
type Options struct {
	// Persisted says which operations can be asked for by their hash.
	Persisted graphqlhttp.Persisted
	// Telemetry is told of requests, operations and calls; nobody is if it is nil.
	Telemetry *telemetry.Telemetry
	// Pool has the connections to Dify; one of the service's own if it is nil.
	Pool *difyapi.Pool
}

// Service serves one configuration. It is to be closed once no request is under way.
type Service struct {
	http.Handler

	clients  map[string]*difyapi.Client
	upstream *loader.Upstream
	gate     *admission.Gate
}

// Close ends what the service does in the background.
func (s *Service) Close() {
	s.upstream.Close()
	s.gate.Close()
}

// New makes the service. It makes no calls.
func New(cfg *config.Config, o Options) (*Service, error) {
	if o.Telemetry == nil {
		o.Telemetry = telemetry.Discard()
	}
	if o.Pool == nil {
		o.Pool = difyapi.NewPool()
	}
	clients, err := NewClients(cfg, o.Telemetry, o.Pool)
	if err != nil {
		return nil, err
	}
	s := &Service{
		clients: clients,
		upstream: loader.New(clients, loader.Options{
			TTL: cfg.Cache.TTL, OperationBytes: int64(cfg.Limits.OperationBytes), Bytes: int64(cfg.Limits.Bytes),
		}),
		gate: admission.New(admission.Options{
			Income: cfg.Limits.Rate, Savings: cfg.Limits.Burst, Operations: cfg.Limits.Operations,
		}),
	}
	if s.Handler, err = s.handler(cfg, o); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// handler is the way of a request. What is cheap to refuse is refused first, and nothing of a stranger's body is read.
func (s *Service) handler(cfg *config.Config, o Options) (http.Handler, error) {
	api := graph.NewServer(s.resolver(cfg), o.Telemetry.Extension())
	transport, err := graphqlhttp.New(graph.Schema(), graphqlhttp.Options{
		Persisted: o.Persisted, NoIntrospection: !cfg.GraphQL.Introspection, NoSuggestions: !cfg.GraphQL.Suggestions,
		Caller: payerOf, Charge: s.chargeBytes,
	})
	if err != nil {
		return nil, err
	}
	api.SetQueryCache(graphqlhttp.Documents{})
	api.AddTransport(transport)
	refuse := refuseBy(transport)
	callers, err := identity.New(identityOptions(cfg.Auth))
	if err != nil {
		return nil, fmt.Errorf("auth: %w", err)
	}
	origins, err := browser.Origins(cfg.CORS.Origins, refuse)
	if err != nil {
		return nil, fmt.Errorf("cors: %w", err)
	}
	page := playground.Options{Endpoint: GraphQLPath}
	if cfg.Demo {
		page.Notice = "Sample data"
	}
	mux := http.NewServeMux()
	guard := func(h http.Handler) http.Handler { return h }
	if !cfg.Auth.Identifies() {
		guard = browser.Hosts(cfg.HostNames(), refuse)
	}
	endpoint := origins(identity.Middleware(callers, refuse)(s.charge(transport, asViewer(api))))
	mux.Handle(GraphQLPath, o.Telemetry.Middleware(GraphQLPath)(guard(endpoint)))
	mux.Handle("/", guard(playground.New(page)))
	return browser.SecurityHeaders(mux), nil
}

func (s *Service) resolver(cfg *config.Config) *graph.Resolver {
	apps := make([]*model.DifyApp, len(cfg.Apps))
	for i, app := range cfg.Apps {
		apps[i] = &model.DifyApp{Key: app.Key, ConfiguredName: app.Name}
	}
	r := graph.NewResolver(apps, s.upstream, graph.Limits{
		ScanCalls: cfg.Limits.ScanCalls, ScanDetails: cfg.Limits.ScanDetails, Price: cfg.Limits.Price, Deadline: cfg.Limits.Deadline,
	})
	r.Admit = s.admit
	r.HideSchema = !cfg.GraphQL.Introspection && !cfg.Auth.Identifies()
	return r
}

// requestPrice is what every request costs its caller, an invalid one too.
const requestPrice = 1

// charge takes the price of a request, before its body is read.
func (s *Service) charge(transport *graphqlhttp.Transport, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := withPayer(r.Context(), payer(r))
		telemetry.NoteCaller(ctx, identity.FromContext(ctx).Name)
		if err := s.gate.Spend(ctx, requestPrice); err != nil {
			telemetry.NoteRefusal(ctx, string(model.RateLimited))
			transport.Refuse(w, r, http.StatusTooManyRequests, graph.Present(ctx, retry(err)))
			return
		}
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// payer names who pays for a request: its caller, or where callers have no names the address that it came from.
func payer(r *http.Request) string {
	if name := identity.FromContext(r.Context()).Name; name != "" {
		return "caller " + name
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	return "address " + host
}

// admit takes the rest of an operation's price, and a place among those that are executed at once.
func (s *Service) admit(ctx context.Context, foreseen int) (leave func(spent int), err error) {
	if err := s.gate.Spend(ctx, foreseen-requestPrice); err != nil {
		return nil, retry(err)
	}
	end, err := s.gate.Enter()
	if err != nil {
		return nil, retry(err)
	}
	return func(int) { end() }, nil
}

// overloadRetry is when an operation is worth another try that found too many others under way.
const overloadRetry = time.Second

// retry says in the graph's terms why something was not admitted.
func retry(err error) error {
	if e, ok := errors.AsType[*admission.RateError](err); ok {
		return &graph.RetryError{After: e.After}
	}
	if _, ok := errors.AsType[*admission.OverloadError](err); ok {
		return &graph.RetryError{Overloaded: true, After: overloadRetry}
	}
	return err
}

// refuseBy refuses requests in GraphQL's form.
func refuseBy(transport *graphqlhttp.Transport) func(w http.ResponseWriter, r *http.Request, status int, code, message string) {
	return func(w http.ResponseWriter, r *http.Request, status int, code, message string) {
		telemetry.NoteRefusal(r.Context(), code)
		transport.Refuse(w, r, status, &gqlerror.Error{Message: message, Extensions: map[string]any{"code": code}})
	}
}

// NewClients makes a client of the pool for each app, by its key.
func NewClients(cfg *config.Config, told *telemetry.Telemetry, pool *difyapi.Pool) (map[string]*difyapi.Client, error) {
	clients := make(map[string]*difyapi.Client, len(cfg.Apps))
	for _, app := range cfg.Apps {
		client, err := pool.Client(difyapi.Options{
			BaseURL: app.BaseURL, APIKey: app.APIKey.Reveal(), Version: difyapi.ParseVersion(app.Version),
			MaxInFlight: app.MaxInFlight, ConnectionsPerServer: cfg.Limits.ConnectionsPerServer, Timeout: app.Timeout,
			Resilience: difyapi.Resilience{Retries: 2, Breaker: true},
			Transport:  told.Transport(app.Key, pool.Transport()),
		})
		if err != nil {
			return nil, fmt.Errorf("app %q: %w", app.Key, err)
		}
		clients[app.Key] = client
	}
	return clients, nil
}
