package difyapi_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/difygraph/difygraph/difyapi"
)

// TestConnectionsAreReused makes hundreds of calls at once, round after round: the first round may connect for each of
// them, the others find idle connections.
func TestConnectionsAreReused(t *testing.T) {
	t.Parallel()
	const atOnce, rounds = 200, 5
	var connections atomic.Int32
	server := httptest.NewUnstartedServer(nil)
	gate := newBarrier(atOnce)
	server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		gate.wait()
		respond(http.StatusOK, emptyPage)(w, req)
	})
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	transport := difyapi.NewTransport()
	t.Cleanup(transport.CloseIdleConnections)
	client := newClient(t, difyapi.Options{BaseURL: server.URL, Transport: transport, MaxInFlight: atOnce, ConnectionsPerServer: atOnce})
	for range rounds {
		callAtOnce(t, client, atOnce)
	}
	// A connection that is being set up when another falls idle is one too many for its call, but stays for later ones.
	if got := connections.Load(); got > atOnce+atOnce/10 {
		t.Errorf("%d connections for %d calls, %d at once", got, atOnce*rounds, atOnce)
	}
}

// TestConnectionSurvivesErrors holds that answers which are not read as data do not cost their connection.
func TestConnectionSurvivesErrors(t *testing.T) {
	t.Parallel()
	answers := []http.HandlerFunc{
		respond(404, htmlPage, "Content-Type", "text/html"), respond(500, ``), respond(200, htmlPage, "Content-Type", "text/html"),
		respond(302, htmlPage, "Location", "/"), respond(200, `[]`), respond(429, `{"code":"x"}`),
	}
	var connections, calls atomic.Int32
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		answers[int(calls.Add(1)-1)%len(answers)](w, req)
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	transport := difyapi.NewTransport()
	t.Cleanup(transport.CloseIdleConnections)
	client := newClient(t, difyapi.Options{BaseURL: server.URL, Transport: transport})
	for range 5 * len(answers) {
		if _, err := client.WorkflowLogs(t.Context(), difyapi.LogQuery{}); err == nil {
			t.Error("no error")
		}
	}
	if got := connections.Load(); got != 1 {
		t.Errorf("%d connections for calls one after another", got)
	}
}

// TestMaxInFlight holds that exactly as many calls as allowed are under way, and that waiting is no part of the timeout.
func TestMaxInFlight(t *testing.T) {
	t.Parallel()
	for _, limit := range []int{0, 1, 3} {
		synctest.Test(t, func(t *testing.T) {
			var now, most atomic.Int32
			client := newClient(t, difyapi.Options{MaxInFlight: limit, ConnectionsPerServer: 100, Timeout: 2 * time.Second, Transport: roundTrip(func(req *http.Request) (*http.Response, error) {
				most.Store(max(most.Load(), now.Add(1)))
				time.Sleep(time.Second)
				now.Add(-1)
				return response(req, http.StatusOK, emptyPage), nil
			})})
			start := time.Now()
			callAtOnce(t, client, 24)
			want := int32(limit)
			if limit == 0 {
				want = 8
			}
			if got := most.Load(); got != want {
				t.Errorf("%d calls at once, limit %d", got, limit)
			}
			if got := time.Since(start); got != time.Duration(24/want)*time.Second {
				t.Errorf("24 calls took %v", got)
			}
		})
	}
}

// TestSlotIsFreedByFailures holds that no kind of failure keeps its slot.
func TestSlotIsFreedByFailures(t *testing.T) {
	t.Parallel()
	failures := []roundTrip{
		answering(http.StatusOK, `[]`), answering(http.StatusInternalServerError, ``),
		func(*http.Request) (*http.Response, error) { return nil, errors.New("no network") },
	}
	calls := 0
	client := newClient(t, difyapi.Options{MaxInFlight: 1, Transport: roundTrip(func(req *http.Request) (*http.Response, error) {
		calls++
		return failures[calls%len(failures)](req)
	})})
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for range 10 {
		_, _ = client.WorkflowLogs(gone, difyapi.LogQuery{})
		_, _ = client.WorkflowLogs(t.Context(), difyapi.LogQuery{})
	}
	if calls != 10 {
		t.Errorf("%d calls, want 10: one per live context", calls)
	}
}

