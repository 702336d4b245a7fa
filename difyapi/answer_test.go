package difyapi_test

import (
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/difygraph/difygraph/difyapi"
)

const htmlPage = "<html><head><title>502 Bad Gateway</title></head><body>nginx at 10.1.2.3</body></html>"

// TestAnswers sorts answers of Dify and of proxies by status, type and form of the body, over real sockets.
func TestAnswers(t *testing.T) {
	t.Parallel()
	status := func(status int, code, message string) difyapi.Error {
		return difyapi.Error{Kind: difyapi.KindStatus, Status: status, Code: code, Message: message}
	}
	bad := func(status int) difyapi.Error {
		return difyapi.Error{Kind: difyapi.KindBadResponse, Status: status}
	}
	tests := map[string]struct {
		handler   http.HandlerFunc
		want      difyapi.Error
		predicate func(error) bool
	}{
		"401":                {respond(401, `{"code":"unauthorized","message":"Access token is invalid","status":401}`), status(401, "unauthorized", "Access token is invalid"), difyapi.IsUnauthorized},
		"403":                {respond(403, `{"code":"forbidden","message":"The app's API service has been disabled.","status":403}`), status(403, "forbidden", "The app's API service has been disabled."), difyapi.IsUnauthorized},
		"403 of a firewall":  {respond(403, htmlPage, "Content-Type", "text/html"), status(403, "", ""), difyapi.IsBadResponse},
		"429":                {respond(429, `{"code":"too_many_requests","message":"Too many requests.","status":429}`), status(429, "too_many_requests", "Too many requests."), difyapi.IsRateLimited},
		"500":                {respond(500, `{"message":"Internal Server Error","code":"unknown","status":500}`), status(500, "unknown", "Internal Server Error"), difyapi.IsUnavailable},
		"500 without body":   {respond(500, ``), status(500, "", ""), difyapi.IsUnavailable},
		"502 HTML":           {respond(502, htmlPage, "Content-Type", "text/html"), status(502, "", ""), difyapi.IsUnavailable},
		"503 lying HTML":     {respond(503, htmlPage), status(503, "", ""), difyapi.IsUnavailable},
		"504 HTML":           {respond(504, htmlPage, "Content-Type", "text/html"), status(504, "", ""), difyapi.IsTimeout},
		"404 HTML":           {respond(404, htmlPage, "Content-Type", "text/html"), status(404, "", ""), difyapi.IsBadResponse},
		"404 text":           {respond(404, `{"code":"x"}`, "Content-Type", "text/plain"), status(404, "", ""), difyapi.IsBadResponse},
		"400 of old servers": {respond(400, `{"errors":{"limit":"Invalid argument: 0."},"message":"Input payload validation failed"}`), status(400, "", "Input payload validation failed"), nil},
		"code of no text":    {respond(400, `{"code":17,"message":"odd","status":400}`), status(400, "", "odd"), nil},
		"error array":        {respond(500, `["unknown"]`), status(500, "", ""), difyapi.IsUnavailable},
		"problem JSON":       {respond(429, `{"code":"slow","message":"down"}`, "Content-Type", "application/problem+json; charset=utf-8"), status(429, "slow", "down"), difyapi.IsRateLimited},
		"error too large":    {respond(500, `{"code":"unknown","message":"`+strings.Repeat("x", 64<<10)+`"}`), status(500, "", ""), difyapi.IsUnavailable},
		"error cut":          {cut(500, `{"code":"unknown","message":"In`), status(500, "", ""), difyapi.IsUnavailable},
		"cut":                {cut(200, emptyPage[:20]), bad(200), difyapi.IsBadResponse},
		"cut whole JSON":     {cut(200, emptyPage), bad(200), difyapi.IsBadResponse},
		"200 HTML":           {respond(200, htmlPage, "Content-Type", "text/html"), bad(200), difyapi.IsBadResponse},
		"200 JSON as text":   {respond(200, emptyPage, "Content-Type", "text/plain"), bad(200), difyapi.IsBadResponse},
		"204":                {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }, bad(204), difyapi.IsBadResponse},
		"206":                {respond(206, emptyPage), bad(206), difyapi.IsBadResponse},
		"not gzip":           {respond(200, emptyPage, "Content-Encoding", "gzip"), bad(200), difyapi.IsBadResponse},
		"too large":          {flood, bad(200), difyapi.IsBadResponse},
		"gzip bomb":          {bomb(200), bad(200), difyapi.IsBadResponse},
		"gzip bomb of 500":   {bomb(500), status(500, "", ""), difyapi.IsUnavailable},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := serve(t, test.handler)
			err := checkCall(t, client, test.want)
			if test.predicate != nil && !test.predicate(err) {
				t.Errorf("the predicate says no to %v", err)
			}
			if strings.Contains(err.Error(), "nginx") || strings.Contains(err.Error(), "127.0.0.1") {
				t.Errorf("the error shows the body or the server: %v", err)
			}
		})
	}
}

