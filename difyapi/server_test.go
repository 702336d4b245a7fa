package difyapi_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/difygraph/difygraph/difyapi"
)

const testKey = "app-not-a-real-key"

// emptyPage is the smallest body that is a page of the API, whatever the limit was.
const emptyPage = `{"total":0,"has_more":false,"data":[]}`

// serve starts a server on a real socket, and a client with a transport of its own for it.
func serve(t *testing.T, handler http.Handler) *difyapi.Client {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	transport := difyapi.NewTransport()
	t.Cleanup(transport.CloseIdleConnections)
	return newClient(t, difyapi.Options{BaseURL: server.URL + "/v1", Transport: transport})
}

func newClient(t testing.TB, opts difyapi.Options) *difyapi.Client {
	t.Helper()
	if opts.BaseURL == "" {
		opts.BaseURL = "http://dify.test/v1"
	}
	opts.APIKey = testKey
	client, err := difyapi.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// roundTrip is a transport without a network.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(req *http.Request) (*http.Response, error) {
	return f(req)
}

// answering is a transport that gives the same answer to every request.
func answering(status int, body string, header ...string) roundTrip {
	return func(req *http.Request) (*http.Response, error) {
		return response(req, status, body, header...), nil
	}
}

// besideInfo answers so, but for GET /info as Dify does.
func besideInfo(other http.RoundTripper) roundTrip {
	return func(req *http.Request) (*http.Response, error) {
		if strings.HasSuffix(req.URL.Path, "/info") {
			return response(req, http.StatusOK, `{"name":"Echo","tags":[]}`), nil
		}
		return other.RoundTrip(req)
	}
}

// response makes an answer of JSON, unless a header of name and value pairs says another type.
func response(req *http.Request, status int, body string, header ...string) *http.Response {
	h := http.Header{"Content-Type": {"application/json"}}
	for i := 0; i+1 < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body)), Request: req}
}

// respond makes a handler of one answer.
func respond(status int, body string, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// TestOverload: where Dify does not answer, calls pile up to a bound, beyond which they fail at once and are not sent.
func TestOverload(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const places = 3
		var sent sync.Map
		client := newClient(t, difyapi.Options{MaxInFlight: places, Timeout: time.Hour, Transport: roundTrip(func(req *http.Request) (*http.Response, error) {
			sent.Store(req, true)
			<-req.Context().Done()
			return nil, req.Context().Err()
		})})
		ctx, cancel := context.WithCancel(t.Context())
		var calls sync.WaitGroup
		for range places + difyapi.MaxWaiting {
			calls.Go(func() {
				if _, err := client.Info(ctx); !errors.Is(err, context.Canceled) || difyapi.IsOverloaded(err) {
					t.Errorf("a call that could wait: %v", err)
				}
			})
		}
		synctest.Wait()
		began := time.Now()
		_, err := client.Info(difyapi.WithCaller(ctx, "another"))
		if !difyapi.IsOverloaded(err) || err.Error() != "dify: GET /info: overloaded" || time.Since(began) > 0 {
			t.Errorf("a call too many: %v after %v", err, time.Since(began))
		}
		cancel()
		calls.Wait()
		n := 0
		sent.Range(func(any, any) bool { n++; return true })
		if n != places {
			t.Errorf("%d calls were sent, want %d", n, places)
		}
	})
}

// TestCallsSideBySide: never more than MaxInFlight, and no fewer where more are wanted.
func TestCallsSideBySide(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		underWay, most := 0, 0
		client := newClient(t, difyapi.Options{MaxInFlight: 5, ConnectionsPerServer: 10, Transport: roundTrip(func(req *http.Request) (*http.Response, error) {
			mu.Lock()
			underWay++
			most = max(most, underWay)
			mu.Unlock()
			time.Sleep(time.Second)
			mu.Lock()
			underWay--
			mu.Unlock()
			return response(req, http.StatusOK, emptyPage), nil
		})})
		began := time.Now()
		var calls sync.WaitGroup
		for range 51 {
			calls.Go(func() {
				if _, err := client.WorkflowLogs(t.Context(), difyapi.LogQuery{}); err != nil {
					t.Error(err)
				}
			})
		}
		calls.Wait()
		if took := time.Since(began); most != 5 || took != 11*time.Second {
			t.Errorf("%d at once, %v for 51 calls of a second, want 5 and 11 s", most, took)
		}
	})
}
