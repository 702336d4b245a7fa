package live

import (
	"context"
	"time"

	"github.com/difygraph/difygraph/difyapi"
)

// Limit is why it can't be told what happens inside a run.
type Limit string

// The limits; the schema has what they mean.
const (
	OldServer           Limit = "OLD_SERVER"
	StartedByMember     Limit = "STARTED_BY_MEMBER"
	EndUserNotWatchable Limit = "END_USER_NOT_WATCHABLE"
	EndUserUnknown      Limit = "END_USER_UNKNOWN"
	StreamsInUse        Limit = "STREAMS_IN_USE"
)

// Message is the limit for people.
func (l Limit) Message() string {
	switch l {
	case OldServer:
		return "Dify shows what happens inside runs from 1.14 on; this server is older"
	case StartedByMember:
		return "a member of the workspace started this run, and Dify shows those of end users alone"
	case EndUserNotWatchable:
		return "Dify would change what it stores of this end user if the run were watched"
	case EndUserUnknown:
		return "Dify shows what happens inside to the end user who started the run alone, and the log does not know who that is"
	case StreamsInUse:
		return "as many runs are watched at this Dify as may be; more is told once there is room"
	default:
		return string(l)
	}
}

// Limited says that what happens inside a run is not told, or not now; start and end are.
type Limited struct{ Limit Limit }

// IsReplayed is false.
func (*Limited) IsReplayed() bool { return false }

// limitOf is why a run can't be watched, as far as its entry tells; empty if that is not so.
func limitOf(entry *difyapi.WorkflowLog, watchAll bool) Limit {
	user := userOf(entry)
	switch {
	case entry != nil && entry.CreatedByRole == "account":
		return StartedByMember
	case user == nil || user.SessionID == nil || *user.SessionID == "":
		return EndUserUnknown
	case user.Type != "service-api" && !watchAll:
		return EndUserNotWatchable
	default:
		return ""
	}
}

func userOf(entry *difyapi.WorkflowLog) *difyapi.EndUser {
	if entry == nil {
		return nil
	}
	return entry.CreatedByEndUser
}

// Looks at a run whose stream tells nothing come after a tenth of the time that it was looked at already, within these.
const (
	minLookPause = 2 * time.Second
	maxLookPause = 5 * time.Minute
)

// lookout finds the end of a run by how it stands, at growing pauses.
type lookout struct {
	*run
	began, next time.Time
}

func newLookout(r *run) *lookout {
	now := time.Now()
	return &lookout{run: r, began: now, next: now.Add(minLookPause)}
}

// untilEnd waits for the end of the run.
func (l *lookout) untilEnd(ctx context.Context) error {
	for !l.hasEnded() {
		if err := sleep(ctx, time.Until(l.next)); err != nil {
			return err
		}
		if err := l.look(ctx); err != nil {
			return err
		}
	}
	return nil
}

// awaitRoom lets some time pass until a place is looked for again.
func (l *lookout) awaitRoom(ctx context.Context) error {
	if err := sleep(ctx, roomPause); err != nil {
		return err
	}
	return l.look(ctx)
}

// look finds out whether the run has ended, if it is time to. What fails for now is tried again.
func (l *lookout) look(ctx context.Context) error {
	if time.Now().Before(l.next) {
		return nil
	}
	detail, err := l.dify.Detail(ctx)
	l.next = time.Now().Add(min(max(time.Since(l.began)/10, minLookPause), maxLookPause))
	switch {
	case difyapi.IsNotFound(err):
		return ErrNoRun
	case err != nil && !passes(err):
		return err
	case err == nil && detail.Status.Final():
		l.take(&difyapi.RunFinished{Run: detail})
	}
	return nil
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
