package difyapi

import (
	"context"
	"errors"
)

// ErrAllowanceSpent is wrapped by the error of a call of which nothing was sent, because the allowance of its context is used
// up. It is no [Error]: neither Dify nor the way to it is at fault.
var ErrAllowanceSpent = errors.New("the allowance of requests is used up")

type allowanceKey struct{}

// WithAllowance has every request under the context asked for before it is sent: each try of a call, the question for a
// version, and what net/http sends again where a connection that it kept is dead. Where allow returns false, nothing is sent. A
// call that was tried before then ends with what became of the last try. allow has to be safe for concurrent use.
func WithAllowance(ctx context.Context, allow func() bool) context.Context {
	return context.WithValue(ctx, allowanceKey{}, allow)
}

// allowed takes one request from the context's allowance; all are allowed where it has none.
func allowed(ctx context.Context) bool {
	allow, ok := ctx.Value(allowanceKey{}).(func() bool)
	return !ok || allow()
}
