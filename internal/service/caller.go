package service

import (
	"github.com/difygraph/difygraph/internal/config"
	"github.com/difygraph/difygraph/internal/identity"
)

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
