package config

import (
	"fmt"
	"path"
	"regexp"
	"slices"

	"github.com/difygraph/difygraph/graph/viewer"
)

// authNone is the word for a server that asks nobody who they are.
const authNone = "none"

// Auth says who may call: anyone, or who shows a token.
type Auth struct {
	// None says that the file wants no identities, on any address.
	None bool `yaml:"-"`

	// Tokens are bearer tokens, with unique names and digests.
	Tokens []Token `yaml:"tokens" validate:"dive"`

	// Issuers are those whose JWTs are taken, unique by their URL.
	Issuers []Issuer `yaml:"issuers" validate:"dive"`
}

// Identifies tells whether callers must show who they are.
func (a Auth) Identifies() bool { return len(a.Tokens)+len(a.Issuers) > 0 }

// Token is a bearer token and what it allows.
type Token struct {
	// Name tells callers apart: 1 to 64 of A-Z, a-z, 0-9, -, _ and dot.
	Name string `yaml:"name" validate:"callername"`

	// SHA256 is the digest of the token: 64 hexadecimal digits in lower case.
	SHA256 string `yaml:"sha256" validate:"sha256"`

	// Apps are patterns of app keys in the form of [path.Match], at least one.
	Apps []string `yaml:"apps" validate:"min=1,dive,apppattern"`

	// Scopes are at least one of logs, content and people.
	Scopes []string `yaml:"scopes" validate:"min=1,dive,scope"`
}

// Issuer makes JWTs.
type Issuer struct {
	// Issuer is the iss of its tokens: an https URL, or http on this machine.
	Issuer string `yaml:"issuer" validate:"issuerurl"`

	// Audience is an aud of tokens for this server, never empty.
	Audience string `yaml:"audience" validate:"min=1"`

	// JWKS is the URL of its keys: https, or http on this machine.
	JWKS string `yaml:"jwks" validate:"jwksurl"`

	// Apps are patterns of app keys as those of a Token.
	Apps Grant `yaml:"apps"`

	// Scopes are logs, content and people.
	Scopes Grant `yaml:"scopes"`
}

// Grant is a list, or the name of the claim that has the list. One of the two
// is empty.
type Grant struct {
	List  []string `yaml:"-"`
	Claim string   `yaml:"claim"`
}

// checkAuth reports what the tags of Auth can't say.
func checkAuth(auth Auth, found *report) {
	if found.given("auth") && !auth.None && !auth.Identifies() && !found.faultyInside("auth") {
		found.require("auth", requirement("auth"))
	}
	for i, issuer := range auth.Issuers {
		at := fmt.Sprintf("auth.issuers[%d]", i)
		checkGrant(at+".apps", issuer.Apps, isAppPattern, found)
		checkGrant(at+".scopes", issuer.Scopes, isScope, found)
	}
}

func checkGrant(at string, grant Grant, right func(string) bool, found *report) {
	if len(grant.List) == 0 && grant.Claim == "" && !found.faultyInside(at) {
		reportValue(at, found)
	}
	for i, text := range grant.List {
		if !right(text) {
			reportValue(fmt.Sprintf("%s[%d]", at, i), found)
		}
	}
}

var (
	callerName = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)
	sha256Hex  = regexp.MustCompile(`^[0-9a-fA-F]{64}$`)

	// What path.Match has a meaning for, among the characters of app keys.
	appPattern = regexp.MustCompile(`^[a-z0-9*?^\[\]-]{1,256}$`)
)

// IsCallerName tells whether text can be the name of a [Token].
func IsCallerName(text string) bool { return callerName.MatchString(text) }

// IsAppPattern tells whether text can be one of the patterns of a [Token]'s apps.
func IsAppPattern(text string) bool { return isAppPattern(text) }

func isAppPattern(text string) bool {
	_, err := path.Match(text, "")
	return err == nil && appPattern.MatchString(text)
}

// scopes are all that there are.
func scopes() (all []string) {
	for _, scope := range viewer.Scopes() {
		all = append(all, string(scope))
	}
	return all
}

func isScope(text string) bool { return slices.Contains(scopes(), text) }
