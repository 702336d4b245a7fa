package difyapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
)

// reply is what a server in memory says to a request, and when; status 0 is nothing until the caller leaves.
type reply struct {
	status int
	after  time.Duration
}

// silent is no answer.
var silent = reply{}

// fakeServer answers GET /info by info and anything else by rest, or each app by a fakeServer of its own.
type fakeServer struct {
	mu         sync.Mutex
	info, rest reply
	apps       map[string]*fakeServer // by key
	infos      int                    // requests
	others     int
}

func (f *fakeServer) set(info, rest reply) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.info, f.rest = info, rest
}

// asked is how often it was asked since the last time.
func (f *fakeServer) asked() (infos, others int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	infos, others = f.infos, f.others
	f.infos, f.others = 0, 0
	return infos, others
}

func (f *fakeServer) reply(r *http.Request) reply {
	f.mu.Lock()
	defer f.mu.Unlock()
	if strings.HasSuffix(r.URL.Path, infoPath) {
		f.infos++
		return f.info
	}
	f.others++
	return f.rest
}

func (f *fakeServer) RoundTrip(r *http.Request) (*http.Response, error) {
	if app := f.apps[strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")]; app != nil {
		return app.RoundTrip(r)
	}
	now := f.reply(r)
	if now.status == 0 {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	select {
	case <-time.After(now.after):
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	body := map[bool]string{true: `{"name":"a"}`, false: `{"total":0,"has_more":false,"data":[]}`}[strings.HasSuffix(r.URL.Path, infoPath)]
	if now.status != http.StatusOK {
		body = `{"code":"unknown","message":"Internal Server Error"}`
	}
	return &http.Response{
		StatusCode: now.status, Header: http.Header{"Content-Type": {"application/json"}, "X-Version": {"1.13.0"}}, Request: r,
		Body: io.NopCloser(strings.NewReader(body)),
	}, nil
}

func (f *fakeServer) client(t *testing.T, p *Pool, o Options) *Client {
	t.Helper()
	t.Cleanup(p.Close)
	o.Transport, o.Resilience.Breaker = f, true
	return poolClient(t, p, o)
}

// list makes a call on a caller's behalf, and tells how long it took.
func listAs(ctx context.Context, c *Client, caller string) (time.Duration, error) {
	began := time.Now()
	_, err := c.WorkflowLogs(WithCaller(ctx, caller), LogQuery{})
	return time.Since(began), err
}

var good = reply{http.StatusOK, 100 * time.Millisecond}

// TestHangingAppCostsTheFirstCallersTheTimeLimit, and nobody more: then calls fail at once, those that wait too. Another app of
// the server answers all the while.
func TestHangingAppCostsTheFirstCallersTheTimeLimit(t *testing.T) {
	t.Parallel()
	for _, limits := range []Options{
		{},
		{MaxInFlight: 1},
		{MaxInFlight: 100, ConnectionsPerServer: 100},
		{MaxInFlight: 2, ConnectionsPerServer: 2, Timeout: 2 * time.Minute},
		{Timeout: time.Second},
	} {
		t.Run(fmt.Sprint(limits), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				pool := NewPool()
				server := &fakeServer{apps: map[string]*fakeServer{"app-hangs": {}, "app-well": {info: good, rest: good}}}
				hanging, well := limits, limits
				hanging.APIKey, well.APIKey = "app-hangs", "app-well"
				a, b := server.client(t, pool, hanging), server.client(t, pool, well)
				known := time.Now().Add(a.timeout + probeTimeout)
				var calls sync.WaitGroup
				for i := range 4 * int((a.timeout+20*time.Second)/time.Second) { // four requests a second
					calls.Go(func() {
						tooLate := time.Now().After(known)
						took, err := listAs(t.Context(), a, fmt.Sprint("caller ", i%3))
						switch {
						case IsUnavailable(err) && (!tooLate || took == 0) && !time.Now().Add(-took).After(known):
						case IsUnavailable(err) && took == 0:
						case IsTimeout(err) && !tooLate && took == a.timeout:
						default:
							t.Errorf("call %d to the hanging app took %v: %v", i, took, err)
						}
					})
					calls.Go(func() {
						if took, err := listAs(t.Context(), b, "polite"); err != nil || took > time.Second {
							t.Errorf("call %d to the other app took %v: %v", i, took, err)
						}
					})
					time.Sleep(250 * time.Millisecond)
				}
				calls.Wait()
			})
		})
	}
}

