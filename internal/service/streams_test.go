package service

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/handler"
	"github.com/coder/websocket"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/difygraph/difygraph/graph"
	"github.com/difygraph/difygraph/graph/viewer"
	"github.com/difygraph/difygraph/internal/admission"
	"github.com/difygraph/difygraph/internal/browser"
	"github.com/difygraph/difygraph/internal/graphqlhttp"
	"github.com/difygraph/difygraph/internal/telemetry"
)

// whoSchema tells who is served, once by a query, and then for ever by a subscription.
type whoSchema struct{ schema *ast.Schema }

func (s whoSchema) Schema() *ast.Schema { return s.schema }

func (whoSchema) Complexity(context.Context, string, string, int, map[string]any) (int, bool) {
	return 0, false
}

func (whoSchema) Exec(ctx context.Context) graphql.ResponseHandler {
	name := "nobody"
	if v, ok := viewer.FromContext(ctx).(viewer.Named); ok {
		name = v.ViewerName()
	}
	answer := &graphql.Response{Data: fmt.Appendf(nil, `{"who":%q}`, name)}
	if graphql.GetOperationContext(ctx).Operation.Operation == ast.Query {
		return graphql.OneShot(answer)
	}
	told := false
	return func(context.Context) *graphql.Response {
		if told {
			<-ctx.Done()
			return nil
		}
		told = true
		return answer
	}
}

// lines is a log.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) all(t *testing.T) (all []map[string]any) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	for line := range strings.Lines(l.text.String()) {
		var one map[string]any
		if err := json.Unmarshal([]byte(line), &one); err != nil {
			t.Fatal(err)
		}
		all = append(all, one)
	}
	return all
}

const annAndBob = "auth: {tokens: [{name: ann, sha256: %s, apps: ['*'], scopes: [logs]}, {name: bob, sha256: %s, apps: ['*'], scopes: [logs]}]}\n"

// serveWho is the service of a configuration, with a schema of its own in the place of the API's.
func serveWho(t *testing.T, yaml string) (url string, s *Service, log *lines) {
	t.Helper()
	log = new(lines)
	told, err := telemetry.New(t.Context(), telemetry.Options{Log: telemetry.NewLogger(log, telemetry.JSON)})
	if err != nil {
		t.Fatal(err)
	}
	cfg := parse(t, yaml+oneApp)
	if s, err = New(cfg, Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	schema := gqlparser.MustLoadSchema(&ast.Source{Input: "type Query { who: String } type Subscription { who: String }"})
	s.transport, err = graphqlhttp.New(schema, graphqlhttp.Options{
		Caller: admission.CallerOf, Charge: s.chargeBytes, Streams: s.streams(cfg.Limits.SubscriptionsPerSocket, told),
	})
	if err != nil {
		t.Fatal(err)
	}
	origins, err := browser.Origins(cfg.CORS.Origins, s.process.refuseBy(s.transport), s.process.mayTellStranger)
	if err != nil {
		t.Fatal(err)
	}
	server := handler.New(whoSchema{schema})
	server.SetErrorPresenter(graph.Present)
	server.Use(told.Extension())
	s.transport.Mount(server)
	listening := httptest.NewServer(s.endpoint(told, s.guard(cfg), origins)(server))
	t.Cleanup(listening.Close)
	t.Cleanup(s.Retire) // sockets end before the server is closed, which would wait for them
	return listening.URL + GraphQLPath, s, log
}

func dial(t *testing.T, url string, header ...string) (*websocket.Conn, int) {
	t.Helper()
	h := http.Header{}
	for i := 0; i < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	conn, resp, err := websocket.Dial(t.Context(), url, &websocket.DialOptions{HTTPHeader: h, Subprotocols: []string{"graphql-transport-ws"}})
	if err != nil {
		if resp == nil {
			t.Fatal(err)
		}
		return nil, resp.StatusCode
	}
	t.Cleanup(func() { _ = conn.CloseNow() })
	return conn, resp.StatusCode
}

func say(t *testing.T, conn *websocket.Conn, messages ...string) {
	t.Helper()
	for _, message := range messages {
		if err := conn.Write(t.Context(), websocket.MessageText, []byte(message)); err != nil {
			t.Error(err)
		}
	}
}

// hear wants the next messages, or the end, to begin so.
func hear(t *testing.T, conn *websocket.Conn, wants ...string) {
	t.Helper()
	for _, want := range wants {
		_, got, err := conn.Read(t.Context())
		if err != nil {
			got = fmt.Append(nil, int(websocket.CloseStatus(err)))
		}
		if !strings.HasPrefix(string(got), want) {
			t.Errorf("heard %s %v, want %s", got, err, want)
		}
	}
}

const (
	hello = `{"type":"connection_init"}`
	acked = `{"type":"connection_ack"}`
)

func helloAs(token string) string {
	return fmt.Sprintf(`{"type":"connection_init","payload":{"Authorization":"Bearer %s"}}`, token)
}

func asks(id, kind string) string {
	return fmt.Sprintf(`{"id":%q,"type":"subscribe","payload":{"query":"%s { who }"}}`, id, kind)
}

func tells(id, who string) string {
	return fmt.Sprintf(`{"type":"next","id":%q,"payload":{"data":{"who":%q}}}`, id, who)
}

// TestWhoIsServedOverASocket: a token counts in the header and in the first message, and none is served without.
func TestWhoIsServedOverASocket(t *testing.T) {
	t.Parallel()
	url, _, _ := serveWho(t, fmt.Sprintf(annAndBob, sha256Of("ann"), sha256Of("bob")))
	for name, test := range map[string]struct {
		header []string
		init   string
		want   string
	}{
		"by the header":           {[]string{"Authorization", "Bearer ann"}, hello, "ann"},
		"by the first message":    {nil, helloAs("ann"), "ann"},
		"by the latter of both":   {[]string{"Authorization", "Bearer ann"}, helloAs("bob"), "bob"},
		"not at all":              {nil, hello, ""},
		"by a wrong token":        {nil, helloAs("eve"), ""},
		"by a right and a wrong":  {[]string{"Authorization", "Bearer ann"}, helloAs("eve"), ""},
		"by another page's token": {[]string{"Origin", url[:strings.LastIndex(url, "/")]}, helloAs("ann"), "ann"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn, _ := dial(t, url, test.header...)
			say(t, conn, test.init)
			if test.want == "" {
				hear(t, conn, "4403")
				return
			}
			hear(t, conn, acked)
			say(t, conn, asks("a", "query"), asks("b", "subscription"))
			for range 3 { // in any order
				_, got, err := conn.Read(t.Context())
				if err != nil || !strings.Contains(string(got), `"complete"`) && !strings.Contains(string(got), fmt.Sprintf(`{"who":%q}`, test.want)) {
					t.Errorf("heard %s %v", got, err)
				}
			}
		})
	}
}

