package service

import (
	"net/http"

	"github.com/difygraph/difygraph/graph/viewer"
	"github.com/difygraph/difygraph/internal/config"
	"github.com/difygraph/difygraph/internal/identity"
)

// callerView is a caller as the graph sees it.
type callerView struct {
	*identity.Caller
	named bool // callers are told apart
}

// ViewerName is empty where all callers are the same.
func (v callerView) ViewerName() string {
	if !v.named {
		return ""
	}
	return v.Name
}

// Has tells whether the caller has a scope.
func (v callerView) Has(s viewer.Scope) bool { return v.Caller.Has(identity.Scope(s)) }

// asViewer shows the graph who calls, by name where callers have one.
func asViewer(named bool, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := callerView{identity.FromContext(r.Context()), named}
		next.ServeHTTP(w, r.WithContext(viewer.NewContext(r.Context(), v)))
	})
}

func identityOptions(auth config.Auth) identity.Options {
	o := identity.Options{Open: !auth.Identifies()}
	for _, t := range auth.Tokens {
		o.Tokens = append(o.Tokens, identity.Token(t))
	}
	for _, i := range auth.Issuers {
		o.Issuers = append(o.Issuers, identity.Issuer{
			Issuer: i.Issuer, Audience: i.Audience, JWKS: i.JWKS, Apps: grant(i.Apps), Scopes: grant(i.Scopes),
		})
	}
	return o
}

func grant(g config.Grant) identity.Grant { return identity.Grant{Fixed: g.List, Claim: g.Claim} }
