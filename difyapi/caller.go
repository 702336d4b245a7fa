package difyapi

import "context"

type (
	callerKey    struct{}
	operationKey struct{}
)

// WithCaller says on whose behalf calls under the context are made. Where calls have to wait for others, callers take turns,
// whatever number of operations or apps they use, and none of several may take all that is free. Calls without a caller are
// nobody's: they wait as if one caller made them, but may take all that is free.
func WithCaller(ctx context.Context, name string) context.Context {
	return context.WithValue(ctx, callerKey{}, name)
}

// CallerOf is the caller of [WithCaller]; empty if there is none.
func CallerOf(ctx context.Context) string {
	name, _ := ctx.Value(callerKey{}).(string)
	return name
}

// WithOperation says for which of the caller's operations calls under the context are made: any value that compares. Where a
// caller's calls have to wait, its operations take turns.
func WithOperation(ctx context.Context, operation any) context.Context {
	return context.WithValue(ctx, operationKey{}, operation)
}

// spot is where a call of the client needs a slot.
func (c *Client) spot() spot { return spot{app: c.identity, slots: c.maxInFlight} }
