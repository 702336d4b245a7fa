package identity

import (
	"net/http"
	"strings"
	"testing"

	"github.com/difygraph/difygraph/internal/config"
)

func TestBearerToken(t *testing.T) {
	t.Parallel()
	longest := strings.Repeat("a", maxTokenBytes)
	for name, test := range map[string]struct {
		headers []string
		token   string
		refusal *refusal
	}{
		"none":                    {nil, "", noToken},
		"empty":                   {[]string{""}, "", noToken},
		"a token":                 {[]string{"Bearer abc"}, "abc", nil},
		"a JWT":                   {[]string{"Bearer a-_.b~+/.c=="}, "a-_.b~+/.c==", nil},
		"lower case":              {[]string{"bearer abc"}, "abc", nil},
		"upper case":              {[]string{"BEARER abc"}, "abc", nil},
		"two blanks":              {[]string{"Bearer  abc"}, "abc", nil},
		"another scheme":          {[]string{"Basic dTpw"}, "", noToken},
		"the token alone":         {[]string{"dg_abc"}, "", noToken},
		"longer scheme":           {[]string{"BearerX abc"}, "", noToken},
		"scheme alone":            {[]string{"Bearer"}, "", malformedToken},
		"scheme and blank":        {[]string{"Bearer "}, "", malformedToken},
		"two tokens":              {[]string{"Bearer abc def"}, "", malformedToken},
		"a list":                  {[]string{"Bearer abc, Bearer def"}, "", malformedToken},
		"quoted":                  {[]string{`Bearer "abc"`}, "", malformedToken},
		"tab":                     {[]string{"Bearer\tabc"}, "", noToken},
		"not ASCII":               {[]string{"Bearer abç"}, "", malformedToken},
		"not UTF-8":               {[]string{"Bearer ab\xff"}, "", malformedToken},
		"padding alone":           {[]string{"Bearer =="}, "", malformedToken},
		"padding inside":          {[]string{"Bearer a=b"}, "", malformedToken},
		"two headers":             {[]string{"Bearer abc", "Bearer abc"}, "", malformedToken},
		"two headers, one empty":  {[]string{"", "Bearer abc"}, "", malformedToken},
		"the longest":             {[]string{"Bearer " + longest}, longest, nil},
		"one byte more than that": {[]string{"Bearer " + longest + "a"}, "", malformedToken},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			token, refusal := bearerToken(http.Header{"Authorization": test.headers})
			if token != test.token || refusal != test.refusal {
				t.Errorf("got %.40q, %+v", token, refusal)
			}
		})
	}
}

func TestChallenge(t *testing.T) {
	t.Parallel()
	for refusal, want := range map[*refusal]string{
		noToken:        `Bearer realm="difygraph"`,
		malformedToken: `Bearer realm="difygraph", error="invalid_token"`,
		unknownToken:   `Bearer realm="difygraph", error="invalid_token"`,
		expiredToken:   `Bearer realm="difygraph", error="invalid_token"`,
	} {
		if got := refusal.challenge(); got != want {
			t.Errorf("%s: got %s", refusal.reason(), got)
		}
	}
}

// FuzzAuthorization holds that a header gives either a token that it has in it, or a fixed refusal; and that nobody gets
// in who does not know the token.
func FuzzAuthorization(f *testing.F) {
	for _, seed := range []string{
		"", "Bearer", "Bearer abc", "bearer  a.b.c", "Basic x", "Bearer a b", "Bearer =", "Bearer eyJhbGciOiJub25lIn0.e30.",
		"Bearer eyJhbGciOiJFZERTQSIsImtpZCI6MX0.eyJpc3MiOiJodHRwczovL2lkcC5leGFtcGxlIn0.AA",
	} {
		f.Add(seed)
	}
	idp := newIssuerStub(f)
	a := idp.authenticator(f, Options{Tokens: []config.Token{tokenOf("dashboard", "right")}})
	f.Fuzz(func(t *testing.T, header string) {
		token, refusal := bearerToken(http.Header{"Authorization": {header}})
		if (token == "") == (refusal == nil) || !strings.Contains(header, token) || !isToken68(token) && refusal == nil {
			t.Errorf("token %q, refusal %+v", token, refusal)
		}
		caller, _ := a.authenticate(requestWith(t, header))
		if caller != nil && token != "right" {
			t.Errorf("%q is %+v", header, caller)
		}
	})
}
