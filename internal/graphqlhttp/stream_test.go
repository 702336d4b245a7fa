package graphqlhttp_test

import (
	"bufio"
	"context"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/difygraph/difygraph/graph/code"
	"github.com/difygraph/difygraph/internal/graphqlhttp"
)

const (
	events = "text/event-stream"
	mixed  = `multipart/mixed;boundary="graphql";subscriptionSpec="1.0"`
)

func TestEventStream(t *testing.T) {
	t.Parallel()
	const done = "event: complete\ndata: \n\n"
	for name, c := range map[string]struct {
		query, want string
	}{
		"events":              {"subscription { count(to: 2) }", "event: next\ndata: {\"data\":{\"count\":1 }}\n\nevent: next\ndata: {\"data\":{\"count\":2 }}\n\n"},
		"no event":            {"subscription { count(to: 0) }", ""},
		"a query":             {"{ answer }", "event: next\ndata: {\"data\":{\"answer\":1}}\n\n"},
		"a mutation":          {"mutation { change }", "event: next\ndata: {\"data\":{\"change\":1}}\n\n"},
		"no GraphQL":          {"{", `GRAPHQL_PARSE_FAILED`},
		"not in the schema":   {"subscription { none }", `GRAPHQL_VALIDATION_FAILED`},
		"two root fields":     {"subscription { idle refused }", `GRAPHQL_VALIDATION_FAILED`},
		"a variable too many": {"subscription ($n: Int!) { count(to: $n) }", `BAD_USER_INPUT`},
		"refused at the start": {
			"subscription { refused }",
			"event: next\ndata: {\"errors\":[{\"message\":\"no such thing\",\"extensions\":{\"code\":\"BAD_USER_INPUT\"}}]}\n\n",
		},
		"a panic": {
			"subscription { broken }",
			"event: next\ndata: {\"data\":{\"broken\":1 }}\n\nevent: next\ndata: {\"errors\":[{\"message\":\"internal error 1\",\"extensions\":{\"code\":\"INTERNAL_SERVER_ERROR\"}}]}\n\n",
		},
	} {
		for method, r := range map[string]*http.Request{
			"POST": post(subscription(c.query), "Accept", events),
			"GET":  get(url.Values{"query": {c.query}}, "Accept", events),
		} {
			if method == "GET" && strings.HasPrefix(c.query, "mutation") {
				continue
			}
			got := newLive(t, graphqlhttp.Options{}).record(r)
			body, whole := strings.CutSuffix(strings.TrimPrefix(got.Body.String(), ":\n\n"), done)
			right := body == c.want
			if !strings.Contains(c.want, "event") && c.want != "" {
				right = strings.HasPrefix(body, "event: next\ndata: {\"errors\":[{") && strings.Contains(body, c.want)
			}
			if got.Code != http.StatusOK || !whole || !right {
				t.Errorf("%s by %s: %d\n got %q\nwant %q", name, method, got.Code, got.Body, c.want)
			}
			for header, want := range map[string]string{
				"Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-store", "X-Accel-Buffering": "no", "Vary": "Accept",
				"Content-Encoding": "",
			} {
				if got.Header().Get(header) != want {
					t.Errorf("%s by %s: %s is %q", name, method, header, got.Header().Get(header))
				}
			}
		}
	}
}

func TestMultipart(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		query string
		want  []string
	}{
		"events":   {"subscription { count(to: 2) }", []string{`{"payload":{"data":{"count":1 }}}`, `{"payload":{"data":{"count":2 }}}`}},
		"no event": {"subscription { count(to: 0) }", nil},
		"a query":  {"{ answer }", []string{`{"payload":{"data":{"answer":1}}}`}},
		"refused at the start": {
			"subscription { refused }",
			[]string{`{"payload":{"errors":[{"message":"no such thing","extensions":{"code":"BAD_USER_INPUT"}}]}}`},
		},
	} {
		got := newLive(t, graphqlhttp.Options{}).record(post(subscription(c.query), "Accept", mixed))
		if kind := got.Header().Get("Content-Type"); got.Code != http.StatusOK || kind != `multipart/mixed; boundary="graphql"; subscriptionSpec="1.0"` {
			t.Errorf("%s: %d %s", name, got.Code, kind)
		}
		if parts := partsOf(t, got.Result()); strings.Join(parts, "\n") != strings.Join(c.want, "\n") {
			t.Errorf("%s:\n got %q\nwant %q", name, parts, c.want)
		}
		if c.want != nil && !strings.HasSuffix(got.Body.String(), "}\r\n--graphql--\r\n") {
			t.Errorf("%s: it ends with %q", name, got.Body)
		}
	}
}

