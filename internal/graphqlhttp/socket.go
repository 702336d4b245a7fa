package graphqlhttp

import (
	"cmp"
	"context"
	"errors"
	"io"
	"iter"
	"net/http"

	"github.com/99designs/gqlgen/graphql"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/difygraph/difygraph/graph/code"
	"github.com/difygraph/difygraph/internal/graphqlws"
)

// socket is a [graphqlws.Server]: it runs the operations of one WebSocket as those of requests are run.
type socket struct {
	*Transport

	exec    graphql.GraphExecutor
	header  http.Header // the upgrade's
	caller  string
	leave   func() // its place among the sockets
	forget  context.CancelFunc
	reading *lease        // of the message that is being looked at
	places  chan struct{} // one for each operation
}

// serveSocket serves a WebSocket until it is closed, or returns why there is none.
func (t *Transport) serveSocket(w http.ResponseWriter, r *http.Request, exec graphql.GraphExecutor) *failure {
	leave, refused := t.streams.Connect(r.Context())
	if refused != nil {
		errs := gqlerror.List{refused}
		return &failure{status: statusOf(graphQLResponse, errs), errors: errs}
	}
	s := &socket{
		Transport: t, exec: exec, header: r.Header, caller: t.options.Caller(r.Context()),
		leave: leave, forget: func() {}, places: make(chan struct{}, t.streams.PerSocket),
	}
	defer func() {
		s.forget()
		s.leave()
	}()
	graphqlws.Serve(w, r, s, graphqlws.Options{MaxMessageBytes: t.options.MaxBodyBytes, Draining: t.streams.Draining})
	return nil
}

// errTooMany closes a socket for which there is no room.
func errTooMany(refused *gqlerror.Error) error {
	const tryAgainLater = 1013
	return &graphqlws.CloseError{Code: tryAgainLater, Reason: refused.Message}
}

// Init finds the caller.
func (s *socket) Init(ctx context.Context, payload jsontext.Value) (context.Context, error) {
	authorization, err := authorizationOf(payload)
	if err != nil {
		return nil, err
	}
	ctx, err = s.streams.Authenticate(ctx, authorization)
	if err != nil {
		return nil, err
	}
	s.leave()
	leave, refused := s.streams.Connect(ctx)
	if refused != nil {
		s.leave = func() {}
		return nil, errTooMany(refused)
	}
	s.leave, s.caller = leave, s.options.Caller(ctx)
	ctx, s.forget = s.streams.untilExpiry(ctx)
	return ctx, nil
}

var errAuthorization = errors.New("the Authorization in the payload of connection_init must be one text, such as \"Bearer TOKEN\"")

// authorizationOf is what a client sends where browsers let it set no header. Clients write the name as they like.
func authorizationOf(payload jsontext.Value) (string, error) {
	var given struct {
		Upper string `json:"Authorization"`
		Lower string `json:"authorization"`
	}
	if payload != nil && json.Unmarshal(payload, &given) != nil || given.Upper != "" && given.Lower != "" {
		return "", errAuthorization
	}
	return cmp.Or(given.Upper, given.Lower), nil
}

// Read reads a message into what the pool has for it.
func (s *socket) Read(ctx context.Context, from io.Reader) (message []byte, free func(), err error) {
	held := &lease{pool: s.pool, caller: s.caller}
	message, err = readAll(ctx, from, s.options.MaxBodyBytes, held)
	if err != nil {
		held.settle(0)
		if refused, ok := errors.AsType[*failureError](err); ok {
			err = errTooMany(refused.errors[0])
		}
		return nil, nil, err
	}
	s.reading = held
	return message, func() {
		if s.reading == held { // no operation has it
			held.settle(0)
		}
	}, nil
}

// Start prepares an operation.
func (s *socket) Start(ctx context.Context, payload jsontext.Value) iter.Seq[graphqlws.Answer] {
	held := s.reading
	s.reading = nil
	ctx, end, refused := s.streams.Begin(ctx)
	leave, full := s.place()
	asked, f := new(request), (*failure)(nil)
	if refused = cmp.Or(refused, full); refused != nil {
		f = &failure{errors: gqlerror.List{refused}}
	} else {
		ctx, asked, f = s.prepareMessage(ctx, payload, held)
	}
	return func(yield func(graphqlws.Answer) bool) {
		defer end()
		defer held.settle(0)
		defer leave()
		for a := range s.answers(ctx, s.exec, asked, f) {
			if !yield(s.answerOf(a)) {
				return
			}
		}
	}
}

// place is one of those for the socket's operations.
func (s *socket) place() (leave func(), refused *gqlerror.Error) {
	select {
	case s.places <- struct{}{}:
		return func() { <-s.places }, nil
	default:
		return func() {}, newError(code.Overloaded,
			"this socket has %d operations under way, as many as it may: end one, or open another socket", cap(s.places))
	}
}

// prepareMessage does what is done for a body.
func (s *socket) prepareMessage(ctx context.Context, payload jsontext.Value, held *lease) (context.Context, *request, *failure) {
	start := graphql.Now()
	asked, f := s.readPayload(ctx, payload, held)
	if f != nil {
		return ctx, new(request), f
	}
	if f := asked.complete(s.header, start); f != nil {
		return ctx, asked, f
	}
	ctx, f = s.prepare(ctx, asked, http.MethodPost, held)
	return ctx, asked, f
}

func (s *socket) readPayload(ctx context.Context, payload jsontext.Value, held *lease) (*request, *failure) {
	if f := s.charge(ctx, len(payload), true); f != nil {
		return nil, f
	}
	if f := s.makeRoom(ctx, len(payload), held); f != nil {
		return nil, f
	}
	found, f := readMembers(payload, s.options.Limits)
	if f != nil {
		return nil, f
	}
	return found.request()
}

// answerOf is an answer as the protocol has it.
func (s *socket) answerOf(a *answer) graphqlws.Answer {
	switch {
	case errors.Is(a.cause, errDraining):
		return graphqlws.Answer{Kind: graphqlws.Cut}
	case len(a.Data) == 0:
		return graphqlws.Answer{Kind: graphqlws.Error, Payload: parts{s.encodeErrorList(a)}}
	default:
		return graphqlws.Answer{Payload: s.encode(a)}
	}
}
