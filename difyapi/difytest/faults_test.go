package difytest_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/difygraph/difygraph/difyapi/difytest"
)

// TestFaultOfOneRoute: a fault may look at what is asked for.
func TestFaultOfOneRoute(t *testing.T) {
	t.Parallel()
	dify, app := newApp(difytest.Options{})
	row := app.Insert(difytest.Row{Run: &difytest.Run{}, EndUser: &difytest.EndUser{SessionID: "s"}})[0]
	dify.SetFault(func(r *http.Request) *difytest.Fault {
		if route, id := difytest.RouteOf(r.URL.Path); route == difytest.RunRoute && id == row.Run.ID.String() {
			return difytest.UnknownError()
		}
		return nil
	})
	for target, want := range map[string]int{
		runPath + row.Run.ID.String(): 500, endUserPath + row.EndUser.ID.String(): 200, "/v1/workflows/logs": 200,
	} {
		if got := get(dify, "app-test", target).Code; got != want {
			t.Errorf("%s: %d, want %d", target, got, want)
		}
	}
}

func TestFaultsThatAnswer(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		fault       *difytest.Fault
		status      int
		contentType string
		text        string
		byDify      bool
	}{
		"too many requests":     {difytest.TooManyRequests(), 429, "application/json", `"too_many_requests"`, true},
		"rate limit":            {difytest.RateLimitError(), 429, "application/json", `"rate_limit_error"`, true},
		"unknown error":         {difytest.UnknownError(), 500, "application/json", `"code": "unknown"`, true},
		"internal server error": {difytest.InternalServerError(), 500, "application/json", `"internal_server_error"`, true},
		"unauthorized":          {difytest.Unauthorized(), 401, "application/json", `"unauthorized"`, true},
		"forbidden":             {difytest.Forbidden(), 403, "application/json", `"forbidden"`, true},
		"not found page":        {difytest.NotFoundPage(), 404, "text/html; charset=utf-8", "<h1>Not Found</h1>", true},
		"bad gateway":           {difytest.BadGateway(), 502, "text/html", "502 Bad Gateway", false},
		"service unavailable":   {difytest.ServiceUnavailable(), 503, "text/html", "503", false},
		"gateway timeout":       {difytest.GatewayTimeout(), 504, "text/html", "504 Gateway Time-out", false},
		"login page":            {difytest.LoginPage(), 200, "text/html", "Sign in", false},
		"object":                {difytest.Nonsense("{}"), 200, "application/json", "{}", true},
		"array":                 {difytest.Nonsense("[]"), 200, "application/json", "[]", true},
		"nothing":               {difytest.Nonsense(""), 200, "application/json", "", true},
		"rewritten": {
			difytest.Rewrite(func(body []byte) []byte { return bytes.ReplaceAll(body, []byte("total"), []byte("sum")) }),
			200, "application/json", `"sum": 0`, true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dify, _ := newApp(difytest.Options{})
			dify.FailNext(test.fault)
			got := get(dify, "app-test", "/v1/workflows/logs")
			if got.Code != test.status || got.Header().Get("Content-Type") != test.contentType || !strings.Contains(got.Body.String(), test.text) {
				t.Errorf("%d %s %s", got.Code, got.Header(), got.Body)
			}
			if (got.Header().Get("X-Version") != "") != test.byDify {
				t.Errorf("headers %v", got.Header())
			}
			if authenticate := got.Header().Get("WWW-Authenticate"); (authenticate != "") != (test.status == 401) {
				t.Errorf("WWW-Authenticate %q", authenticate)
			}
			if requests := dify.Requests(); requests[0].Status != test.status {
				t.Errorf("request noted as %v", requests)
			}
			logs(t, dify, "") // one fault is for one request
		})
	}
}

func TestFaultsOfTheConnection(t *testing.T) {
	t.Parallel()
	dify, _ := newApp(difytest.Options{})
	server := httptest.NewServer(dify)
	t.Cleanup(server.Close)
	ask := func(ctx context.Context) (*http.Response, []byte, error) {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+"/v1/workflows/logs", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer app-test")
		response, err := server.Client().Do(request)
		if err != nil {
			return nil, nil, err
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		return response, body, err
	}

	for _, fault := range []*difytest.Fault{difytest.CutBody(), difytest.BadGateway().Cut()} {
		dify.FailNext(fault)
		response, body, err := ask(t.Context())
		if !errors.Is(err, io.ErrUnexpectedEOF) || len(body) == 0 || int64(len(body)) >= response.ContentLength {
			t.Errorf("cut: %d of %v bytes, %v", len(body), response, err)
		}
	}
	dify.SetFault(func(*http.Request) *difytest.Fault { return difytest.CloseConnection() })
	if _, _, err := ask(t.Context()); err == nil {
		t.Error("an answer although the connection was closed")
	}
	dify.SetFault(nil)
	if response, _, err := ask(t.Context()); err != nil || response.StatusCode != http.StatusOK {
		t.Errorf("after the faults: %v, %v", response, err)
	}
}

// call asks within a context and gives the time that it took.
func call(ctx context.Context, dify *difytest.Server) (code int, took time.Duration, aborted bool) {
	start := time.Now()
	recorder := httptest.NewRecorder()
	request := httptest.NewRequestWithContext(ctx, http.MethodGet, "/v1/workflows/logs", nil)
	request.Header.Set("Authorization", "Bearer app-test")
	defer func() {
		took = time.Since(start)
		err, _ := recover().(error)
		aborted = errors.Is(err, http.ErrAbortHandler)
	}()
	dify.ServeHTTP(recorder, request)
	return recorder.Code, 0, false
}

func TestFaultsOfTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		dify, _ := newApp(difytest.Options{})
		short, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()

		dify.FailNext(difytest.Delay(time.Second), difytest.BadGateway().After(3*time.Second))
		if code, took, _ := call(t.Context(), dify); code != http.StatusOK || took != time.Second {
			t.Errorf("delay: %d after %v", code, took)
		}
		if code, took, _ := call(t.Context(), dify); code != http.StatusBadGateway || took != 3*time.Second {
			t.Errorf("slow gateway: %d after %v", code, took)
		}
		if _, took, aborted := call(short, dify); took != 0 || !aborted {
			t.Errorf("a client that has left: %v, aborted %t", took, aborted)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		dify, _ := newApp(difytest.Options{})
		for _, fault := range []*difytest.Fault{difytest.Hang(), difytest.Delay(time.Minute)} {
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			dify.FailNext(fault)
			if _, took, aborted := call(ctx, dify); took != 2*time.Second || !aborted {
				t.Errorf("%+v: left after %v, aborted %t", fault, took, aborted)
			}
			cancel()
		}
	})
}

func TestQueueComesBeforeChoice(t *testing.T) {
	t.Parallel()
	dify, _ := newApp(difytest.Options{})
	dify.SetFault(func(r *http.Request) *difytest.Fault {
		if r.URL.Path == "/v1/info" {
			return difytest.Forbidden()
		}
		return nil
	})
	dify.FailNext(nil, difytest.BadGateway())
	for i, want := range []int{200, 502, 403} {
		if got := get(dify, "app-test", "/v1/info").Code; got != want {
			t.Errorf("request %d: %d, want %d", i, got, want)
		}
	}
	logs(t, dify, "")
}
