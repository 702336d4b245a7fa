package difyapi

import (
	"context"
	"net/http"
	"time"
)

// Nothing says that a snapshot is whole. Dify sends it in one burst, some 0.4 s after the request.
const (
	snapshotWait  = 10 * time.Second // for its first event
	snapshotPause = time.Second      // for each further one
)

// WorkflowRunSnapshot tells what has happened so far inside a run, as the beginning of the stream of [Client.WorkflowRunEvents] does, with
// its errors. It takes a second. Of a run that has ended it is the [*RunFinished] alone.
func (c *Client) WorkflowRunSnapshot(ctx context.Context, query RunEventsQuery) ([]RunEvent, error) {
	query.Snapshot = true
	burst, end := context.WithCancel(ctx)
	defer end()
	quiet := time.AfterFunc(snapshotWait, end)
	defer quiet.Stop()
	var all []RunEvent
	for event, err := range c.WorkflowRunEvents(burst, query) {
		switch {
		case err == nil && (event.IsReplayed() || isFinished(event)):
			all = append(all, event)
			quiet.Reset(snapshotPause)
		case err == nil, len(all) > 0 && burst.Err() != nil && ctx.Err() == nil:
			return all, nil
		case burst.Err() != nil && ctx.Err() == nil:
			return nil, &Error{Kind: KindTimeout, endpoint: http.MethodGet + " " + runEventsPath + query.RunID + runEventsSuffix}
		default:
			return nil, err
		}
	}
	return all, nil
}

func isFinished(event RunEvent) bool {
	_, ok := event.(*RunFinished)
	return ok
}
