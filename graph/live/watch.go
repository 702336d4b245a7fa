package live

import (
	"context"
	"sync"
	"time"

	"github.com/difygraph/difygraph/difyapi"
	"github.com/difygraph/difygraph/graph/code"
)

// ErrNoRun is for a run that the app does not have, or has no more.
var ErrNoRun = code.New(code.BadUserInput, "the app has no such run; take the `uuid` of a WorkflowRun")

const (
	// settleAfter is when another snapshot tells what Dify has lost at the seam between the first and what followed it.
	settleAfter = time.Second
	// Pauses between streams that were cut, or could not begin.
	minRetryPause = time.Second
	maxRetryPause = 30 * time.Second
	// roomPause is between looks for a place among the streams of a server, which cost nothing.
	roomPause = 2 * time.Second
)

// watch tells what happens until the run ends, for which it returns nil.
func (r *run) watch(ctx context.Context) error {
	found, err := r.dify.Find(ctx)
	switch {
	case err != nil:
		return err
	case found == nil:
		return ErrNoRun
	case found.Run.Status.Final():
		r.take(&difyapi.RunFinished{Run: found.Run})
		return nil
	}
	if limit := limitOf(found.Entry, r.watchAll); limit != "" {
		return r.watchFromOutside(ctx, limit, found.Run)
	}
	return r.watchInside(ctx, found.Run, difyapi.RunEventsQuery{
		RunID: r.key.Run.String(), EndUser: found.Entry.CreatedByEndUser, Snapshot: true, ContinueOnPause: true, ChangeEndUser: r.watchAll,
	})
}

// watchFromOutside tells start and end alone, and why.
func (r *run) watchFromOutside(ctx context.Context, limit Limit, known *difyapi.WorkflowRunDetail) error {
	r.limit(limit)
	r.start(known)
	return newLookout(r).untilEnd(ctx)
}

// start tells that the run has begun, unless that was told.
func (r *run) start(known *difyapi.WorkflowRunDetail) {
	r.take(&difyapi.RunStarted{Run: known, Replayed: true})
}

// watchInside reads streams, one after the other, until the run ends.
func (r *run) watchInside(ctx context.Context, known *difyapi.WorkflowRunDetail, q difyapi.RunEventsQuery) error {
	var outside *lookout // while there is no room
	pause := minRetryPause
	for {
		told, err := r.read(ctx, q)
		if told {
			outside, pause = nil, minRetryPause
		}
		switch {
		case r.hasEnded():
			return nil
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case difyapi.IsUnsupported(err):
			return r.watchFromOutside(ctx, OldServer, known)
		case difyapi.IsNotFound(err): // by this user: the run itself is looked for
			return r.watchFromOutside(ctx, EndUserUnknown, known)
		case difyapi.IsSilent(err):
			err = nil
		case difyapi.IsStreamsInUse(err):
			if outside == nil {
				r.limit(StreamsInUse)
				r.start(known)
				outside = newLookout(r)
			}
			err = outside.awaitRoom(ctx)
		case passes(err):
			err = sleep(ctx, pause)
			pause = min(2*pause, maxRetryPause)
		}
		if err != nil || r.hasEnded() {
			return err
		}
	}
}

// passes tells whether a failure is worth another try.
func passes(err error) bool {
	return err == nil || difyapi.IsNotWhole(err) || difyapi.IsTimeout(err) || difyapi.IsUnavailable(err) || difyapi.IsRateLimited(err) ||
		difyapi.IsOverloaded(err) || difyapi.IsPossiblyNotFound(err)
}

// read tells what one stream does. It returns whether that was anything, and why the stream has ended.
func (r *run) read(ctx context.Context, q difyapi.RunEventsQuery) (told bool, err error) {
	var beside sync.WaitGroup
	defer beside.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for event, err := range r.dify.Events(ctx, q) {
		if err != nil {
			return told, err
		}
		if !told {
			told = true
			r.unlimited()
			beside.Go(func() { r.settle(ctx, q) })
		}
		r.take(event)
	}
	return told, nil
}

// settle tells what was lost at the seam, if there is a place for another stream. If there is none, or it fails, the end of what was
// lost is told with that of the run.
func (r *run) settle(ctx context.Context, q difyapi.RunEventsQuery) {
	if sleep(ctx, settleAfter) != nil {
		return
	}
	snapshot, err := r.dify.Snapshot(ctx, q)
	if err == nil {
		r.change(func() []difyapi.RunEvent { return r.known.Settle(snapshot) })
	}
}