func partsOf(t *testing.T, resp *http.Response) (parts []string) {
	t.Helper()
	_, params, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	reader := multipart.NewReader(resp.Body, params["boundary"])
	for {
		part, err := reader.NextPart()
		if err == io.EOF { //nolint:errorlint // as NextPart has it
			return parts
		}
		if err != nil {
			t.Fatalf("after %q: %v", parts, err)
		}
		text, err := io.ReadAll(part)
		if err != nil || part.Header.Get("Content-Type") != "application/json" {
			t.Fatalf("%v %v", part.Header, err)
		}
		parts = append(parts, string(text))
	}
}

// TestPartIsWholeAtOnce: clients read a part up to the boundary after it, which comes with it.
func TestPartIsWholeAtOnce(t *testing.T) {
	t.Parallel()
	inBubble(t, graphqlhttp.Options{}, func(t *testing.T, a *liveAPI) {
		t.Helper()
		resp := a.post(t, "subscription { count(to: 2, every: 1000) }", "Accept", mixed)
		defer resp.Body.Close()
		const want = "\r\n--graphql\r\ncontent-type: application/json\r\n\r\n" + `{"payload":{"data":{"count":1 }}}` + "\r\n--graphql"
		got := make([]byte, len(want))
		if _, err := io.ReadFull(resp.Body, got); err != nil || string(got) != want {
			t.Errorf("%q %v", got, err)
		}
		rest, _ := io.ReadAll(resp.Body)
		if !strings.HasSuffix(string(rest), "\r\n--graphql--\r\n") {
			t.Errorf("%q", rest)
		}
	})
}

func TestWhatTakesAStream(t *testing.T) {
	t.Parallel()
	a := newLive(t, graphqlhttp.Options{})
	for _, c := range []struct{ accept, query, subscription string }{
		{"", "application/json", events},
		{"*/*", "application/json", events},
		{"text/*", events, events},
		{events, events, events},
		{"application/json", "application/json", ""},
		{"application/json, text/html;q=0.1", "application/json", ""},
		{responseJSON + ", application/json;q=0.9", responseJSON, ""},
		{"application/json, " + events, "application/json", events},
		{events + ", application/json;q=0.1", "application/json", events},
		{events + ";q=0, application/json", "application/json", ""},
		{mixed, "multipart/mixed", "multipart/mixed"},
		{"multipart/mixed", "", ""},
		{`multipart/mixed;subscriptionSpec="2.0"`, "", ""},
		{"multipart/mixed;deferSpec=20220824,application/json", "application/json", ""},
		{"multipart/mixed;boundary=graphql;subscriptionSpec=1.0,application/json", "application/json", "multipart/mixed"},
		{mixed + ", " + events, events, events},
		{mixed + ", " + events + ";q=0.5", "multipart/mixed", "multipart/mixed"},
		{mixed + ", */*", "application/json", "multipart/mixed"},
		{responseJSON + ", application/graphql+json, application/json, " + events + ", multipart/mixed", responseJSON, events},
		{"text/html", "", ""},
	} {
		for query, want := range map[string]string{"{ answer }": c.query, "subscription { count(to: 1) }": c.subscription} {
			got := a.record(post(subscription(query), "Accept", c.accept))
			status := http.StatusOK
			if want == "" {
				status, want = http.StatusNotAcceptable, ""
			}
			if kind := got.Header().Get("Content-Type"); got.Code != status || !strings.HasPrefix(kind, want) {
				t.Errorf("Accept %q, %s: %d %s; want %d %s", c.accept, query, got.Code, kind, status, want)
			}
		}
	}
	got := a.record(post(subscription("subscription { count(to: 1) }"), "Accept", "application/json"))
	for _, word := range []string{events, "multipart/mixed", "subscriptionSpec", "WebSocket"} {
		if !strings.Contains(got.Body.String(), word) {
			t.Errorf("the refusal does not name %s: %s", word, got.Body)
		}
	}
}

