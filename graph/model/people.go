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
func (u *EndUser) ID() string {
	return ID{Kind: KindEndUser, App: u.App.Key, UUID: u.EndUser.ID}.String()
}

// UUID is Dify's own id.
func (u *EndUser) UUID() uuid.UUID { return u.EndUser.ID }

// DifyAccount is a member of the workspace, as a log entry shows it. Where another graph asked for one by e-mail, App is nil
// and the e-mail is all that is known.
type DifyAccount struct {
	App *DifyApp
	*difyapi.Account
}

// ID tells members apart in clients' caches. The same member has another id in each app: whether two apps share a Dify is
// nothing that an id says.
func (a *DifyAccount) ID() *string {
	if a.App == nil {
		return nil
	}
	return new(ID{Kind: KindAccount, App: a.App.Key, UUID: a.Account.ID}.String())
}

// UUID is Dify's own id.
func (a *DifyAccount) UUID() *uuid.UUID {
	if a.App == nil {
		return nil
	}
	return &a.Account.ID
}
