package difytest

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
)

// AppOptions describes an app of the workspace. APIKey must be unique on the
// server; everything else has a default.
type AppOptions struct {
	ID          uuid.UUID // zero: derived from the tenant and the number of apps before this one
	Name        string
	APIKey      string
	Description *string  // null where nil
	Tags        []string // an empty array where nil
	Mode        string   // default "workflow"; also advanced-chat, chat, completion, agent-chat
	AuthorName  *string  // null where nil
	State       AppState
}

// AppState is what Dify checks of an app, its workspace and the workspace's
// owner before it answers. All but the first refuse every request.
type AppState int

// The states, in the order in which Dify looks at them.
const (
	AppNormal          AppState = iota
	AppArchived                 // 400 ≥1.13.0, 403 before
	AppDeleted                  // 403
	AppAbnormal                 // 403: the status is neither normal nor archived
	AppAPIDisabled              // 403
	WorkspaceMissing            // 400
	WorkspaceArchived           // 403
	WorkspaceOwnerGone          // 401, although the key is right
)

// App is an app of a [Server] and its log. Its methods may be called at any
// time, between and during requests, also from [Server.OnStatement].
type App struct {
	options AppOptions
	server  *Server
	state   atomic.Int64
	store   *store
	plays   sync.Map // of run ids: *play
}

// ID returns the app's id, which only profiles of end users tell.
func (a *App) ID() uuid.UUID { return a.options.ID }

// Name returns the app's name.
func (a *App) Name() string { return a.options.Name }

// APIKey returns the key that selects this app.
func (a *App) APIKey() string { return a.options.APIKey }

// SetState changes whether and how the app refuses requests, from the next
// request on: Dify reads these flags with each.
func (a *App) SetState(state AppState) { a.state.Store(int64(state)) }

// Insert adds rows and returns them as they are stored: with ids, in UTC, and
// created_at rounded to whole seconds as PostgreSQL's CURRENT_TIMESTAMP(0) is.
// The accounts in them become known to the workspace, and the end users to the
// app, unless it knows a profile of that id already. What the given rows point
// to is copied; what the returned ones point to must not be changed. An id of a
// row or a run that is there already panics.
func (a *App) Insert(rows ...Row) []Row {
	stored := make([]*Row, len(rows))
	result := make([]Row, len(rows))
	for i, row := range rows {
		stored[i] = a.complete(row)
		result[i] = *stored[i]
	}
	a.store.insert(stored, a.server.options.Seed)
	return result
}

// complete copies a row and fills in what the database would.
func (a *App) complete(row Row) *Row {
	stored := row.clone()
	if stored.ID == (uuid.UUID{}) {
		stored.ID = uuid.New()
	}
	if stored.CreatedAt.IsZero() {
		stored.CreatedAt = a.server.options.Now()
	}
	stored.CreatedAt = wholeSecond(stored.CreatedAt)
	if stored.Run != nil {
		a.completeRun(stored.Run, stored.CreatedAt)
	}
	if stored.Account != nil {
		a.server.AddAccount(*stored.Account)
	}
	if stored.EndUser != nil {
		a.completeEndUser(stored.EndUser, stored.CreatedAt)
	}
	return stored
}

func (a *App) completeRun(run *Run, at time.Time) {
	if run.ID == (uuid.UUID{}) {
		run.ID = uuid.New()
	}
	if run.WorkflowID == (uuid.UUID{}) {
		run.WorkflowID = uuid.NewSHA1(a.options.ID, []byte("workflow "+run.Version))
	}
	if run.CreatedAt.IsZero() {
		run.CreatedAt = at
	}
}

func (a *App) completeEndUser(user *EndUser, at time.Time) {
	if user.ID == (uuid.UUID{}) {
		user.ID = uuid.NewSHA1(a.options.ID, []byte("end user "+user.SessionID))
	}
	if user.CreatedAt.IsZero() {
		user.CreatedAt = at
	}
	if user.UpdatedAt.IsZero() {
		user.UpdatedAt = user.CreatedAt
	}
}

// Update changes the row with the given log or run id: change gets a copy,
// which then takes the row's place. change must not call the server. Profiles of
// end users stay as they are.
//
// An error, and no change, is the answer where the id is unknown, where the
// row's id, time or run id would change, and where a final status (succeeded,
// failed, stopped, partial-succeeded) would become another.
func (a *App) Update(id uuid.UUID, change func(*Row)) error {
	return a.store.update(id, change)
}

// Finish ends the run with the given log or run id at a point in time.
// The errors are those of Update.
func (a *App) Finish(id uuid.UUID, status string, at time.Time) error {
	return a.Update(id, func(row *Row) {
		if row.Run == nil {
			return
		}
		row.Run.Status = status
		row.Run.FinishedAt = at.UTC()
		row.Run.ElapsedTime = at.Sub(row.Run.CreatedAt).Seconds()
	})
}

// Delete removes log rows together with their runs, as Dify's clean-up does.
// Whoever asks for such a run by its id finds none from then on, and an answer
// that has selected such a row already keeps it, with a null run.
// Unknown ids are passed over.
func (a *App) Delete(logIDs ...uuid.UUID) { a.store.remove(logIDs) }

// DeleteRun removes a run, by its own id or its row's. The row stays.
func (a *App) DeleteRun(id uuid.UUID) error {
	return a.Update(id, func(row *Row) { row.Run = nil })
}

// DeletePerson removes an account or end user from the server: all rows of
// theirs, in all apps, lose both created_by objects and keep the role; the
// e-mail of an account becomes unknown, and the profile of an end user.
func (a *App) DeletePerson(id uuid.UUID) { a.server.deletePerson(id) }

// SetEndUser makes a profile known to the app, in place of the one of that id
// if there is one, and returns it as it is stored. Rows are not changed by it.
func (a *App) SetEndUser(user EndUser) EndUser {
	stored := user.clone()
	a.completeEndUser(stored, a.server.options.Now().UTC())
	a.store.setEndUser(stored)
	return *stored
}

// DeleteEndUsers removes profiles, while rows go on showing the people: so it
// is in Dify where an end user goes between two requests, and where the end user
// of a row belongs to another app. Unknown ids are passed over.
func (a *App) DeleteEndUsers(ids ...uuid.UUID) { a.store.removeEndUsers(ids) }

// Rows returns all rows as they are now, newest second first. Whatever they
// point to is never changed by the server, and must not be by the caller.
func (a *App) Rows() []Row { return a.store.rows() }

// Len returns the number of rows.
func (a *App) Len() int { return a.store.len() }
