// Package admission decides which operations are executed now: each caller has an income to spend, and only so many
// operations are under way at once.
package admission

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/maypok86/otter/v2"
	"golang.org/x/time/rate"
)

// Options bound what is admitted.
type Options struct {
	// Income is what a caller may spend in a second, Savings what it may have put by, at least the price of the dearest
	// operation.
	Income, Savings int
	// Operations is how many operations are executed at once.
	Operations int
}

// Gate admits operations. It is safe for concurrent use.
type Gate struct {
	options  Options
	accounts *otter.Cache[string, *rate.Limiter]
	underWay atomic.Int64
}

// maxCallers bounds the accounts that are kept. One that has not been used for as long as it takes to fill it is as good as
// a new one.
const maxCallers = 100_000

// New makes a gate. It is to be closed.
func New(o Options) *Gate {
	full := time.Duration(float64(o.Savings) / float64(o.Income) * float64(time.Second))
	return &Gate{options: o, accounts: otter.Must(&otter.Options[string, *rate.Limiter]{
		MaximumSize:      maxCallers,
		ExpiryCalculator: otter.ExpiryAccessing[string, *rate.Limiter](full + time.Second),
	})}
}

// Close ends what the gate does in the background.
func (g *Gate) Close() { g.accounts.StopAllGoroutines() }

// RateError says that a caller has spent too much.
type RateError struct {
	// After is when it can pay, unless it spends elsewhere.
	After time.Duration
}

func (e *RateError) Error() string { return fmt.Sprintf("spent too much; try again in %v", e.After) }

// OverloadError says that too many operations are under way.
type OverloadError struct{ Limit int }

func (e *OverloadError) Error() string { return fmt.Sprintf("%d operations are under way", e.Limit) }

// Spend takes a price from the caller of the context, or says when it will have it. What is dearer than the savings is never
// affordable; the gate's owner refuses it before.
func (g *Gate) Spend(ctx context.Context, price int) error {
	account := g.account(caller(ctx))
	reservation := account.ReserveN(time.Now(), min(price, g.options.Savings))
	if delay := reservation.Delay(); delay > 0 {
		reservation.Cancel()
		return &RateError{After: delay}
	}
	return nil
}

func (g *Gate) account(caller string) *rate.Limiter {
	account, _ := g.accounts.ComputeIfAbsent(caller, func() (*rate.Limiter, bool) {
		return rate.NewLimiter(rate.Limit(g.options.Income), g.options.Savings), false
	})
	return account
}

// Enter begins an operation, which leave ends.
func (g *Gate) Enter() (leave func(), err error) {
	if g.underWay.Add(1) > int64(g.options.Operations) {
		g.underWay.Add(-1)
		return nil, &OverloadError{Limit: g.options.Operations}
	}
	return func() { g.underWay.Add(-1) }, nil
}

type callerKey struct{}

// WithCaller says who pays for what is done under the context.
func WithCaller(ctx context.Context, name string) context.Context {
	return context.WithValue(ctx, callerKey{}, name)
}

func caller(ctx context.Context) string {
	name, _ := ctx.Value(callerKey{}).(string)
	return name
}
