package identity

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/difygraph/difygraph/graph/viewer"
)

func digestOf(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// tokenOf is an entry that allows what a dashboard needs.
func tokenOf(name, token string) Token {
	return Token{Name: name, SHA256: digestOf(token), Apps: []string{"shop-*"}, Scopes: []string{"logs"}}
}

func TestTokens(t *testing.T) {
	t.Parallel()
	last := Token{Name: "last", SHA256: strings.ToUpper(digestOf("three")), Apps: []string{"a"}, Scopes: []string{"people", "content"}}
	a, err := New(Options{Tokens: []Token{tokenOf("first", "one"), tokenOf("second", "two"), last}})
	if err != nil {
		t.Fatal(err)
	}
	for token, want := range map[string]string{
		"one": "first", "two": "second", "three": "last",
		"four": "", "On": "", "ONE": "", "onee": "", digestOf("one"): "",
	} {
		caller, refusal := a.Authenticate(requestWith(t, "Bearer "+token))
		if got := nameOf(caller); got != want || (refusal == nil) != (want != "") {
			t.Errorf("%s: got %q, %+v", token, got, refusal)
		}
	}
}

func nameOf(caller *Caller) string {
	if caller == nil {
		return ""
	}
	return caller.Name
}

func TestTokenAllowsWhatItsEntrySays(t *testing.T) {
	t.Parallel()
	a, err := New(Options{Tokens: []Token{tokenOf("dashboard", "one")}})
	if err != nil {
		t.Fatal(err)
	}
	caller, _ := a.Authenticate(requestWith(t, "Bearer one"))
	if !caller.MayRead("shop-1") || caller.MayRead("office") || !caller.Has(viewer.Logs) || caller.Has(viewer.Content) || caller.Has(viewer.People) {
		t.Errorf("got %+v", caller)
	}
}

func TestNewTokenIsTakenWithItsDigest(t *testing.T) {
	t.Parallel()
	token, digest := NewToken()
	other, _ := NewToken()
	if !regexp.MustCompile(`^dg_[\w-]{43}$`).MatchString(token) || digest != digestOf(token) || token == other {
		t.Errorf("a token of %d characters, digest %s", len(token), digest)
	}
}

func TestTokenEntry(t *testing.T) {
	t.Parallel()
	want := `- {name: dashboard, sha256: "00ff", apps: ["*"], scopes: [logs, content, people]}`
	if got := TokenEntry("dashboard", "00ff"); got != want {
		t.Errorf("got %s", got)
	}
}

func TestNewRefusesWrongOptions(t *testing.T) {
	t.Parallel()
	const secret = "SeNtInEl"
	right, issuer := tokenOf("a", "one"), newIssuerStub(t).issuer()
	token := func(change func(*Token)) Options {
		wrong := tokenOf("b", "two")
		change(&wrong)
		return Options{Tokens: []Token{right, wrong}}
	}
	from := func(change func(*Issuer)) Options {
		wrong := issuer
		wrong.Issuer = "https://other.example"
		change(&wrong)
		return Options{Issuers: []Issuer{issuer, wrong}}
	}
	for name, options := range map[string]Options{
		"nobody":                      {},
		"open, and a token":           {Open: true, Tokens: []Token{right}},
		"open, and an issuer":         {Open: true, Issuers: []Issuer{issuer}},
		"token without name":          token(func(t *Token) { t.Name = "" }),
		"token named with a blank":    token(func(t *Token) { t.Name = "a b" }),
		"token in the digest's place": token(func(t *Token) { t.SHA256 = secret }),
		"short digest":                token(func(t *Token) { t.SHA256 = t.SHA256[2:] }),
		"no apps":                     token(func(t *Token) { t.Apps = nil }),
		"no scopes":                   token(func(t *Token) { t.Scopes = nil }),
		"empty pattern":               token(func(t *Token) { t.Apps = []string{"a", ""} }),
		"malformed pattern":           token(func(t *Token) { t.Apps = []string{"a[" + secret} }),
		"unknown scope":               token(func(t *Token) { t.Scopes = []string{"logs", secret} }),
		"same name":                   token(func(t *Token) { t.Name = "a" }),
		"same digest":                 token(func(t *Token) { t.SHA256 = strings.ToUpper(right.SHA256) }),
		"issuer no URL":               from(func(i *Issuer) { i.Issuer = secret }),
		"issuer with a blank":         from(func(i *Issuer) { i.Issuer += "/a b" }),
		"keys at no URL":              from(func(i *Issuer) { i.JWKS = "/" + secret }),
		"no audience":                 from(func(i *Issuer) { i.Audience = "" }),
		"same issuer":                 from(func(i *Issuer) { i.Issuer = issuer.Issuer }),
		"apps of neither":             from(func(i *Issuer) { i.Apps = Grant{} }),
		"apps of both":                from(func(i *Issuer) { i.Apps = Grant{Fixed: []string{"a"}, Claim: "a"} }),
		"malformed fixed pattern":     from(func(i *Issuer) { i.Apps = Grant{Fixed: []string{"["}} }),
		"unknown fixed scope":         from(func(i *Issuer) { i.Scopes = Grant{Fixed: []string{secret}} }),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := New(options)
			if err == nil || strings.Contains(err.Error(), secret) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestDigestsAreNotShown(t *testing.T) {
	t.Parallel()
	a, err := New(Options{Tokens: []Token{tokenOf("a", "one")}})
	if err != nil {
		t.Fatal(err)
	}
	caller, _ := a.Authenticate(requestWith(t, "Bearer one"))
	for _, shown := range []string{fmt.Sprintf("%+v", caller), fmt.Sprintf("%#v", *caller)} {
		if strings.Contains(shown, digestOf("one")) {
			t.Errorf("shown: %s", shown)
		}
	}
}
