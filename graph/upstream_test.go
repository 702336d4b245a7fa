package graph_test

import (
	"cmp"
	"context"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/difygraph/difygraph/difyapi/difytest"
)

// failure is a way in which a Dify, a proxy before it, or the way there fails.
type failure struct {
	name  string
	fault *difytest.Fault // nil: nothing answers, or the test says itself what fails
	code  string
	says  string
}

var failures = []failure{
	{"401", difytest.Unauthorized(), "UPSTREAM_UNAUTHORIZED", "(HTTP 401)"},
	{"403", difytest.Forbidden(), "UPSTREAM_UNAUTHORIZED", "(HTTP 403)"},
	{"429 of the app", difytest.TooManyRequests(), "UPSTREAM_RATE_LIMITED", "(HTTP 429)"},
	{"429 of the tenant", difytest.RateLimitError(), "UPSTREAM_RATE_LIMITED", "(HTTP 429)"},
	{"archived app", archivedApp, "UPSTREAM_UNAUTHORIZED", "(HTTP 400)"},
	{"404 HTML", difytest.NotFoundPage(), "UPSTREAM_UNSUPPORTED", "(HTTP 404)"},
	{"400 HTML", proxyAnswer(400), "UPSTREAM_BAD_RESPONSE", "(HTTP 400)"},
	{"405 HTML", proxyAnswer(405), "UPSTREAM_BAD_RESPONSE", "(HTTP 405)"},
	{"407 HTML", proxyAnswer(407), "UPSTREAM_BAD_RESPONSE", "(HTTP 407)"},
	{"413 HTML", proxyAnswer(413), "UPSTREAM_BAD_RESPONSE", "a proxy before Dify finds the answer or the request too large; raise its limit, or ask for fewer rows (HTTP 413)"},
	{"500 unknown", difytest.UnknownError(), "UPSTREAM_UNAVAILABLE", "(HTTP 500)"},
	{"500", difytest.InternalServerError(), "UPSTREAM_UNAVAILABLE", "(HTTP 500)"},
	{"500, cut", difytest.InternalServerError().Cut(), "UPSTREAM_UNAVAILABLE", "(HTTP 500)"},
	{"502 HTML", difytest.BadGateway(), "UPSTREAM_UNAVAILABLE", "(HTTP 502)"},
	{"503 HTML", difytest.ServiceUnavailable(), "UPSTREAM_UNAVAILABLE", "(HTTP 503)"},
	{"504 HTML", difytest.GatewayTimeout(), "UPSTREAM_TIMEOUT", "(HTTP 504)"},
	{"cut body", difytest.CutBody(), "UPSTREAM_BAD_RESPONSE", "the answer is cut (HTTP 200)"},
	{"{}", difytest.Nonsense(`{}`), "UPSTREAM_BAD_RESPONSE", "not Dify's API"},
	{"[]", difytest.Nonsense(`[]`), "UPSTREAM_BAD_RESPONSE", "not Dify's API"},
	{"null", difytest.Nonsense(`null`), "UPSTREAM_BAD_RESPONSE", "not Dify's API"},
	{"no body", difytest.Nonsense(``), "UPSTREAM_BAD_RESPONSE", "not Dify's API"},
	{"null rows", difytest.Nonsense(`{"page":1,"limit":26,"total":1,"has_more":false,"data":[null]}`), "UPSTREAM_BAD_RESPONSE", "not Dify's API"},
	{"login page", difytest.LoginPage(), "UPSTREAM_BAD_RESPONSE", "not Dify's API"},
	{"302", &difytest.Fault{Status: http.StatusFound, ContentType: "text/html", Header: http.Header{"Location": {"/login"}}}, "UPSTREAM_BAD_RESPONSE", "not Dify's API"},
	{"no answer", difytest.Hang(), "UPSTREAM_TIMEOUT", "too long"},
	{"closed connection", difytest.CloseConnection(), "UPSTREAM_UNAVAILABLE", "can't be reached"},
	{refusedConnection, nil, "UPSTREAM_UNAVAILABLE", "can't be reached"},
}

// fromTheStart is the failure of a Dify that has never answered: a 404 is then of a wrong base URL.
func (f failure) fromTheStart() failure {
	if f.name == "404 HTML" {
		f.code, f.says = "UPSTREAM_BAD_RESPONSE", "is the app's base URL right? (HTTP 404)"
	}
	return f
}

// archivedApp is what Dify since 1.13.0 answers for an app that was put away.
var archivedApp = &difytest.Fault{
	Status: http.StatusBadRequest, ContentType: "application/json",
	Body: `{"code":"invalid_param","message":"'archived' is not a valid AppStatus","status":400}`,
}

