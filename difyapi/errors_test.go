package difyapi_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/difygraph/difygraph/difyapi"
)

func asError(err error) (*difyapi.Error, bool) {
	return errors.AsType[*difyapi.Error](err)
}

// TestPredicatesExclude holds that of the predicates never two say yes, and which one does.
func TestPredicatesExclude(t *testing.T) {
	t.Parallel()
	predicates := map[string]func(error) bool{
		"unauthorized":      difyapi.IsUnauthorized,
		"rate limited":      difyapi.IsRateLimited,
		"timeout":           difyapi.IsTimeout,
		"unavailable":       difyapi.IsUnavailable,
		"bad response":      difyapi.IsBadResponse,
		"not found":         difyapi.IsNotFound,
		"unsupported":       difyapi.IsUnsupported,
		"overloaded":        difyapi.IsOverloaded,
		"account not found": func(err error) bool { return difyapi.IsAccountNotFound(err, "a@example.com") },
	}
	status := func(status int, message string) error {
		return &difyapi.Error{Kind: difyapi.KindStatus, Status: status, Message: message}
	}
	coded := func(status int) error {
		return &difyapi.Error{Kind: difyapi.KindStatus, Status: status, Code: "forbidden", Message: "a@example.com"}
	}
	archived := &difyapi.Error{Kind: difyapi.KindStatus, Status: 400, Code: "invalid_param", Message: "'archived' is not a valid AppStatus"}
	tests := []struct {
		err  error
		want string
	}{
		{nil, ""},
		{errors.New("another"), ""},
		{&difyapi.Error{}, ""},
		{status(400, "bad"), ""},
		{status(400, ""), "bad response"},
		{status(400, "'archived' is not a valid AppStatus"), ""},
		{archived, "unauthorized"},
		{&difyapi.Error{Kind: difyapi.KindStatus, Status: 400, Code: "invalid_param", Message: "'a@example.com' is not a valid AppStatus"}, "unauthorized"},
		{&difyapi.Error{Kind: difyapi.KindStatus, Status: 400, Code: "invalid_param", Message: "ISO time too short"}, ""},
		{&difyapi.Error{Kind: difyapi.KindStatus, Status: 400, Code: "invalid_param"}, ""},
		{status(400, "Account not found: a@example.com"), "account not found"},
		{status(500, "Account not found: a@example.com"), "unavailable"},
		{status(401, ""), "bad response"},
		{status(403, "a@example.com"), "bad response"},
		{coded(401), "unauthorized"},
		{coded(403), "unauthorized"},
		{status(404, ""), "bad response"},
		{status(404, "not found"), "bad response"},
		{status(405, "a@example.com"), "bad response"},
		{status(407, ""), "bad response"},
		{status(408, ""), "bad response"},
		{status(410, ""), "bad response"},
		{status(413, ""), "bad response"},
		{status(421, ""), "bad response"},
		{status(499, ""), "bad response"},
		{status(429, ""), "rate limited"},
		{status(500, ""), "unavailable"},
		{status(503, ""), "unavailable"},
		{status(504, ""), "timeout"},
		{status(599, ""), "unavailable"},
		{&difyapi.Error{Kind: difyapi.KindTimeout, Status: 200}, "timeout"},
		{&difyapi.Error{Kind: difyapi.KindUnavailable}, "unavailable"},
		{&difyapi.Error{Kind: difyapi.KindBadResponse, Status: 200}, "bad response"},
		{&difyapi.Error{Kind: difyapi.KindBadResponse, Status: 302}, "bad response"},
		{&difyapi.Error{Kind: difyapi.KindNotFound, Status: 404, Code: "not_found"}, "not found"},
		{&difyapi.Error{Kind: difyapi.KindNotFound, Status: 200}, "not found"},
		{&difyapi.Error{Kind: difyapi.KindUnsupported, Status: 404}, "unsupported"},
		{&difyapi.Error{Kind: difyapi.KindUnsupported}, "unsupported"},
		{&difyapi.Error{Kind: difyapi.KindOverloaded}, "overloaded"},
	}
	for _, test := range tests {
		for name, predicate := range predicates {
			wrapped := test.err
			if wrapped != nil {
				wrapped = fmt.Errorf("wrapped: %w", test.err)
			}
			if got := predicate(wrapped); got != (name == test.want) {
				t.Errorf("%v is %s: %v", test.err, name, got)
			}
		}
	}
	if difyapi.IsAccountNotFound(status(400, "anything"), "") {
		t.Error("no e-mail is in every message")
	}
}

