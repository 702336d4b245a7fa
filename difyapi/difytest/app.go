package difytest

import (
	"sync/atomic"
	"time"

	"github.com/google/uuid"
)

// AppOptions describes an app of the workspace. APIKey must be unique on the
// server; everything else has a default.
type AppOptions struct {
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
}

// Name returns the app's name.
func (a *App) Name() string { return a.options.Name }

// APIKey returns the key that selects this app.
func (a *App) APIKey() string { return a.options.APIKey }

// SetState changes whether and how the app refuses requests, from the next
// request on: Dify reads these flags with each.
func (a *App) SetState(state AppState) { a.state.Store(int64(state)) }

// Insert adds rows and returns them as they are stored: with ids, in UTC, and
// created_at rounded to whole seconds as PostgreSQL's CURRENT_TIMESTAMP(0) is.
// The accounts in them become known to the workspace. What the given rows point
// to is copied; what the returned ones point to must not be changed. An id that
// is there already panics.
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
	if stored.Run != nil && stored.Run.ID == (uuid.UUID{}) {
		stored.Run.ID = uuid.New()
	}
	if stored.Run != nil && stored.Run.CreatedAt.IsZero() {
		stored.Run.CreatedAt = stored.CreatedAt
	}
	if stored.Account != nil {
		a.server.AddAccount(*stored.Account)
	}
	return stored
}

// Update changes the row with the given log or run id: change gets a copy,
// which then takes the row's place. change must not call the server.
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
// An answer that has selected such a row already keeps it, with a null run.
// Unknown ids are passed over.
func (a *App) Delete(logIDs ...uuid.UUID) { a.store.remove(logIDs) }

// DeleteRun removes a run, by its own id or its row's. The row stays.
func (a *App) DeleteRun(id uuid.UUID) error {
	return a.Update(id, func(row *Row) { row.Run = nil })
}

// DeletePerson removes an account or end user from the server: all rows of
// theirs, in all apps, lose both created_by objects and keep the role; the
// e-mail of an account becomes unknown.
func (a *App) DeletePerson(id uuid.UUID) { a.server.deletePerson(id) }

// Rows returns all rows as they are now, newest second first. Whatever they
// point to is never changed by the server, and must not be by the caller.
func (a *App) Rows() []Row { return a.store.rows() }

// Len returns the number of rows.
func (a *App) Len() int { return a.store.len() }
