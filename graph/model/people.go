package model

import (
	"github.com/google/uuid"

	"github.com/difygraph/difygraph/difyapi"
)

// EndUser is a person or system that calls an app from outside the workspace.
type EndUser struct {
	App *DifyApp
	*difyapi.EndUser
}

// IsNode says that the end user can be fetched again.
func (*EndUser) IsNode() {}

// ID is the end user's id. The session id is not part of it: not everyone may see that.
func (u *EndUser) ID() string { return newID(kindEndUser, u.App).uuid(u.EndUser.ID).String() }

// UUID is Dify's own id.
func (u *EndUser) UUID() uuid.UUID { return u.EndUser.ID }

// DifyAccount is a member of the workspace, as a log entry shows it.
type DifyAccount struct {
	app *DifyApp
	*difyapi.Account
}

// ID tells members apart in clients' caches. The same member has another id in each app: whether two apps share a Dify is
// nothing that an id says.
func (a *DifyAccount) ID() *string { return new(newID(kindAccount, a.app).uuid(a.Account.ID).String()) }

// UUID is Dify's own id.
func (a *DifyAccount) UUID() *uuid.UUID { return &a.Account.ID }