// TestHeadOfASubscription: there is none, and a mutation still takes a POST.
func TestHeadOfASubscription(t *testing.T) {
	t.Parallel()
	a := newLive(t, graphqlhttp.Options{})
	r := httptest.NewRequest(http.MethodHead, "/graphql?query=subscription{idle}", nil)
	if got := a.record(r); got.Code != http.StatusMethodNotAllowed || got.Header().Get("Allow") != "GET, POST" {
		t.Errorf("%d %v", got.Code, got.Header())
	}
	if got := a.record(get(url.Values{"query": {"mutation { change }"}}, "Accept", events)); got.Code != http.StatusMethodNotAllowed {
		t.Errorf("a mutation by GET: %d %s", got.Code, got.Body)
	}
}

// TestHTTPErrorsStayHTTP: what HTTP has something against is no stream, whatever the client takes.
func TestHTTPErrorsStayHTTP(t *testing.T) {
	t.Parallel()
	a := newLive(t, graphqlhttp.Options{})
	for want, r := range map[int]*http.Request{
		http.StatusBadRequest:           post("no JSON", "Accept", events),
		http.StatusUnsupportedMediaType: with(httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader("{}")), []string{"Accept", events}),
	} {
		if got := a.record(r); got.Code != want || got.Header().Get("Content-Type") != "application/json; charset=utf-8" {
			t.Errorf("%d %v, want %d", got.Code, got.Header(), want)
		}
	}
}

// TestHeartbeats: neither the server's time to read a request nor that to write an answer ends a stream, and something is sent
// all the time.
func TestHeartbeats(t *testing.T) {
	t.Parallel()
	for accept, beat := range map[string]string{events: ":\n\n", mixed: "\r\ncontent-type: application/json\r\n\r\n{}\r\n--graphql"} {
		inBubble(t, graphqlhttp.Options{}, func(t *testing.T, a *liveAPI) {
			t.Helper()
			resp := a.post(t, "subscription { count(to: 2, every: 600000) }", "Accept", accept)
			defer resp.Body.Close()
			text, err := io.ReadAll(resp.Body)
			if beats := strings.Count(string(text), beat); err != nil || beats < 100 || strings.Count(string(text), "data") < 2 {
				t.Errorf("%s: %d heartbeats, %v", accept, beats, err)
			}
			if !strings.Contains(string(text), `"count":2`) {
				t.Errorf("%s: the last event is missing", accept)
			}
		})
	}
}

// TestClientLeavesStream: its operation ends, and nothing of it is left.
func TestClientLeavesStream(t *testing.T) {
	t.Parallel()
	for _, accept := range []string{events, mixed} {
		inBubble(t, graphqlhttp.Options{}, func(t *testing.T, a *liveAPI) {
			t.Helper()
			resp := a.post(t, "subscription { idle }", "Accept", accept)
			synctest.Wait()
			if a.underWay.Load() != 1 {
				t.Error("the operation has not begun")
			}
			_ = resp.Body.Close()
		})
	}
}

// TestSlowReaderOfStream: who takes nothing for half a minute is cut off.
func TestSlowReaderOfStream(t *testing.T) {
	t.Parallel()
	inBubble(t, graphqlhttp.Options{}, func(t *testing.T, a *liveAPI) {
		t.Helper()
		resp := a.post(t, "subscription { large }", "Accept", events)
		defer resp.Body.Close()
		synctest.Wait()
		if a.underWay.Load() == 0 {
			t.Error("nothing is under way")
		}
		time.Sleep(31 * time.Second)
		synctest.Wait()
		if n := a.underWay.Load(); n > 0 {
			t.Errorf("%d are still under way", n)
		}
	})
}

