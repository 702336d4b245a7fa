// Package admission decides which operations are executed now. Each caller has an account to spend from ([Accounts]), and a
// fair share of what the process can do at once ([Gate]).
//
// An operation that is admitted holds two things. Its admission lasts until it has ended, and bounds what is in memory. Its
// slot stands for work in this process: it is given back while the operation waits for an app ([Operation.Wait]), so that apps
// that are slow hold up nobody who does not ask them.
//
// Both are shared by a dynamic threshold (Choudhury and Hahne, "Dynamic queue length thresholds for shared-memory packet
// switches"): a caller may have one more while it has less than a multiple of what is free. A caller alone gets most of it,
// many get equal shares, and something is free for one who comes new, whatever the others do.
package admission

import (
	"context"
	"errors"
	"time"
)

// ErrOverloaded says that too many operations are under way, of this caller's or of all.
var ErrOverloaded = errors.New("too many operations are under way")

// Options bound what is admitted.
type Options struct {
	// Operations is how many operations are executed at once, at least 1.
	Operations int
	// Waiting is how many more may be admitted: they wait for their slots, or for apps.
	Waiting int
	// MaxWait is how long an operation waits for its first slot.
	MaxWait time.Duration
}

type callerKey struct{}

// WithCaller says who pays for what is done under the context, and whose share it takes.
func WithCaller(ctx context.Context, name string) context.Context {
	return context.WithValue(ctx, callerKey{}, name)
}

// CallerOf is the caller of [WithCaller]; empty if there is none.
func CallerOf(ctx context.Context) string {
	name, _ := ctx.Value(callerKey{}).(string)
	return name
}
