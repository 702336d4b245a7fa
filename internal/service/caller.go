package service

import (
	"net/http"

	"github.com/difygraph/difygraph/graph/viewer"
	"github.com/difygraph/difygraph/internal/config"
	"github.com/difygraph/difygraph/internal/identity"
)

// callerView is a caller as the graph sees it.
type callerView struct{ *identity.Caller }

// Has tells whether the caller has a scope.
func (v callerView) Has(s viewer.Scope) bool { return v.Caller.Has(identity.Scope(s)) }

// asViewer shows the graph who calls.
func asViewer(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := callerView{identity.FromContext(r.Context())}
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
