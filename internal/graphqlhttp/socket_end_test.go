package graphqlhttp_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/difygraph/difygraph/graph/code"
	"github.com/difygraph/difygraph/internal/graphqlhttp"
)

// TestTokenExpiresOnASocket: each operation is told, queries too, and then the socket is closed.
func TestTokenExpiresOnASocket(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		at := time.Now().Add(time.Hour)
		o := graphqlhttp.Options{Streams: who(at)}
		a := newLive(t, o)
		server := &http.Server{Handler: a, ReadHeaderTimeout: time.Second}
		go func() { _ = server.Serve(a.listener) }()
		c := a.greet(t, "Authorization", "Bearer good")
		c.say(asks("a", "subscription { idle }"))
		synctest.Wait()
		time.Sleep(30 * time.Minute)
		c.say(asks("b", "{ answer(after: 100000000) }"))
		told := map[string]bool{}
		for range 2 {
			text := c.hear()
			if !strings.Contains(text, `"extensions":{"code":"UNAUTHENTICATED"}`) || !strings.HasPrefix(text, `{"type":"error"`) {
				t.Errorf("heard %s", text)
			}
			told[strings.SplitN(text, `"`, 9)[7]] = true
		}
		c.want("closed 4403: Forbidden: the token has expired")
		if !time.Now().Equal(at) || len(told) != 2 {
			t.Errorf("it was closed at %v, want %v; told were %v", time.Now(), at, told)
		}
		_ = server.Close()
		a.client.CloseIdleConnections()
	})
}

// TestServerDrains: subscriptions end without a word, so that clients begin them anew elsewhere; queries have their answers.
func TestServerDrains(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		draining, drain := context.WithCancel(t.Context())
		a := newLive(t, graphqlhttp.Options{Streams: graphqlhttp.Streams{Draining: draining}})
		server := &http.Server{Handler: a, ReadHeaderTimeout: time.Second}
		go func() { _ = server.Serve(a.listener) }()
		idle, busy, fresh := a.greet(t), a.greet(t), a.dial(t, []string{protocol})
		busy.say(asks("a", "subscription { idle }"), asks("b", "{ answer(after: 1000) }"), asks("c", "subscription { count(to: 5, every: 900) }"))
		synctest.Wait()
		drain()
		synctest.Wait()
		busy.say(asks("d", "{ answer }")) // too late
		idle.want("closed 1001: The server is stopping")
		fresh.want("closed 1001: ")
		busy.want(next("b", `{"answer":1}`), complete("b"), "closed 1001: ")
		_ = server.Close()
		a.client.CloseIdleConnections()
	})
}

// TestClientIsGone: whether it says so or not, nothing of it is left.
func TestClientIsGone(t *testing.T) {
	t.Parallel()
	for name, leave := range map[string]func(c *client){
		"it closes":    func(c *client) { c.leave() },
		"it is cut":    func(c *client) { _ = c.CloseNow() },
		"it is silent": func(*client) { time.Sleep(2 * time.Minute) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, graphqlhttp.Options{}, func(t *testing.T, a *liveAPI) {
				t.Helper()
				c := a.dialDeaf(t, []string{protocol}).greet()
				c.say(asks("a", "subscription { idle }"), asks("b", "subscription { count(to: 1000000000, every: 1) }"), asks("c", "{ answer(after: 1000000000) }"))
				leave(c)
				synctest.Wait()
				if n := a.underWay.Load(); n != 0 {
					t.Errorf("%d operations are under way", n)
				}
				_ = c.CloseNow()
			})
		})
	}
}

// TestPingsKeepASocket that is idle.
func TestPingsKeepASocket(t *testing.T) {
	t.Parallel()
	inBubble(t, graphqlhttp.Options{}, func(t *testing.T, a *liveAPI) {
		t.Helper()
		c := a.greet(t)
		c.say(asks("a", "{ answer(after: 86400000) }"))
		c.want(next("a", `{"answer":1}`), complete("a"))
		c.leave()
	})
}

// TestSlowReaderOfASocket: its operations wait for it, and it is cut off where it takes nothing.
func TestSlowReaderOfASocket(t *testing.T) {
	t.Parallel()
	inBubble(t, graphqlhttp.Options{}, func(t *testing.T, a *liveAPI) {
		t.Helper()
		c := a.dialDeaf(t, []string{protocol}).greet()
		c.say(asks("a", "subscription { large }"))
		synctest.Wait()
		if a.underWay.Load() == 0 {
			t.Error("nothing is under way")
		}
		time.Sleep(31 * time.Second)
		synctest.Wait()
		if n := a.underWay.Load(); n > 0 {
			t.Errorf("%d are still under way", n)
		}
		_ = c.CloseNow()
	})
}

