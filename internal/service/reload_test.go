package service

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/difygraph/difygraph/difyapi"
	"github.com/difygraph/difygraph/difyapi/difytest"
)

// TestReloadsLeaveNothing: neither goroutines nor connections, with a request between each two, whether what is kept stays the same
// or not.
func TestReloadsLeaveNothing(t *testing.T) { //nolint:paralleltest // It counts the process's goroutines.
	before := goleak.IgnoreCurrent()
	var open atomic.Int64
	dify := difytest.New(difytest.Options{})
	dify.AddApp(difytest.AppOptions{Name: "one", APIKey: "app-1234567890"})
	socket := httptest.NewUnstartedServer(dify)
	socket.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			open.Add(1)
		case http.StateClosed:
			open.Add(-1)
		default:
		}
	}
	socket.Start()
	app := fmt.Sprintf("apps: [{key: one, baseURL: '%s/v1', apiKey: app-1234567890}]\n", socket.URL)
	file := writeFile(t, guardedFile+app)
	l := startLive(t, file)
	for i := range 150 {
		overwrite(t, file, guardedFile+app+fmt.Sprintf("cache: {ttl: %ds}\nlimits: {rate: %d}\n", i%3, 1000+i))
		if _, err := l.load(l.read); err != nil {
			t.Fatal(err)
		}
		if got := l.post(t, testToken, "{workflowLogs {nodes {uuid}}}"); !strings.Contains(got, `"nodes":[]`) {
			t.Fatal(got)
		}
		if n := open.Load(); n > 4 {
			t.Fatalf("%d connections to Dify after %d reloads", n, i)
		}
	}
	l.close()
	socket.Close()
	goleak.VerifyNone(t, before)
}

// generation makes the next service of a process.
func (p *Process) generation(t *testing.T, yaml string) *Service {
	t.Helper()
	s, err := New(parse(t, yaml), Options{Process: p})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// reloads is a process in a bubble, over a Dify with two apps of a run each.
type reloads struct {
	*Process
	dify *difytest.Server
}

func startReloads(t *testing.T, yaml string) *reloads {
	t.Helper()
	r := &reloads{NewProcess(parse(t, yaml).Limits), difytest.New(difytest.Options{})}
	r.Connections = listen(t, r.dify)
	t.Cleanup(r.Close)
	for i, key := range []string{"app-1", "app-2"} {
		r.dify.AddApp(difytest.AppOptions{APIKey: key}).Insert(difytest.Row{
			CreatedAt: time.Unix(int64(1772323200+i), 0), CreatedFrom: "service-api", CreatedByRole: "account",
			Run: &difytest.Run{Status: difytest.StatusSucceeded, CreatedAt: time.Unix(1772323200, 0)},
		})
	}
	return r
}

// appWithKey is a configuration of one app.
func appWithKey(key string) string {
	return "apps: [{key: a, baseURL: 'http://dify.test/v1', apiKey: " + key + "}]\n"
}

const secondsQuery = `{workflowLogs(first: 1) {nodes {createdAt}}}`

// post sends a body to the endpoint.
func (s *Service) post(t *testing.T, body string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "http://localhost"+GraphQLPath, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

func (s *Service) query(t *testing.T, query string) *httptest.ResponseRecorder {
	t.Helper()
	return s.post(t, fmt.Sprintf(`{"query": %q}`, query))
}

// TestReloadKeepsAnswers, but for an app whose key has changed, and for another time to keep them.
func TestReloadKeepsAnswers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const cached = "cache: {ttl: 10m}\n"
		r := startReloads(t, cached+appWithKey("app-1"))
		for _, step := range []struct {
			name, yaml, second string
			calls              int
		}{
			{"first", cached + appWithKey("app-1"), "00:00:00", 2}, // and a look at its clock,
			{"other limits", cached + "limits: {rate: 1000}\n" + appWithKey("app-1"), "00:00:00", 0},
			{"another key", cached + appWithKey("app-2"), "00:00:01", 2},
			{"the first again", cached + appWithKey("app-1"), "00:00:00", 0},
			{"another time", "cache: {ttl: 9m}\n" + appWithKey("app-1"), "00:00:00", 1},
		} {
			r.dify.ResetRequests()
			s := r.generation(t, step.yaml)
			got := s.query(t, secondsQuery).Body.String()
			if calls := len(r.dify.Requests()); !strings.Contains(got, step.second) || calls != step.calls {
				t.Errorf("%s: %d calls, want %d: %s", step.name, calls, step.calls, got)
			}
		}
	})
}

