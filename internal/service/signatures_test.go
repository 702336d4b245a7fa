package service

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/difygraph/difygraph/internal/admission"
)

// from is a request that comes from an address.
func from(ctx context.Context, address string) *http.Request {
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, GraphQLPath, http.NoBody)
	r.RemoteAddr = address + ":1000"
	return r
}

// waitingFrom is the context in which the token of such a request is checked.
func waitingFrom(ctx context.Context, address string) context.Context {
	return admission.WithCaller(ctx, stranger(from(ctx, address)))
}

// holdSignatures takes all checks of signatures that there can be at once, by an address each.
func holdSignatures(t *testing.T, p *Process) (release []func()) {
	t.Helper()
	for i := range max(1, runtime.GOMAXPROCS(0)/2) {
		done, err := p.turn(waitingFrom(t.Context(), fmt.Sprintf("198.51.100.%d", i)))
		if err != nil {
			t.Fatal(err)
		}
		release = append(release, done)
	}
	return release
}

// TestAddressesTakeTurnsToHaveTokensChecked: one that sends five hundred tokens does not keep another's from its turn.
func TestAddressesTakeTurnsToHaveTokensChecked(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newService(t, "").process
		held := holdSignatures(t, p)
		turns := make(chan string, 502)
		wait := func(address string) {
			go func() {
				done, err := p.turn(waitingFrom(t.Context(), address))
				if err != nil {
					t.Errorf("%s: %v", address, err)
					return
				}
				turns <- address
				done()
			}()
			synctest.Wait()
		}
		for range 500 {
			wait("192.0.2.1")
		}
		wait("203.0.113.1")
		for _, release := range held {
			release()
		}
		synctest.Wait()
		first := []string{<-turns, <-turns, <-turns}
		if !slices.Contains(first, "203.0.113.1") {
			t.Errorf("the first turns are those of %q", first)
		}
	})
}

// TestTokensAreCheckedInTurn: while all turns are taken a JWT is neither right nor wrong, and a token that needs no check is taken.
func TestTokensAreCheckedInTurn(t *testing.T) {
	t.Parallel()
	keys := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "k", "x": %q}]}`, base64.RawURLEncoding.EncodeToString(make([]byte, 32)))
	}))
	defer keys.Close()
	s := newService(t, fmt.Sprintf(`auth:
  tokens: [{name: ann, sha256: %s, apps: ['*'], scopes: [logs]}]
  issuers: [{issuer: "https://idp.example", audience: difygraph, jwks: %q, apps: ['*'], scopes: [logs]}]`, sha256Of("ann"), keys.URL))
	var token []string
	for _, part := range []string{`{"alg": "EdDSA", "kid": "k"}`, `{"iss": "https://idp.example"}`, strings.Repeat("x", 64)} {
		token = append(token, base64.RawURLEncoding.EncodeToString([]byte(part)))
	}
	ask := func(ctx context.Context, token string) int {
		r, w := from(ctx, "192.0.2.1"), httptest.NewRecorder()
		r.Header.Set("Authorization", "Bearer "+token)
		s.ServeHTTP(w, r)
		return w.Code
	}
	forged := strings.Join(token, ".")
	if status := ask(t.Context(), forged); status != http.StatusUnauthorized {
		t.Errorf("a forged token: %d", status)
	}
	held := holdSignatures(t, s.process)
	left, leave := context.WithCancel(t.Context())
	leave()
	if status := ask(left, forged); status != http.StatusServiceUnavailable {
		t.Errorf("a forged token that has no turn: %d", status)
	}
	if status := ask(t.Context(), "ann"); status == http.StatusUnauthorized || status == http.StatusServiceUnavailable {
		t.Errorf("a configured token: %d", status)
	}
	for _, release := range held {
		release()
	}
	if status := ask(t.Context(), forged); status != http.StatusUnauthorized {
		t.Errorf("a forged token, once there are turns: %d", status)
	}
}
