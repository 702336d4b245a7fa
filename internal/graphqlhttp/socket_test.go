package graphqlhttp_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

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
				t.Helper()
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
				t.Helper()
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
		t.Helper()
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
			t.Helper()
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
		t.Helper()
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
		{"", `{"Authorization":1}`, "closed 4403: the Authorization in the payload"},
		{"", `{"Authorization":"Bearer good","authorization":"Bearer SECRET"}`, "closed 4403: the Authorization in the payload"},
		{"Bearer good", ``, acked},
		{"Bearer good", `{"other":1}`, acked},
		{"Bearer good", `{"Authorization":"Bearer SECRET"}`, refused},
	} {
		inBubble(t, graphqlhttp.Options{Streams: who(time.Time{})}, func(t *testing.T, a *liveAPI) {
			t.Helper()
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