func TestErrorText(t *testing.T) {
	t.Parallel()
	tests := []struct {
		err  difyapi.Error
		want string
	}{
		{difyapi.Error{Kind: difyapi.KindTimeout}, "dify: timeout"},
		{difyapi.Error{Kind: difyapi.KindStatus, Status: 400, Code: "invalid_param", Message: "two\nlines"}, `dify: error status 400 "invalid_param": "two\nlines"`},
		{difyapi.Error{Kind: difyapi.KindStatus, Status: 500, Message: strings.Repeat("京", 101)}, `dify: error status 500: "` + strings.Repeat("京", 100) + `…"`},
		{difyapi.Error{Kind: difyapi.KindStatus, Status: 500, Message: strings.Repeat("a", 299) + "京"}, `dify: error status 500: "` + strings.Repeat("a", 299) + `…"`},
		{difyapi.Error{Kind: difyapi.KindNotFound, Status: 200}, "dify: not found 200"},
		{difyapi.Error{Kind: difyapi.KindUnsupported, Status: 404}, "dify: unsupported 404"},
		{difyapi.Error{Kind: difyapi.KindOverloaded}, "dify: overloaded"},
		{difyapi.Error{Kind: difyapi.KindStreamsInUse}, "dify: streams in use"},
		{difyapi.Error{Kind: difyapi.KindSilent, Status: 200}, "dify: silent 200"},
		{difyapi.Error{Kind: 99}, "dify: Kind(99)"},
	}
	for _, test := range tests {
		if got := test.err.Error(); got != test.want {
			t.Errorf("got  %s\nwant %s", got, test.want)
		}
	}
}

// TestRefusedConnection holds that the reason stays, and the address goes.
func TestRefusedConnection(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	transport := difyapi.NewTransport()
	err = checkError(t, difyapi.Options{BaseURL: "http://" + address, Transport: transport}, difyapi.Error{Kind: difyapi.KindUnavailable})
	if !errors.Is(err, syscall.ECONNREFUSED) || !difyapi.IsUnavailable(err) {
		t.Errorf("error %v", err)
	}
	if got := err.Error(); got != "dify: GET /workflows/logs: unavailable: connection refused" {
		t.Errorf("the error says %s", got)
	}
}

// brokenBody is a body whose connection fails at once.
type brokenBody struct{ err error }

func (b brokenBody) Read([]byte) (int, error) { return 0, b.err }
func (b brokenBody) Close() error             { return nil }

// TestCauses holds what stays of an error of the network, before and within an answer.
func TestCauses(t *testing.T) {
	t.Parallel()
	reset := &net.OpError{Op: "read", Net: "tcp", Addr: &net.TCPAddr{}, Err: syscall.ECONNRESET}
	lookup := &net.DNSError{Err: "no such host", Name: secretHost}
	tests := []struct {
		err          error
		before, with string // "" where such an error cannot come with a body
		is           error
	}{
		{reset, "connection reset by peer", "the answer is cut: connection reset by peer", syscall.ECONNRESET},
		{io.EOF, "the connection was closed without an answer: unexpected EOF", "", io.ErrUnexpectedEOF},
		{io.ErrUnexpectedEOF, "the connection was closed without an answer: unexpected EOF", "the answer is cut: unexpected EOF", io.ErrUnexpectedEOF},
		{lookup, "the host name cannot be resolved", "", nil},
		{errors.New("secret"), "no answer", "the answer is cut: unexpected EOF", nil},
	}
	for _, test := range tests {
		err := checkError(t, difyapi.Options{Transport: roundTrip(func(*http.Request) (*http.Response, error) {
			return nil, test.err
		})}, difyapi.Error{Kind: difyapi.KindUnavailable})
		checkCause(t, err, "unavailable: "+test.before, test.is)
		if test.with == "" {
			continue
		}
		err = checkError(t, difyapi.Options{Transport: roundTrip(func(req *http.Request) (*http.Response, error) {
			resp := response(req, http.StatusOK, "")
			resp.Body = brokenBody{test.err}
			return resp, nil
		})}, difyapi.Error{Kind: difyapi.KindBadResponse, Status: http.StatusOK})
		checkCause(t, err, "bad response 200: "+test.with, test.is)
	}
}

