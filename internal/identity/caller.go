// Package identity tells who calls the API, and what that caller may read.
//
// A caller shows a bearer token: one that the configuration knows by its SHA-256, or a JWT of a configured issuer. Either
// maps to apps, by patterns on their keys, and to scopes. What maps to nothing allows nothing.
//
// The way of a request: [Middleware] asks an [Authenticator], which reads the Authorization header (bearer.go) and looks
// for the token among the configured ones (tokens.go), then among the issuers (issuer.go, with the keys of keyset.go and
// jwks.go). The [Caller] travels in the request's context.
//
// No error and no log line of this package holds any part of a token.
package identity

import (
	"context"
	"path"
	"slices"
	"time"

	"github.com/difygraph/difygraph/graph/viewer"
)

// A Caller is who sent a request, a [viewer.Named]. The zero Caller may read nothing.
type Caller struct {
	// Name tells callers apart, in the log and for limits: a token's configured name, or an issuer's URL and, after a blank,
	// the JWT's sub. At most some 2,300 bytes; what follows the blank is the issuer's choice.
	Name string
	// Expires is until when the caller is known: what goes on for longer is to end then. Zero is for ever.
	Expires time.Time

	patterns []string // of path.Match, on app keys
	scopes   []viewer.Scope
	anyone   bool
}

// anyone is the caller of a server that asks for no identity: it may read all.
func anyone() *Caller {
	return &Caller{Name: "anyone", patterns: []string{"*"}, scopes: viewer.Scopes(), anyone: true}
}

// IsKnown tells whether the caller has shown who it is, so that its Name is its own.
func (c *Caller) IsKnown() bool { return c.Name != "" && !c.anyone }

// MayRead tells whether the app exists for the caller. The patterns are those of [path.Match]: * is any number of
// characters, ? is one, [a-f] is one of these. A pattern matches the whole key.
func (c *Caller) MayRead(appKey string) bool {
	return slices.ContainsFunc(c.patterns, func(pattern string) bool {
		matches, err := path.Match(pattern, appKey)
		return err == nil && matches
	})
}

// Has tells whether the caller may read what the scope guards, in the apps that it may read.
func (c *Caller) Has(scope viewer.Scope) bool { return slices.Contains(c.scopes, scope) }

// ViewerName is the caller's name as the API shows it; empty where callers are not told apart.
func (c *Caller) ViewerName() string {
	if !c.IsKnown() {
		return ""
	}
	return c.Name
}

// withCaller returns a context that carries the caller, as the viewer of its operations too.
func withCaller(ctx context.Context, caller *Caller) context.Context {
	return viewer.NewContext(ctx, caller)
}

// FromContext returns the caller of the request, never nil. Where nobody was put into the context, it is one that may read
// nothing: a handler that was wired without [Middleware] shows nothing, rather than all.
func FromContext(ctx context.Context) *Caller {
	if caller, ok := viewer.FromContext(ctx).(*Caller); ok {
		return caller
	}
	return &Caller{}
}