// cut is an answer that ends before its declared length.
func cut(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", fmt.Sprint(len(body)+1))
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
}

// flood is an answer without end, as long as somebody reads it.
func flood(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	block := []byte(strings.Repeat(" ", 1<<20))
	for {
		if _, err := w.Write(block); err != nil {
			return
		}
	}
}

// bomb is 64 MiB of blanks in some 64 KB of gzip.
func bomb(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Encoding", "gzip")
		w.WriteHeader(status)
		zipper := gzip.NewWriter(w)
		block := []byte(strings.Repeat(" ", 1<<20))
		for range 64 {
			if _, err := zipper.Write(block); err != nil {
				return
			}
		}
		_ = zipper.Close()
	}
}

func TestGzip(t *testing.T) {
	t.Parallel()
	var asked atomic.Value
	client := serve(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		asked.Store(req.Header.Get("Accept-Encoding"))
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.Header().Set("Content-Encoding", "gzip")
		zipper := gzip.NewWriter(w)
		_, _ = io.WriteString(zipper, emptyPage)
		_ = zipper.Close()
	}))
	if _, err := client.WorkflowLogs(t.Context(), difyapi.LogQuery{}); err != nil {
		t.Error(err)
	}
	if asked.Load() != "gzip" {
		t.Errorf("asked for %q", asked.Load())
	}
}

// TestRedirectNotFollowed holds that the key does not go where a redirect points.
func TestRedirectNotFollowed(t *testing.T) {
	t.Parallel()
	for _, status := range []int{301, 302, 303, 307, 308} {
		for _, location := range []string{"/v1/elsewhere", "https://elsewhere.test/", "%zz", ""} {
			var calls atomic.Int32
			client := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				calls.Add(1)
				w.Header().Set("Location", location)
				w.WriteHeader(status)
			}))
			err := checkCall(t, client, difyapi.Error{Kind: difyapi.KindBadResponse, Status: status})
			if calls.Load() != 1 || strings.Contains(err.Error(), "elsewhere") {
				t.Errorf("%d to %q: %d calls, %v", status, location, calls.Load(), err)
			}
		}
	}
}

// TestVersionOfAnyAnswer holds that errors tell the version, too.
func TestVersionOfAnyAnswer(t *testing.T) {
	t.Parallel()
	for _, handler := range []http.HandlerFunc{
		respond(200, emptyPage, "X-Version", "1.13.3"),
		respond(401, `{"code":"unauthorized"}`, "X-Version", "1.13.3"),
		respond(404, htmlPage, "X-Version", "1.13.3", "Content-Type", "text/html"),
		respond(200, `nonsense`, "X-Version", "1.13.3"),
	} {
		client := serve(t, handler)
		_, _ = client.WorkflowLogs(t.Context(), difyapi.LogQuery{})
		if got := client.Version(); got != difyapi.ParseVersion("1.13.3") {
			t.Errorf("version %q", got)
		}
	}
}

// checkCall makes a call, and compares what fails of it with the exported fields of want.
func checkCall(t *testing.T, client *difyapi.Client, want difyapi.Error) error {
	t.Helper()
	page, err := client.WorkflowLogs(t.Context(), difyapi.LogQuery{})
	got, ok := asError(err)
	if !ok || page != nil {
		t.Fatalf("page %v, error %v (%T), want an Error", page, err, err)
	}
	if got.Kind != want.Kind || got.Status != want.Status || got.Code != want.Code || got.Message != want.Message {
		t.Errorf("got  %v %d %q %q\nwant %v %d %q %q", got.Kind, got.Status, got.Code, got.Message, want.Kind, want.Status, want.Code, want.Message)
	}
	return err
}

// endlessBody gives blanks without end, and counts what is taken of it.
type endlessBody struct {
	read   int64
	closed bool
}

func (b *endlessBody) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	b.read += int64(len(p))
	return len(p), nil
}

func (b *endlessBody) Close() error {
	b.closed = true
	return nil
}

