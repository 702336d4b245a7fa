// Package graphqlws serves GraphQL over WebSockets by the protocol graphql-transport-ws, which the clients graphql-ws 5 and 6,
// Apollo, urql and Relay speak. Older protocols are not served.
//
// conversation.go has the protocol, message.go its messages, and session.go a socket. What runs the operations is the caller's
// affair ([Server]).
//
// A client that reads slowly slows its operations down: an answer is made once the one before it is sent, and nothing is queued.
package graphqlws

import (
	"context"
	"errors"
	"io"
	"iter"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/difygraph/difygraph/internal/rescue"
)

// Protocol is the name of the protocol, as Sec-WebSocket-Protocol has it.
const Protocol = "graphql-transport-ws"

const (
	initTimeout    = 10 * time.Second // from the upgrade to the acknowledgement
	messageTimeout = 30 * time.Second // from a message's first byte to its last
	writeTimeout   = 30 * time.Second // for one message
	pingInterval   = 25 * time.Second // less than proxies let a connection be idle
	pingTimeout    = 20 * time.Second

	// maxInitBytes bounds messages before the caller is known: a token has 16 KiB at most.
	maxInitBytes = 32 << 10
	// maxReasonBytes is what a frame has room for.
	maxReasonBytes = 123
)

// Server runs the operations of one socket. Its methods are called by the goroutine that reads the socket, one at a time.
type Server interface {
	// Init says who the caller is, by the payload of connection_init, which is nil or an object. The context is for what follows:
	// once it ends, so do the operations, and the socket by 4403. An error ends the socket by 4403 and the error's text, or as
	// a [*CloseError] has it.
	Init(ctx context.Context, payload jsontext.Value) (context.Context, error)
	// Read reads a message. Its memory is given back by free, which is called where err is nil, once nothing looks at it any more.
	Read(ctx context.Context, from io.Reader) (message []byte, free func(), err error)
	// Start prepares the operation of a subscribe's payload, which it keeps nothing of. The answers are asked for in another
	// goroutine, and no more of them once the context is over or the client has left.
	Start(ctx context.Context, payload jsontext.Value) iter.Seq[Answer]
}

// Answer is one of an operation's.
type Answer struct {
	Kind
	// Payload is the JSON of a result, or for [Error] of a list of errors, by its parts.
	Payload [][]byte
}

// Kind says what an answer means for its operation.
type Kind int

const (
	// Next is a result. Others may follow.
	Next Kind = iota
	// Error ends the operation.
	Error
	// Cut ends it too, in silence: the socket is about to be closed, and the client begins it anew.
	Cut
)

// CloseError is an end of the socket other than 4403.
type CloseError struct {
	Code   int
	Reason string
}

func (e *CloseError) Error() string { return e.Reason }

// Options bound a socket.
type Options struct {
	// MaxMessageBytes bounds one message once the caller is known.
	MaxMessageBytes int64
	// Draining ends when the server is about to stop: nothing begins any more, and once what is under way has ended the socket is
	// closed by 1001. Nil is never.
	Draining context.Context //nolint:containedctx // it is the server's, not the socket's
}

// Serve upgrades a request and serves the socket until it is closed. The request's origin has been looked at before. Nothing of it
// is left when Serve returns.
func Serve(w http.ResponseWriter, r *http.Request, server Server, o Options) {
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{Protocol}, InsecureSkipVerify: true})
	if err != nil {
		return // and has been answered
	}
	ctx, cancel := context.WithCancel(r.Context())
	s := &session{server: server, options: o, conn: conn, ctx: ctx, known: make(chan context.Context, 1), turn: make(chan struct{}, 1)}
	defer s.work.Wait()
	defer cancel()
	defer func() { _ = conn.CloseNow() }() // what fails is closed
	if conn.Subprotocol() != Protocol {
		s.close(badProtocol)
		return
	}
	s.serve()
}

// session is one socket.
type session struct {
	server  Server
	options Options
	conn    *websocket.Conn
	ctx     context.Context      //nolint:containedctx // the socket's, which nothing else has
	known   chan context.Context // the operations', once Init has made it
	work    sync.WaitGroup       // goroutines

	turn chan struct{} // to talk: held while a message is sent, so that what is said stays in order
	talk conversation
}

func (s *session) lock()   { s.turn <- struct{}{} }
func (s *session) unlock() { <-s.turn }

// serve reads until the socket is closed.
func (s *session) serve() {
	defer s.rescue()
	s.work.Go(s.watch)
	s.conn.SetReadLimit(maxInitBytes)
	operations := s.ctx
	for operations != nil {
		message, free, err := s.read()
		if err != nil {
			return
		}
		operations = s.do(operations, message) //nolint:fatcontext // It is made once, when the client has said who it is.
		free()
	}
}

