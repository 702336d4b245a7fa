package difyapi_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/difygraph/difygraph/difyapi"
	"github.com/difygraph/difygraph/difyapi/difytest"
)

// checkReason holds what callers are told of a failure beside its kind.
func checkReason(t *testing.T, err error, is func(error) bool, want difyapi.Reason) {
	t.Helper()
	if reason, _ := errors.AsType[difyapi.Reason](err); !is(err) || reason != want {
		t.Errorf("the reason is %q, want %q, of: %v", reason, want, err)
	}
}

// TestRefusalsAreToldApart by Dify's own answer, as far as it does.
func TestRefusalsAreToldApart(t *testing.T) {
	t.Parallel()
	for state, want := range map[difytest.AppState]difyapi.Reason{
		difytest.AppDeleted:         difyapi.ReasonAppGone,
		difytest.WorkspaceMissing:   difyapi.ReasonWorkspaceGone,
		difytest.AppArchived:        difyapi.ReasonAppArchived,
		difytest.AppAbnormal:        difyapi.ReasonAppAbnormal,
		difytest.AppAPIDisabled:     difyapi.ReasonAPIDisabled,
		difytest.WorkspaceArchived:  difyapi.ReasonWorkspaceArchived,
		difytest.WorkspaceOwnerGone: difyapi.ReasonNoOwner,
	} {
		dify := difytest.New(difytest.Options{})
		dify.AddApp(difytest.AppOptions{Name: "a", APIKey: testKey, State: state})
		_, err := serve(t, dify).WorkflowLogs(t.Context(), difyapi.LogQuery{})
		checkReason(t, err, difyapi.IsUnauthorized, want)
	}
	_, err := serve(t, difytest.New(difytest.Options{})).WorkflowLogs(t.Context(), difyapi.LogQuery{})
	checkReason(t, err, difyapi.IsUnauthorized, difyapi.ReasonKeyRefused)
	_, err = newClient(t, difyapi.Options{Transport: answering(403, `{"code":"forbidden","message":"new words"}`)}).Info(t.Context())
	checkReason(t, err, difyapi.IsUnauthorized, "")
}

// TestWhoAnsweredIsJudgedByTheBody: what Dify did not write is no word of Dify's, whatever its status.
func TestWhoAnsweredIsJudgedByTheBody(t *testing.T) {
	t.Parallel()
	html := []string{"Content-Type", "text/html"}
	for _, test := range []struct {
		status int
		body   string
		header []string
		want   difyapi.Reason
	}{
		{401, "<html>", html, difyapi.ReasonForeignRefusal},
		{403, "<html>", html, difyapi.ReasonForeignRefusal},
		{403, `{"message":"Forbidden"}`, nil, difyapi.ReasonForeignRefusal},
		{401, ``, nil, difyapi.ReasonForeignRefusal},
		{400, "<html>", html, difyapi.ReasonForeignRefusal},
		{413, "<html>", html, difyapi.ReasonTooLargeForProxy},
		{404, "<html>", html, difyapi.ReasonNoRoute},
		{404, ``, nil, difyapi.ReasonNoRoute},
		{407, "<html>", html, difyapi.ReasonProxyCredentials},
		{302, "<html>", html, difyapi.ReasonRedirect},
		{204, "", html, difyapi.ReasonStatus},
		{200, "<html>", html, difyapi.ReasonNotJSON},
		{200, `{"data":[],"total":0,"x":"` + strings.Repeat("x", 16<<20) + `"}`, nil, difyapi.ReasonTooLarge},
		{200, `{"data":[]}`, nil, "total is no number of rows"},
	} {
		_, err := newClient(t, difyapi.Options{Transport: answering(test.status, test.body, test.header...)}).WorkflowLogs(t.Context(), difyapi.LogQuery{})
		checkReason(t, err, difyapi.IsBadResponse, test.want)
	}
}

