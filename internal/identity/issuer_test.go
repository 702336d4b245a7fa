package identity

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"github.com/difygraph/difygraph/graph/viewer"
	"github.com/difygraph/difygraph/internal/config"
)

func TestEachFamilyOfKeysIsTaken(t *testing.T) {
	t.Parallel()
	a := newIssuerStub(t).authenticator(t, Options{})
	for _, alg := range slices.Sorted(maps.Keys(signers())) {
		t.Run(alg, func(t *testing.T) {
			t.Parallel()
			caller, refusal := a.authenticate(requestWith(t, "Bearer "+signers()[alg].sign(t, claims(nil), nil)))
			if refusal != nil {
				t.Fatal(refusal.reason())
			}
			if caller.Name != "https://idp.example alice" || !caller.MayRead("shop-1") || caller.MayRead("office") ||
				!caller.Has(viewer.Logs) || !caller.Has(viewer.Content) || caller.Has(viewer.People) {
				t.Errorf("got %+v", caller)
			}
		})
	}
}

func TestClaimsAreChecked(t *testing.T) {
	t.Parallel()
	a := newIssuerStub(t).authenticator(t, Options{})
	in := func(d time.Duration) int64 { return time.Now().Add(d).Unix() }
	for name, test := range map[string]struct {
		change map[string]any
		want   *refusal
	}{
		"right":                     {nil, nil},
		"audience among others":     {map[string]any{"aud": []string{"other", audience}}, nil},
		"another audience":          {map[string]any{"aud": "other"}, strayToken},
		"audience in other letters": {map[string]any{"aud": "Difygraph"}, strayToken},
		"no audience":               {map[string]any{"aud": nil}, malformedClaims},
		"no audience in a list":     {map[string]any{"aud": []string{}}, malformedClaims},
		"audience a number":         {map[string]any{"aud": 5}, malformedClaims},
		"another issuer":            {map[string]any{"iss": "https://evil.example"}, strangeIssuer},
		"issuer with a slash more":  {map[string]any{"iss": issuerURL + "/"}, strangeIssuer},
		"no issuer":                 {map[string]any{"iss": nil}, strangeIssuer},
		"issuer a list":             {map[string]any{"iss": []string{issuerURL}}, strangeIssuer},
		"expired":                   {map[string]any{"exp": in(-time.Hour)}, expiredToken},
		"expired, by the clocks":    {map[string]any{"exp": in(-leeway / 2)}, nil},
		"no expiry":                 {map[string]any{"exp": nil}, malformedClaims},
		"expiry a text":             {map[string]any{"exp": "2100-01-01"}, malformedClaims},
		"not yet valid":             {map[string]any{"nbf": in(time.Hour)}, earlyToken},
		"valid by now":              {map[string]any{"nbf": in(-time.Hour)}, nil},
		"valid, by the clocks":      {map[string]any{"nbf": in(leeway / 2)}, nil},
		"not before a text":         {map[string]any{"nbf": "tomorrow"}, malformedClaims},
		"no subject":                {map[string]any{"sub": nil}, nil},
		"subject a number":          {map[string]any{"sub": 7}, malformedClaims},
		"the longest subject":       {map[string]any{"sub": strings.Repeat("s", 255)}, nil},
		"a longer subject":          {map[string]any{"sub": strings.Repeat("s", 256)}, malformedClaims},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, refusal := a.authenticate(requestWith(t, "Bearer "+signers()["EdDSA"].sign(t, claims(test.change), nil)))
			if refusal != test.want {
				t.Errorf("got %+v", refusal)
			}
		})
	}
}