// read reads a message. One that is not to be read ends the socket.
func (s *session) read() (message []byte, free func(), err error) {
	kind, from, err := s.conn.Reader(s.ctx)
	if err != nil {
		return nil, nil, err
	}
	late := time.AfterFunc(messageTimeout, func() { _ = s.conn.CloseNow() })
	defer late.Stop()
	if message, free, err = s.server.Read(s.ctx, from); err == nil && kind == websocket.MessageText {
		return message, free, nil
	}
	if err == nil {
		free()
		err = &CloseError{badMessage.code, badMessage.reason}
	}
	if refused, ok := errors.AsType[*CloseError](err); ok {
		_, _ = io.Copy(io.Discard, from) // else there is no way to hear the client's own close
		s.close(closing{refused.Code, refused.Reason})
	}
	return nil, nil, err
}

// do does what a message asks for. The operations' context is nil where that ends the socket.
func (s *session) do(operations context.Context, message []byte) context.Context {
	s.lock()
	a := s.talk.receive(message)
	err := s.send(a.send)
	s.unlock()
	if a.stop != nil {
		a.stop.cancel()
	}
	switch {
	case err != nil:
		return nil
	case a.close != nil:
		s.close(*a.close)
		return nil
	case a.init:
		return s.init(a.payload)
	case a.start != nil:
		s.start(operations, a.start, a.payload)
	}
	return operations
}

// init asks who the caller is.
func (s *session) init(payload jsontext.Value) (operations context.Context) {
	operations, err := s.server.Init(s.ctx, payload)
	if err != nil {
		s.close(closingOf(err))
		return nil
	}
	s.conn.SetReadLimit(s.options.MaxMessageBytes)
	s.known <- operations
	s.lock()
	defer s.unlock()
	if s.send(s.talk.acknowledge()) != nil {
		return nil
	}
	return operations
}

func closingOf(err error) closing {
	if other, ok := errors.AsType[*CloseError](err); ok {
		return closing{other.Code, other.Reason}
	}
	return closing{callerExpired.code, strings.ToValidUTF8(err.Error()[:min(len(err.Error()), maxReasonBytes)], "")}
}

// start runs an operation. What has been prepared of it holds nothing of the message any more.
func (s *session) start(ctx context.Context, o *operation, payload jsontext.Value) {
	ctx, o.cancel = context.WithCancel(ctx)
	answers := s.server.Start(ctx, payload)
	s.work.Go(func() { //nolint:contextcheck // Answers are written within the socket's life, not the operation's.
		defer s.rescue()
		defer o.cancel()
		for a := range answers {
			if !s.tell(func() ([]byte, bool) { return s.talk.answer(o, a) }) {
				break
			}
		}
		s.tell(func() ([]byte, bool) { return s.talk.finish(o), false })
	})
}

// tell sends a message of an operation, if it is still wanted, and closes the socket if it was the last one.
func (s *session) tell(say func() (message []byte, goesOn bool)) (goesOn bool) {
	s.lock()
	message, goesOn := say()
	err := s.send(message)
	end := s.talk.end()
	s.unlock()
	if end != nil {
		s.close(*end)
	}
	return goesOn && err == nil
}

// send is called with the lock held. A client that does not take a message in time is cut off.
func (s *session) send(message []byte) error {
	if message == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(s.ctx, writeTimeout)
	defer cancel()
	err := s.conn.Write(ctx, websocket.MessageText, message)
	if err != nil {
		_ = s.conn.CloseNow()
	}
	return err
}

// watch ends the socket when its time has come, and looks whether the client is there.
func (s *session) watch() {
	late, tick := time.NewTimer(initTimeout), time.NewTicker(pingInterval)
	defer late.Stop()
	defer tick.Stop()
	draining := done(s.options.Draining)
	var over <-chan struct{} // once the client has said who it is
	for {
		select {
		case <-s.ctx.Done():
			return
		case operations := <-s.known:
			late.Stop()
			over = operations.Done()
		case <-late.C:
			s.close(initTimedOut)
		case <-tick.C:
			s.ping()
		case <-draining:
			draining = nil
			s.wind(goingAway)
		case <-over:
			over = nil
			s.wind(callerExpired)
		}
	}
}

// done is nil, which never ends, where there is no context.
func done(ctx context.Context) <-chan struct{} {
	if ctx == nil {
		return nil
	}
	return ctx.Done()
}

func (s *session) ping() {
	ctx, cancel := context.WithTimeout(s.ctx, pingTimeout)
	defer cancel()
	if s.conn.Ping(ctx) != nil {
		_ = s.conn.CloseNow()
	}
}

// wind closes the socket once what is under way has ended.
func (s *session) wind(last closing) {
	s.tell(func() ([]byte, bool) {
		s.talk.wind(last)
		return nil, false
	})
}

// close says why, and waits some seconds for the client to say so too. What fails has been closed before.
func (s *session) close(c closing) { _ = s.conn.Close(websocket.StatusCode(c.code), c.reason) }

// rescue ends the socket where its server panicked.
func (s *session) rescue() {
	if panicked := recover(); panicked != nil {
		slog.Error("panic of a socket", "error", rescue.New(panicked))
		s.close(internalError)
	}
}