// TestOpenBreakerLetsAProbeThroughNowAndThen: one GET /info in five seconds, and calls fail at once until one is answered.
func TestOpenBreakerLetsAProbeThroughNowAndThen(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := &fakeServer{info: silent, rest: reply{http.StatusServiceUnavailable, 0}}
		client := server.client(t, NewPool(), Options{})
		for range doubtAfter {
			if _, err := listAs(t.Context(), client, "a"); !IsUnavailable(err) {
				t.Fatal(err)
			}
		}
		if got := client.Stats().Breaker; got != BreakerHalfOpen {
			t.Fatalf("state %v while the app is probed", got)
		}
		if took, err := listAs(t.Context(), client, "a"); took != probeTimeout || !IsUnavailable(err) {
			t.Errorf("a call that comes meanwhile took %v: %v", took, err)
		}
		if infos, others := server.asked(); infos != 1 || others != doubtAfter {
			t.Errorf("%d probes and %d calls", infos, others)
		}
		for range 600 {
			for range 10 {
				if took, err := listAs(t.Context(), client, "a"); took != 0 || !IsUnavailable(err) || requestsOf(nil, err) != 0 {
					t.Fatalf("took %v: %v", took, err)
				}
			}
			time.Sleep(100 * time.Millisecond)
		}
		if infos, others := server.asked(); infos != 12 || others != 0 {
			t.Errorf("in a minute %d probes, want 12, and %d calls, want none", infos, others)
		}
		server.set(good, good)
		time.Sleep(probeInterval)
		_, _ = listAs(t.Context(), client, "a")
		time.Sleep(time.Second)
		if _, err := listAs(t.Context(), client, "a"); err != nil || client.Stats().Breaker != BreakerClosed {
			t.Errorf("once the app is back: %v", err)
		}
	})
}

// TestNobodyIsAskedForNobody: where no one wants the app it is not probed, and the next one is not told what was true long ago.
func TestNobodyIsAskedForNobody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := &fakeServer{}
		client := server.client(t, NewPool(), Options{})
		_, _ = listAs(t.Context(), client, "a")
		synctest.Wait()
		time.Sleep(probeTimeout)
		synctest.Wait()
		if client.Stats().Breaker != BreakerOpen {
			t.Fatal("the breaker is closed")
		}
		server.asked()
		time.Sleep(time.Hour)
		if infos, others := server.asked(); infos+others != 0 {
			t.Errorf("%d requests for nobody", infos+others)
		}
		if took, err := listAs(t.Context(), client, "a"); took != probeTimeout || !IsUnavailable(err) {
			t.Errorf("while it is still down: %v after %v", err, took)
		}
		time.Sleep(time.Hour)
		server.set(good, good)
		if took, err := listAs(t.Context(), client, "a"); err != nil || took != 200*time.Millisecond {
			t.Errorf("once it is back: %v after %v", err, took)
		}
	})
}

// TestWhatACallerCausesOpensNoBreaker: whatever becomes of a caller's calls, as long as GET /info is answered others' are made.
func TestWhatACallerCausesOpensNoBreaker(t *testing.T) {
	t.Parallel()
	run := func(ctx context.Context, c *Client) { _, _ = c.WorkflowRun(ctx, uuid.NewString()) }
	logs := func(ctx context.Context, c *Client) { _, _ = listAs(ctx, c, "a") }
	for name, test := range map[string]struct {
		rest reply
		call func(context.Context, *Client)
	}{
		"unknown runs of Dify 1.13.0":     {reply{http.StatusInternalServerError, 0}, run},
		"keywords that fail":              {reply{http.StatusInternalServerError, time.Second}, logs},
		"questions that a proxy gives up": {reply{http.StatusGatewayTimeout, 60 * time.Second}, logs},
		"questions that take too long":    {silent, logs},
		"refused parameters":              {reply{http.StatusBadRequest, 0}, logs},
		"callers that lose patience": {silent, func(ctx context.Context, c *Client) {
			ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
			defer cancel()
			_, _ = listAs(ctx, c, "a")
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				server := &fakeServer{info: good, rest: test.rest}
				client := server.client(t, NewPool(), Options{Resilience: Resilience{Retries: 2}, Timeout: 61 * time.Second})
				for range 10 {
					var calls sync.WaitGroup
					for range 4 {
						calls.Go(func() { test.call(t.Context(), client) })
					}
					calls.Wait()
					if _, err := client.Info(t.Context()); err != nil {
						t.Fatalf("another call: %v", err)
					}
				}
			})
		})
	}
}

