// Package service puts the parts together: what is served over HTTP for one configuration.
package service

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/difygraph/difygraph/difyapi"
	"github.com/difygraph/difygraph/graph"
	"github.com/difygraph/difygraph/graph/code"
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
	// Draining is over once the server drains; nil is never.
	Draining context.Context //nolint:containedctx // it is the server's
	// Process has what the service before has left; if it is nil, the service has one of its own, and ends it.
	Process *Process
	// FieldByField leaves rows to gqlgen, to hold the renderer against it.
	FieldByField bool
}

// Service serves one configuration. It is to be closed once no request is under way.
type Service struct {
	http.Handler

	process   *Process
	clients   map[string]*difyapi.Client
	upstream  *loader.Upstream
	transport *graphqlhttp.Transport
	callers   *identity.Authenticator
	draining  context.Context //nolint:containedctx // over once the server drains, or the service is retired
	retire    context.CancelFunc
	close     func()
}

// Close ends what the service does in the background.
func (s *Service) Close() { s.close() }

// New makes the service. It makes no calls. The process's services are made one after the other.
func New(cfg *config.Config, o Options) (s *Service, err error) {
	if o.Telemetry == nil {
		o.Telemetry = telemetry.Discard()
	}
	s = &Service{process: o.Process}
	s.draining, s.retire = context.WithCancel(cmp.Or(o.Draining, context.Background()))
	s.close = s.retire
	if o.Process == nil {
		s.process = NewProcess(cfg.Limits)
		s.close = func() {
			s.retire()
			s.process.Close()
		}
	}
	if err := s.begin(cfg, o); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// begin does first what can fail: where it does, the service before stays as it is.
func (s *Service) begin(cfg *config.Config, o Options) (err error) {
	if s.clients, err = newClients(cfg, o.Telemetry, s.process.pool, s.process.Connections, s.process.Resilience); err != nil {
		return err
	}
	transport, err := graphqlhttp.New(graph.Schema(), graphqlhttp.Options{
		Persisted: o.Persisted, NoIntrospection: !cfg.GraphQL.Introspection, NoSuggestions: !cfg.GraphQL.Suggestions,
		Caller: admission.CallerOf, Charge: s.chargeBytes, ChargeReading: s.chargeReading,
		Streams: s.streams(cfg.Limits.SubscriptionsPerSocket, o.Telemetry),
	})
	if err != nil {
		return err
	}
	if s.callers, err = identity.New(identity.Options{
		Open: !cfg.Auth.Identifies(), Tokens: cfg.Auth.Tokens, Issuers: cfg.Auth.Issuers, Previous: s.process.callers(),
		Turn: s.process.turn, Refused: telemetry.NoteStranger,
	}); err != nil {
		return fmt.Errorf("auth: %w", err)
	}
	origins, err := browser.Origins(cfg.CORS.Origins, s.process.refuseBy(transport), s.process.mayTellStranger, cfg.CORS.Headers...)
	if err != nil {
		return fmt.Errorf("cors: %w", err)
	}
	s.process.share(s, transport, cfg)
	s.Handler = s.handler(cfg, o, origins)
	return nil
}

// handler serves the API and the playground.
func (s *Service) handler(cfg *config.Config, o Options, origins func(http.Handler) http.Handler) http.Handler {
	resolver, told := s.resolver(cfg), o.Telemetry
	if o.FieldByField {
		resolver.FieldByField()
	}
	api := graph.NewServer(resolver, told.Extension())
	s.transport.Mount(api)
	guard := s.guard(cfg)
	endpoint := s.endpoint(told, guard, origins)(api)
	page := playground.Options{Endpoint: GraphQLPath}
	if cfg.Demo {
		page.Notice = "Sample data"
	}
	pages := s.process.bounded(guard(playground.New(page)))
	return browser.SecurityHeaders(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == GraphQLPath {
			endpoint.ServeHTTP(w, r)
			return
		}
		pages.ServeHTTP(w, r)
	}))
}

// guard refuses what comes by names that this server does not know, where it asks nobody who they are.
func (s *Service) guard(cfg *config.Config) func(http.Handler) http.Handler {
	if cfg.Auth.Identifies() {
		return func(h http.Handler) http.Handler { return h }
	}
	return browser.Hosts(cfg.HostNames(), s.process.refuseBy(s.transport))
}

// endpoint is the way of a request. What is cheap to refuse is refused first, and nothing of a stranger's body is read.
func (s *Service) endpoint(told *telemetry.Telemetry, guard, origins func(http.Handler) http.Handler) func(http.Handler) http.Handler {
	return func(api http.Handler) http.Handler {
		return told.Middleware(GraphQLPath)(guard(origins(s.identify(s.process.refuseBy(s.transport))(s.charge(api)))))
	}
}

