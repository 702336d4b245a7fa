package service

import (
	"context"

	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/difygraph/difygraph/graph"
	"github.com/difygraph/difygraph/graph/code"
	"github.com/difygraph/difygraph/internal/admission"
	"github.com/difygraph/difygraph/internal/telemetry"
)

// bytesPerPrice is how much of a request costs 1. The first of them are in the request's own price.
const bytesPerPrice = 16 << 10

// chargeBytes takes the price of a request's size, before it is decoded. What is owed is taken whether the caller has it or not.
func (s *Service) chargeBytes(ctx context.Context, bytes int, owed bool) *gqlerror.Error {
	price, name := (bytes-1)/bytesPerPrice, admission.CallerOf(ctx)
	if price <= 0 {
		return nil
	}
	err := s.process.accounts.Spend(name, price)
	if err == nil {
		return nil
	}
	if owed {
		s.process.accounts.Settle(name, -price)
	}
	telemetry.NoteRefusal(ctx, code.RateLimited)
	return graph.Present(ctx, retry(err))
}