func callAtOnce(t *testing.T, client *difyapi.Client, n int) {
	t.Helper()
	var group sync.WaitGroup
	for range n {
		group.Go(func() {
			if _, err := client.WorkflowLogs(t.Context(), difyapi.LogQuery{}); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
}

// barrier lets calls go on in groups of n, so that n are under way at once for certain.
type barrier struct {
	mu      sync.Mutex
	n       int
	waiting int
	open    chan struct{}
}

func newBarrier(n int) *barrier {
	return &barrier{n: n, open: make(chan struct{})}
}

func (b *barrier) wait() {
	b.mu.Lock()
	open := b.open
	b.waiting++
	if b.waiting == b.n {
		close(b.open)
		b.waiting, b.open = 0, make(chan struct{})
	}
	b.mu.Unlock()
	<-open
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	good := difyapi.Options{BaseURL: "https://api.dify.ai/v1", APIKey: testKey}
	tests := map[string]struct {
		change func(*difyapi.Options)
		option string
		reason string
	}{
		"no base URL":      {func(o *difyapi.Options) { o.BaseURL = "" }, "BaseURL", "empty"},
		"no scheme":        {func(o *difyapi.Options) { o.BaseURL = "api.dify.ai/v1" }, "BaseURL", "http or https"},
		"another scheme":   {func(o *difyapi.Options) { o.BaseURL = "ftp://hidden.example/v1" }, "BaseURL", "http or https"},
		"no host":          {func(o *difyapi.Options) { o.BaseURL = "https:///v1" }, "BaseURL", "no host"},
		"only a port":      {func(o *difyapi.Options) { o.BaseURL = "https://:443/v1" }, "BaseURL", "no host"},
		"only a scheme":    {func(o *difyapi.Options) { o.BaseURL = "https://" }, "BaseURL", "no host"},
		"user name":        {func(o *difyapi.Options) { o.BaseURL = "https://hidden:hidden@dify.test/v1" }, "BaseURL", "user name"},
		"query":            {func(o *difyapi.Options) { o.BaseURL = "https://dify.test/v1?token=hidden" }, "BaseURL", "query"},
		"empty query":      {func(o *difyapi.Options) { o.BaseURL = "https://dify.test/v1?" }, "BaseURL", "query"},
		"fragment":         {func(o *difyapi.Options) { o.BaseURL = "https://dify.test/v1#hidden" }, "BaseURL", "fragment"},
		"not a URL":        {func(o *difyapi.Options) { o.BaseURL = "https://hidden:hidden@dify.test:port" }, "BaseURL", "cannot be read"},
		"blank":            {func(o *difyapi.Options) { o.BaseURL = " https://dify.test/v1" }, "BaseURL", "cannot be read"},
		"no key":           {func(o *difyapi.Options) { o.APIKey = "" }, "APIKey", "empty"},
		"key with newline": {func(o *difyapi.Options) { o.APIKey = "app-hidden\n" }, "APIKey", "line breaks"},
		"key with scheme":  {func(o *difyapi.Options) { o.APIKey = "Bearer app-hidden" }, "APIKey", "without Bearer"},
		"key with DEL":     {func(o *difyapi.Options) { o.APIKey = "app-hidden\x7f" }, "APIKey", "printable ASCII"},
		"key with umlaut":  {func(o *difyapi.Options) { o.APIKey = "app-hiddén" }, "APIKey", "printable ASCII"},
		"calls":            {func(o *difyapi.Options) { o.MaxInFlight = -1 }, "MaxInFlight", "negative"},
		"timeout":          {func(o *difyapi.Options) { o.Timeout = -time.Second }, "Timeout", "negative"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			opts := good
			test.change(&opts)
			_, err := difyapi.New(opts)
			refused, ok := errors.AsType[*difyapi.OptionError](err)
			if !ok {
				t.Fatalf("error %v, want an OptionError", err)
			}
			if refused.Option != test.option || !strings.Contains(refused.Reason, test.reason) {
				t.Errorf("%q refused because %q, want %q because of %q", refused.Option, refused.Reason, test.option, test.reason)
			}
			if strings.Contains(err.Error(), "hidd") {
				t.Errorf("the error repeats the value: %v", err)
			}
		})
	}
}

func TestRequestForm(t *testing.T) {
	t.Parallel()
	bases := map[string]string{
		"https://api.dify.ai/v1":         "https://api.dify.ai/v1/info",
		"https://api.dify.ai/v1/":        "https://api.dify.ai/v1/info",
		"http://DIFY.test:8080":          "http://dify.test:8080/info",
		"http://[::1]:5001/a%2Fb/c":      "http://[::1]:5001/a%2Fb/c/info",
		"https://dify.test/under/proxy/": "https://dify.test/under/proxy/info",
	}
	for base, want := range bases {
		t.Run(base, func(t *testing.T) {
			t.Parallel()
			var sent *http.Request
			client := newClient(t, difyapi.Options{BaseURL: base, Transport: roundTrip(func(req *http.Request) (*http.Response, error) {
				sent = req
				return response(req, http.StatusOK, `{"name":"Echo","tags":[]}`), nil
			})})
			if _, err := client.Info(t.Context()); err != nil {
				t.Fatal(err)
			}
			if sent.Method != http.MethodGet || sent.URL.String() != want {
				t.Errorf("sent %s %s, want GET %s", sent.Method, sent.URL, want)
			}
			if !strings.HasPrefix(sent.URL.RequestURI(), "/") {
				t.Errorf("the request line would say %s", sent.URL.RequestURI())
			}
			if sent.Header.Get("Authorization") != "Bearer "+testKey || sent.Header.Get("User-Agent") != "difygraph" {
				t.Errorf("headers %v", sent.Header)
			}
		})
	}
}

func TestIdentity(t *testing.T) {
	t.Parallel()
	identity := func(base, key string) string {
		t.Helper()
		client, err := difyapi.New(difyapi.Options{BaseURL: base, APIKey: key})
		if err != nil {
			t.Fatal(err)
		}
		return client.Identity()
	}
	one := identity("https://dify.test/v1", "app-one")
	if one != identity("https://DIFY.test/v1/", "app-one") {
		t.Error("one server and key have two identities")
	}
	if one == identity("https://dify.test/v1", "app-two") || one == identity("https://dify.test/v2", "app-one") {
		t.Error("another server or key has the same identity")
	}
	if strings.Contains(one, "app-one") || strings.Contains(one, "dify.test") {
		t.Errorf("the identity shows what it is made of: %s", one)
	}
}

// allow is a context with an allowance of so many requests.
func allow(ctx context.Context, requests int64) context.Context {
	var left atomic.Int64
	left.Store(requests)
	return difyapi.WithAllowance(ctx, func() bool { return left.Add(-1) >= 0 })
}

// TestNothingIsSentBeyondTheAllowance: neither a first try nor another; what became of the last one is the error.
func TestNothingIsSentBeyondTheAllowance(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		allowed, sent int64
		want          func(error) bool
	}{
		{0, 0, func(err error) bool { return errors.Is(err, difyapi.ErrAllowanceSpent) }},
		{1, 1, difyapi.IsUnavailable},
		{2, 2, difyapi.IsUnavailable},
		{3, 3, func(err error) bool { return err == nil }},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := &script{steps: []step{{502, "", 0}, {503, "", 0}, {200, infoBody, 0}}}
			client := resilient(t, s, difyapi.Options{Resilience: difyapi.Resilience{Retries: 2, Breaker: true}})
			_, err := client.Info(allow(t.Context(), test.allowed))
			if s.sent.Load() != test.sent || !test.want(err) {
				t.Errorf("%d allowed: %d sent, %v", test.allowed, s.sent.Load(), err)
			}
			if test.allowed < 3 && err != nil && errors.Is(err, difyapi.ErrAllowanceSpent) != (test.allowed == 0) {
				t.Errorf("%d allowed: %v", test.allowed, err)
			}
			if retries := client.Stats().Retries; retries != max(0, test.sent-1) {
				t.Errorf("%d retries of %d requests", retries, test.sent)
			}
		})
	}
}

