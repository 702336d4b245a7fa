package difyapi_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/difygraph/difygraph/difyapi"
)

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
