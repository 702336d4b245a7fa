package feed

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/difygraph/difygraph/graph/code"
)

// ErrAppTimeout says that an app took longer than its list wants to wait for it.
var ErrAppTimeout = code.New(code.UpstreamTimeout, "Dify took longer than appTimeout allows")

// within makes a call within what is left of the app's time in this list. Only the stream's own calls count: an app that has answered
// does not fail because another one hangs.
func (s *stream) within(ctx context.Context, call func(context.Context, *stream) error) error {
	if s.timeLeft == nil {
		return causeOf(ctx, call(ctx, s))
	}
	began := time.Now()
	ctx, cancel := context.WithTimeoutCause(ctx, *s.timeLeft, ErrAppTimeout)
	defer cancel()
	err := call(ctx, s)
	*s.timeLeft -= time.Since(began)
	return causeOf(ctx, err)
}

// causeOf is why a call failed whose context has ended.
func causeOf(ctx context.Context, err error) error {
	for _, cause := range []error{ErrAppTimeout, errLate} {
		if err != nil && errors.Is(context.Cause(ctx), cause) {
			return cause
		}
	}
	return err
}

var (
	// ErrLate says that an app had not answered when the time of the operation was nearly over, so that no row could be shown.
	ErrLate = code.New(code.OperationTimeout, "Dify had not answered when the operation's time was over; name fewer apps, or go on "+
		"without the slow ones by onAppFailure: PARTIAL")
	// ErrAppLate is the same for an app that its list goes on without.
	ErrAppLate = code.New(code.UpstreamTimeout, "Dify had not answered when the list had to end")
	// errLate ends the reading of a stream as a spent budget of calls does.
	errLate = fmt.Errorf("%w: no time is left", errSpent)
)

// finishing says that in the last tenth of an operation's time no more rows are read. What has been read is checked and shown.
const finishing = 10

// early is a context that ends when this last part of the operation's time begins.
func early(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return ctx, func() {}
	}
	return context.WithDeadlineCause(ctx, deadline.Add(-time.Until(deadline)/finishing), errLate)
}

// endLateSearch ends the search in runs where no time is left, once some were looked at.
func (r *reader) endLateSearch(early context.Context) {
	if s := r.search; s != nil && s.looked > 0 && early.Err() != nil {
		s.left = 0
	}
}
