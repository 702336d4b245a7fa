package graphqlhttp_test

import (
	"context"
	"errors"
	"fmt"
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

const (
	protocol = "graphql-transport-ws"
	hello    = `{"type":"connection_init"}`
	acked    = `{"type":"connection_ack"}`
)

// client is the other end of a WebSocket.
type client struct {
	*websocket.Conn
	t     *testing.T
	heard chan string // nil: it reads only when it is to hear something
}

func (a *liveAPI) dial(t *testing.T, protocols []string, headers ...string) *client {
	t.Helper()
	c := a.dialDeaf(t, protocols, headers...)
	c.heard = make(chan string, 1000)
	go func() {
		for {
			text, ok := c.read()
			c.heard <- text
			if !ok {
				return
			}
		}
	}()
	return c
}

// dialDeaf opens a socket whose client answers to no ping.
func (a *liveAPI) dialDeaf(t *testing.T, protocols []string, headers ...string) *client {
	t.Helper()
	r := with(&http.Request{Header: http.Header{}}, headers)
	conn, resp, err := websocket.Dial(t.Context(), "http://service/graphql",
		&websocket.DialOptions{HTTPClient: a.client, HTTPHeader: r.Header, Subprotocols: protocols})
	if err != nil {
		t.Fatalf("%v %v", resp, err)
	}
	conn.SetReadLimit(-1)
	return &client{Conn: conn, t: t}
}

// greet opens a socket whose caller is known.
func (a *liveAPI) greet(t *testing.T, headers ...string) *client {
	t.Helper()
	return a.dial(t, []string{protocol}, headers...).greet()
}

func (c *client) greet() *client {
	c.t.Helper()
	c.say(hello)
	c.want(acked)
	return c
}

func (c *client) say(messages ...string) {
	c.t.Helper()
	for _, message := range messages {
		if err := c.Write(c.t.Context(), websocket.MessageText, []byte(message)); err != nil {
			c.t.Errorf("say %.100s: %v", message, err)
		}
	}
}

// hear is the next message, or how the socket was closed.
func (c *client) hear() string {
	if c.heard != nil {
		select {
		case text := <-c.heard:
			return text
		case <-time.After(48 * time.Hour): // a server that pings keeps the time of a bubble going
			return "nothing"
		}
	}
	text, _ := c.read()
	return text
}

func (c *client) read() (text string, goesOn bool) {
	kind, message, err := c.Read(c.t.Context())
	if closed, ok := errors.AsType[websocket.CloseError](err); ok {
		return fmt.Sprintf("closed %d: %s", closed.Code, closed.Reason), false
	}
	if err != nil {
		return "broken off", false
	}
	if kind != websocket.MessageText {
		return "binary", true
	}
	return string(message), true
}

// want takes what is heard for right if it begins so.
func (c *client) want(messages ...string) {
	c.t.Helper()
	for _, want := range messages {
		if got := c.hear(); !strings.HasPrefix(got, want) {
			c.t.Errorf("heard %.300s\nwant  %s", got, want)
		}
	}
}

// silent wants nothing to be said for a while.
func (c *client) silent() {
	c.t.Helper()
	c.say(`{"type":"ping"}`)
	time.Sleep(time.Second)
	c.want(`{"type":"pong"}`)
}

func (c *client) leave() { _ = c.Close(websocket.StatusNormalClosure, "") }

func asks(id, query string) string {
	return fmt.Sprintf(`{"id":%q,"type":"subscribe","payload":%s}`, id, subscription(query))
}

func next(id, data string) string {
	return fmt.Sprintf(`{"type":"next","id":%q,"payload":{"data":%s}}`, id, data)
}

func failed(id, c string) string {
	return fmt.Sprintf(`{"type":"error","id":%q,"payload":[{"message":%s`, id, c)
}

func complete(id string) string { return fmt.Sprintf(`{"type":"complete","id":%q}`, id) }

func TestOperationsOverASocket(t *testing.T) {
	t.Parallel()
	for name, play := range map[string]func(c *client){
		"a subscription": func(c *client) {
			c.say(asks("a", "subscription { count(to: 2) }"))
			c.want(next("a", "{\"count\":1\n}"), next("a", "{\"count\":2\n}"), complete("a"))
		},
		"one without an event": func(c *client) {
			c.say(asks("a", "subscription { count(to: 0) }"))
			c.want(complete("a"))
			c.silent()
		},
		"a query": func(c *client) {
			c.say(asks("a", "{ answer }"))
			c.want(next("a", `{"answer":1}`), complete("a"))
		},
		"a mutation": func(c *client) {
			c.say(asks("a", "mutation { change }"))
			c.want(next("a", `{"change":1}`), complete("a"))
		},
		"variables": func(c *client) {
			c.say(`{"id":"a","type":"subscribe","payload":{"query":"query($n: Int) { answer(after: $n) }","variables":{"n":5}}}`)
			c.want(next("a", `{"answer":1}`), complete("a"))
		},
		"one of two operations": func(c *client) {
			c.say(`{"id":"a","type":"subscribe","payload":{"query":"query A { a: answer } query B { b: answer }","operationName":"B"}}`)
			c.want(next("a", `{"b":1}`), complete("a"))
		},
		"several at once": func(c *client) {
			c.say(asks("a", "subscription { idle }"), asks("b", "{ answer(after: 1000) }"), asks("c", "{ answer }"))
			c.want(next("c", `{"answer":1}`), complete("c"), next("b", `{"answer":1}`), complete("b"))
		},
		"no GraphQL": func(c *client) {
			c.say(asks("a", "{"))
			c.want(failed("a", `"Expected Name`))
			c.silent()
		},
		"not in the schema": func(c *client) {
			c.say(asks("a", "{ none }"))
			c.want(failed("a", `"Cannot query field`))
			c.silent()
		},
		"a variable that is none": func(c *client) {
			c.say(`{"id":"a","type":"subscribe","payload":{"query":"query($n: Int) { answer(after: $n) }","variables":{"n":"x"}}}`)
			c.want(failed("a", ``))
		},
		"an empty query": func(c *client) {
			c.say(asks("a", ""))
			c.want(failed("a", `"the request has no query"`))
		},
		"refused at the start": func(c *client) {
			c.say(asks("a", "subscription { refused }"))
			c.want(failed("a", `"no such thing","extensions":{"code":"BAD_USER_INPUT"}}]}`))
			c.silent()
		},
		"a panic": func(c *client) {
			c.say(asks("a", "subscription { broken }"))
			c.want(next("a", "{\"broken\":1\n}"), failed("a", `"internal error 1"`))
			c.silent()
		},
		"the client ends it": func(c *client) {
			c.say(asks("a", "subscription { idle }"), complete("a"))
			c.silent()
			c.say(asks("a", "{ answer }"))
			c.want(next("a", `{"answer":1}`), complete("a"))
		},
		"an id is free after the end": func(c *client) {
			for range 2 {
				c.say(asks("a", "{ answer }"))
				c.want(next("a", `{"answer":1}`), complete("a"))
			}
			c.say(asks("a", "{"))
			c.want(failed("a", ""))
			c.say(asks("a", "{ answer }"))
			c.want(next("a", `{"answer":1}`), complete("a"))
		},
		"an unknown id is completed": func(c *client) {
			c.say(complete("x"))
			c.silent()
		},
		"an id with signs": func(c *client) {
			c.say(`{"id":"\"\\\u00e9\u2028","type":"subscribe","payload":{"query":"{ answer }"}}`)
			if got := c.hear(); !strings.Contains(got, `"id":"\"\\é`) {
				t.Errorf("heard %s", got)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, graphqlhttp.Options{}, func(t *testing.T, a *liveAPI) {
				c := a.greet(t)
				play(c)
				c.leave()
			})
		})
	}
}

