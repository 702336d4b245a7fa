package identity

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/difygraph/difygraph/graph/viewer"
	"github.com/difygraph/difygraph/internal/config"
)

func digestOf(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// tokenOf is an entry that allows what a dashboard needs.
func tokenOf(name, token string) config.Token {
	return config.Token{Name: name, SHA256: digestOf(token), Apps: []string{"shop-*"}, Scopes: []string{"logs"}}
}

func TestTokens(t *testing.T) {
	t.Parallel()
	last := config.Token{Name: "last", SHA256: strings.ToUpper(digestOf("three")), Apps: []string{"a"}, Scopes: []string{"people", "content"}}
	a, err := New(Options{Tokens: []config.Token{tokenOf("first", "one"), tokenOf("second", "two"), last}})
	if err != nil {
		t.Fatal(err)
	}
	for token, want := range map[string]string{
		"one": "first", "two": "second", "three": "last",
		"four": "", "On": "", "ONE": "", "onee": "", digestOf("one"): "",
	} {
		caller, refusal := a.authenticate(requestWith(t, "Bearer "+token))
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
	a, err := New(Options{Tokens: []config.Token{tokenOf("dashboard", "one")}})
	if err != nil {
		t.Fatal(err)
	}
	caller, _ := a.authenticate(requestWith(t, "Bearer one"))
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
	want := `- {name: dashboard, sha256: "00ff", apps: ["shop-*", "b"], scopes: [logs, people]}`
	if got := TokenEntry("dashboard", "00ff", []string{"shop-*", "b"}, []viewer.Scope{viewer.Logs, viewer.People}); got != want {
		t.Errorf("got %s", got)
	}
}

func TestNewRefusesWrongOptions(t *testing.T) {
	t.Parallel()
	const secret = "SeNtInEl"
	right, issuer := tokenOf("a", "one"), newIssuerStub(t).issuer()
	digest := func(text string) Options {
		wrong := tokenOf("b", "two")
		wrong.SHA256 = text
		return Options{Tokens: []config.Token{right, wrong}}
	}
	for name, options := range map[string]Options{
		"nobody":                      {},
		"open, and a token":           {Open: true, Tokens: []config.Token{right}},
		"open, and an issuer":         {Open: true, Issuers: []config.Issuer{issuer}},
		"token in the digest's place": digest(secret),
		"short digest":                digest(right.SHA256[2:]),
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
	a, err := New(Options{Tokens: []config.Token{tokenOf("a", "one")}})
	if err != nil {
		t.Fatal(err)
	}
	caller, _ := a.authenticate(requestWith(t, "Bearer one"))
	for _, shown := range []string{fmt.Sprintf("%+v", caller), fmt.Sprintf("%#v", *caller)} {
		if strings.Contains(shown, digestOf("one")) {
			t.Errorf("shown: %s", shown)
		}
	}
}