func TestForgedTokensAreRefused(t *testing.T) {
	t.Parallel()
	idp := newIssuerStub(t)
	a := idp.authenticator(t, Options{})
	ed, p256 := signers()["EdDSA"], signers()["ES256"]
	right := strings.Split(ed.sign(t, claims(nil), nil), ".")
	for name, token := range map[string]string{
		"none, without signature":       unsigned(t, "none"),
		"none, in other letters":        unsigned(t, "nOnE"),
		"no alg":                        ed.sign(t, claims(nil), func(header map[string]any) { delete(header, "alg") }),
		"alg a number":                  ed.sign(t, claims(nil), func(header map[string]any) { header["alg"] = 1 }),
		"HS256 with the public RSA key": confused(t, jwt.SigningMethodHS256, "RS256"),
		"HS512 with the public EC key":  confused(t, jwt.SigningMethodHS512, "ES512"),
		"PS256":                         signer{"rsa", jwt.SigningMethodPS256, signers()["RS256"].private}.sign(t, claims(nil), nil),
		"another key's id":              ed.sign(t, claims(nil), func(header map[string]any) { header["kid"] = p256.kid }),
		"RS256 by an EC key":            p256.sign(t, claims(nil), func(header map[string]any) { header["alg"] = "RS256"; header["kid"] = "rsa" }),
		"critical header":               ed.sign(t, claims(nil), func(header map[string]any) { header["crit"] = []string{"b64"} }),
		"id a number":                   ed.sign(t, claims(nil), func(header map[string]any) { header["kid"] = 1 }),
		"id null":                       ed.sign(t, claims(nil), func(header map[string]any) { header["kid"] = nil }),
		"other claims":                  right[0] + "." + segment(`{"iss":"https://idp.example","aud":"difygraph","exp":9e9}`) + "." + right[2],
		"signature cut":                 right[0] + "." + right[1] + "." + right[2][:len(right[2])-4],
		"bits after the signature":      right[0] + "." + right[1] + "." + right[2][:85] + nextLetter(right[2]),
		"no signature":                  right[0] + "." + right[1] + ".",
		"a part more":                   strings.Join(right, ".") + ".AA",
		"no base64":                     "~~~." + right[1] + "." + right[2],
		"no JSON":                       segment("x") + "." + right[1] + "." + right[2],
		"claims a list":                 right[0] + "." + segment("[]") + "." + right[2],
		"claims null":                   right[0] + "." + segment("null") + "." + right[2],
		"header null":                   segment("null") + "." + right[1] + "." + right[2],
		"no JWT":                        "abc",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			caller, refusal := a.authenticate(requestWith(t, "Bearer "+token))
			if caller != nil || refusal == nil || refusal.message != notValid {
				t.Errorf("got %+v, %+v", caller, refusal)
			}
		})
	}
	t.Run("key in the header", func(t *testing.T) {
		t.Parallel()
		own := signers()["ES384"]
		token := own.sign(t, claims(nil), func(header map[string]any) {
			header["jwk"], header["jku"], header["kid"] = own.jwk(t, nil), "https://evil.example/keys", "evil"
		})
		if caller, refusal := a.authenticate(requestWith(t, "Bearer "+token)); refusal != strangeKey {
			t.Errorf("got %+v, %+v", caller, refusal)
		}
	})
}

func TestDeepTokenIsRefused(t *testing.T) {
	t.Parallel()
	a := newIssuerStub(t).authenticator(t, Options{})
	deep := segment(`{"alg":"EdDSA"}`) + "." + segment(strings.Repeat("[", 11_000)) + ".AA"
	if len(deep) > maxTokenBytes {
		t.Fatalf("%d bytes are refused for another reason", len(deep))
	}
	if _, refusal := a.authenticate(requestWith(t, "Bearer "+deep)); refusal != unknownToken {
		t.Errorf("got %+v", refusal)
	}
}

func TestTokenOfOneIssuerIsNoneOfAnother(t *testing.T) {
	t.Parallel()
	idp := newIssuerStub(t)
	other := idp.issuer()
	other.Issuer, other.Audience = "https://other.example", "elsewhere"
	a := idp.authenticator(t, Options{Issuers: []config.Issuer{idp.issuer(), other}})
	for _, test := range []struct {
		iss, aud string
		want     *refusal
	}{
		{issuerURL, audience, nil},
		{other.Issuer, other.Audience, nil},
		{issuerURL, other.Audience, strayToken},
		{other.Issuer, audience, strayToken},
	} {
		token := signers()["EdDSA"].sign(t, claims(map[string]any{"iss": test.iss, "aud": test.aud}), nil)
		if _, refusal := a.authenticate(requestWith(t, "Bearer "+token)); refusal != test.want {
			t.Errorf("%s for %s: got %+v", test.iss, test.aud, refusal)
		}
	}
}

func TestWithoutIssuersJWTsAreUnknown(t *testing.T) {
	t.Parallel()
	a, err := New(Options{Tokens: []config.Token{tokenOf("dashboard", "right")}})
	if err != nil {
		t.Fatal(err)
	}
	if _, refusal := a.authenticate(requestWith(t, "Bearer "+signers()["EdDSA"].sign(t, claims(nil), nil))); refusal != unknownToken {
		t.Errorf("got %+v", refusal)
	}
}