func (s *Service) resolver(cfg *config.Config) *graph.Resolver {
	apps := make([]*model.DifyApp, len(cfg.Apps))
	var longest time.Duration
	for i, app := range cfg.Apps {
		apps[i] = &model.DifyApp{Key: app.Key, ConfiguredName: app.Name}
		longest = max(longest, cmp.Or(app.Timeout, difyapi.DefaultTimeout))
	}
	r := graph.NewResolver(apps, s.upstream, graph.Limits{
		ScanCalls: cfg.Limits.ScanCalls, ScanDetails: cfg.Limits.ScanDetails, Price: cfg.Limits.Price, Deadline: cfg.Limits.Deadline,
		AppTimeout: longest,
	})
	r.Admit, r.Runs, r.Logs = s.admit, s.process.runs, s.process.logs
	r.HideSchema = !cfg.GraphQL.Introspection && !cfg.Auth.Identifies()
	return r
}

// requestPrice is what every request costs its caller, an invalid one too.
const requestPrice = 1

// charge takes the price of a request, before its body is read.
func (s *Service) charge(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := payer(r)
		ctx := paidBy(r.Context(), name)
		telemetry.NoteCaller(ctx, identity.FromContext(ctx).Name)
		if err := s.process.accounts.Spend(name, requestPrice); err != nil {
			telemetry.NoteRefusal(ctx, code.RateLimited)
			if !s.process.mayTell(name) {
				telemetry.Silence(ctx)
			}
			s.transport.Refuse(w, r, http.StatusTooManyRequests, graph.Present(ctx, retry(err)))
			return
		}
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// admit takes the rest of what an operation is foreseen to cost, and waits until it may be executed. Afterwards its caller has paid
// what it has spent, be that more or less; for what was not executed no more than its request.
func (s *Service) admit(ctx context.Context, foreseen int) (admitted context.Context, leave func(spent int), err error) {
	name, rest := admission.CallerOf(ctx), max(0, foreseen-requestPrice)
	if err := s.process.accounts.Spend(name, rest); err != nil {
		return ctx, nil, retry(err)
	}
	operation, release, err := s.enter(ctx, name)
	if err != nil {
		s.process.accounts.Settle(name, rest)
		return ctx, nil, retry(err)
	}
	return loader.WithWaiting(ctx, operation.Wait), func(spent int) {
		operation.Leave()
		release()
		s.process.accounts.Settle(name, rest+requestPrice-max(spent, requestPrice))
	}, nil
}

// enter waits for an operation's slot. Those that wait, here or for apps later on, are bounded by their number and by what they hold.
func (s *Service) enter(ctx context.Context, caller string) (operation *admission.Operation, release func(), err error) {
	if release, err = s.upstream.Hold(caller); err != nil {
		return nil, nil, err
	}
	if operation, err = s.process.gate.Enter(ctx); err != nil {
		release()
	}
	return operation, release, err
}

// overloadRetry is when an operation is worth another try that found too many others under way.
const overloadRetry = time.Second

// retry says in the graph's terms why something was not admitted.
func retry(err error) error {
	if e, ok := errors.AsType[*admission.RateError](err); ok {
		return &graph.RetryError{After: e.After}
	}
	if errors.Is(err, admission.ErrOverloaded) {
		return &graph.RetryError{Overloaded: true, After: overloadRetry}
	}
	return err
}

// NewClients makes a client of the pool for each app, by its key.
func NewClients(cfg *config.Config, told *telemetry.Telemetry, pool *difyapi.Pool) (map[string]*difyapi.Client, error) {
	return newClients(cfg, told, pool, pool.Transport(), resilience)
}

// resilience is how failures of Difys are borne.
var resilience = difyapi.Resilience{Retries: 2, Breaker: true}

func newClients(
	cfg *config.Config, told *telemetry.Telemetry, pool *difyapi.Pool, connections http.RoundTripper, resilience difyapi.Resilience,
) (map[string]*difyapi.Client, error) {
	clients := make(map[string]*difyapi.Client, len(cfg.Apps))
	for _, app := range cfg.Apps {
		client, err := pool.Client(difyapi.Options{
			BaseURL: app.BaseURL, APIKey: app.APIKey.Reveal(), Version: difyapi.ParseVersion(app.Version),
			MaxInFlight: app.MaxInFlight, ConnectionsPerServer: cfg.Limits.ConnectionsPerServer, StreamsPerServer: cfg.Live.StreamsPerServer, Timeout: app.Timeout,
			Resilience:    resilience,
			Transport:     told.Transport(app.Key, connections),
			HealthChanged: reportHealth(told, app),
		})
		if err != nil {
			return nil, fmt.Errorf("app %q: %w", app.Key, err)
		}
		clients[app.Key] = client
	}
	return clients, nil
}
