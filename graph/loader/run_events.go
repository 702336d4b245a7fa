package loader

import (
	"context"
	"iter"

	"github.com/google/uuid"

	"github.com/difygraph/difygraph/difyapi"
)

// Identity stands for an app's base URL and API key, see [difyapi.Client.Identity].
func (u *Upstream) Identity(app string) string { return u.clients[app].Identity() }

// Has tells whether there is an app of the identity.
func (u *Upstream) Has(app, identity string) bool {
	return u.clients[app] != nil && u.clients[app].Identity() == identity
}

// Server is where an app's Dify is: what its base URL has before the path.
func (u *Upstream) Server(app string) string { return u.clients[app].Origin() }

// RunEvents is [difyapi.Client.WorkflowRunEvents]. It is part of no operation, none of which lasts for as long.
func (u *Upstream) RunEvents(ctx context.Context, app string, q difyapi.RunEventsQuery) iter.Seq2[difyapi.RunEvent, error] {
	return u.clients[app].WorkflowRunEvents(ctx, q)
}

// RunSnapshot is [difyapi.Client.WorkflowRunSnapshot], and part of no operation either.
func (u *Upstream) RunSnapshot(ctx context.Context, app string, q difyapi.RunEventsQuery) ([]difyapi.RunEvent, error) {
	return u.clients[app].WorkflowRunSnapshot(ctx, q)
}

// RunEnded returns what Dify tells of a run that is known to have ended: nothing that was kept from before it had.
func (l *Loaders) RunEnded(ctx context.Context, app string, id uuid.UUID) (*difyapi.WorkflowRunDetail, error) {
	u := l.upstream
	u.runs.forget(idKey{u.clients[app].Identity(), id}, isUnderWay)
	return u.run(ctx, app, id)
}

func isUnderWay(run *difyapi.WorkflowRunDetail) bool { return !run.Status.Final() }