// TestBodiesAreBoundedAndClosed holds how much is read of a body that does not end, whatever it is the body of.
func TestBodiesAreBoundedAndClosed(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		status      int
		contentType string
		most        int64
		says        string
	}{
		"page":      {200, "application/json", 16 << 20, "200: " + string(difyapi.ReasonTooLarge)},
		"HTML":      {200, "text/html", 64 << 10, "200: an answer that is not JSON"},
		"redirect":  {302, "text/html", 64 << 10, "302: a redirect, which is not followed"},
		"error":     {400, "application/json", 64 << 10, "error status 400: a refusal that Dify did not write, as from a proxy or a firewall"},
		"HTML of 5": {502, "text/html", 64 << 10, "error status 502"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body := &endlessBody{}
			client := newClient(t, difyapi.Options{Transport: roundTrip(func(req *http.Request) (*http.Response, error) {
				resp := response(req, test.status, "", "Content-Type", test.contentType)
				resp.Body = body
				return resp, nil
			})})
			_, err := client.WorkflowLogs(t.Context(), difyapi.LogQuery{})
			if err == nil || !strings.HasSuffix(err.Error(), test.says) {
				t.Errorf("the error says %v", err)
			}
			// One byte more tells that there is more.
			if body.read > test.most+1 {
				t.Errorf("read %d bytes", body.read)
			}
			if !body.closed {
				t.Error("the body was not closed")
			}
		})
	}
}

// TestBodyIsClosed holds the same for a body that ends, and is taken; and that the timer of the call ends with it.
func TestBodyIsClosed(t *testing.T) {
	t.Parallel()
	closed := false
	var ctx context.Context
	client := newClient(t, difyapi.Options{Transport: roundTrip(func(req *http.Request) (*http.Response, error) {
		ctx = req.Context()
		resp := response(req, http.StatusOK, emptyPage)
		resp.Body = closer{resp.Body, &closed}
		return resp, nil
	})})
	if _, err := client.WorkflowLogs(t.Context(), difyapi.LogQuery{}); err != nil || !closed {
		t.Errorf("closed %v, error %v", closed, err)
	}
	if ctx.Err() == nil {
		t.Error("the call's context is still alive")
	}
}

type closer struct {
	io.Reader
	closed *bool
}

func (c closer) Close() error {
	*c.closed = true
	return nil
}

// TestRequestsThatNetHTTPSendsAgainCount: a connection that was kept and is dead makes net/http send a GET again.
func TestRequestsThatNetHTTPSendsAgainCount(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		last     http.HandlerFunc
		answered bool
	}{
		"answer":    {respond(http.StatusOK, emptyPage), true},
		"status":    {respond(http.StatusInternalServerError, ""), false},
		"nonsense":  {respond(http.StatusOK, "[]"), false},
		"no answer": {abort, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var arrived atomic.Int32
			client := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				[]http.HandlerFunc{respond(http.StatusOK, emptyPage), abort, test.last}[arrived.Add(1)-1](w, r)
			}))
			if page, err := client.WorkflowLogs(t.Context(), difyapi.LogQuery{}); err != nil || page.Requests != 1 {
				t.Fatalf("first call: %+v, %v", page, err)
			}
			page, err := client.WorkflowLogs(t.Context(), difyapi.LogQuery{})
			if got := requestsOf(page, err); got != 2 || arrived.Load() != 3 || (err == nil) != test.answered {
				t.Errorf("%d requests, %d arrived with the first call's, error %v", got, arrived.Load(), err)
			}
		})
	}
}

// abort closes the connection without an answer.
func abort(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

func requestsOf(page *difyapi.LogPage, err error) int {
	if failure, ok := asError(err); ok {
		return failure.Requests
	}
	return page.Requests
}

// TestRequestThatFindsNoServerCounts, whatever stands for the network, and one that was never made does not.
func TestRequestThatFindsNoServerCounts(t *testing.T) {
	t.Parallel()
	unreachable := roundTrip(func(*http.Request) (*http.Response, error) { return nil, net.ErrClosed })
	_, err := newClient(t, difyapi.Options{Transport: unreachable}).WorkflowLogs(t.Context(), difyapi.LogQuery{})
	if got := requestsOf(nil, err); got != 1 {
		t.Errorf("%d requests: %v", got, err)
	}
	old := newClient(t, difyapi.Options{Transport: unreachable, Version: difyapi.ParseVersion("1.12.0")})
	_, err = old.EndUser(t.Context(), "fb47b2e6-5e43-4f90-be01-d5c5a088d156")
	if got := requestsOf(nil, err); got != 0 || !difyapi.IsUnsupported(err) {
		t.Errorf("%d requests: %v", got, err)
	}
}

// TestRequestsOfTimeout: a call that took too long was made.
func TestRequestsOfTimeout(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	t.Cleanup(server.Close)
	client := newClient(t, difyapi.Options{BaseURL: server.URL, Timeout: 1, Transport: difyapi.NewTransport()})
	_, err := client.WorkflowLogs(t.Context(), difyapi.LogQuery{})
	if got := requestsOf(nil, err); got != 1 || !difyapi.IsTimeout(err) {
		t.Errorf("%d requests: %v", got, err)
	}
}