func checkCause(t *testing.T, err error, text string, cause error) {
	t.Helper()
	if err.Error() != "dify: GET /workflows/logs: "+text {
		t.Errorf("the error says %v, want %s", err, text)
	}
	if cause != nil && !errors.Is(err, cause) {
		t.Errorf("%v is not %v", err, cause)
	}
}

// secretHost and testKey are what no text of the package may have in it.
const secretHost = "hidden-host.test"

// texts are all forms in which a value may end in a log.
func texts(t *testing.T, value any) []string {
	t.Helper()
	var forms []string
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		forms = append(forms, fmt.Sprintf(verb, value), fmt.Sprintf(verb, []any{value}))
	}
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("text", "value", value)
	slog.New(slog.NewJSONHandler(&log, nil)).Info("json", "value", value, "nested", struct{ V any }{value})
	marshalled, _ := json.Marshal(value)
	return append(forms, log.String(), string(marshalled))
}

func checkSecrecy(t *testing.T, value any, secrets ...string) {
	t.Helper()
	for _, text := range texts(t, value) {
		for _, secret := range secrets {
			if strings.Contains(text, secret) || strings.Contains(text, fmt.Sprintf("%x", secret)) {
				t.Errorf("%T shows %s: %s", value, secret, text)
			}
		}
	}
}

func TestValuesHideSecrets(t *testing.T) {
	t.Parallel()
	opts := difyapi.Options{BaseURL: "https://" + secretHost + "/v1", APIKey: testKey, Timeout: time.Second}
	client, err := difyapi.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]any{
		"options":            opts,
		"options by pointer": &opts,
		"client":             client,
		"client in a struct": struct{ client *difyapi.Client }{client},
		"client in a slice":  []*difyapi.Client{client},
		"client pointer":     &client,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			checkSecrecy(t, value, testKey, secretHost)
		})
	}
	// A client is not to be copied, but whoever does shows no key either.
	checkSecrecy(t, reflect.ValueOf(client).Elem().Interface(), testKey)
}

// TestErrorsHideSecrets lets calls fail in every way, the errors of the network and the answers repeating what was sent.
func TestErrorsHideSecrets(t *testing.T) {
	t.Parallel()
	echo := fmt.Sprintf("you sent Bearer %s", testKey)
	failing := func(err error) roundTrip {
		return func(*http.Request) (*http.Response, error) { return nil, err }
	}
	where := &url.Error{Op: "Get", URL: "https://" + secretHost + "/v1", Err: errors.New(echo)}
	tests := map[string]http.RoundTripper{
		"network":         failing(where),
		"certificate":     failing(x509.HostnameError{Certificate: &x509.Certificate{}, Host: secretHost}),
		"401":             answering(401, `{"code":"`+testKey+`","message":"`+echo+`"}`),
		"500 HTML":        answering(500, "<p>"+echo+" to "+secretHost, "Content-Type", "text/html"),
		"redirect":        answering(302, echo, "Location", "https://"+secretHost+"/"+testKey),
		"syntax":          answering(200, `{"`+testKey+`":{"`+secretHost+`":`),
		"type":            answering(200, `{"total":"`+testKey+secretHost+`","data":[]}`),
		"duplicate names": answering(200, `{"`+testKey+`":1,"`+testKey+`":2}`),
		"id":              answering(200, pageOf(`{"id":"`+testKey+`"}`)),
		"type of content": answering(200, emptyPage, "Content-Type", testKey),
		"404":             answering(404, `{"code":"not_found","message":"`+echo+`"}`),
		"500 of 1.13.0":   answering(500, `{"code":"unknown","message":"`+echo+`"}`, "X-Version", "1.13.0"),
		"type of time":    answering(200, `{"id":"`+testKey+`","created_at":"`+testKey+`","data":"`+testKey+`"}`),
	}
	for name, transport := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := newClient(t, difyapi.Options{BaseURL: "https://" + secretHost + "/v1", Transport: transport})
			_, logs := client.WorkflowLogs(t.Context(), difyapi.LogQuery{})
			_, run := client.WorkflowRun(t.Context(), runID)
			_, endUser := client.EndUser(t.Context(), userID)
			for _, err := range []error{logs, run, endUser} {
				checkErrorSecrecy(t, err)
			}
		})
	}
}

