package identity

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseKeys(t *testing.T) {
	t.Parallel()
	ed, p256 := signers()["EdDSA"], signers()["ES256"]
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	right := p256.jwk(t, nil)
	for name, key := range map[string]map[string]any{
		"for encryption":         ed.jwk(t, map[string]any{"use": "enc"}),
		"for signing alone":      ed.jwk(t, map[string]any{"key_ops": []string{"sign"}}),
		"of an unknown kind":     {"kty": "AKP", "kid": "x", "alg": "ML-DSA-44"},
		"of an unknown curve":    ed.jwk(t, map[string]any{"crv": "Ed448"}),
		"for key agreement":      ed.jwk(t, map[string]any{"crv": "X25519"}),
		"a shared secret":        {"kty": "oct", "kid": "x", "k": "c2VjcmV0"},
		"a weak RSA key":         signer{kid: "weak", private: weak}.jwk(t, nil),
		"an endless RSA key":     {"kty": "RSA", "kid": "x", "e": "AQAB", "n": strings.Repeat("_", maxRSABits/6+3)},
		"without its parameters": {"kty": "EC", "kid": "x", "crv": "P-256"},
		"beside its curve":       p256.jwk(t, map[string]any{"x": "AAAA"}),
		"no base64":              ed.jwk(t, map[string]any{"x": "~"}),
		"of a wrong type":        {"kty": 5},
		"empty":                  {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			keys, err := parseKeys(setOf(t, key, right))
			if err != nil || len(keys) != 1 || keys[0].id != p256.kid {
				t.Errorf("beside a right key: %d keys, %v", len(keys), err)
			}
			if _, err := parseKeys(setOf(t, key)); err == nil {
				t.Error("it is taken alone")
			}
		})
	}
}

func TestParseKeysTakesTheRestOfAKey(t *testing.T) {
	t.Parallel()
	ed := signers()["EdDSA"]
	// A certificate's address would be asked by some; it leads nowhere here.
	key := ed.jwk(t, map[string]any{"use": "sig", "key_ops": []string{"verify"}, "x5u": "https://evil.example", "x5t": "AA", "x5c": []string{"x"}})
	keys, err := parseKeys(setOf(t, key))
	if err != nil || len(keys) != 1 || keys[0].id != ed.kid || keys[0].alg != "EdDSA" {
		t.Errorf("got %d keys, %v", len(keys), err)
	}
}

func TestParseKeysOfNoSet(t *testing.T) {
	t.Parallel()
	many, err := json.Marshal(map[string]any{"keys": slices.Repeat([]any{map[string]any{}}, maxKeys+1)})
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]error{
		"": errNoSet, "<html>": errNoSet, "[]": errNoSet, `{"keys":{}}`: errNoSet, `{"keys":[}`: errNoSet, `{"keys":[]}x`: errNoSet,
		"null": errNoKeys, "{}": errNoKeys, `{"keys":[]}`: errNoKeys, `{"keys":[null,5,"x"]}`: errNoKeys,
		string(many): errManyKeys,
	} {
		if _, err := parseKeys([]byte(text)); err != want { //nolint:errorlint // one of three, never wrapped
			t.Errorf("%.40s: got %v", text, err)
		}
	}
}

// FuzzParseKeys holds that an issuer can't bring the server down.
func FuzzParseKeys(f *testing.F) {
	for _, key := range signers() {
		f.Add(setOf(f, key.jwk(f, nil)))
	}
	f.Add([]byte(`{"keys":[{"kty":"EC","crv":"P-256","x":"AA","y":"AA"},{"kty":"RSA","n":"AA","e":"AA"}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		keys, err := parseKeys(body)
		if (err == nil) != (len(keys) > 0) {
			t.Errorf("%d keys, %v", len(keys), err)
		}
		for _, key := range keys {
			for _, alg := range methods {
				if key.verifies(alg) {
					_ = signers()[alg].method.Verify("text", make([]byte, 64), key.PublicKey)
				}
			}
		}
	})
}

func TestFetch(t *testing.T) {
	t.Parallel()
	set := setOf(t, signers()["EdDSA"].jwk(t, nil))
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(set) }))
	t.Cleanup(elsewhere.Close)
	for name, test := range map[string]struct {
		answer http.HandlerFunc
		want   string
	}{
		"a set": {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(set) }, "<nil>"},
		"an error with a set": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = w.Write(set)
		}, "the answer is HTTP 500"},
		"a redirect": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL, http.StatusFound)
		}, "the answer is HTTP 302"},
		"as large as may be": {func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write(append(set, strings.Repeat(" ", maxJWKSBytes-len(set))...))
		}, "<nil>"},
		"larger": {func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write(append(set, strings.Repeat(" ", maxJWKSBytes-len(set)+1)...))
		}, "read the answer: http: request body too large"},
		"cut": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "99999")
			_, _ = w.Write(set)
		}, "read the answer: unexpected EOF"},
		"a page": {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>") }, "the answer is no JWK Set"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(test.answer)
			t.Cleanup(server.Close)
			_, err := (&fetcher{client: newClient(nil)}).get(t.Context(), server.URL+"/keys?p=1")
			if diff := cmp.Diff(test.want, fmt.Sprint(err)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestFetchErrorDoesNotShowTheAddress(t *testing.T) {
	t.Parallel()
	idp := newIssuerStub(t)
	idp.goDown()
	for _, address := range []string{"https://idp.example/keys?code=SeNtInEl", "https://idp.example/SeNtInEl\x7f"} {
		_, err := (&fetcher{client: newClient(idp)}).get(context.Background(), address)
		if err == nil || strings.Contains(err.Error(), "SeNtInEl") {
			t.Errorf("got %v", err)
		}
	}
}
