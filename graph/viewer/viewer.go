// Package viewer knows what the caller of an operation may see. Whoever serves operations puts a [Viewer] into their context;
// without one, nothing may be seen.
package viewer

import (
	"context"
	"fmt"

	"github.com/difygraph/difygraph/graph/code"
)

// Scope is a kind of data.
type Scope string

// The scopes.
const (
	// Public is what everybody may see.
	Public Scope = ""
	// Logs are lists of runs, runs and end users.
	Logs Scope = "logs"
	// Content is what runs took and gave, and what they say of their failure.
	Content Scope = "content"
	// People is who they are: names, e-mail addresses, session ids.
	People Scope = "people"
)

// Scopes are all that there are to have. None of them includes another.
func Scopes() []Scope { return []Scope{Logs, Content, People} }

// Viewer is who asks.
type Viewer interface {
	// MayRead tells whether the app of a configured key is there for the viewer.
	MayRead(app string) bool
	// Has tells whether the viewer has a scope.
	Has(scope Scope) bool
}

// Named is a viewer that has a name. It is empty where viewers are not told apart.
type Named interface{ ViewerName() string }

// All may see everything.
var All Viewer = all{}

type all struct{}

func (all) MayRead(string) bool { return true }
func (all) Has(Scope) bool      { return true }

type contextKey struct{}

// NewContext makes operations under the context the viewer's.
func NewContext(ctx context.Context, v Viewer) context.Context {
	return context.WithValue(ctx, contextKey{}, v)
}

// FromContext is the viewer of the context, nil if there is none.
func FromContext(ctx context.Context) Viewer {
	v, _ := ctx.Value(contextKey{}).(Viewer)
	return v
}

// MayRead tells whether the app of a configured key is there for the viewer of the context.
func MayRead(ctx context.Context, app string) bool {
	v, ok := ctx.Value(contextKey{}).(Viewer)
	return ok && v.MayRead(app)
}

// Name is the name of the viewer of the context; nil if it has none.
func Name(ctx context.Context) *string {
	if v, ok := ctx.Value(contextKey{}).(Named); ok && v.ViewerName() != "" {
		return new(v.ViewerName())
	}
	return nil
}

// ScopesOf names those that the viewer of the context has.
func ScopesOf(ctx context.Context) []string {
	scopes := []string{}
	for _, scope := range Scopes() {
		if Needs(ctx, scope) == nil {
			scopes = append(scopes, string(scope))
		}
	}
	return scopes
}

// Needs is nil if the viewer of the context has all of the scopes, else a [*ForbiddenError].
func Needs(ctx context.Context, scopes ...Scope) error {
	v, ok := ctx.Value(contextKey{}).(Viewer)
	for _, scope := range scopes {
		if scope != Public && (!ok || !v.Has(scope)) {
			return &ForbiddenError{Scope: scope}
		}
	}
	return nil
}

// ForbiddenError says which scope the viewer lacks.
type ForbiddenError struct {
	Scope Scope
	// Argument is the argument that needs it; empty where the field itself does.
	Argument string
}

// Code is the error's code.
func (e *ForbiddenError) Code() code.Code { return code.Forbidden }

func (e *ForbiddenError) Error() string {
	if e.Argument != "" {
		return fmt.Sprintf("%s: your credentials lack the scope %q, which this argument needs", e.Argument, e.Scope)
	}
	return fmt.Sprintf("your credentials lack the scope %q, which this field needs", e.Scope)
}
