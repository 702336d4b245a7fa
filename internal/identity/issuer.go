package identity

import (
	"context"
	"errors"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/difygraph/difygraph/internal/config"
)

const (
	// leeway is how far the issuer's clock and ours may be apart.
	leeway = 30 * time.Second
	// maxSubjectBytes is the bound of OpenID Connect (Core, section 2) on sub.
	maxSubjectBytes = 255
)

// methods are the signatures that are taken: those whose keys are public. A token that names another, "none" or HS256 with
// a public key for its secret among them, is refused before a key is looked for.
var methods = []string{"RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "EdDSA"}

// parser checks form and signature. The claims are checked by the issuer that the token names, whose rules are not known
// before it is parsed.
var parser = jwt.NewParser(jwt.WithValidMethods(methods), jwt.WithStrictDecoding(), jwt.WithoutClaimsValidation())

// issuers are the known ones by their URL.
type issuers map[string]*knownIssuer

type knownIssuer struct {
	config.Issuer

	claims *jwt.Validator
	keys   *keySet
}

func newIssuers(configured []config.Issuer, from *fetcher) issuers {
	known := issuers{}
	for _, issuer := range configured {
		known[issuer.Issuer] = &knownIssuer{
			Issuer: issuer,
			claims: jwt.NewValidator(
				jwt.WithIssuer(issuer.Issuer), jwt.WithAudience(issuer.Audience),
				jwt.WithExpirationRequired(), jwt.WithLeeway(leeway)),
			keys: &keySet{fetch: from.keysOf(issuer)},
		}
	}
	return known
}

// keepKeys takes over the keys of issuers that are the same.
func (known issuers) keepKeys(previous issuers) {
	for address, issuer := range known {
		if old := previous[address]; old != nil && old.JWKS == issuer.JWKS {
			issuer.keys = old.keys
		}
	}
}

// Turn waits until it is the turn of whoever the context is of to have a signature checked. done is to be called after it. The error
// says that there is no turn in time.
type Turn func(ctx context.Context) (done func(), err error)

// atOnce is a Turn without waiting.
func atOnce(context.Context) (done func(), err error) { return func() {}, nil }

// verify finds the caller of a JWT.
func (known issuers) verify(ctx context.Context, token string, turn Turn) (*Caller, *refusal) {
	if len(known) == 0 {
		return nil, unknownToken
	}
	parsed, err := known.parse(ctx, token, turn)
	if err != nil {
		return nil, refusalOf(err)
	}
	claims, _ := parsed.Claims.(jwt.MapClaims) // what Parse makes
	issuer := known[issuerOf(claims)]
	if err := issuer.claims.Validate(claims); err != nil {
		return nil, refusalOf(err)
	}
	return issuer.callerOf(claims)
}

// parse reads a token whose signature is right. The signature is checked in its turn: that takes up to a millisecond, more than all
// else that is done for a stranger, and strangers can make up tokens for which it is due.
func (known issuers) parse(ctx context.Context, token string, turn Turn) (*jwt.Token, error) {
	done := func() {}
	defer func() { done() }()
	return parser.Parse(token, func(unverified *jwt.Token) (any, error) {
		key, err := known.keyOf(ctx, unverified)
		if err != nil {
			return nil, err
		}
		end, err := turn(ctx)
		if err != nil {
			return nil, busy
		}
		done = end
		return key, nil
	})
}

// keyOf finds the key that the token says it is signed with, among those of the issuer that it says it is from. Its errors are
// refusals.
func (known issuers) keyOf(ctx context.Context, unverified *jwt.Token) (any, error) {
	claims, _ := unverified.Claims.(jwt.MapClaims)
	issuer := known[issuerOf(claims)]
	if issuer == nil {
		return nil, strangeIssuer
	}
	// RFC 7515, section 4.1.11: what crit names must be understood, and nothing that it may name is.
	if _, critical := unverified.Header["crit"]; critical {
		return nil, forgedToken
	}
	kid, isText := unverified.Header["kid"].(string)
	if _, given := unverified.Header["kid"]; given && !isText {
		return nil, strangeKey
	}
	key, refusal := issuer.keys.find(ctx, kid, unverified.Method.Alg())
	if refusal != nil {
		return nil, refusal
	}
	return key, nil
}

func issuerOf(claims jwt.MapClaims) string {
	text, _ := claims["iss"].(string)
	return text
}

// refusalOf says what is wrong with a token, or with its claims where its issuer signed them.
func refusalOf(err error) *refusal {
	if refused, ok := errors.AsType[*refusal](err); ok {
		return refused
	}
	for _, known := range []struct {
		err error
		*refusal
	}{
		{jwt.ErrTokenMalformed, unknownToken},
		{jwt.ErrTokenSignatureInvalid, forgedToken},
		{jwt.ErrTokenUnverifiable, forgedToken}, // of a method that is none here
		{jwt.ErrTokenInvalidAudience, strayToken},
		{jwt.ErrTokenExpired, expiredToken},
		{jwt.ErrTokenNotValidYet, earlyToken},
	} {
		if errors.Is(err, known.err) {
			return known.refusal
		}
	}
	return malformedClaims
}

func (i *knownIssuer) callerOf(claims jwt.MapClaims) (*Caller, *refusal) {
	subject, err := claims.GetSubject()
	// Cut, it might be another one's.
	if err != nil || len(subject) > maxSubjectBytes {
		return nil, malformedClaims
	}
	name := i.Issuer.Issuer
	if subject != "" {
		name += " " + subject
	}
	expiry, err := claims.GetExpirationTime()
	if err != nil || expiry == nil { // which the claims have been checked for
		return nil, unknownToken
	}
	return &Caller{
		Name: name, Expires: expiry.Add(leeway),
		patterns: patternsOf(granted(i.Apps, claims)), scopes: scopesOf(granted(i.Scopes, claims)),
	}, nil
}