// TestSocketsAreRefusedAsRequestsAre, before there is one.
func TestSocketsAreRefusedAsRequestsAre(t *testing.T) {
	t.Parallel()
	url, _, _ := serveWho(t, fmt.Sprintf(annAndBob, sha256Of("ann"), sha256Of("bob")))
	open, _, _ := serveWho(t, "")
	for name, test := range map[string]struct {
		url    string
		header []string
		status int
	}{
		"a page of another site":     {url, []string{"Origin", "https://evil.example"}, 403},
		"one that sends a token":     {url, []string{"Origin", "https://evil.example", "Authorization", "Bearer ann"}, 403},
		"a wrong token":              {url, []string{"Authorization", "Bearer eve"}, 401},
		"a header that is no token":  {url, []string{"Authorization", "Basic ann"}, 401},
		"an unknown name":            {open, []string{"Host", "evil.example"}, 421},
		"another site, without auth": {open, []string{"Origin", "https://evil.example"}, 403},
	} {
		if test.status == 421 {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, test.url, nil)
			r.RequestURI, r.Host = "", "evil.example"
			r.Header.Set("Connection", "Upgrade")
			r.Header.Set("Upgrade", "websocket")
			resp, err := http.DefaultClient.Do(r)
			if err != nil || resp.StatusCode != test.status {
				t.Errorf("%s: %v %v", name, resp, err)
			}
			continue
		}
		if conn, status := dial(t, test.url, test.header...); conn != nil || status != test.status {
			t.Errorf("%s: %d, want %d", name, status, test.status)
		}
	}
	conn, _ := dial(t, open)
	say(t, conn, hello)
	hear(t, conn, acked)
	say(t, conn, asks("a", "query"))
	hear(t, conn, `{"type":"next","id":"a","payload":{"data":{"who":""}}`)
}