// TestRealNetworkErrorsHideSecrets does the same with errors as net and tls write them.
func TestRealNetworkErrorsHideSecrets(t *testing.T) {
	t.Parallel()
	server := httptest.NewTLSServer(respond(200, emptyPage))
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	t.Cleanup(server.Close)
	transport := difyapi.NewTransport()
	for name, base := range map[string]string{
		"untrusted certificate": server.URL,
		"HTTP to HTTPS":         strings.Replace(server.URL, "https", "http", 1),
	} {
		client := newClient(t, difyapi.Options{BaseURL: base, Transport: transport})
		_, err := client.WorkflowLogs(t.Context(), difyapi.LogQuery{})
		checkErrorSecrecy(t, err)
		if err != nil && strings.Contains(err.Error(), "127.0.0.1") {
			t.Errorf("%s: the error shows the address: %v", name, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	client := newClient(t, difyapi.Options{BaseURL: "http://" + secretHost})
	_, err := client.WorkflowLogs(ctx, difyapi.LogQuery{})
	checkErrorSecrecy(t, err)
}

// checkErrorSecrecy looks at an error and at all that it wraps.
func checkErrorSecrecy(t *testing.T, err error) {
	t.Helper()
	if err == nil {
		t.Error("no error")
	}
	for ; err != nil; err = errors.Unwrap(err) {
		checkSecrecy(t, err, testKey, secretHost)
	}
}

// TestErrorsAreNotChangedOnceReturned: what ends a call may be the error of another, which somebody else reads meanwhile.
func TestErrorsAreNotChangedOnceReturned(t *testing.T) {
	t.Parallel()
	id := uuid.NewString()
	for name, call := range map[string]func(context.Context, *difyapi.Client) error{
		"info": func(ctx context.Context, c *difyapi.Client) error { _, err := c.Info(ctx); return err },
		"logs": func(ctx context.Context, c *difyapi.Client) error {
			_, err := c.WorkflowLogs(ctx, difyapi.LogQuery{})
			return err
		},
		"run":      func(ctx context.Context, c *difyapi.Client) error { _, err := c.WorkflowRun(ctx, id); return err },
		"end user": func(ctx context.Context, c *difyapi.Client) error { _, err := c.EndUser(ctx, id); return err },
	} {
		for _, theirs := range []difyapi.Error{
			{Kind: difyapi.KindUnavailable, Requests: 7},
			{Kind: difyapi.KindStatus, Status: http.StatusInternalServerError, Code: "unknown", Requests: 7},
			{Kind: difyapi.KindStatus, Status: http.StatusNotFound, Code: "not_found", Requests: 7},
			{Kind: difyapi.KindStatus, Status: http.StatusNotFound, Code: "end_user_not_found", Requests: 7},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				cause := theirs
				ctx, end := context.WithCancelCause(t.Context())
				client := newClient(t, difyapi.Options{
					Resilience: difyapi.Resilience{Retries: 2, Breaker: true},
					Transport: roundTrip(func(*http.Request) (*http.Response, error) {
						end(&cause)
						return nil, &cause
					}),
				})
				if err := call(ctx, client); !errors.Is(err, context.Canceled) || !errors.Is(err, &cause) {
					t.Errorf("got %v", err)
				}
				if cause != theirs {
					t.Errorf("the other call's error has become %+v", cause)
				}
			})
		}
	}
}