func TestTokenExpiresDuringStream(t *testing.T) {
	t.Parallel()
	for accept, want := range map[string]string{
		events: `event: next` + "\n" + `data: {"errors":[{"message":"the token has expired: come again with a new one","extensions":{"code":"UNAUTHENTICATED"}}]}` +
			"\n\nevent: complete\ndata: \n\n",
		mixed: `{"payload":null,"errors":[{"message":"the token has expired: come again with a new one","extensions":{"code":"UNAUTHENTICATED"}}]}` +
			"\r\n--graphql--\r\n",
	} {
		synctest.Test(t, func(t *testing.T) {
			at := time.Now().Add(time.Hour)
			o := graphqlhttp.Options{Streams: graphqlhttp.Streams{Expires: func(context.Context) time.Time { return at }}}
			a := newLive(t, o)
			got := a.record(post(subscription("subscription { idle }"), "Accept", accept))
			if !strings.HasSuffix(got.Body.String(), want) || !time.Now().Equal(at) {
				t.Errorf("%v: %s", time.Now(), got.Body)
			}
		})
	}
}

func TestServerDrainsDuringStream(t *testing.T) {
	t.Parallel()
	for accept, want := range map[string]string{
		events: `"extensions":{"code":"OVERLOADED"}}]}` + "\n\nevent: complete\ndata: \n\n",
		mixed:  `{"payload":null,"errors":[{"message":"the server is stopping: subscribe again","extensions":{"code":"OVERLOADED"}}]}` + "\r\n--graphql--\r\n",
	} {
		synctest.Test(t, func(t *testing.T) {
			draining, drain := context.WithCancel(t.Context())
			a := newLive(t, graphqlhttp.Options{Streams: graphqlhttp.Streams{Draining: draining}})
			time.AfterFunc(time.Minute, drain)
			got := a.record(post(subscription("subscription { idle }"), "Accept", accept))
			if !strings.HasSuffix(got.Body.String(), want) {
				t.Errorf("%s", got.Body)
			}
			// A query is not cut.
			if got := a.record(post(subscription("{ answer(after: 10) }"), "Accept", accept)); !strings.Contains(got.Body.String(), `{"answer":1}`) {
				t.Errorf("%s", got.Body)
			}
		})
	}
}

// TestSubscriptionsAreCounted: from their start until they end, and one too many is an error in the stream.
func TestSubscriptionsAreCounted(t *testing.T) {
	t.Parallel()
	room := make(chan struct{}, 1)
	streams := graphqlhttp.Streams{Subscribe: func(context.Context) (func(), *gqlerror.Error) {
		select {
		case room <- struct{}{}:
			return func() { <-room }, nil
		default:
			return nil, &gqlerror.Error{Message: "full", Extensions: map[string]any{"code": code.Overloaded}}
		}
	}}
	inBubble(t, graphqlhttp.Options{Streams: streams}, func(t *testing.T, a *liveAPI) {
		t.Helper()
		first := a.post(t, "subscription { idle }", "Accept", events)
		synctest.Wait()
		second := a.post(t, "subscription { idle }", "Accept", events)
		text, _ := io.ReadAll(second.Body)
		_ = second.Body.Close()
		if second.StatusCode != http.StatusOK || !strings.Contains(string(text), "OVERLOADED") || !strings.Contains(string(text), "event: complete") {
			t.Errorf("%d %s", second.StatusCode, text)
		}
		if query := a.record(post(subscription("{ answer }"))); query.Code != http.StatusOK {
			t.Errorf("a query: %d %s", query.Code, query.Body)
		}
		_ = first.Body.Close()
		synctest.Wait()
		third := a.post(t, "subscription { count(to: 1) }", "Accept", events)
		if line, _ := bufio.NewReader(third.Body).ReadString('}'); !strings.Contains(line, "data") {
			t.Errorf("after the first has left: %q", line)
		}
		_ = third.Body.Close()
	})
}
