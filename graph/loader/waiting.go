package loader

import (
	"context"

	"github.com/difygraph/difygraph/difyapi"
)

// Waiting is called where an operation begins to wait for the Dify of an app: for a slot, for an answer, or for a call that it
// joined. resume is called when the operation has what it waited for, and may block until it may go on or the context ends.
// Where ok is false, it may not wait for this app now.
type Waiting func(app string) (resume func(context.Context), ok bool)

type (
	waitingKey struct{}
	appKey     struct{}
)

// WithWaiting has w called where the operation of the context waits. It does not wait for what is answered from memory.
func WithWaiting(ctx context.Context, w Waiting) context.Context {
	return context.WithValue(ctx, waitingKey{}, w)
}

// withApp says which app is waited for under the context.
func withApp(ctx context.Context, app string) context.Context {
	return context.WithValue(ctx, appKey{}, app)
}

// suspend tells [Waiting] that the operation waits from now on, until resume. It fails where the operation may not wait.
func suspend(ctx context.Context) (resume func(), err error) {
	waiting, _ := ctx.Value(waitingKey{}).(Waiting)
	if waiting == nil {
		return func() {}, nil
	}
	app, _ := ctx.Value(appKey{}).(string)
	end, ok := waiting(app)
	if !ok {
		return nil, &difyapi.Error{Kind: difyapi.KindOverloaded}
	}
	return func() { end(ctx) }, nil
}