// TestMessageThatDoesNotEnd is not waited for.
func TestMessageThatDoesNotEnd(t *testing.T) {
	t.Parallel()
	inBubble(t, graphqlhttp.Options{}, func(t *testing.T, a *liveAPI) {
		t.Helper()
		c := a.greet(t)
		c.say(asks("a", "subscription { idle }"))
		writer, err := c.Writer(t.Context(), websocket.MessageText)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(writer, strings.Repeat(" ", 16<<10))
		time.Sleep(31 * time.Second)
		synctest.Wait()
		if a.underWay.Load() != 0 {
			t.Error("it is waited for")
		}
		_ = c.CloseNow()
	})
}

func TestOperationsPerSocket(t *testing.T) {
	t.Parallel()
	inBubble(t, graphqlhttp.Options{Streams: graphqlhttp.Streams{PerSocket: 2}}, func(t *testing.T, a *liveAPI) {
		t.Helper()
		c, other := a.greet(t), a.greet(t)
		c.say(asks("a", "subscription { idle }"), asks("b", "subscription { idle }"), asks("c", "{ answer }"))
		c.want(failed("c", `"this socket has 2 operations under way`))
		c.say(complete("a"))
		c.silent()
		c.say(asks("c", "{ answer }"))
		c.want(next("c", `{"answer":1}`), complete("c"))
		other.say(asks("c", "{ answer }"))
		other.want(next("c", `{"answer":1}`), complete("c"))
		c.leave()
		other.leave()
	})
}

// TestEachOperationIsARequest: it is begun, charged for its bytes and ended as one, whatever becomes of it.
func TestEachOperationIsARequest(t *testing.T) {
	t.Parallel()
	var begun, ended, sockets atomic.Int64
	charged := map[int]bool{}
	streams := who(time.Time{})
	streams.Begin = func(ctx context.Context) (context.Context, func(), *gqlerror.Error) {
		if callerOf(ctx) != "Bearer good" {
			t.Errorf("an operation of %q", callerOf(ctx))
		}
		var refused *gqlerror.Error
		if begun.Add(1) == 3 {
			refused = &gqlerror.Error{Message: "spent", Extensions: map[string]any{"code": code.RateLimited}}
		}
		return ctx, func() { ended.Add(1) }, refused
	}
	streams.Connect = func(context.Context) (func(), *gqlerror.Error) {
		if sockets.Add(1) > 1 {
			sockets.Add(-1)
			return nil, &gqlerror.Error{Message: "full", Extensions: map[string]any{"code": code.Overloaded}}
		}
		return func() { sockets.Add(-1) }, nil
	}
	charge := func(_ context.Context, bytes int, _ bool) *gqlerror.Error {
		charged[bytes] = true
		return nil
	}
	inBubble(t, graphqlhttp.Options{Streams: streams, Charge: charge}, func(t *testing.T, a *liveAPI) {
		t.Helper()
		c := a.greet(t, "Authorization", "Bearer good")
		c.say(asks("a", "{ answer }"))
		c.want(next("a", `{"answer":1}`), complete("a"))
		c.say(asks("a", "{"))
		c.want(failed("a", ""))
		c.say(asks("a", "{ answer }"))
		c.want(failed("a", `"spent","extensions":{"code":"RATE_LIMITED"}`))
		c.say(asks("a", "subscription { idle }"))
		synctest.Wait()
		if begun.Load() != 4 || ended.Load() != 3 || !charged[len(subscription("{ answer }"))] {
			t.Errorf("%d begun, %d ended, charged %v", begun.Load(), ended.Load(), charged)
		}
		_, resp, err := websocket.Dial(t.Context(), "http://service/graphql", &websocket.DialOptions{HTTPClient: a.client, Subprotocols: []string{protocol}})
		if err == nil || resp.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("a second socket: %v %v", resp, err)
		}
		c.leave()
		synctest.Wait()
		if ended.Load() != 4 || sockets.Load() != 0 {
			t.Errorf("%d ended, %d sockets", ended.Load(), sockets.Load())
		}
	})
}

// TestNoRoomForAMessage closes the socket: what is not read can't be refused by its id.
func TestNoRoomOnceTheCallerIsKnown(t *testing.T) {
	t.Parallel()
	streams := who(time.Time{})
	streams.Connect = func(ctx context.Context) (func(), *gqlerror.Error) {
		if callerOf(ctx) != "" {
			return nil, &gqlerror.Error{Message: "full"}
		}
		return func() {}, nil
	}
	inBubble(t, graphqlhttp.Options{Streams: streams}, func(t *testing.T, a *liveAPI) {
		t.Helper()
		c := a.dial(t, []string{protocol})
		c.say(`{"type":"connection_init","payload":{"Authorization":"Bearer good"}}`)
		c.want("closed 1013: full")
	})
}

// TestPanicOfASocket ends it and nothing else.
func TestPanicOfASocket(t *testing.T) {
	t.Parallel()
	streams := graphqlhttp.Streams{Begin: func(context.Context) (context.Context, func(), *gqlerror.Error) { panic("a secret") }}
	inBubble(t, graphqlhttp.Options{Streams: streams}, func(t *testing.T, a *liveAPI) {
		t.Helper()
		c := a.greet(t)
		c.say(asks("a", "{ answer }"))
		c.want("closed 4500: Internal server error")
	})
}