// TestNetHTTPSendsNothingAgainBeyondTheAllowance: where the connection that it kept is dead.
func TestNetHTTPSendsNothingAgainBeyondTheAllowance(t *testing.T) {
	t.Parallel()
	for _, allowed := range []int64{1, 2} {
		var arrived atomic.Int64
		client := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			[]http.HandlerFunc{respond(http.StatusOK, emptyPage), abort, respond(http.StatusOK, emptyPage)}[arrived.Add(1)-1](w, r)
		}))
		if _, err := client.WorkflowLogs(t.Context(), difyapi.LogQuery{}); err != nil {
			t.Fatal(err)
		}
		page, err := client.WorkflowLogs(allow(t.Context(), allowed), difyapi.LogQuery{})
		if got := requestsOf(page, err); int64(got) != allowed || arrived.Load() != 1+allowed || (err == nil) != (allowed == 2) {
			t.Errorf("%d allowed: %d requests, %d arrived with the first call's, %v", allowed, got, arrived.Load(), err)
		}
		if err != nil && !difyapi.IsUnavailable(err) {
			t.Error(err)
		}
	}
}

// TestCallThatMayNotBeMadeTellsNothingOfTheServer: it is neither an answer nor a failure.
func TestCallThatMayNotBeMadeTellsNothingOfTheServer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client := resilient(t, &script{steps: []step{{502, "", 0}}}, difyapi.Options{Resilience: difyapi.Resilience{Breaker: true}})
		for i := range 10 {
			_, _ = client.Info(t.Context())
			if i == 8 {
				for range 10 {
					_, _ = client.Info(allow(t.Context(), 0))
				}
				synctest.Wait()
				if state := client.Stats().Breaker; state != difyapi.BreakerClosed {
					t.Errorf("after nine failures the breaker is %v", state)
				}
			}
		}
		synctest.Wait()
		if state := client.Stats().Breaker; state != difyapi.BreakerOpen {
			t.Errorf("after ten failures the breaker is %v", state)
		}
	})
}
