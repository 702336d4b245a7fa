package httpserver

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
)

// TestProbeEnds: a server that takes connections and says nothing is no healthy one.
func TestProbeEnds(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	silent := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	}))
	t.Cleanup(silent.Close)
	if err := probe(ctx, silent.URL); err == nil {
		t.Error("healthy")
	}
}
