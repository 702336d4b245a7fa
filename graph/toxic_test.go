package graph_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"github.com/difygraph/difygraph/difyapi"
	"github.com/difygraph/difygraph/difyapi/difytest"
)

// way is the network between the server and its Dify: a proxy that can be told to spoil what passes.
type way struct {
	*api
	proxy *toxiproxy.Proxy
	http.Transport
	calls   atomic.Int64  // requests that were sent, whether they arrived or not
	started chan struct{} // has one for each
	ended   chan struct{} // has one for each that was answered or given up
}

// serveOver serves 50 runs of one app behind a way.
func serveOver(t *testing.T, o difyapi.Options) *way {
	t.Helper()
	zerolog.SetGlobalLevel(zerolog.Disabled) // Some toxics log where they like.
	dify := startDify(t, difytest.Options{})
	app := dify.AddApp(difytest.AppOptions{Name: "a", APIKey: "app-secret-a"})
	app.Insert(runsOf(map[int]int{0: 50})...)
	w := &way{api: &api{dify: dify.Server}, started: make(chan struct{}, 1000), ended: make(chan struct{}, 1000)}
	w.proxy = toxiproxy.NewProxy(toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop()),
		"dify", "127.0.0.1:0", strings.TrimPrefix(dify.socket.URL, "http://"))
	w.open(t)
	t.Cleanup(w.proxy.Stop)
	t.Cleanup(w.CloseIdleConnections)
	o.BaseURL, o.APIKey, o.Transport = "http://"+w.proxy.Listen+"/v1", "app-secret-a", w
	w.url = serveApps(t, options{keys: []string{"a"}, resilience: o.Resilience}, map[string]difyapi.Options{"a": o})
	return w
}

// RoundTrip counts a request and sends it.
func (w *way) RoundTrip(r *http.Request) (*http.Response, error) {
	w.calls.Add(1)
	w.started <- struct{}{}
	defer func() { w.ended <- struct{}{} }()
	return w.Transport.RoundTrip(r)
}

func (w *way) open(t *testing.T) {
	t.Helper()
	if err := w.proxy.Start(); err != nil {
		t.Fatal(err)
	}
}

// spoil adds a toxic: its type, its direction ("upstream" is to Dify) and its numbers.
func (w *way) spoil(t *testing.T, kind, direction string, attributes map[string]int) {
	t.Helper()
	toxic, err := json.Marshal(map[string]any{"type": kind, "stream": direction, "attributes": attributes})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.proxy.Toxics.AddToxicJson(strings.NewReader(string(toxic))); err != nil {
		t.Fatal(err)
	}
}

// mend undoes all that spoils the way or Dify's answers.
func (w *way) mend(t *testing.T) {
	t.Helper()
	w.dify.SetFault(nil)
	w.CloseIdleConnections() // Of those that the proxy is about to close, one may be taken for sound.
	w.proxy.Toxics.ResetToxics(t.Context())
	if !w.proxy.Enabled {
		w.open(t)
	}
}

// ask asks for the runs, and returns the error's code, or nothing.
func (w *way) ask(t *testing.T) string {
	t.Helper()
	answer := w.post(t, `{workflowLogs(first: 50) {nodes {uuid}}}`, nil)
	if n := strings.Count(string(answer.Data), "uuid"); len(answer.Errors) == 0 && n != 50 {
		t.Errorf("%d rows without an error", n)
	}
	return strings.Join(answer.codes(), " ")
}

// wants asks, and wants this code after so many calls.
func (w *way) wants(t *testing.T, code string, calls int64) {
	t.Helper()
	before := w.calls.Load()
	if got := w.ask(t); got != code {
		t.Errorf("code %q, want %q", got, code)
	}
	if got := w.calls.Load() - before; got != calls {
		t.Errorf("%d calls, want %d", got, calls)
	}
}

// badWays are what can be wrong between here and Dify, the code that tells of it, and the calls that it may cost where a call
// may be repeated twice.
var badWays = map[string]struct {
	spoil func(*testing.T, *way)
	code  string
	calls int64
}{
	"slow":              {toxic("latency", "downstream", map[string]int{"latency": 100, "jitter": 50}), "", 1},
	"in small pieces":   {toxic("slicer", "downstream", map[string]int{"average_size": 500, "delay": 100}), "", 1},
	"too slow":          {toxic("latency", "downstream", map[string]int{"latency": 60_000}), "UPSTREAM_TIMEOUT", 1},
	"a trickle":         {toxic("bandwidth", "downstream", map[string]int{"rate": 1}), "UPSTREAM_TIMEOUT", 1},
	"cut in the body":   {toxic("limit_data", "downstream", map[string]int{"bytes": 2000}), "UPSTREAM_BAD_RESPONSE", 1},
	"cut in the header": {toxic("limit_data", "downstream", map[string]int{"bytes": 20}), "UPSTREAM_UNAVAILABLE", 3},
	"reset":             {toxic("reset_peer", "downstream", map[string]int{"timeout": 0}), "UPSTREAM_UNAVAILABLE", 3},
	"reset on the way":  {toxic("reset_peer", "upstream", map[string]int{"timeout": 0}), "UPSTREAM_UNAVAILABLE", 3},
	"half open":         {toxic("timeout", "downstream", map[string]int{"timeout": 0}), "UPSTREAM_TIMEOUT", 1},
	"half open to Dify": {toxic("timeout", "upstream", map[string]int{"timeout": 0}), "UPSTREAM_TIMEOUT", 1},
	"nobody there":      {func(_ *testing.T, w *way) { w.proxy.Stop() }, "UPSTREAM_UNAVAILABLE", 3},
	"500":               {faulty(difytest.InternalServerError()), "UPSTREAM_UNAVAILABLE", 2},
	"503":               {faulty(difytest.ServiceUnavailable()), "UPSTREAM_UNAVAILABLE", 3},
	"504":               {faulty(difytest.GatewayTimeout()), "UPSTREAM_TIMEOUT", 1},
	"too many requests": {faulty(difytest.TooManyRequests()), "UPSTREAM_RATE_LIMITED", 3},
	"rate limited":      {faulty(difytest.RateLimitError()), "UPSTREAM_RATE_LIMITED", 1},
}

