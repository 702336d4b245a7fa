package feed

import (
	"context"
	"errors"
	"time"

	"github.com/difygraph/difygraph/graph/code"
)

// ErrAppTimeout says that an app took longer than its list wants to wait for it.
var ErrAppTimeout = code.New(code.UpstreamTimeout, "Dify took longer than appTimeout allows")

// within makes a call within what is left of the time that the stream's app has in this list. Only its own calls take from it:
// an app that has answered does not fail because of one that hangs.
func (s *stream) within(ctx context.Context, call func(context.Context, *stream) error) error {
	if s.patience == nil {
		return call(ctx, s)
	}
	began := time.Now()
	ctx, cancel := context.WithTimeoutCause(ctx, *s.patience, ErrAppTimeout)
	defer cancel()
	err := call(ctx, s)
	*s.patience -= time.Since(began)
	if err != nil && errors.Is(context.Cause(ctx), ErrAppTimeout) {
		return ErrAppTimeout
	}
	return err
}
