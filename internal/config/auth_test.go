package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// digest is the SHA-256 of the empty text.
const digest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// validAuth has a bit of everything.
const validAuth = `auth:
  tokens:
    - {name: dashboard, sha256: "` + digest + `", apps: ["shop-*", office], scopes: [logs]}
    - name: Ops.on-call_2
      sha256: ` + "E" + `3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B854
      apps: ["*"]
      scopes: [people, content, logs]
  issuers:
    - {issuer: "https://idp.example/", audience: difygraph, jwks: "https://idp.example/keys?p=1", apps: {claim: difygraph_apps}, scopes: {claim: scope}}
    - {issuer: "http://localhost:9000/a", audience: a b, jwks: "http://[::1]:9000", apps: [a, "[b-d]?"], scopes: [content]}
`

func TestLoadAuth(t *testing.T) {
	t.Parallel()
	full := Auth{
		Tokens: []Token{
			{Name: "dashboard", SHA256: digest, Apps: []string{"shop-*", "office"}, Scopes: []string{"logs"}},
			{
				Name: "Ops.on-call_2", SHA256: strings.TrimSuffix(digest, "5") + "4", Apps: []string{"*"},
				Scopes: []string{"people", "content", "logs"},
			},
		},
		Issuers: []Issuer{
			{
				Issuer: "https://idp.example/", Audience: "difygraph", JWKS: "https://idp.example/keys?p=1",
				Apps: Grant{Claim: "difygraph_apps"}, Scopes: Grant{Claim: "scope"},
			},
			{
				Issuer: "http://localhost:9000/a", Audience: "a b", JWKS: "http://[::1]:9000",
				Apps: Grant{List: []string{"a", "[b-d]?"}}, Scopes: Grant{List: []string{"content"}},
			},
		},
	}
	for name, test := range map[string]struct {
		file string
		want *Config
	}{
		"tokens and issuers":          {validFile + validAuth, defaults(func(c *Config) { c.Auth = full })},
		"open to all":                 {validFile + "auth: none\nlisten: :1\n", defaults(func(c *Config) { c.Auth, c.Listen = Auth{None: true}, ":1" })},
		"tokens open another address": {validFile + validAuth + "listen: :1\n", defaults(func(c *Config) { c.Auth, c.Listen = full, ":1" })},
		"the word by reference":       {validFile + "auth: ${WORD}\n", defaults(func(c *Config) { c.Auth.None = true })},
		"a digest by reference": {
			validFile + "auth: {tokens: [{name: a, sha256: '${DIGEST}', apps: [a], scopes: [logs]}]}\n",
			defaults(func(c *Config) {
				c.Auth.Tokens = []Token{{Name: "a", SHA256: digest, Apps: []string{"a"}, Scopes: []string{"logs"}}}
			}),
		},
		"lists by alias": {
			validFile + "auth: {tokens: [&a {name: a, sha256: '" + digest + "', apps: [a], scopes: &s [logs]}], issuers: [{" +
				"issuer: 'https://i', audience: a, jwks: 'https://i', apps: {claim: a}, scopes: *s}]}\n",
			defaults(func(c *Config) {
				c.Auth.Tokens = []Token{{Name: "a", SHA256: digest, Apps: []string{"a"}, Scopes: []string{"logs"}}}
				c.Auth.Issuers = []Issuer{{
					Issuer: "https://i", Audience: "a", JWKS: "https://i",
					Apps: Grant{Claim: "a"}, Scopes: Grant{List: []string{"logs"}},
				}}
			}),
		},
		"null is absent": {validFile + "auth: ~\nhosts: ~\ncors: ~\n", defaults(nil)},
		"hosts and origins": {
			validFile + "hosts: [logs.example, 10.0.0.7, '::1', '[fd00::1]']\ncors: {origins: ['https://Dash.example', 'http://a:8080'], headers: [X-Tenant]}\n",
			defaults(func(c *Config) {
				c.Hosts = []string{"logs.example", "10.0.0.7", "::1", "[fd00::1]"}
				c.CORS.Origins = []string{"https://Dash.example", "http://a:8080"}
				c.CORS.Headers = []string{"X-Tenant"}
			}),
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := loadText(test.file, "WORD=none", "DIGEST="+digest)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got, sameSecret); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

const (
	tokenFields  = "name, sha256, apps, scopes"
	issuerFields = "issuer, audience, jwks, apps, scopes"
)

// authMistakes are of files that begin with auth, in line 1.
var authMistakes = map[string]mistakeTest{
	"another word":        {"auth: token\n", []string{"1:7: auth: " + wantAuth}},
	"an empty word":       {"auth: ''\n", []string{"1:7: auth: " + wantAuth}},
	"a list":              {"auth: [none]\n", []string{"1:7: auth: " + wantAuth}},
	"an empty mapping":    {"auth: {}\n", []string{"1:7: auth: " + wantAuth}},
	"empty lists":         {"auth: {tokens: [], issuers: []}\n", []string{"1:7: auth: " + wantAuth}},
	"a near name":         {"auth: {token: []}\n", []string{"1:8: auth.token: is no field here; did you mean tokens?"}},
	"tokens a mapping":    {"auth: {tokens: {name: a}}\n", []string{"1:16: auth.tokens: must be a list of tokens, each with name, sha256, apps and scopes"}},
	"issuers a text":      {"auth: {issuers: https://i}\n", []string{"1:17: auth.issuers: must be a list of issuers, each with issuer, audience, jwks, apps and scopes"}},
	"a token a text":      {"auth: {tokens: [a]}\n", []string{"1:17: auth.tokens[0]: must be a mapping of " + tokenFields}},
	"an issuer a text":    {"auth: {issuers: [a]}\n", []string{"1:18: auth.issuers[0]: must be a mapping of " + issuerFields}},
	"none beside others":  {"auth: {none: true}\n", []string{"1:7: auth: " + wantAuth, "1:8: auth.none: is no field here; known: tokens, issuers"}},
	"an unknown variable": {"auth: ${NOPE}\n", []string{"1:7: auth: the environment variable NOPE is not set"}},
	"a token without all": {"auth: {tokens: [{}]}\n", []string{
		"1:17: auth.tokens[0].name: is missing; it must be 1 to 64 of the characters A-Z, a-z, 0-9, -, _ and .",
		"1:17: auth.tokens[0].sha256: is missing; it must be the SHA-256 of a token: 64 hexadecimal digits, as difygraph token prints them",
		`1:17: auth.tokens[0].apps: is missing; it must be a list of at least one pattern of app keys, such as shop-* or "*" (in quotes)`,
		"1:17: auth.tokens[0].scopes: is missing; it must be a list of at least one of logs, content, people",
	}},
	"all of a token": {"auth:\n  tokens:\n    - name: a b\n      sha256: " + sentinel + "\n      apps: [A, '', 'a[', a b]\n      scopes: [logs, all, ~]\n", []string{
		"3:13: auth.tokens[0].name: must be 1 to 64 of the characters A-Z, a-z, 0-9, -, _ and .",
		"4:15: auth.tokens[0].sha256: must be the SHA-256 of a token: 64 hexadecimal digits, as difygraph token prints them",
		"5:14: auth.tokens[0].apps[0]: " + wantPattern,
		"5:17: auth.tokens[0].apps[1]: " + wantPattern,
		"5:21: auth.tokens[0].apps[2]: " + wantPattern,
		"5:27: auth.tokens[0].apps[3]: " + wantPattern,
		"6:22: auth.tokens[0].scopes[1]: " + wantScope,
		"6:27: auth.tokens[0].scopes[2]: " + wantScope,
	}},
	"lists of a token": {"auth:\n  tokens:\n    - name: a\n      sha256: " + digest + "\n      apps: shop-*\n      scopes: []\n", []string{
		`5:13: auth.tokens[0].apps: must be a list of at least one pattern of app keys, such as shop-* or "*" (in quotes)`,
		"6:15: auth.tokens[0].scopes: must be a list of at least one of logs, content, people",
	}},
	"a claim for a token": {"auth:\n  tokens:\n    - {name: a, sha256: " + digest + ", apps: [a], scopes: {claim: scope}}\n", []string{
		"3:110: auth.tokens[0].scopes: must be a list of at least one of logs, content, people",
	}},
	"the same token twice": {"auth:\n  tokens:\n" +
		"    - {name: a, sha256: " + digest + ", apps: [a], scopes: [logs]}\n" +
		"    - {name: a, sha256: " + strings.ToUpper(digest) + ", apps: [a], scopes: [logs]}\n", []string{
		"4:14: auth.tokens[1].name: must be unique; auth.tokens[0].name at line 3, column 14 is the same",
		"4:25: auth.tokens[1].sha256: must be unique; auth.tokens[0].sha256 at line 3, column 25 is the same",
	}},
	"the same issuer twice": {issuerWith("apps: [a]", "scopes: [logs]") +
		"    - {issuer: https://idp.example, audience: b, jwks: 'https://idp.example', apps: [a], scopes: [logs]}\n", []string{
		"8:16: auth.issuers[1].issuer: must be unique; auth.issuers[0].issuer at line 3, column 15 is the same",
	}},
	"an issuer without all": {"auth: {issuers: [{}]}\n", []string{
		"1:18: auth.issuers[0].issuer: is missing; it must be the issuer's URL, to the letter as its tokens have it in iss: https, or http on this machine, without query",
		"1:18: auth.issuers[0].audience: is missing; it must be what tokens for this server have in aud, such as difygraph",
		"1:18: auth.issuers[0].jwks: is missing; it must be the URL of the issuer's keys, a JWK Set: https, or http on this machine",
		"1:18: auth.issuers[0].apps: is missing; it " + requirements["auth.issuers.apps"],
		"1:18: auth.issuers[0].scopes: is missing; it " + requirements["auth.issuers.scopes"],
	}},
	"all of an issuer": {"auth:\n  issuers:\n    - issuer: http://idp.example\n      audience: ''\n      jwks: idp.example/keys\n" +
		"      apps: [a, 'b[']\n      scopes: [openid]\n", []string{
		"3:15: auth.issuers[0].issuer: " + requirements["auth.issuers.issuer"],
		"4:17: auth.issuers[0].audience: " + requirements["auth.issuers.audience"],
		"5:13: auth.issuers[0].jwks: " + requirements["auth.issuers.jwks"],
		"6:17: auth.issuers[0].apps[1]: " + wantPattern,
		"7:16: auth.issuers[0].scopes[0]: " + wantScope,
	}},
	"grants of no form": {issuerWith("apps: a", "scopes: 5"), []string{
		"6:13: auth.issuers[0].apps: " + requirements["auth.issuers.apps"],
		"7:15: auth.issuers[0].scopes: " + requirements["auth.issuers.scopes"],
	}},
	"empty grants": {issuerWith("apps: []", "scopes: {}"), []string{
		"6:13: auth.issuers[0].apps: " + requirements["auth.issuers.apps"],
		"7:15: auth.issuers[0].scopes: " + requirements["auth.issuers.scopes"],
	}},
	"claims of no name": {issuerWith("apps: {claim: ''}", "scopes: {claim: 5}"), []string{
		"6:13: auth.issuers[0].apps: " + requirements["auth.issuers.apps"],
		"7:23: auth.issuers[0].scopes.claim: must be the name of a claim at the top of the token" + quoteIt,
	}},
	"claims misspelt": {issuerWith("apps: {claims: a}", "scopes: {clai: a}"), []string{
		"6:14: auth.issuers[0].apps.claims: is no field here; did you mean claim?",
		"7:16: auth.issuers[0].scopes.clai: is no field here; did you mean claim?",
	}},
	"hosts": {"auth: none\nhosts: ['', 'http://a', 'a:80', '*', '[a]', a b]\n", []string{
		"2:9: hosts[0]: " + wantHost, "2:13: hosts[1]: " + wantHost, "2:25: hosts[2]: " + wantHost,
		"2:33: hosts[3]: " + wantHost, "2:38: hosts[4]: " + wantHost, "2:45: hosts[5]: " + wantHost,
	}},
	"hosts no list": {"auth: none\nhosts: logs.example\n", []string{"2:8: hosts: " + requirements["hosts"]}},
	"origins": {"auth: none\ncors: {origins: ['*', 'null', 'https://a/', 'a.example']}\n", []string{
		"2:18: cors.origins[0]: " + wantOrigin, "2:23: cors.origins[1]: " + wantOrigin,
		"2:31: cors.origins[2]: " + wantOrigin, "2:45: cors.origins[3]: " + wantOrigin,
	}},
	"headers": {"auth: none\ncors: {headers: ['*', 'X-Tenant', 'X Tenant', '']}\n", []string{
		"2:18: cors.headers[0]: " + wantHeader, "2:35: cors.headers[2]: " + wantHeader, "2:47: cors.headers[3]: " + wantHeader,
	}},
	"origins no list": {"auth: none\ncors: {origins: 'https://a'}\n", []string{"2:17: cors.origins: must be a list of origins, such as https://dash.example"}},
	"cors a list":     {"auth: none\ncors: ['https://a']\n", []string{"2:7: cors: must be a mapping of origins, headers"}},
}

const (
	wantPattern = `must be a pattern of app keys, such as shop-* or "*" (in quotes)`
	wantScope   = "must be one of logs, content, people"
	wantHost    = "must be a name or an address, without scheme and port, such as logs.example"
	wantHeader  = "must be the name of a request header, such as X-Tenant; there is none for all headers"
	wantOrigin  = "must be an origin, such as https://dash.example: http or https, a name, and the port if it is not the scheme's own; there is none for all sites"
)

// issuerWith is an issuer with two lines of its own, 6 and 7.
func issuerWith(apps, scopes string) string {
	return "auth:\n  issuers:\n    - issuer: https://idp.example\n      audience: a\n      jwks: https://idp.example/keys\n      " +
		apps + "\n      " + scopes + "\n"
}

func TestAuthMistakes(t *testing.T) {
	t.Parallel()
	for name, test := range authMistakes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := loadText(test.file + validFile)
			checkProblems(t, err, test.want)
		})
	}
}

func TestOpenAddressNeedsAuth(t *testing.T) {
	t.Parallel()
	for _, auth := range []string{"", "auth: ~\n", "hosts: [logs.example]\n", "cors: {origins: ['https://a']}\n"} {
		if _, err := loadText(validFile + "listen: :1\n" + auth); err == nil || !strings.Contains(err.Error(), "5:9: listen: "+unguarded) {
			t.Errorf("%q: got %v", auth, err)
		}
	}
}
