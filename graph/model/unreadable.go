package model

import (
	"context"

	"github.com/difygraph/difygraph/difyapi"
	"github.com/difygraph/difygraph/graph/fields"
	"github.com/difygraph/difygraph/graph/list"
)

// UserInput is the name under which Dify puts the end user's session id into a run's variables.
const UserInput = "sys.user_id"

// Readable is a field of an object that Dify wrote; where its member could not be read, or is more than an Int has, there is an
// error in its place.
func Readable[T any](app *DifyApp, value T, unreadable difyapi.Unreadable, member string) (v T, err error) {
	if err := unreadable.Err(member); err != nil {
		return v, AtApp(app, err)
	}
	if n, ok := any(value).(*int); ok && n != nil && !list.IsInt(*n) {
		return v, AtApp(app, list.ErrBeyondInt)
	}
	return value, nil
}

// visible is a readable field for who may see it.
func visible[T any](ctx context.Context, app *DifyApp, value T, unreadable difyapi.Unreadable, member string) (v T, err error) {
	if err := fields.Needs(ctx); err != nil {
		return v, err
	}
	return Readable(app, value, unreadable, member)
}

// AtApp says which app an error is of; of an object that is of no app, the error alone.
func AtApp(app *DifyApp, err error) error {
	if app == nil {
		return err
	}
	return &list.AppError{App: app.Key, Err: err}
}