// TestWhatAProxyDoesIsNotSaidOfDify where the status alone can't tell: limits of calls and logins of networks.
func TestWhatAProxyDoesIsNotSaidOfDify(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		status int
		body   string
		is     func(error) bool
		want   difyapi.Reason
	}{
		{429, "<html>", difyapi.IsRateLimited, difyapi.ReasonForeignLimit},
		{429, `{"message":"API rate limit exceeded"}`, difyapi.IsRateLimited, difyapi.ReasonForeignLimit},
		{429, `{"code":"too_many_requests","message":"Too many requests.","status":429}`, difyapi.IsRateLimited, ""},
		{511, "<html>", difyapi.IsUnavailable, difyapi.ReasonNetworkLogin},
		{502, "<html>", difyapi.IsUnavailable, ""},
	} {
		_, err := newClient(t, difyapi.Options{Transport: answering(test.status, test.body)}).WorkflowLogs(t.Context(), difyapi.LogQuery{})
		checkReason(t, err, test.is, test.want)
	}
}

// TestWhyNoAnswerCame is told to callers in the system's words.
func TestWhyNoAnswerCame(t *testing.T) {
	t.Parallel()
	for cause, want := range map[error]difyapi.Reason{
		syscall.ECONNREFUSED: "connection refused", syscall.EHOSTUNREACH: "no route to host", io.EOF: difyapi.ReasonClosed,
	} {
		client := newClient(t, difyapi.Options{Transport: roundTrip(func(*http.Request) (*http.Response, error) { return nil, cause })})
		_, err := client.WorkflowLogs(t.Context(), difyapi.LogQuery{})
		checkReason(t, err, difyapi.IsUnavailable, want)
	}
}

// TestCertificatesAreToldApart: each of their faults is mended elsewhere.
func TestCertificatesAreToldApart(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	known := x509.NewCertPool()
	known.AddCert(server.Certificate())
	dial := func(_, _ string) (net.Conn, error) { return net.Dial("tcp", server.Listener.Addr().String()) }
	for _, test := range []struct {
		host string
		tls  *tls.Config
		want difyapi.Reason
	}{
		{"example.com", &tls.Config{}, difyapi.ReasonUnknownAuthority},
		{"dify.test", &tls.Config{RootCAs: known}, difyapi.ReasonCertificateName},
		{"example.com", &tls.Config{RootCAs: known, Time: func() time.Time { return time.Unix(1<<40, 0) }}, difyapi.ReasonCertificateExpired},
	} {
		transport := &http.Transport{TLSClientConfig: test.tls, Dial: dial} //nolint:staticcheck // no context is needed to dial here
		_, err := newClient(t, difyapi.Options{BaseURL: "https://" + test.host + "/v1", Transport: transport}).Info(t.Context())
		transport.CloseIdleConnections()
		checkReason(t, err, difyapi.IsUnavailable, test.want)
	}
}

// TestProxyThatRefusesConnections says why, as far as a status does, and the status itself.
func TestProxyThatRefusesConnections(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]difyapi.Reason{
		407: difyapi.ReasonProxyCredentials, 204: difyapi.ReasonProxyRefused, 302: difyapi.ReasonProxyRefused, 403: difyapi.ReasonProxyRefused,
		504: difyapi.ReasonProxyRefused, 511: difyapi.ReasonProxyRefused, 521: difyapi.ReasonProxyRefused, 599: difyapi.ReasonProxyRefused,
	} {
		proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "secret realm", status)
		}))
		t.Cleanup(proxy.Close)
		address, err := url.Parse(proxy.URL)
		if err != nil {
			t.Fatal(err)
		}
		transport := difyapi.NewTransport()
		transport.Proxy = http.ProxyURL(address)
		_, err = newClient(t, difyapi.Options{BaseURL: "https://dify.test/v1", Transport: transport}).Info(t.Context())
		checkReason(t, err, difyapi.IsUnavailable, want)
		if failure, ok := errors.AsType[*difyapi.Error](err); !ok || failure.Status != status {
			t.Errorf("no status %d: %v", status, err)
		}
	}
}