func TestSocketIsClosedWithAReason(t *testing.T) {
	t.Parallel()
	large := strings.Repeat("x", 33<<10)
	for name, c := range map[string]struct {
		said []string
		want []string
	}{
		"no JSON":                     {[]string{hello, "SECRET"}, []string{acked, "closed 4400: Invalid message"}},
		"no JSON before the ack":      {[]string{"SECRET"}, []string{"closed 4400: "}},
		"no query":                    {[]string{hello, `{"id":"a","type":"subscribe","payload":{}}`}, []string{acked, "closed 4400: "}},
		"an operation before init":    {[]string{asks("a", "{ answer }")}, []string{"closed 4401: Unauthorized"}},
		"the same id twice":           {[]string{hello, asks("SECRET", "subscription { idle }"), asks("SECRET", "{ answer }")}, []string{acked, "closed 4409: Subscriber already exists"}},
		"init twice":                  {[]string{hello, hello}, []string{acked, "closed 4429: Too many initialisation requests"}},
		"no init":                     {nil, []string{"closed 4408: Connection initialisation timeout"}},
		"pings alone":                 {[]string{`{"type":"ping"}`}, []string{`{"type":"pong"}`, "closed 4408: "}},
		"too large before the ack":    {[]string{`{"type":"connection_init","payload":{"a":"` + large + `"}}`}, []string{"closed 1009: "}},
		"too large after it":          {[]string{hello, asks("a", "#"+strings.Repeat(large, 4))}, []string{acked, "closed 1009: "}},
		"large after it, but allowed": {[]string{hello, asks("a", "{ answer } #"+large), "SECRET"}, []string{acked, next("a", ""), complete("a"), "closed 4400: "}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, graphqlhttp.Options{MaxBodyBytes: 64 << 10}, func(t *testing.T, a *liveAPI) {
				socket := a.dial(t, []string{protocol})
				for _, message := range c.said {
					_ = socket.Write(t.Context(), websocket.MessageText, []byte(message)) // of one that is too large all is not read
					synctest.Wait()
				}
				for _, want := range c.want {
					if want == next("a", "") {
						want = `{"type":"next","id":"a"`
					}
					got := socket.hear()
					if !strings.HasPrefix(got, want) || strings.HasPrefix(got, "closed") && strings.Contains(got, "SECRET") {
						t.Errorf("heard %.300s\nwant  %s", got, want)
					}
				}
			})
		})
	}
}

