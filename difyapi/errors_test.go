package difyapi_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"

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
		{difyapi.Error{Kind: 9}, "dify: Kind(9)"},
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
		{io.EOF, "unexpected EOF", "", io.ErrUnexpectedEOF},
		{io.ErrUnexpectedEOF, "unexpected EOF", "the answer is cut: unexpected EOF", io.ErrUnexpectedEOF},
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
