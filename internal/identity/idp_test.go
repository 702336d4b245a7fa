package identity

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/MicahParks/jwkset"
	"github.com/golang-jwt/jwt/v5"

	"github.com/difygraph/difygraph/internal/config"
)

// signer is a key of the tests' issuer.
type signer struct {
	kid     string
	method  jwt.SigningMethod
	private crypto.Signer
}

// signers has a key of each kind, under the name of its algorithm. They are made once: RSA keys take their time.
var signers = sync.OnceValue(func() map[string]signer {
	must := func(key crypto.Signer, err error) crypto.Signer {
		if err != nil {
			panic(err)
		}
		return key
	}
	rsaKey := must(rsa.GenerateKey(rand.Reader, 2048))
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	all := map[string]signer{
		"RS256": {"rsa", jwt.SigningMethodRS256, rsaKey},
		"RS384": {"rsa", jwt.SigningMethodRS384, rsaKey},
		"RS512": {"rsa", jwt.SigningMethodRS512, rsaKey},
		"ES256": {"p256", jwt.SigningMethodES256, must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))},
		"ES384": {"p384", jwt.SigningMethodES384, must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader))},
		"ES512": {"p521", jwt.SigningMethodES512, must(ecdsa.GenerateKey(elliptic.P521(), rand.Reader))},
		"EdDSA": {"ed", jwt.SigningMethodEdDSA, must(edKey, err)},
	}
	return all
})

// sign makes a token; change may change its header.
func (s signer) sign(t testing.TB, claims jwt.MapClaims, change func(header map[string]any)) string {
	t.Helper()
	token := jwt.NewWithClaims(s.method, claims)
	token.Header["kid"] = s.kid
	if change != nil {
		change(token.Header)
	}
	text, err := token.SignedString(s.private)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// jwk is the public key in JSON's terms, with fields replaced.
func (s signer) jwk(t testing.TB, change map[string]any) map[string]any {
	t.Helper()
	key, err := jwkset.NewJWKFromKey(s.private.Public(), jwkset.JWKOptions{Metadata: jwkset.JWKMetadataOptions{KID: s.kid}})
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(key.Marshal())
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]any
	if err := json.Unmarshal(text, &fields); err != nil {
		t.Fatal(err)
	}
	maps.Copy(fields, change)
	return fields
}

func setOf(t testing.TB, keys ...map[string]any) []byte {
	t.Helper()
	text, err := json.Marshal(map[string]any{"keys": keys})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// issuerStub is an issuer, and the network to it.
type issuerStub struct {
	log logBuffer

	mu     sync.Mutex
	answer func() (*http.Response, error)
	asked  int
}

const (
	issuerURL = "https://idp.example"
	audience  = "difygraph"
)

// newIssuerStub has all of signers.
func newIssuerStub(t testing.TB) *issuerStub {
	t.Helper()
	idp := &issuerStub{}
	keys := make([]map[string]any, 0, len(signers()))
	for _, alg := range []string{"RS256", "ES256", "ES384", "ES512", "EdDSA"} {
		keys = append(keys, signers()[alg].jwk(t, nil))
	}
	idp.serve(setOf(t, keys...))
	return idp
}

func (i *issuerStub) serve(body []byte) {
	i.answerBy(func() (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(bytes.NewReader(body))}, nil
	})
}

func (i *issuerStub) answerBy(answer func() (*http.Response, error)) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.answer = answer
}

// RoundTrip implements http.RoundTripper.
func (i *issuerStub) RoundTrip(*http.Request) (*http.Response, error) {
	i.mu.Lock()
	i.asked++
	answer := i.answer
	i.mu.Unlock()
	return answer()
}

// fetches is how often the keys were asked for.
func (i *issuerStub) fetches() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.asked
}

// issuer is the configuration of the stub: rights by claims.
func (i *issuerStub) issuer() config.Issuer {
	return config.Issuer{
		Issuer: issuerURL, Audience: audience, JWKS: issuerURL + "/keys",
		Apps: config.Grant{Claim: "difygraph_apps"}, Scopes: config.Grant{Claim: "scope"},
	}
}

// authenticator has the stub among what options have.
func (i *issuerStub) authenticator(t testing.TB, options Options) *Authenticator {
	t.Helper()
	if options.Issuers == nil {
		options.Issuers = []config.Issuer{i.issuer()}
	}
	options.Transport, options.Log = i, slog.New(slog.NewTextHandler(&i.log, nil))
	a, err := New(options)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// claims are right ones, changed. A nil takes a claim away.
func claims(change map[string]any) jwt.MapClaims {
	all := jwt.MapClaims{
		"iss": issuerURL, "aud": audience, "exp": time.Now().Add(time.Hour).Unix(), "sub": "alice",
		"difygraph_apps": []string{"shop-*"}, "scope": "openid logs content",
	}
	for name, value := range change {
		if value == nil {
			delete(all, name)
		} else {
			all[name] = value
		}
	}
	return all
}

func requestWith(t testing.TB, authorization string) *http.Request {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/graphql", http.NoBody)
	r.Header.Set("Authorization", authorization)
	return r
}

// logBuffer is a log that many write to.
type logBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements io.Writer.
func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

// String is what was written.
func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}