// TestLogOfAFailure has where and how, but no word of Dify's, of the caller's or of a proxy's, and no id.
func TestLogOfAFailure(t *testing.T) {
	t.Parallel()
	for want, transport := range map[string]roundTrip{
		`failure.kind="error status" failure.route="GET /workflows/run/{id}" failure.status=400 failure.contentType=application/json`: answering(400, `{"code":"secret","message":"secret"}`),
		`failure.kind="error status" failure.route="GET /workflows/run/{id}" failure.status=403 failure.contentType=text/html ` +
			`failure.cause="a refusal that Dify did not write, as from a proxy or a firewall"`: answering(403, "secret", "Content-Type", "text/html; charset=secret"),
		`failure.kind="bad response" failure.route="GET /workflows/run/{id}" failure.status=200 failure.contentType="another type" failure.cause="an answer that is not JSON"`: answering(200, "", "Content-Type", "{secret}"),
		`failure.kind="bad response" failure.route="GET /workflows/run/{id}" failure.status=200 failure.contentType=application/json ` +
			`failure.place=id failure.cause="id is not that of the run that was asked for"`: answering(200, `{"secret":1}`),
	} {
		_, err := newClient(t, difyapi.Options{Transport: transport}).WorkflowRun(t.Context(), runID)
		failure, _ := asError(err)
		var log strings.Builder
		slog.New(slog.NewTextHandler(&log, nil)).Info("", "failure", failure)
		if !strings.HasSuffix(log.String(), `msg="" `+want+"\n") {
			t.Errorf("the log has %s, want %s", log.String(), want)
		}
	}
}

// calls are one of each endpoint.
var calls = map[string]func(ctx context.Context, c *difyapi.Client) error{
	"/workflows/logs": func(ctx context.Context, c *difyapi.Client) error {
		_, err := c.WorkflowLogs(ctx, difyapi.LogQuery{})
		return err
	},
	"/workflows/run/": func(ctx context.Context, c *difyapi.Client) error { _, err := c.WorkflowRun(ctx, runID); return err },
	"/end-users/":     func(ctx context.Context, c *difyapi.Client) error { _, err := c.EndUser(ctx, userID); return err },
	"/info":           func(ctx context.Context, c *difyapi.Client) error { _, err := c.Info(ctx); return err },
}

// noSuchRoute are 404s in the forms of several servers, Dify's among them.
var noSuchRoute = map[string][]string{
	`<html>`:                 {"Content-Type", "text/html"},
	``:                       nil,
	`{"detail":"Not Found"}`: nil,
	`{"timestamp":"2026-11-23T06:22:53Z","status":404,"error":"Not Found","message":"No message available","path":"/v1/info"}`: nil,
	`{"code":"not_found","message":"The requested URL was not found on the server.","status":404}`:                             {"X-Version", "1.14.2"},
}

// TestNothingAtTheBaseURL: a 404 on every route is a wrong base URL, in whatever form it comes, and no word on a run or an end user.
func TestNothingAtTheBaseURL(t *testing.T) {
	t.Parallel()
	for body, header := range noSuchRoute {
		for path, call := range calls {
			for _, version := range []string{"", "1.14.2"} {
				client := newClient(t, difyapi.Options{Transport: answering(http.StatusNotFound, body, header...), Version: difyapi.ParseVersion(version)})
				for range 2 {
					err := call(t.Context(), client)
					checkReason(t, err, difyapi.IsBadResponse, difyapi.ReasonNoRoute)
					if failure, _ := asError(err); failure.Code != "" || failure.Message != "" || difyapi.IsNotFound(err) || difyapi.IsUnsupported(err) {
						t.Errorf("%s of %s: %v", path, body, err)
					}
				}
			}
		}
	}
}

