package graphqlhttp_test

import (
	"context"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/difygraph/difygraph/internal/graphqlhttp"
)

// TestTooLongDocumentCostsNothing: its length is known at once, so that nothing is done for it that could be charged.
func TestTooLongDocumentCostsNothing(t *testing.T) {
	t.Parallel()
	charged := 0
	server := serve(t, graphqlhttp.Options{
		Limits:        graphqlhttp.Limits{Bytes: 1000},
		ChargeReading: func(_ context.Context, amount int) *gqlerror.Error { charged += amount; return nil },
	})
	got := server.do(t, post(body(t, "{ item { id } }"+strings.Repeat(" ", 1000), nil)))
	if !strings.Contains(got.message(), "1015 bytes; 1000 are allowed") || charged != 0 {
		t.Errorf("charged %d: %s", charged, got.raw)
	}
}