// TestReloadKeepsAccounts, at the new rate.
func TestReloadKeepsAccounts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		limits := func(rate int) string {
			return fmt.Sprintf("limits: {price: 50, burst: 50, rate: %d}\n", rate) + appWithKey("app-1")
		}
		r := startReloads(t, limits(10))
		for i, step := range []struct{ rate, served int }{{10, 25}, {20, 0}, {20, 10}, {40, 20}} {
			time.Sleep(time.Duration(min(i/2, 1)) * time.Second) // before the last two
			s := r.generation(t, limits(step.rate))
			served := 0
			for range 60 {
				if s.query(t, "{difyApps {key}}").Code == http.StatusOK {
					served++
				}
			}
			if served != step.served {
				t.Errorf("step %d, at %d a second: %d served, want %d", i, step.rate, served, step.served)
			}
		}
	})
}

// TestReloadKeepsTheBreaker: an app that gives no answer is not asked again because a limit has changed.
func TestReloadKeepsTheBreaker(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := startReloads(t, appWithKey("app-1"))
		r.dify.SetFault(func(*http.Request) *difytest.Fault { return difytest.CloseConnection() })
		s := r.generation(t, appWithKey("app-1"))
		for range 20 {
			s.query(t, secondsQuery)
		}
		if state := s.State().Apps[0].Breaker; state != difyapi.BreakerOpen {
			t.Fatalf("the breaker is %d, want open", state)
		}
		r.dify.ResetRequests()
		s = r.generation(t, "limits: {rate: 1000}\n"+appWithKey("app-1"))
		if w := s.query(t, secondsQuery); s.State().Apps[0].Breaker != difyapi.BreakerOpen || len(r.dify.Requests()) > 0 {
			t.Errorf("%d requests: %s", len(r.dify.Requests()), w.Body)
		}
	})
}

// TestReloadKeepsRegisteredOperations, which clients have sent once and ask for by their hash.
func TestReloadKeepsRegisteredOperations(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := startReloads(t, appWithKey("app-1"))
		const text = "{difyApps {key}}"
		extensions := fmt.Sprintf(`"extensions": {"persistedQuery": {"version": 1, "sha256Hash": %q}}`, sha256Of(text))
		s := r.generation(t, appWithKey("app-1"))
		s.post(t, fmt.Sprintf(`{"query": %q, %s}`, text, extensions))
		s = r.generation(t, "limits: {rate: 1000}\n"+appWithKey("app-1"))
		if got := s.post(t, "{"+extensions+"}").Body.String(); !strings.Contains(got, `"key":"a"`) {
			t.Error(got)
		}
	})
}

// TestReloadLetsRequestsEnd: one that is under way gets its answer from what it began with.
func TestReloadLetsRequestsEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := startReloads(t, appWithKey("app-1"))
		r.dify.SetFault(func(*http.Request) *difytest.Fault { return difytest.Delay(time.Second) })
		first := r.generation(t, appWithKey("app-1"))
		var underWay sync.WaitGroup
		underWay.Go(func() {
			if got := first.query(t, secondsQuery).Body.String(); !strings.Contains(got, "00:00:00") {
				t.Error(got)
			}
		})
		synctest.Wait()
		r.generation(t, "cache: {ttl: 0}\n"+appWithKey("app-2"))
		underWay.Wait()
		first.Close()
	})
}

// TestReloadThatFailsChangesNothing: the service before goes on as it was.
func TestReloadThatFailsChangesNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := startReloads(t, appWithKey("app-1"))
		s := r.generation(t, appWithKey("app-1"))
		cfg := parse(t, "limits: {operations: 1, waiting: 0, price: 10, burst: 10}\n"+appWithKey("app-2"))
		cfg.CORS.Origins = []string{"none"}
		if _, err := New(cfg, Options{Process: r.Process}); err == nil {
			t.Fatal("the configuration is taken")
		}
		if got := s.query(t, secondsQuery).Body.String(); !strings.Contains(got, "00:00:00") {
			t.Error(got)
		}
	})
}
