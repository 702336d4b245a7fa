package service

import (
	"context"
	"net/http"
	"time"

	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/difygraph/difygraph/difyapi"
	"github.com/difygraph/difygraph/graph"
	"github.com/difygraph/difygraph/graph/code"
	"github.com/difygraph/difygraph/internal/admission"
	"github.com/difygraph/difygraph/internal/graphqlhttp"
	"github.com/difygraph/difygraph/internal/identity"
	"github.com/difygraph/difygraph/internal/telemetry"
)

// streams is what subscriptions and WebSockets have of what requests have.
func (s *Service) streams(perSocket int, told *telemetry.Telemetry) graphqlhttp.Streams {
	return graphqlhttp.Streams{
		Subscribe:    entering(s.process.subscriptions),
		Connect:      entering(s.process.sockets),
		Authenticate: s.authorize,
		Begin:        s.beginOn(told),
		Expires:      func(ctx context.Context) time.Time { return identity.FromContext(ctx).Expires },
		Draining:     s.draining,
		PerSocket:    perSocket,
	}
}

// entering counts what is open.
func entering(open *admission.Subscriptions) func(context.Context) (func(), *gqlerror.Error) {
	return func(ctx context.Context) (func(), *gqlerror.Error) {
		leave, err := open.Enter(ctx)
		if err != nil {
			telemetry.NoteRefusal(ctx, code.Overloaded)
			return nil, graph.Present(ctx, errManyOpen)
		}
		return leave, nil
	}
}

var errManyOpen = code.New(code.Overloaded, "too many subscriptions or sockets are open, of yours or of all: end some, or try again later")

// authorize finds the caller of a socket.
func (s *Service) authorize(ctx context.Context, authorization string) (context.Context, error) {
	known, err := s.callers.Authorize(ctx, authorization)
	if err != nil {
		return nil, err
	}
	caller := identity.FromContext(known)
	telemetry.NoteCaller(known, caller.Name)
	if !caller.IsKnown() {
		return known, nil // the address pays on
	}
	return paidBy(known, payerOf(caller)), nil
}

// paidBy says who pays for what is done under the context.
func paidBy(ctx context.Context, name string) context.Context {
	return difyapi.WithCaller(admission.WithCaller(ctx, name), name)
}

// beginOn takes the price of a request for each operation of a socket, and has it told of as one.
func (s *Service) beginOn(told *telemetry.Telemetry) func(context.Context) (context.Context, func(), *gqlerror.Error) {
	return func(ctx context.Context) (context.Context, func(), *gqlerror.Error) {
		ctx, end := told.Operation(ctx)
		if err := s.process.accounts.Spend(admission.CallerOf(ctx), requestPrice); err != nil {
			return ctx, end, graph.Present(ctx, retry(err))
		}
		return ctx, end, nil
	}
}

// identify finds who sent a request. A socket may say so later: browsers let pages set no header of its request.
func (s *Service) identify(refuse code.Refuse) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		identified := identity.Middleware(s.callers, refuse)(next)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if s.transport.UpgradesToSocket(r) && len(r.Header["Authorization"]) == 0 {
				next.ServeHTTP(w, r)
				return
			}
			identified.ServeHTTP(w, r.WithContext(admission.WithCaller(r.Context(), stranger(r))))
		})
	}
}

// Retire ends what has no end by itself, once another service is in force: a token or an app may be gone with this one's
// configuration. Clients come again.
func (s *Service) Retire() { s.retire() }