func TestClaimsGrant(t *testing.T) {
	t.Parallel()
	a := newIssuerStub(t).authenticator(t, Options{})
	many := slices.Repeat([]string{"b"}, maxPatterns)
	for name, test := range map[string]struct {
		apps, scopes any
		mayRead      []string // of a, b, shop-1
		has          []viewer.Scope
	}{
		"lists":             {[]string{"a", "b"}, []string{"logs", "people"}, []string{"a", "b"}, []viewer.Scope{viewer.Logs, viewer.People}},
		"texts with blanks": {"a  shop-* ", "people content\tlogs", []string{"a", "shop-1"}, []viewer.Scope{viewer.Logs, viewer.Content, viewer.People}},
		"all":               {"*", "logs", []string{"a", "b", "shop-1"}, []viewer.Scope{viewer.Logs}},
		"missing":           {nil, nil, nil, nil},
		"empty":             {"", []string{}, nil, nil},
		"numbers":           {5, 5, nil, nil},
		"truth":             {true, true, nil, nil},
		"objects":           {map[string]any{"a": "a"}, map[string]any{"logs": true}, nil, nil},
		"a number among":    {[]any{"a", 5}, []any{"logs", 5}, nil, nil},
		"a list among":      {[]any{"a", []string{"b"}}, []any{"logs", []string{"people"}}, nil, nil},
		"malformed pattern": {"a b[", "logs", nil, []viewer.Scope{viewer.Logs}},
		"empty pattern":     {[]string{"a", ""}, "logs", nil, []viewer.Scope{viewer.Logs}},
		"others' scopes":    {"a", "openid profile Logs logs:read *", []string{"a"}, nil},
		"commas":            {"a,b", "logs,people", nil, nil},
		"as many as may be": {many, "logs", []string{"b"}, []viewer.Scope{viewer.Logs}},
		"too many":          {append(many, "b"), "logs", nil, []viewer.Scope{viewer.Logs}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			token := signers()["EdDSA"].sign(t, claims(map[string]any{"difygraph_apps": test.apps, "scope": test.scopes}), nil)
			caller, refusal := a.authenticate(requestWith(t, "Bearer "+token))
			if refusal != nil {
				t.Fatal(refusal.reason())
			}
			readable := slices.DeleteFunc([]string{"a", "b", "shop-1"}, func(key string) bool { return !caller.MayRead(key) })
			scopes := slices.DeleteFunc(viewer.Scopes(), func(scope viewer.Scope) bool { return !caller.Has(scope) })
			if !slices.Equal(readable, test.mayRead) || !slices.Equal(scopes, test.has) {
				t.Error(cmp.Diff(test.mayRead, readable), cmp.Diff(test.has, scopes))
			}
		})
	}
}

func TestFixedListsGrantWhateverTheClaims(t *testing.T) {
	t.Parallel()
	idp := newIssuerStub(t)
	issuer := idp.issuer()
	issuer.Apps, issuer.Scopes = config.Grant{List: []string{"office"}}, config.Grant{List: []string{"logs"}}
	a := idp.authenticator(t, Options{Issuers: []config.Issuer{issuer}})
	token := signers()["EdDSA"].sign(t, claims(map[string]any{"difygraph_apps": "*", "scope": "people"}), nil)
	caller, refusal := a.authenticate(requestWith(t, "Bearer "+token))
	if refusal != nil {
		t.Fatal(refusal.reason())
	}
	if !caller.MayRead("office") || caller.MayRead("shop-1") || !caller.Has(viewer.Logs) || caller.Has(viewer.People) {
		t.Errorf("got %+v", caller)
	}
}

func TestTokenWithoutSubjectHasTheIssuersName(t *testing.T) {
	t.Parallel()
	a := newIssuerStub(t).authenticator(t, Options{})
	caller, _ := a.authenticate(requestWith(t, "Bearer "+signers()["EdDSA"].sign(t, claims(map[string]any{"sub": nil}), nil)))
	if got := nameOf(caller); got != issuerURL {
		t.Errorf("got %q", got)
	}
}

// TestCallerIsKnownUntilItsTokenExpires, and as much longer as its token is taken.
func TestCallerIsKnownUntilItsTokenExpires(t *testing.T) {
	t.Parallel()
	a := newIssuerStub(t).authenticator(t, Options{Tokens: []config.Token{tokenOf("dashboard", "right")}})
	at := time.Now().Add(time.Hour).Truncate(time.Second)
	token := signers()["EdDSA"].sign(t, claims(map[string]any{"exp": at.Unix()}), nil)
	for authorization, want := range map[string]time.Time{"Bearer " + token: at.Add(leeway), "Bearer right": {}} {
		ctx, err := a.Authorize(t.Context(), authorization)
		if err != nil || !FromContext(ctx).Expires.Equal(want) {
			t.Errorf("%v %v, want %v", FromContext(ctx).Expires, err, want)
		}
	}
}