// TestOneRouteIsMissing: where Dify has an answer elsewhere, it does not have the route. One request tells, once.
func TestOneRouteIsMissing(t *testing.T) {
	t.Parallel()
	for body, header := range noSuchRoute {
		for path, call := range calls {
			if path == "/info" || path == "/workflows/run/" && strings.Contains(body, "not_found") {
				continue // the latter is Dify's word on a run
			}
			var asked []string
			client := newClient(t, difyapi.Options{Version: difyapi.ParseVersion("1.14.2"), Transport: roundTrip(func(req *http.Request) (*http.Response, error) {
				asked = append(asked, req.URL.Path)
				return besideInfo(answering(http.StatusNotFound, body, header...))(req)
			})})
			for range 2 {
				checkReason(t, call(t.Context(), client), difyapi.IsUnsupported, difyapi.ReasonNoSuchRoute)
			}
			if len(asked) != 3 || asked[1] != "/v1/info" {
				t.Errorf("requests %q", asked)
			}
		}
	}
}

// TestMissingDescriptionOfAnApp that has a log: its Dify is at the base URL.
func TestMissingDescriptionOfAnApp(t *testing.T) {
	t.Parallel()
	client := newClient(t, difyapi.Options{Transport: roundTrip(func(req *http.Request) (*http.Response, error) {
		if req.URL.Path == "/v1/info" {
			return response(req, http.StatusNotFound, "<html>", "Content-Type", "text/html"), nil
		}
		return response(req, http.StatusOK, emptyPage), nil
	})})
	_, err := client.Info(t.Context())
	checkReason(t, err, difyapi.IsBadResponse, difyapi.ReasonNoRoute)
	if err := calls["/workflows/logs"](t.Context(), client); err != nil {
		t.Fatal(err)
	}
	_, err = client.Info(t.Context())
	checkReason(t, err, difyapi.IsUnsupported, difyapi.ReasonNoSuchRoute)
}

// TestNoSuchRunOnceDifyIsFound: Dify's word on a run is taken where Dify is known to be.
func TestNoSuchRunOnceDifyIsFound(t *testing.T) {
	t.Parallel()
	requests := 0
	client := newClient(t, difyapi.Options{Version: difyapi.ParseVersion("1.14.2"), Transport: roundTrip(func(req *http.Request) (*http.Response, error) {
		requests++
		if req.URL.Path == "/v1/info" {
			return response(req, http.StatusUnauthorized, `{"code":"unauthorized","message":"Access token is invalid","status":401}`), nil
		}
		return response(req, http.StatusNotFound, `{"code":"not_found","message":"secret","status":404}`), nil
	})})
	for range 2 {
		if _, err := client.WorkflowRun(t.Context(), runID); !difyapi.IsNotFound(err) {
			t.Errorf("%v", err)
		}
	}
	if requests != 3 {
		t.Errorf("%d requests, want 3", requests)
	}
}

// TestAnswersThatAreNotWhole are not said to be another's, and it is said what to mend.
func TestAnswersThatAreNotWhole(t *testing.T) {
	t.Parallel()
	large := `{"data":[],"total":0,"x":"` + strings.Repeat("x", 16<<20) + `"}`
	for _, test := range []struct {
		handler http.HandlerFunc
		want    difyapi.Reason
	}{
		{respond(413, "<html>", "Content-Type", "text/html"), difyapi.ReasonTooLargeForProxy},
		{respond(413, `{"message":"Request Entity Too Large"}`), difyapi.ReasonTooLargeForProxy},
		{respond(414, "<html>", "Content-Type", "text/html"), difyapi.ReasonTooLongForProxy},
		{respond(431, ""), difyapi.ReasonTooLongForProxy},
		{respond(200, large), difyapi.ReasonTooLarge},
		{cut(200, emptyPage), difyapi.ReasonCut},
		{respond(200, emptyPage, "Content-Encoding", "gzip"), difyapi.ReasonGarbled},
		{respond(200, gzipHeader+"\xff\xff\xff", "Content-Encoding", "gzip"), difyapi.ReasonGarbled},
	} {
		_, err := serve(t, test.handler).WorkflowLogs(t.Context(), difyapi.LogQuery{})
		checkReason(t, err, difyapi.IsBadResponse, test.want)
		if reason, _ := errors.AsType[difyapi.Reason](err); !difyapi.IsNotWhole(err) {
			t.Errorf("%s: %v", reason, err)
		}
	}
}

// gzipHeader begins what is compressed by gzip.
const gzipHeader = "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
