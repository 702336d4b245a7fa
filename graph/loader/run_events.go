package loader

import (
	"context"
	"iter"

	"github.com/google/uuid"

	"github.com/difygraph/difygraph/difyapi"
)

// Identity stands for an app's base URL and API key, see [difyapi.Client.Identity].
func (u *Upstream) Identity(app string) string { return u.clients[app].Identity() }

// RunEvents is [difyapi.Client.WorkflowRunEvents]. It is part of no operation, none of which lasts for as long.
func (u *Upstream) RunEvents(ctx context.Context, app string, q difyapi.RunEventsQuery) iter.Seq2[difyapi.RunEvent, error] {
	return u.clients[app].WorkflowRunEvents(ctx, q)
}

// RunSnapshot is [difyapi.Client.WorkflowRunSnapshot], and part of no operation either.
func (u *Upstream) RunSnapshot(ctx context.Context, app string, q difyapi.RunEventsQuery) ([]difyapi.RunEvent, error) {
	return u.clients[app].WorkflowRunSnapshot(ctx, q)
}

// ForgetRun makes the next question for a run one to Dify: what is kept of it, or is being asked, is known to be of the past.
func (u *Upstream) ForgetRun(app string, id uuid.UUID) {
	u.runs.forget(idKey{u.clients[app].Identity(), id})
}