func TestBinaryMessage(t *testing.T) {
	t.Parallel()
	inBubble(t, graphqlhttp.Options{}, func(t *testing.T, a *liveAPI) {
		c := a.dial(t, []string{protocol})
		if err := c.Write(t.Context(), websocket.MessageBinary, []byte(hello)); err != nil {
			t.Error(err)
		}
		c.want("closed 4400: ")
	})
}

// TestSubprotocol: the older protocol, whose name is graphql-ws, is not served.
func TestSubprotocol(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		offered []string
		want    string
	}{
		{nil, "closed 4406: Subprotocol not acceptable"},
		{[]string{"graphql-ws"}, "closed 4406: "},
		{[]string{"graphql-ws", protocol}, acked},
	} {
		inBubble(t, graphqlhttp.Options{}, func(t *testing.T, a *liveAPI) {
			socket := a.dial(t, c.offered)
			_ = socket.Write(t.Context(), websocket.MessageText, []byte(hello)) // it may be closed already
			socket.want(c.want)
			socket.leave()
		})
	}
}

// TestInitTimeout: it is 10 s from the upgrade, and none once the caller is known.
func TestInitTimeout(t *testing.T) {
	t.Parallel()
	inBubble(t, graphqlhttp.Options{}, func(t *testing.T, a *liveAPI) {
		late, known, began := a.dial(t, []string{protocol}), a.greet(t), time.Now()
		known.say(asks("a", "{ answer(after: 600000) }"))
		late.want("closed 4408: ")
		if took := time.Since(began); took != 10*time.Second {
			t.Errorf("it took %v", took)
		}
		known.want(next("a", `{"answer":1}`))
		known.leave()
	})
}

// who is a table of tokens, as identity is to the server.
func who(expires time.Time) graphqlhttp.Streams {
	return graphqlhttp.Streams{
		Authenticate: func(ctx context.Context, authorization string) (context.Context, error) {
			if authorization == "" {
				authorization = callerOf(ctx)
			}
			if authorization != "Bearer good" {
				return nil, errors.New("the token is not valid here")
			}
			return context.WithValue(ctx, callerKey{}, authorization), nil
		},
		Expires: func(ctx context.Context) time.Time {
			if callerOf(ctx) == "" {
				return time.Time{}
			}
			return expires
		},
	}
}

func TestCallerOfASocket(t *testing.T) {
	t.Parallel()
	const refused = "closed 4403: the token is not valid here"
	for _, c := range []struct{ header, payload, want string }{
		{"", ``, refused},
		{"", `null`, refused},
		{"", `{}`, refused},
		{"", `{"Authorization":"Bearer good"}`, acked},
		{"", `{"authorization":"Bearer good"}`, acked},
		{"", `{"authorization":"Bearer good","more":{"Authorization":1}}`, acked},
		{"", `{"Authorization":"Bearer SECRET"}`, refused},
		{"", `{"Authorization":null}`, refused},
		{"", `{"Authorization":1}`, "closed 4403: Authorization in the payload"},
		{"", `{"Authorization":"Bearer good","authorization":"Bearer SECRET"}`, "closed 4403: Authorization in the payload"},
		{"Bearer good", ``, acked},
		{"Bearer good", `{"other":1}`, acked},
		{"Bearer good", `{"Authorization":"Bearer SECRET"}`, refused},
	} {
		inBubble(t, graphqlhttp.Options{Streams: who(time.Time{})}, func(t *testing.T, a *liveAPI) {
			var headers []string
			if c.header != "" {
				headers = []string{"Authorization", c.header}
			}
			socket, init := a.dial(t, []string{protocol}, headers...), hello
			if c.payload != "" {
				init = `{"type":"connection_init","payload":` + c.payload + `}`
			}
			socket.say(init)
			if got := socket.hear(); !strings.HasPrefix(got, c.want) || strings.Contains(got, "SECRET") {
				t.Errorf("header %q, payload %s: heard %s, want %s", c.header, c.payload, got, c.want)
			}
			socket.leave()
		})
	}
}

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
	for name, go_ := range map[string]func(c *client){
		"it closes":    func(c *client) { c.leave() },
		"it is cut":    func(c *client) { _ = c.CloseNow() },
		"it is silent": func(*client) { time.Sleep(2 * time.Minute) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, graphqlhttp.Options{}, func(t *testing.T, a *liveAPI) {
				c := a.dialDeaf(t, []string{protocol}).greet()
				c.say(asks("a", "subscription { idle }"), asks("b", "subscription { count(to: 1000000000, every: 1) }"), asks("c", "{ answer(after: 1000000000) }"))
				go_(c)
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
		c := a.greet(t)
		c.say(asks("a", "{ answer }"))
		c.want("closed 4500: Internal server error")
	})
}