// proxyAnswer is a refusal by a proxy.
func proxyAnswer(status int) *difytest.Fault {
	return &difytest.Fault{Status: status, ContentType: "text/html", Body: "<html><center>nginx</center></html>", Proxy: true}
}

// refusedConnection is the failure of a Dify that is not there.
const refusedConnection = "refused connection"

// shortTimeout is how long a Dify that does not answer is waited for.
const shortTimeout = 30 * time.Millisecond

// serveBroken serves apps a and b with seven runs each, of which b has a Dify of its own, still sound.
func serveBroken(t *testing.T, f failure) *api {
	t.Helper()
	b := apart{dify: &difytest.Options{}}
	switch {
	case f.name == refusedConnection:
		b.transport = &http.Transport{DialContext: dialNobody}
	case f.fault != nil && f.fault.Hang:
		b.timeout, b.inProcess = shortTimeout, true
	}
	a := serve(t, options{keys: []string{"a", "b"}, apart: map[string]apart{"b": b}})
	for _, app := range a.apps {
		app.Insert(runsOf(map[int]int{0: 1, 10: 2, 20: 1, 30: 3})...)
	}
	return a
}

// dialNobody is refused: nobody listens on this port. That of a listener which was closed may be another test's by now.
func dialNobody(ctx context.Context, network, _ string) (net.Conn, error) {
	return new(net.Dialer).DialContext(ctx, network, "127.0.0.1:1")
}

// breaks makes b's Dify fail from now on, if it can still be reached.
func (a *api) breaks(f failure) {
	if f.fault != nil {
		a.difys["b"].SetFault(func(*http.Request) *difytest.Fault { return f.fault })
	}
}

// checkSecrecy holds that an answer shows nothing of where Dify is, of what opens it, and of what it said.
func checkSecrecy(t *testing.T, a *api, answer *response) {
	t.Helper()
	for _, secret := range []string{
		strings.TrimPrefix(a.difys["b"].socket.URL, "http://"), "127.0.0.1", "http:", "/v1", "workflows/logs", "app-secret", "Bearer",
		"6f1c9b1e", "tenant", "token", "nginx", "html", "Sign in", "Too many requests", "werkzeug", "overloaded", "X-Version",
	} {
		if strings.Contains(strings.ToLower(string(answer.text)), strings.ToLower(secret)) {
			t.Errorf("%q is shown in %s", secret, answer.text)
		}
	}
}

func TestFailingDify(t *testing.T) {
	t.Parallel()
	for _, f := range failures {
		f = f.fromTheStart()
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			a := serveBroken(t, f)
			a.breaks(f)
			answer := a.post(t, besideQuery, nil)
			checkAlone(t, a, answer)
			checkSecrecy(t, a, answer)
			e := answer.Errors[0]
			if e.Extensions["code"] != f.code || e.Extensions["app"] != "b" || len(e.Extensions) != 2 {
				t.Errorf("extensions %v, want code %s and app b", e.Extensions, f.code)
			}
			if !strings.Contains(e.Message, `app "b": `) || !strings.Contains(e.Message, f.says) {
				t.Errorf("%q does not say %q", e.Message, f.says)
			}
			answer = a.post(t, `{difyApps {key workflowLogs {nodes {uuid}}}}`, nil)
			if n := strings.Count(string(answer.Data), "uuid"); n != 7 || !slices.Equal(answer.codes(), []string{f.code}) {
				t.Errorf("the sound app's list has %d rows: %s", n, answer.text)
			}
		})
	}
}

// TestPartial: the walk goes on without the app that fails, and says so on each page.
func TestPartial(t *testing.T) {
	t.Parallel()
	for _, f := range failures {
		f = f.fromTheStart()
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			a := serveBroken(t, f)
			a.breaks(f)
			v := vars{"first": 3, "onAppFailure": "PARTIAL"}
			var seen []place
			for more := true; more; {
				a.difys["a"].ResetRequests()
				a.difys["b"].ResetRequests()
				p := a.page(t, v)
				checkWithoutB(t, f, p)
				if p.TotalCount == nil || *p.TotalCount != len(a.apps["a"].Rows()) {
					t.Errorf("total %v, want that of a", p.TotalCount)
				}
				arrived := a.difys["a"].Calls("/v1/workflows/logs") + a.difys["b"].Calls("/v1/workflows/logs")
				if f.fault != nil && p.Scan.UpstreamCalls != arrived {
					t.Errorf("upstreamCalls %d, %d arrived", p.Scan.UpstreamCalls, arrived)
				}
				seen = append(seen, p.places()...)
				more, v["after"] = p.PageInfo.HasNextPage, p.PageInfo.EndCursor
			}
			checkRowsOf(t, a, seen, "a")
		})
	}
}

