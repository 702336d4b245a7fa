package service

import (
	"cmp"
	"context"
	"maps"
	"net/http"
	"runtime"
	"slices"
	"sync/atomic"

	"github.com/difygraph/difygraph/difyapi"
	"github.com/difygraph/difygraph/graph/follow"
	graphlive "github.com/difygraph/difygraph/graph/live"
	"github.com/difygraph/difygraph/graph/loader"
	"github.com/difygraph/difygraph/internal/admission"
	"github.com/difygraph/difygraph/internal/config"
	"github.com/difygraph/difygraph/internal/graphqlhttp"
	"github.com/difygraph/difygraph/internal/identity"
)

// Process is what lives as long as the process, whatever its configuration becomes: what callers have spent and hold, what is
// known of Difys, and what is kept of their answers and of clients' operations. Each service takes it over from the one before,
// as far as what it depends on is the same.
type Process struct {
	// Connections carry the calls to Difys, Resilience says how often one that fails is tried again, and Clocks what is known of
	// the apps' times. NewProcess says how it is in production; tests may say otherwise, before the first service.
	Connections http.RoundTripper
	Resilience  difyapi.Resilience
	Clocks      *loader.Clocks

	accounts   *admission.Accounts // by payer
	strangers  *admission.Accounts // by address
	signatures *admission.Gate     // of tokens that are checked, by who shows them
	gate       *admission.Gate
	// What is open for as long as its client wants it.
	subscriptions, sockets *admission.Subscriptions

	pool *difyapi.Pool
	runs *graphlive.Runs // that are watched
	logs *follow.Hub     // that are followed
	// inForce is the latest service's, for what asks on behalf of no operation.
	inForce atomic.Pointer[loader.Upstream]

	latest *Service // nil before the first
}

// NewProcess begins with the limits of the first configuration. It is to be closed once no request is under way.
func NewProcess(limits config.Limits) *Process {
	pool := difyapi.NewPool()
	p := &Process{
		Connections:   pool.Transport(),
		Resilience:    resilience,
		Clocks:        new(loader.Clocks),
		accounts:      admission.NewAccounts(termsOf(limits)),
		strangers:     admission.NewAccounts(admission.Terms{Rate: strangerRate, Burst: strangerBurst}),
		signatures:    newSignatures(),
		gate:          admission.NewGate(gateOf(limits)),
		subscriptions: admission.NewSubscriptions(limits.Subscriptions, limits.SubscriptionsPerCaller),
		sockets:       admission.NewSubscriptions(limits.Subscriptions, limits.SubscriptionsPerCaller),
		pool:          pool,
		runs:          graphlive.New(graphlive.Options{}),
	}
	p.logs = follow.New(follow.Options{Open: p.openLog})
	return p
}

// readingCalls is what one reading of a follower may take: it bounds itself.
const readingCalls = 1000

// openLog begins a reading of a log that is followed, in the configuration that is in force.
func (p *Process) openLog(ctx context.Context, app follow.App) (context.Context, follow.Source, func()) {
	u := p.inForce.Load()
	if u == nil || !u.Has(app.Key, app.Identity) {
		return ctx, nil, nil
	}
	ctx, done := u.Attach(ctx, loader.Allowance{Calls: readingCalls, Extra: readingCalls})
	return ctx, loader.For(ctx), func() { done(0) }
}

// Close ends what is done in the background.
func (p *Process) Close() {
	p.runs.Close()
	p.logs.Close()
	p.accounts.Close()
	p.strangers.Close()
	if p.latest != nil {
		p.latest.upstream.Close()
	}
	p.pool.Close()
}

func termsOf(l config.Limits) admission.Terms {
	return admission.Terms{Rate: l.Rate, Burst: l.Burst}
}

func gateOf(l config.Limits) admission.Options {
	// Those that are executed share the processors: with many more of them than these, who asks for little would wait for
	// those who ask for much.
	operations := cmp.Or(l.Operations, max(8, 4*runtime.GOMAXPROCS(0)))
	return admission.Options{Operations: operations, Waiting: l.Waiting, MaxWait: l.Deadline}
}

// callers are those of the service before, or nil.
func (p *Process) callers() *identity.Authenticator {
	if p.latest == nil {
		return nil
	}
	return p.latest.callers
}

// share gives the service what the one before had.
func (p *Process) share(s *Service, t *graphqlhttp.Transport, cfg *config.Config) {
	kept := loader.Options{
		TTL: cfg.Cache.TTL, OperationBytes: int64(cfg.Limits.OperationBytes), Bytes: int64(cfg.Limits.Bytes),
		Clocks: p.Clocks,
	}
	p.accounts.Configure(termsOf(cfg.Limits))
	p.gate.Configure(gateOf(cfg.Limits))
	p.subscriptions.Configure(cfg.Limits.Subscriptions, cfg.Limits.SubscriptionsPerCaller)
	p.sockets.Configure(cfg.Limits.Subscriptions, cfg.Limits.SubscriptionsPerCaller)
	p.runs.Configure(graphlive.Options{WatchAll: cfg.Live.WatchAll})
	p.pool.Keep(slices.Collect(maps.Values(s.clients))...)
	if p.latest == nil {
		s.upstream = loader.New(s.clients, kept)
	} else {
		s.upstream = p.latest.upstream.Next(s.clients, kept)
		t.Inherit(p.latest.transport)
	}
	p.inForce.Store(s.upstream)
	s.transport, p.latest = t, s
}