func toxic(kind, direction string, attributes map[string]int) func(*testing.T, *way) {
	return func(t *testing.T, w *way) {
		t.Helper()
		w.spoil(t, kind, direction, attributes)
	}
}

func faulty(fault *difytest.Fault) func(*testing.T, *way) {
	return func(_ *testing.T, w *way) { w.dify.SetFault(func(*http.Request) *difytest.Fault { return fault }) }
}

// TestBadNetwork: each failure has its code and costs a bounded number of calls, the next question is answered once it is
// over, and nothing of it goes on.
//
// While goroutines are counted nothing else may run, so it is not parallel itself.
func TestBadNetwork(t *testing.T) {
	before := goleak.IgnoreCurrent()
	t.Run("ways", func(t *testing.T) {
		for name, test := range badWays {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				w := serveOver(t, difyapi.Options{Timeout: 2 * time.Second, Resilience: difyapi.Resilience{Retries: 2}})
				test.spoil(t, w)
				w.wants(t, test.code, test.calls)
				w.mend(t)
				w.wants(t, "", 1)
			})
		}
	})
	verifyNoneLeft(t, before)
}

// verifyNoneLeft finds goroutines that go on. Those of a proxy may: they wait for each other where a toxic is taken away while
// bytes pass.
func verifyNoneLeft(t *testing.T, before goleak.Option) {
	t.Helper()
	goleak.VerifyNone(t, before,
		goleak.IgnoreAnyFunction("github.com/Shopify/toxiproxy/v2/toxics.(*ToxicStub).Run"),
		goleak.IgnoreAnyFunction("github.com/Shopify/toxiproxy/v2.(*ToxicLink).read"),
		goleak.IgnoreAnyFunction("github.com/Shopify/toxiproxy/v2.(*ToxicLink).write"))
}

// TestDeadDifyIsNotAsked: after some failures the breaker answers for Dify. Five clients ask twenty times each.
func TestDeadDifyIsNotAsked(t *testing.T) {
	t.Parallel()
	w := serveOver(t, difyapi.Options{Resilience: difyapi.Resilience{Retries: 2, Breaker: true}})
	w.spoil(t, "reset_peer", "downstream", map[string]int{"timeout": 0})
	var clients sync.WaitGroup
	for range 5 {
		clients.Go(func() {
			for range 20 {
				if code := w.ask(t); code != "UPSTREAM_UNAVAILABLE" {
					t.Errorf("code %q", code)
				}
			}
		})
	}
	clients.Wait()
	if calls := w.calls.Load(); calls < 11 || calls > 16 {
		t.Errorf("100 operations took %d calls; the breaker opens after 10 and a probe, and each client may have one under way", calls)
	}
}

// TestLeavingClientsOpenNoBreaker: two hundred clients leave while their calls hang, which says nothing of Dify.
func TestLeavingClientsOpenNoBreaker(t *testing.T) { //nolint:paralleltest // While all goroutines are counted nothing else may run.
	before := goleak.IgnoreCurrent()
	t.Run("two hundred", func(t *testing.T) {
		const clients = 200
		w := serveOver(t, difyapi.Options{MaxInFlight: 4 * clients, Resilience: difyapi.Resilience{Retries: 2, Breaker: true}})
		w.spoil(t, "timeout", "downstream", map[string]int{"timeout": 0})
		ctx, leave := context.WithCancel(t.Context())
		var left sync.WaitGroup
		for range clients {
			left.Go(func() { w.hold(ctx, t) })
		}
		for range clients {
			<-w.started
		}
		leave()
		left.Wait()
		for range clients {
			<-w.ended // or the mended way would cut calls of which nobody has heard yet that their clients left
		}
		w.mend(t)
		if code := w.ask(t); code != "" {
			t.Errorf("the next one got %s", code)
		}
	})
	verifyNoneLeft(t, before)
}

// hold asks until ctx ends, in vain.
func (w *way) hold(ctx context.Context, t *testing.T) {
	t.Helper()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url, strings.NewReader(`{"query": "{workflowLogs(first: 50) {nodes {uuid}}}"}`))
	if err != nil {
		t.Error(err)
		return
	}
	request.Header.Set("Content-Type", "application/json")
	if answer, err := http.DefaultClient.Do(request); err == nil {
		_ = answer.Body.Close()
		t.Errorf("answered with %d", answer.StatusCode)
	}
}