// TestCallersThatLeaveAreNoAnswers, and no failures either: nine failures and one more open the breaker, whoever leaves in between.
func TestCallersThatLeaveAreNoAnswers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		down := reply{http.StatusServiceUnavailable, 0}
		server := &fakeServer{info: down, rest: down}
		client := server.client(t, NewPool(), Options{})
		leave := func(n int) {
			server.set(down, silent)
			for range n {
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				_, _ = listAs(ctx, client, "a")
				cancel()
			}
			server.set(down, down)
		}
		leave(100)
		for range doubtAfter - 1 {
			_, _ = listAs(t.Context(), client, "a")
			leave(1)
		}
		synctest.Wait()
		if infos, _ := server.asked(); infos != 0 || client.Stats().Breaker != BreakerClosed {
			t.Fatalf("%d probes after nine failures", infos)
		}
		_, _ = listAs(t.Context(), client, "a")
		synctest.Wait()
		if infos, _ := server.asked(); infos != 1 || client.Stats().Breaker != BreakerOpen {
			t.Errorf("%d probes after ten failures, state %v", infos, client.Stats().Breaker)
		}
	})
}

// TestImpatientCallersFindOutThatAnAppHangs: where each leaves before the time limit of a call, it would never be known.
func TestImpatientCallersFindOutThatAnAppHangs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := &fakeServer{}
		client := server.client(t, NewPool(), Options{})
		ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
		defer cancel()
		_, _ = listAs(ctx, client, "a")
		time.Sleep(probeTimeout)
		synctest.Wait()
		if took, err := listAs(t.Context(), client, "b"); !IsUnavailable(err) || took != 0 {
			t.Errorf("the next caller waited %v: %v", took, err)
		}
	})
}

// TestServerThatDoesNotAnswerCostsTheTimeLimitOnce, not once for each of its apps: where one app gets no answer, the others are
// probed before callers' calls are made.
func TestServerThatDoesNotAnswerCostsTheTimeLimitOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		pool, server := NewPool(), &fakeServer{}
		began := time.Now()
		var calls sync.WaitGroup
		var timeouts atomic.Int32
		for i := range 12 {
			client := server.client(t, pool, Options{APIKey: fmt.Sprint("app-", i)})
			for range 5 {
				calls.Go(func() {
					_, err := listAs(t.Context(), client, "a")
					if IsTimeout(err) {
						timeouts.Add(1)
					} else if !IsUnavailable(err) {
						t.Error(err)
					}
				})
			}
		}
		calls.Wait()
		if took, most := time.Since(began), 30*time.Second+5*probeTimeout; took > most || timeouts.Load() > 4 {
			t.Errorf("60 calls to 12 apps took %v, want at most %v; %d took their whole time limit", took, most, timeouts.Load())
		}
	})
}

// TestAppWithAnswersIsNotDoubted because of another app of its server.
func TestAppWithAnswersIsNotDoubted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		pool := NewPool()
		well := &fakeServer{info: good, rest: good}
		server := &fakeServer{apps: map[string]*fakeServer{"app-hangs": {}, "app-well": well}}
		a, b := server.client(t, pool, Options{APIKey: "app-hangs"}), server.client(t, pool, Options{APIKey: "app-well"})
		go func() { _, _ = listAs(t.Context(), a, "a") }()
		for range 40 {
			_, _ = listAs(t.Context(), b, "b")
			time.Sleep(time.Second)
		}
		if infos, others := well.asked(); infos != 0 || others != 40 {
			t.Errorf("%d probes, %d calls", infos, others)
		}
	})
}

// TestCallsThatAreNotMadeTellWhy: what became of the latest that was made, in words that name no server.
func TestCallsThatAreNotMadeTellWhy(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		reply reply
		says  Reason
	}{
		"status":    {reply{http.StatusBadGateway, 0}, "not asked, since it gave no answer a moment ago: HTTP 502"},
		"no answer": {silent, "not asked, since it gave no answer a moment ago: it took too long"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				server := &fakeServer{info: test.reply, rest: test.reply}
				client := server.client(t, NewPool(), Options{})
				for client.Stats().Breaker != BreakerOpen {
					_, _ = listAs(t.Context(), client, "a")
					synctest.Wait()
				}
				_, err := listAs(t.Context(), client, "a")
				if reason, _ := errors.AsType[Reason](err); reason != test.says || !IsUnavailable(err) || !errors.Is(err, errBreakerOpen) {
					t.Errorf("%v, want %q", err, test.says)
				}
			})
		})
	}
}