// TestAuthorize finds callers by what they send later than with a header, or by what they have sent with one.
func TestAuthorize(t *testing.T) {
	t.Parallel()
	a := newIssuerStub(t).authenticator(t, Options{Tokens: []config.Token{tokenOf("dashboard", "right")}})
	expired := signers()["EdDSA"].sign(t, claims(map[string]any{"exp": 1}), nil)
	before := withCaller(t.Context(), &Caller{Name: "before"})
	for name, test := range map[string]struct {
		ctx                 context.Context
		authorization, want string
	}{
		"a token":            {t.Context(), "Bearer right", "dashboard"},
		"a token, and known": {before, "Bearer right", "dashboard"},
		"nothing, but known": {before, "", "before"},
		"nothing":            {t.Context(), "", noTokenSent},
		"wrong":              {t.Context(), "Bearer wrong", unknownToken.reason()},
		"wrong, but known":   {before, "Bearer wrong", unknownToken.reason()},
		"expired":            {t.Context(), "Bearer " + expired, expiredToken.reason()},
		"another scheme":     {before, "Basic right", noToken.reason()},
		"malformed":          {t.Context(), "Bearer a b", malformedToken.reason()},
	} {
		ctx, err := a.Authorize(test.ctx, test.authorization)
		var got string
		if err != nil {
			got = err.Error()
		} else {
			got = FromContext(ctx).Name
		}
		if got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
	open, err := New(Options{Open: true})
	if err != nil {
		t.Fatal(err)
	}
	if ctx, err := open.Authorize(t.Context(), ""); err != nil || FromContext(ctx).Name != "anyone" {
		t.Errorf("where nobody is asked: %v %v", FromContext(ctx), err)
	}
}

func segment(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

// nextLetter is what base64 without its rules takes for the last letter of 64 bytes: four of the letter's bits are beyond.
func nextLetter(text string) string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	return letters[strings.IndexByte(letters, text[len(text)-1])+1:][:1]
}

// unsigned is a token with right claims and no signature.
func unsigned(t *testing.T, alg string) string {
	t.Helper()
	parts := strings.Split(signers()["EdDSA"].sign(t, claims(nil), nil), ".")
	return segment(`{"alg":"`+alg+`","kid":"ed"}`) + "." + parts[1] + "."
}

// confused is a token whose signature takes the issuer's public key, in PEM, for a shared secret.
func confused(t *testing.T, method *jwt.SigningMethodHMAC, alg string) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(signers()[alg].private.Public())
	if err != nil {
		t.Fatal(err)
	}
	token := jwt.NewWithClaims(method, claims(nil))
	token.Header["kid"] = signers()[alg].kid
	text, err := token.SignedString(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestTurnsAreGivenBack: each check of a signature has a turn, which ends with it however it ends; without one there is no check, and
// no refusal of the token. What needs no check takes none. Tokens that are shown on sockets take them, too.
func TestTurnsAreGivenBack(t *testing.T) {
	t.Parallel()
	taken, ended := 0, 0
	var none error
	a := newIssuerStub(t).authenticator(t, Options{Turn: func(context.Context) (func(), error) {
		taken++
		return func() { ended++ }, none
	}})
	right := signers()["EdDSA"].sign(t, claims(nil), nil)
	for name, test := range map[string]struct {
		token   string
		none    error
		refused *refusal
		turns   int
	}{
		"a right token":      {right, nil, nil, 1},
		"a wrong signature":  {right[:len(right)-8] + "AAAAAAAA", nil, forgedToken, 1},
		"no turn":            {right, errors.New("full"), busy, 1},
		"an unknown issuer":  {signers()["EdDSA"].sign(t, claims(map[string]any{"iss": "https://evil.example"}), nil), nil, strangeIssuer, 0},
		"nothing like a JWT": {"opaque", nil, unknownToken, 0},
	} {
		taken, ended, none = 0, 0, test.none
		if _, refused := a.authenticate(requestWith(t, "Bearer "+test.token)); refused != test.refused {
			t.Errorf("%s: %v, want %v", name, refused, test.refused)
		}
		if _, err := a.Authorize(t.Context(), "Bearer "+test.token); (err == nil) != (test.refused == nil) || err != nil && err.Error() != test.refused.reason() {
			t.Errorf("%s on a socket: %v, want %v", name, err, test.refused)
		}
		if want := 2 * test.turns; taken != want || test.none == nil && ended != want {
			t.Errorf("%s: %d turns taken and %d ended, want %d", name, taken, ended, want)
		}
	}
}
