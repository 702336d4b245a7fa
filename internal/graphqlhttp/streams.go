package graphqlhttp

import (
	"context"
	"time"

	"github.com/vektah/gqlparser/v2/gqlerror"
)

// Streams are what the transports of subscriptions ask of what is around them. A nil function allows everything, and knows nobody.
type Streams struct {
	// Subscribe counts a subscription of the context's caller until it is left, or refuses it.
	Subscribe func(ctx context.Context) (leave func(), refused *gqlerror.Error)
	// Connect does so for a WebSocket. It is asked again when Authenticate has found who the caller is.
	Connect func(ctx context.Context) (leave func(), refused *gqlerror.Error)
	// Authenticate finds the caller of a WebSocket, and puts it into the context of its operations. The authorization is what the
	// client sent as `Authorization` with connection_init, in the form of the header; empty if it sent none: then the caller is
	// the upgrade's, if that had one. The text of an error is for the client to read.
	Authenticate func(ctx context.Context, authorization string) (context.Context, error)
	// Begin does for an operation of a WebSocket what is done for a request: it takes its price, or refuses it. end is called once
	// it has ended, refused or not, by the goroutine that ran it.
	Begin func(ctx context.Context) (begun context.Context, end func(), refused *gqlerror.Error)
	// Expires is until when the context's caller is known; zero is for ever. Subscriptions end then, as does everything on a
	// WebSocket.
	Expires func(ctx context.Context) time.Time
	// Draining ends when the server is about to stop. Subscriptions end then.
	Draining context.Context //nolint:containedctx // it is the server's
	// PerSocket bounds the operations of one WebSocket at a time; 50 if 0.
	PerSocket int
}

func (s Streams) withDefaults() Streams {
	unlimited := func(context.Context) (func(), *gqlerror.Error) { return func() {}, nil }
	if s.Subscribe == nil {
		s.Subscribe = unlimited
	}
	if s.Connect == nil {
		s.Connect = unlimited
	}
	if s.Authenticate == nil {
		s.Authenticate = func(ctx context.Context, _ string) (context.Context, error) { return ctx, nil }
	}
	if s.Begin == nil {
		s.Begin = func(ctx context.Context) (context.Context, func(), *gqlerror.Error) { return ctx, func() {}, nil }
	}
	if s.Expires == nil {
		s.Expires = func(context.Context) time.Time { return time.Time{} }
	}
	if s.Draining == nil {
		s.Draining = context.Background()
	}
	s.PerSocket = orDefault(s.PerSocket, 50)
	return s
}

// bound ends a subscription's context when its time has come. The cause says why.
func (s *Streams) bound(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, end := context.WithCancelCause(ctx)
	stop := context.AfterFunc(s.Draining, func() { end(errDraining) })
	ctx, cancel := s.untilExpiry(ctx)
	return ctx, func() {
		stop()
		cancel()
		end(nil)
	}
}

// untilExpiry ends a context when its caller is known no more.
func (s *Streams) untilExpiry(ctx context.Context) (context.Context, context.CancelFunc) {
	if at := s.Expires(ctx); !at.IsZero() {
		return context.WithDeadlineCause(ctx, at, errExpired)
	}
	return context.WithCancel(ctx)
}
