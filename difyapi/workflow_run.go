package difyapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"
)

const (
	workflowRunPath = "/workflows/run/"
	codeNoRun       = "not_found"
)

// Versions that matter to a run's detail.
var (
	sinceScopedRuns = ParseVersion("1.7.0")
	// failsOnUnknownRuns is the one version between those that answer nulls to an unknown run and those that answer 404.
	failsOnUnknownRuns = ParseVersion("1.13.0")
)

// ScopesWorkflowRuns reports whether a server of version v shows a run's detail to the key of the run's own app alone. Servers
// before 1.7.0 show every run of every workspace; an unknown version is taken for one of them. There the caller must
// have seen the run in the app's log before it asks for its detail.
func (v Version) ScopesWorkflowRuns() bool {
	return v.AtLeast(sinceScopedRuns)
}

// WorkflowRunDetail is a run as GET /workflows/run/{id} shows it. Of what the log knows of a run it has neither Version nor
// TriggeredFrom nor ExceptionsCount. All but ID may be missing; Status is empty then. It is not to be changed.
type WorkflowRunDetail struct {
	WorkflowRun
	WorkflowID *uuid.UUID `json:"workflow_id"`
	// Inputs include Dify's own variables, sys.user_id, sys.workflow_run_id and others.
	Inputs Variables `json:"inputs"`
	// Outputs are nothing or an empty object until the run ends.
	Outputs Variables `json:"outputs"`

	Receipt `json:"-"`
}

// WorkflowRun reads a run of the app by its id: GET /workflows/run/{id}.
//
// Its errors: [ErrNotUUID], nothing was sent; [IsNotFound], the app has no such run; [IsPossiblyNotFound], on Dify 1.13.0
// alone, the app may have no such run or Dify may have failed, which its log can tell. Before Dify 1.7.0 the app's key reads
// runs of other apps too, see [Version.ScopesWorkflowRuns].
func (c *Client) WorkflowRun(ctx context.Context, id string) (*WorkflowRunDetail, error) {
	asked, err := ParseUUID(id)
	if err != nil {
		return nil, fmt.Errorf("dify: GET %s: %w", workflowRunPath+"{id}", err)
	}
	path := workflowRunPath + asked.String()
	got, err := c.get(ctx, path, "")
	if err != nil {
		return nil, c.runError(err)
	}
	return got.workflowRun(path, asked)
}

// errRunOrServer is the cause of a failure that does not tell whether the run or the server is at fault.
var errRunOrServer = errors.New("an unknown run is answered like this by Dify 1.13.0, too")

// runError finds out which failures say, or may say, that there is no such run. Wordings differ, so only codes count.
func (c *Client) runError(err error) error {
	failure := failureOf(err)
	switch {
	case failure == nil || !failure.fromDify() || isArchived(failure):
		return err
	case failure.hasCode(http.StatusBadRequest, "invalid_param"):
		return failure.as(KindBadResponse, ReasonUnreadableRun) // Dify 1.13 and newer can't read outputs of its own that are no JSON
	case failure.hasCode(http.StatusNotFound, codeNoRun):
		return failure.as(KindNotFound, failure.cause)
	case hasStatus(failure, http.StatusInternalServerError) && c.versionBehind(failure).Compare(failsOnUnknownRuns) == 0:
		return failure.as(failure.Kind, errRunOrServer)
	default:
		return err
	}
}

// workflowRun reads a body as the run that was asked for, and no other.
func (a *answer) workflowRun(path string, asked uuid.UUID) (*WorkflowRunDetail, error) {
	detail, unreadable, err := decode[WorkflowRunDetail](a, path)
	if err != nil {
		return nil, err
	}
	detail.Receipt, detail.Unreadable = a.receipt(unreadable), topLevel(unreadable)
	switch {
	case detail.ID == uuid.Nil && a.isAllNull():
		return nil, &Error{Kind: KindNotFound, Status: http.StatusOK, Requests: a.requests, endpoint: http.MethodGet + " " + path}
	case detail.ID != asked:
		return nil, a.notTheAPI(path, &fault{"id", "is not that of the run that was asked for"})
	}
	return detail, nil
}

// isAllNull reports whether the body is what servers before 1.13.0 say of an unknown run: an object with an id and other members,
// all of them null.
func (a *answer) isAllNull() bool {
	var members map[string]any
	if err := json.Unmarshal(a.body, &members, decoding); err != nil {
		return false
	}
	for _, value := range members {
		if value != nil {
			return false
		}
	}
	_, hasID := members["id"]
	return hasID
}
