package difyapi_test

import (
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
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