// TestOperationsOfASocketPayAndAreToldOf, each as a request of its caller's.
func TestOperationsOfASocketPayAndAreToldOf(t *testing.T) {
	t.Parallel()
	url, _, log := serveWho(t, fmt.Sprintf(annAndBob, sha256Of("ann"), sha256Of("bob"))+"limits: {price: 10, burst: 12, rate: 10}\n")
	conn, _ := dial(t, url)
	say(t, conn, helloAs("ann"))
	hear(t, conn, acked)
	refused := 0
	for refused == 0 && len(log.all(t)) < 1000 {
		say(t, conn, asks("a", "query"))
		_, got, err := conn.Read(t.Context())
		switch {
		case err != nil:
			t.Fatal(err)
		case strings.Contains(string(got), "RATE_LIMITED"):
			refused++
		default:
			hear(t, conn, `{"type":"complete","id":"a"}`)
		}
	}
	_ = conn.Close(websocket.StatusNormalClosure, "")
	all := log.all(t)
	for len(all) < 13 { // the last one is written once its operation has ended
		all = log.all(t)
	}
	first, last := all[0], all[len(all)-1]
	if refused != 1 || first["caller"] != "ann" || first["kind"] != "query" || first["method"] != "WEBSOCKET" || first["status"] != 200.0 {
		t.Errorf("%d refused, %v", refused, first)
	}
	if codes, _ := last["codes"].(map[string]any); codes["RATE_LIMITED"] != 1.0 || last["caller"] != "ann" {
		t.Errorf("%v", last)
	}
}

// TestSubscriptionsOfACallerAreBounded, over all transports together; queries are not among them.
func TestSubscriptionsOfACallerAreBounded(t *testing.T) {
	t.Parallel()
	url, s, _ := serveWho(t, fmt.Sprintf(annAndBob, sha256Of("ann"), sha256Of("bob"))+"limits: {subscriptionsPerCaller: 2}\n")
	conn, _ := dial(t, url)
	say(t, conn, helloAs("ann"))
	hear(t, conn, acked)
	say(t, conn, asks("a", "subscription"))
	hear(t, conn, tells("a", "ann"))
	stream := func(token string) string {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"?query=subscription{who}", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Accept", "text/event-stream")
		r.Header.Set("Authorization", "Bearer "+token)
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = resp.Body.Close() })
		body := bufio.NewReader(resp.Body)
		for {
			if line, err := body.ReadString('\n'); err != nil || strings.HasPrefix(line, "data: ") {
				return line
			}
		}
	}
	for range 2 {
		want := `"who":"ann"`
		if s.process.subscriptions.Open() == 2 {
			want = "OVERLOADED"
		}
		if got := stream("ann"); !strings.Contains(got, want) {
			t.Errorf("%s, want %s", got, want)
		}
	}
	say(t, conn, asks("b", "subscription"))
	hear(t, conn, `{"type":"error","id":"b","payload":[{"message":"too many subscriptions or sockets are open`)
	say(t, conn, asks("b", "query"))
	hear(t, conn, tells("b", "ann"))
	if got := stream("bob"); !strings.Contains(got, `"who":"bob"`) {
		t.Errorf("another caller: %s", got)
	}
	second, _ := dial(t, url)
	say(t, second, helloAs("ann"))
	hear(t, second, acked)
	third, _ := dial(t, url)
	say(t, third, helloAs("ann"))
	hear(t, third, "1013")
}

// TestRetiredServiceEndsWhatHasNoEnd: what its configuration allowed, another one may not.
func TestRetiredServiceEndsWhatHasNoEnd(t *testing.T) {
	t.Parallel()
	url, s, _ := serveWho(t, fmt.Sprintf(annAndBob, sha256Of("ann"), sha256Of("bob")))
	conn, _ := dial(t, url)
	say(t, conn, helloAs("ann"))
	hear(t, conn, acked)
	say(t, conn, asks("a", "subscription"))
	hear(t, conn, tells("a", "ann"))
	s.Retire()
	hear(t, conn, "1001")
}

// TestNoTransportIsOfferedInVain: this API has no subscription yet.
func TestNoTransportIsOfferedInVain(t *testing.T) {
	t.Parallel()
	if graph.Schema().Subscription != nil {
		t.Skip("it has one")
	}
	s := newService(t, "")
	for name, header := range map[string][]string{
		"no WebSocket is served":    {"Connection", "Upgrade", "Upgrade", "websocket"},
		"no event stream is served": {"Accept", "text/event-stream"},
	} {
		got := guest{s, "192.0.2.1:1"}.send(t, http.MethodPost, GraphQLPath, header...)
		if got.Code != http.StatusBadRequest && got.Code != http.StatusNotAcceptable || !strings.Contains(got.Body.String(), name) {
			t.Errorf("%s: %d %s", name, got.Code, got.Body)
		}
	}
}
