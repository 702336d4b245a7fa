package difyapi

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"

	"github.com/google/uuid"
)

const (
	runEventsPath   = "/workflow/"
	runEventsSuffix = "/events"
)

// sinceRunEvents is the first version that has the endpoint.
var sinceRunEvents = ParseVersion("1.14.0")

// RunEventsQuery says which run to watch, and as whom.
type RunEventsQuery struct {
	// RunID is the run's, in the form of [ParseUUID].
	RunID string
	// EndUser is who started the run, as the log shows it. Dify shows nobody else what happens inside.
	EndUser *EndUser
	// Snapshot has what has happened so far told first: that the run began, and its node executions, without inputs, outputs and
	// errors. Of a paused run nothing is told without it. Of one that has ended, its end alone is told in any case.
	//
	// Dify can lose an event at the seam between both parts: where an execution ends, its beginning may be missing, and the
	// other way round.
	Snapshot bool
	// ContinueOnPause reads on where the run waits for a human's input.
	ContinueOnPause bool
	// ChangeEndUser takes it that watching changes what Dify stores of the end user: one of another type than service-api, such as
	// browser, becomes one of service-api, in the log too.
	ChangeEndUser bool
}

// Why a run is not watched. Nothing was sent: Dify would make an end user whom it does not know, and change the type of others.
var (
	// ErrEndUserUnknown is wrapped by the error for a run of which no end user is known who started it, as of those of members.
	ErrEndUserUnknown = errors.New("nobody is known as whom the run could be watched")
	// ErrEndUserWouldChange is wrapped by the error for an end user of another type than service-api.
	ErrEndUserWouldChange = errors.New("watching would change what Dify stores of the end user")
)

// WorkflowRunEvents tells what happens inside a run, while it happens: GET /workflow/{id}/events, Dify 1.14.0 or newer. It ends
// without an error after a [*RunFinished] and, unless the query reads on then, after a [*RunPaused]. Each iteration is one request,
// which is not sent again; it holds one of the server's connections until it ends, which it does at once where its reader stops.
//
// Its errors, after which nothing comes: [IsStreamsInUse]; [ErrNotUUID], [ErrEndUserUnknown] and [ErrEndUserWouldChange], nothing was
// sent; [IsNotFound], the app has no such run of this end user; [IsUnsupported], the server is too old, and where that is known
// before, nothing was sent; [IsSilent], nothing has happened for five minutes, while the run may go on; [IsNotWhole], the stream
// was cut, or has too much of something; [IsTimeout], the server went silent altogether, or the stream is an hour old. After the
// last three, what happened meanwhile can be had by another stream with a snapshot.
func (c *Client) WorkflowRunEvents(ctx context.Context, query RunEventsQuery) iter.Seq2[RunEvent, error] {
	return func(yield func(RunEvent, error) bool) {
		run, err := query.check(c.Version())
		if err != nil {
			yield(nil, err)
			return
		}
		path := runEventsPath + run.String() + runEventsSuffix
		stream, err := c.openStream(ctx, path, query.encode())
		if err != nil {
			yield(nil, c.runEventsError(err))
			return
		}
		defer stream.close()
		reader := newRunEventReader(run, path, query.Snapshot, c.key)
		for text, err := range stream.events() {
			var event RunEvent
			if err == nil {
				event, err = reader.read(text)
			}
			if !yield(event, err) || err != nil || query.isLast(event) {
				return
			}
		}
	}
}

// check finds out whether the run can be watched, as far as that is known before a server of the version is asked.
func (q RunEventsQuery) check(v Version) (uuid.UUID, error) {
	endpoint := http.MethodGet + " " + runEventsPath + "{id}" + runEventsSuffix
	run, err := ParseUUID(q.RunID)
	switch {
	case err != nil:
	case q.EndUser == nil || q.EndUser.SessionID == nil || *q.EndUser.SessionID == "":
		err = ErrEndUserUnknown
	case q.EndUser.Type != serviceAPI && !q.ChangeEndUser:
		err = ErrEndUserWouldChange
	case !v.IsZero() && !v.AtLeast(sinceRunEvents):
		return run, &Error{Kind: KindUnsupported, endpoint: endpoint, cause: &UnsupportedError{Has: v, Needs: sinceRunEvents}}
	}
	if err != nil {
		return run, fmt.Errorf("dify: %s: %w", endpoint, err)
	}
	return run, nil
}

func (q RunEventsQuery) encode() string {
	values := url.Values{"user": {*q.EndUser.SessionID}}
	if q.Snapshot {
		values.Set("include_state_snapshot", "true")
	}
	if q.ContinueOnPause {
		values.Set("continue_on_pause", "true")
	}
	return values.Encode()
}

// isLast tells whether nothing comes after the event. With both parameters Dify keeps some streams open for minutes after it.
func (q RunEventsQuery) isLast(event RunEvent) bool {
	switch event.(type) {
	case *RunFinished:
		return true
	case *RunPaused:
		return !q.ContinueOnPause
	default:
		return false
	}
}

// runEventsError finds out which failures say that there is no such run, and which that there is no such endpoint, as
// [Client.endUserError] does.
func (c *Client) runEventsError(err error) error {
	failure := failureOf(err)
	switch {
	case failure == nil:
		return err
	case failure.hasCode(http.StatusNotFound, codeNoRun):
		return failure.as(KindNotFound, failure.cause)
	case failure.Kind == KindUnsupported && !c.versionBehind(failure).AtLeast(sinceRunEvents):
		return failure.as(KindUnsupported, &UnsupportedError{Has: c.versionBehind(failure), Needs: sinceRunEvents})
	default:
		return err
	}
}
