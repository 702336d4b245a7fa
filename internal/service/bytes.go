package service

import (
	"context"

	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/difygraph/difygraph/graph"
	"github.com/difygraph/difygraph/graph/code"
	"github.com/difygraph/difygraph/internal/admission"
	"github.com/difygraph/difygraph/internal/telemetry"
)

// bytesPerPrice is how much of a request costs 1. The first of them are in the request's own price. JSON takes up to 100 µs for that.
const bytesPerPrice = 4 << 10

// readPerPrice is how much of what [graphqlhttp.Options.ChargeReading] is told costs 1. The worst documents take less than 100 µs for
// that, see BenchmarkInvalidDocument. What is less is in the request's own price.
const readPerPrice = 64

// chargeReading takes the price of reading a document, or of an operation's arguments.
func (s *Service) chargeReading(ctx context.Context, amount int) *gqlerror.Error {
	return refusal(ctx, s.process.accounts.Spend(admission.CallerOf(ctx), amount/readPerPrice))
}

// chargeBytes takes the price of a request's size, before it is decoded. What is owed is taken whether the caller has it or not.
func (s *Service) chargeBytes(ctx context.Context, bytes int, owed bool) *gqlerror.Error {
	price, name := (bytes-1)/bytesPerPrice, admission.CallerOf(ctx)
	if price <= 0 {
		return nil
	}
	err := s.process.accounts.Spend(name, price)
	if err != nil && owed {
		s.process.accounts.Settle(name, -price)
	}
	return refusal(ctx, err)
}

// refusal presents why a caller can't pay; nil where it could.
func refusal(ctx context.Context, err error) *gqlerror.Error {
	if err == nil {
		return nil
	}
	telemetry.NoteRefusal(ctx, code.RateLimited)
	return graph.Present(ctx, retry(err))
}