// checkWithoutB holds that a page says that app b failed, and how.
func checkWithoutB(t *testing.T, f failure, p page) {
	t.Helper()
	if p.Scan.Complete || !slices.Equal(p.Scan.Reasons, []string{"APP_FAILED"}) {
		t.Errorf("scan %+v", p.Scan)
	}
	if failed := p.Scan.FailedApps; len(failed) != 1 || failed[0].App.Key != "b" || failed[0].Code != f.code || !strings.Contains(failed[0].Message, f.says) {
		t.Errorf("failed apps %+v, want b, %s, %q", failed, f.code, f.says)
	}
}

// checkRowsOf holds that places are all rows of the apps, newest first.
func checkRowsOf(t *testing.T, a *api, seen []place, keys ...string) {
	t.Helper()
	var want []place
	for _, key := range keys {
		for _, row := range a.apps[key].Rows() {
			want = append(want, placeOf(key, row))
		}
	}
	slices.SortFunc(want, func(p, q place) int { return q.compare(p) })
	if !slices.Equal(seen, want) {
		t.Errorf("rows %v, want %v", seen, want)
	}
}

// TestPartialShowsNothing: what is said of an app that failed is as guarded as an error.
func TestPartialShowsNothing(t *testing.T) {
	t.Parallel()
	for _, f := range failures {
		f = f.fromTheStart()
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			a := serveBroken(t, f)
			a.breaks(f)
			answer := a.post(t, `{workflowLogs(onAppFailure: PARTIAL) {scan {failedApps {app {key} code message}}}}`, nil)
			checkSecrecy(t, a, answer)
			if len(answer.Errors) > 0 || !strings.Contains(string(answer.Data), f.code) {
				t.Errorf("%s", answer.text)
			}
		})
	}
}

// TestAllAppsFail: where nothing is left to go on with, PARTIAL is FAIL.
func TestAllAppsFail(t *testing.T) {
	t.Parallel()
	for _, f := range failures {
		f = f.fromTheStart()
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			a := serveBroken(t, f)
			a.breaks(f)
			a.dify.SetFault(func(*http.Request) *difytest.Fault { return cmp.Or(f.fault, difytest.CloseConnection()) })
			if f.fault != nil && f.fault.Hang {
				a.dify.SetFault(func(*http.Request) *difytest.Fault { return difytest.GatewayTimeout() })
			}
			answer := a.post(t, besideQuery, vars{"onAppFailure": "PARTIAL"})
			checkAlone(t, a, answer)
			checkSecrecy(t, a, answer)
			if !slices.Equal(answer.codes(), []string{f.code}) {
				t.Errorf("codes %v, want %s", answer.codes(), f.code)
			}
		})
	}
}

// TestFailureDuringWalk: a page that fails is missing nothing when it is asked for again.
func TestFailureDuringWalk(t *testing.T) {
	t.Parallel()
	for _, f := range failures {
		if f.fault == nil {
			continue // a socket that is closed does not open again
		}
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			a := serveBroken(t, f)
			first := a.page(t, vars{"first": 5})
			v := vars{"after": *first.PageInfo.EndCursor, "order": "NEWEST_FIRST"}
			a.breaks(f)
			if answer := a.post(t, listQuery, v); !slices.Equal(answer.codes(), []string{f.code}) || string(answer.Data) != `{"workflowLogs":null}` {
				t.Errorf("%s", answer.text)
			}
			v["onAppFailure"] = "PARTIAL"
			partial := a.page(t, v)
			checkWithoutB(t, f, partial)
			if slices.ContainsFunc(partial.places(), func(p place) bool { return p.app == "b" }) {
				t.Errorf("rows of an app that failed: %v", partial.places())
			}
			a.difys["b"].SetFault(nil)
			rest := a.page(t, v)
			if rest.TotalCount == nil || *rest.TotalCount != 14 || !rest.Scan.Complete {
				t.Errorf("total %v, %+v", rest.TotalCount, rest.Scan)
			}
			checkRowsOf(t, a, append(first.places(), rest.places()...), "a", "b")
		})
	}
}

// TestUnknownAccountBesideAFailure: the app that failed may know the account, so that it can't be called unknown.
func TestUnknownAccountBesideAFailure(t *testing.T) {
	t.Parallel()
	f := failure{fault: difytest.RateLimitError(), code: "UPSTREAM_RATE_LIMITED", says: "(HTTP 429)"}
	a := serveBroken(t, f)
	v := withFilter("accountEmail", "nobody@example.com")
	v["onAppFailure"] = "PARTIAL"
	if answer := a.post(t, besideQuery, v); !slices.Equal(answer.codes(), []string{"BAD_USER_INPUT"}) {
		t.Errorf("none knows it: %s", answer.text)
	}
	a.breaks(f)
	p := a.page(t, v)
	checkWithoutB(t, f, p)
	if len(p.Edges) > 0 {
		t.Errorf("rows %v", p.places())
	}
}
