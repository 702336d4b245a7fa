package difyapi_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/difygraph/difygraph/difyapi"
)

// pipeListener is a network in memory, so that time inside a synctest bubble stands still while a call is under way.
type pipeListener struct {
	connections chan net.Conn
	closed      chan struct{}
}

func (l *pipeListener) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	near, far := net.Pipe()
	select {
	case l.connections <- far:
		return near, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.connections:
		return conn, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error {
	close(l.closed)
	return nil
}

func (l *pipeListener) Addr() net.Addr {
	return &net.UnixAddr{Name: "memory"}
}

// serveInMemory is serve for a synctest bubble.
func serveInMemory(t *testing.T, handler http.HandlerFunc, opts difyapi.Options) *difyapi.Client {
	t.Helper()
	listener := &pipeListener{connections: make(chan net.Conn), closed: make(chan struct{})}
	server := &http.Server{Handler: handler}
	go func() { _ = server.Serve(listener) }()
	transport := difyapi.NewTransport()
	transport.DialContext = listener.dial
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		_ = server.Close()
	})
	opts.Transport = transport
	return newClient(t, opts)
}

// hang gives no answer until the client leaves.
func hang(_ http.ResponseWriter, req *http.Request) {
	<-req.Context().Done()
}

// hangAfter sends a status and the beginning of a body, and no more.
func hangAfter(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("Content-Length", "1000")
		respond(status, body)(w, req)
		_ = http.NewResponseController(w).Flush()
		<-req.Context().Done()
	}
}

func TestOwnDeadline(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		handler http.HandlerFunc
		timeout time.Duration
		after   time.Duration
		want    difyapi.Error
	}{
		"no answer":       {hang, 5 * time.Second, 5 * time.Second, difyapi.Error{Kind: difyapi.KindTimeout}},
		"default":         {hang, 0, 30 * time.Second, difyapi.Error{Kind: difyapi.KindTimeout}},
		"hung body":       {hangAfter(200, `{"page":1,`), time.Second, time.Second, difyapi.Error{Kind: difyapi.KindTimeout, Status: 200}},
		"hung error":      {hangAfter(500, `{"code":"x`), time.Second, time.Second, difyapi.Error{Kind: difyapi.KindStatus, Status: 500}},
		"hung other body": {hangAfter(302, `<html>`), time.Second, time.Second, difyapi.Error{Kind: difyapi.KindTimeout, Status: 302}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				client := serveInMemory(t, test.handler, difyapi.Options{Timeout: test.timeout})
				start := time.Now()
				err := checkCall(t, client, test.want)
				if got := time.Since(start); got != test.after {
					t.Errorf("ended after %v, want %v", got, test.after)
				}
				if errors.Is(err, context.DeadlineExceeded) {
					t.Error("the client's deadline must not pass for the caller's")
				}
			})
		})
	}
}

// TestCallersContext holds that the end of the caller's context is told as such, wherever the call is.
func TestCallersContext(t *testing.T) {
	t.Parallel()
	errBored := errors.New("the caller is bored")
	endings := map[string]struct {
		start func(context.Context) (context.Context, context.CancelFunc)
		want  []error
	}{
		"cancelled": {func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(ctx)
			time.AfterFunc(time.Second, cancel)
			return ctx, cancel
		}, []error{context.Canceled}},
		"deadline": {func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, time.Second)
		}, []error{context.DeadlineExceeded}},
		"cause": {func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeoutCause(ctx, time.Second, errBored)
		}, []error{context.DeadlineExceeded, errBored}},
	}
	for _, handler := range []http.HandlerFunc{hang, hangAfter(200, `{`), hangAfter(503, `{`)} {
		for name, ending := range endings {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					client := serveInMemory(t, handler, difyapi.Options{})
					ctx, cancel := ending.start(t.Context())
					defer cancel()
					start := time.Now()
					_, err := client.WorkflowLogs(ctx, difyapi.LogQuery{})
					checkContextError(t, err, ending.want...)
					if got := time.Since(start); got != time.Second {
						t.Errorf("ended after %v", got)
					}
				})
			})
		}
	}
}

// TestContextEndsWhileWaiting holds that the wait for a slot ends with the caller, and nothing is sent.
func TestContextEndsWhileWaiting(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		client := serveInMemory(t, func(w http.ResponseWriter, req *http.Request) {
			calls++
			hang(w, req)
		}, difyapi.Options{MaxInFlight: 1})
		go func() { _, _ = client.WorkflowLogs(t.Context(), difyapi.LogQuery{}) }()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		_, err := client.WorkflowLogs(ctx, difyapi.LogQuery{})
		checkContextError(t, err, context.DeadlineExceeded)
		if got := time.Since(start); got != time.Second || calls != 1 {
			t.Errorf("ended after %v, %d calls", got, calls)
		}
	})
}

func checkContextError(t *testing.T, err error, want ...error) {
	t.Helper()
	for _, w := range want {
		if !errors.Is(err, w) {
			t.Errorf("error %v is not %v", err, w)
		}
	}
	if _, ok := asError(err); ok || difyapi.IsTimeout(err) {
		t.Errorf("error %v is told as one of Dify", err)
	}
}
