package identity

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/difygraph/difygraph/internal/config"
)

// TestWhyTokensAreRefused is told in words that tell more than the caller is told, and have nothing of the token.
func TestWhyTokensAreRefused(t *testing.T) {
	t.Parallel()
	signed := func(change map[string]any) string {
		return "Bearer " + signers()["EdDSA"].sign(t, claims(change), nil)
	}
	right := signed(nil)
	for want, authorization := range map[string]string{
		"no token":                     "",
		"malformed header":             "Bearer a b",
		"unknown token":                "Bearer wrong",
		"unknown issuer":               signed(map[string]any{"iss": "https://evil.example"}),
		"unknown key id":               "Bearer " + renamed("other").sign(t, claims(nil), nil),
		"wrong signature or algorithm": right[:len(right)-8] + "AAAAAAAA",
		"wrong audience":               signed(map[string]any{"aud": "elsewhere"}),
		"expired":                      signed(map[string]any{"exp": 1}),
		"not valid yet":                signed(map[string]any{"nbf": time.Now().Add(time.Hour).Unix()}),
		"malformed claims":             signed(map[string]any{"sub": 7}),
	} {
		var told []string
		a := newIssuerStub(t).authenticator(t, Options{
			Tokens:  []config.Token{tokenOf("dashboard", "right")},
			Refused: func(_ context.Context, why string) { told = append(told, why) },
		})
		w := httptest.NewRecorder()
		Middleware(a, refuseInTest)(http.HandlerFunc(greetCaller)).ServeHTTP(w, requestWith(t, authorization))
		if w.Code != http.StatusUnauthorized || len(told) != 1 || told[0] != want {
			t.Errorf("%d, told %q, want %q", w.Code, told, want)
		}
	}
}

// TestIssuerThatIsAway is no fault of who shows a token: it is 503, and neither 401 nor a challenge to sign in again, until the keys
// are there. What is wrong in any case stays 401.
func TestIssuerThatIsAway(t *testing.T) {
	t.Parallel()
	signers()
	synctest.Test(t, func(t *testing.T) {
		idp := newIssuerStub(t)
		right := idp.answer
		idp.goDown()
		handler := Middleware(idp.authenticator(t, Options{}), refuseInTest)(http.HandlerFunc(greetCaller))
		ask := func(change map[string]any) *httptest.ResponseRecorder {
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, requestWith(t, "Bearer "+signers()["EdDSA"].sign(t, claims(change), nil)))
			return w
		}
		now := map[string]any{"exp": time.Now().Add(time.Hour).Unix()}
		for range 2 { // asked for keys, and not asked again so soon
			w := ask(now)
			if w.Code != http.StatusServiceUnavailable || w.Header().Get("WWW-Authenticate") != "" || w.Header().Get("Retry-After") != "60" ||
				w.Body.String() != "OVERLOADED: "+issuerAway.message {
				t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
			}
		}
		if w := ask(map[string]any{"iss": "https://evil.example"}); w.Code != http.StatusUnauthorized {
			t.Errorf("a stranger's issuer: %d", w.Code)
		}
		idp.answerBy(right)
		time.Sleep(refetchInterval)
		if w := ask(now); w.Code != http.StatusOK {
			t.Errorf("once the keys are there: %d %s", w.Code, w.Body)
		}
	})
}
