package model

import (
	"context"

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

// ID is the end user's id.
func (u *EndUser) ID() string { return u.NodeID().String() }

// NodeID is what the id says. The session id is not part of it: not everyone may see that.
func (u *EndUser) NodeID() ID { return ID{Kind: KindEndUser, App: u.App.Key, UUID: u.EndUser.ID} }

// UUID is Dify's own id.
func (u *EndUser) UUID() uuid.UUID { return u.EndUser.ID }

// SessionID is what the caller of Dify's API passed as user.
func (u *EndUser) SessionID(ctx context.Context) (*string, error) {
	return visible(ctx, u.App, u.EndUser.SessionID, u.Unreadable, "session_id")
}

// DifyAccount is a member of the workspace, as a log entry shows it. Where another graph asked for one by e-mail, App is nil
// and the e-mail is all that is known.
type DifyAccount struct {
	App *DifyApp
	*difyapi.Account
}

// ID tells members apart in clients' caches. The same member has another id in each app: whether two apps share a Dify is
// nothing that an id says.
func (a *DifyAccount) ID(ctx context.Context) (*string, error) {
	if a.App == nil {
		return nil, nil
	}
	return visible(ctx, a.App, new(a.NodeID().String()), a.Unreadable, "id")
}

// NodeID is what the id of a member says whose App is known.
func (a *DifyAccount) NodeID() ID { return ID{Kind: KindAccount, App: a.App.Key, UUID: a.Account.ID} }

// UUID is Dify's own id.
func (a *DifyAccount) UUID(ctx context.Context) (*uuid.UUID, error) {
	if a.App == nil {
		return nil, nil
	}
	return visible(ctx, a.App, &a.Account.ID, a.Unreadable, "id")
}

// Name is how Dify shows the member.
func (a *DifyAccount) Name(ctx context.Context) (*string, error) {
	return visible(ctx, a.App, a.Account.Name, a.Unreadable, "name")
}

// Email is the member's address in Dify.
func (a *DifyAccount) Email(ctx context.Context) (*string, error) {
	return visible(ctx, a.App, a.Account.Email, a.Unreadable, "email")
}
