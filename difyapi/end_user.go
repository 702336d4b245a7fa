package difyapi

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/google/uuid"
)

const (
	endUserPath   = "/end-users/"
	codeNoEndUser = "end_user_not_found"
)

// sinceEndUsers is the first version that has the endpoint.
var sinceEndUsers = ParseVersion("1.13.0")

// EndUserProfile is an end user as GET /end-users/{id} shows them; [EndUser] is what entries of the log know of one.
// All but ID may be missing. It is not to be changed.
type EndUserProfile struct {
	EndUser
	AppID *uuid.UUID `json:"app_id"`
	// ExternalUserID is nil for end users that Dify has had for long.
	ExternalUserID *string `json:"external_user_id"`
	Name           *string `json:"name"`
	// IsAnonymous is the truth, unlike that of entries.
	IsAnonymous *bool `json:"is_anonymous"`
	// CreatedAt and UpdatedAt are in UTC, with up to microseconds.
	CreatedAt *time.Time `json:"created_at"`
	UpdatedAt *time.Time `json:"updated_at"`

	Receipt `json:"-"`
}

// EndUser reads the profile of an end user of the app by its id: GET /end-users/{id}, Dify 1.13.0 or newer.
//
// Its errors: [ErrNotUUID], nothing was sent; [IsNotFound], the app has no such end user; [IsUnsupported], the server
// is too old, and where that is known before, nothing was sent.
func (c *Client) EndUser(ctx context.Context, id string) (*EndUserProfile, error) {
	asked, err := ParseUUID(id)
	if err != nil {
		return nil, fmt.Errorf("dify: GET %s: %w", endUserPath+"{id}", err)
	}
	path := endUserPath + asked.String()
	if v := c.Version(); !v.IsZero() && !v.AtLeast(sinceEndUsers) {
		return nil, &Error{Kind: KindUnsupported, endpoint: http.MethodGet + " " + path, cause: &UnsupportedError{Has: v, Needs: sinceEndUsers}}
	}
	got, err := c.get(ctx, path, "")
	if err != nil {
		return nil, c.endUserError(err)
	}
	return got.endUser(path, asked)
}

// endUserError finds out which failures say that there is no such end user, and which that there is no such endpoint, unless the
// server is new enough: then it is something in between that keeps it back.
func (c *Client) endUserError(err error) error {
	failure := failureOf(err)
	switch {
	case failure == nil:
		return err
	case failure.hasCode(http.StatusNotFound, codeNoEndUser):
		return failure.as(KindNotFound, failure.cause)
	case failure.Kind == KindUnsupported && !c.versionBehind(failure).AtLeast(sinceEndUsers):
		return failure.as(KindUnsupported, &UnsupportedError{Has: c.versionBehind(failure), Needs: sinceEndUsers})
	default:
		return err
	}
}

// endUser reads a body as the profile that was asked for, and no other.
func (a *answer) endUser(path string, asked uuid.UUID) (*EndUserProfile, error) {
	profile, unreadable, err := decode[EndUserProfile](a, path)
	if err != nil {
		return nil, err
	}
	profile.Receipt, profile.Unreadable = a.receipt(unreadable), topLevel(unreadable)
	if profile.ID != asked {
		return nil, a.notTheAPI(path, &fault{"id", "is not that of the end user who was asked for"})
	}
	profile.Type = Origin(profile.Type)
	return profile, nil
}
