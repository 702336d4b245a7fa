package identity

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/difygraph/difygraph/internal/config"
)

var errDown = errors.New("connection refused")

func (i *issuerStub) goDown() {
	i.answerBy(func() (*http.Response, error) { return nil, errDown })
}

// renamed is the EdDSA key under another id.
func renamed(kid string) signer {
	key := signers()["EdDSA"]
	key.kid = kid
	return key
}

// accepts tells whether a token that the key signs now is taken.
func accepts(t testing.TB, a *Authenticator, key signer) bool {
	t.Helper()
	_, refusal := a.authenticate(requestWith(t, "Bearer "+key.sign(t, claims(map[string]any{"exp": time.Now().Add(time.Hour).Unix()}), nil)))
	return refusal == nil
}

func TestKeysAreFetchedOnce(t *testing.T) {
	t.Parallel()
	idp := newIssuerStub(t)
	a := idp.authenticator(t, Options{})
	if idp.fetches() != 0 {
		t.Error("fetches keys before there is a token")
	}
	for range 3 {
		if !accepts(t, a, signers()["EdDSA"]) || !accepts(t, a, signers()["ES256"]) {
			t.Fatal("a right token is refused")
		}
	}
	if got := idp.fetches(); got != 1 {
		t.Errorf("%d fetches", got)
	}
}

func TestTokensThatNameNoIssuerFetchNothing(t *testing.T) {
	t.Parallel()
	idp := newIssuerStub(t)
	a := idp.authenticator(t, Options{})
	for _, token := range []string{
		signers()["EdDSA"].sign(t, claims(map[string]any{"iss": "https://evil.example"}), nil), unsigned(t, "none"), "abc",
	} {
		_, _ = a.authenticate(requestWith(t, "Bearer "+token))
	}
	if got := idp.fetches(); got != 0 {
		t.Errorf("%d fetches", got)
	}
}

func TestUnknownKeyIsLookedForAtMostOncePerInterval(t *testing.T) {
	t.Parallel()
	signers() // outside of the bubble, whose goroutines may not wait for others'
	synctest.Test(t, func(t *testing.T) {
		idp := newIssuerStub(t)
		a := idp.authenticator(t, Options{})
		accepts(t, a, signers()["EdDSA"])
		const minutes = 10
		for second := range minutes * 60 {
			if accepts(t, a, renamed(fmt.Sprint("made-up-", second))) {
				t.Fatal("a token with an unknown key is taken")
			}
			time.Sleep(time.Second)
		}
		if got := idp.fetches(); got != minutes {
			t.Errorf("%d fetches in %d minutes", got, minutes)
		}
		if !accepts(t, a, signers()["EdDSA"]) {
			t.Error("a right token is refused in the end")
		}
	})
}

func TestNewKeyIsTakenAfterTheInterval(t *testing.T) {
	t.Parallel()
	signers()
	synctest.Test(t, func(t *testing.T) {
		idp := newIssuerStub(t)
		a := idp.authenticator(t, Options{})
		accepts(t, a, signers()["EdDSA"])
		added := renamed("new")
		idp.serve(setOf(t, added.jwk(t, nil)))
		if accepts(t, a, added) {
			t.Error("the key is taken before it can be known")
		}
		time.Sleep(refetchInterval)
		if !accepts(t, a, added) {
			t.Error("the key is not taken")
		}
		if accepts(t, a, signers()["EdDSA"]) {
			t.Error("the key that the issuer took back is taken")
		}
	})
}

func TestManyRequestsWaitForOneFetch(t *testing.T) {
	t.Parallel()
	signers()
	synctest.Test(t, func(t *testing.T) {
		idp := newIssuerStub(t)
		idp.delay(3 * time.Second)
		a := idp.authenticator(t, Options{})
		var requests sync.WaitGroup
		for range 50 {
			requests.Go(func() {
				if !accepts(t, a, signers()["EdDSA"]) {
					t.Error("a right token is refused")
				}
			})
		}
		requests.Wait()
		if got := idp.fetches(); got != 1 {
			t.Errorf("%d fetches", got)
		}
	})
}

// delay lets each answer take its time.
func (i *issuerStub) delay(d time.Duration) {
	i.mu.Lock()
	defer i.mu.Unlock()
	answer := i.answer
	i.answer = func() (*http.Response, error) {
		time.Sleep(d)
		return answer()
	}
}

func TestClientThatLeavesDoesNotEndTheFetch(t *testing.T) {
	t.Parallel()
	signers()
	synctest.Test(t, func(t *testing.T) {
		idp := newIssuerStub(t)
		idp.delay(3 * time.Second)
		a := idp.authenticator(t, Options{})
		start := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		r := requestWith(t, "Bearer "+signers()["EdDSA"].sign(t, claims(nil), nil)).WithContext(ctx)
		if _, refusal := a.authenticate(r); refusal != issuerAway {
			t.Errorf("got %+v", refusal)
		}
		if got := time.Since(start); got != time.Second {
			t.Errorf("waited %v", got)
		}
		if !accepts(t, a, signers()["EdDSA"]) {
			t.Error("the next one does not get the key")
		}
		if got := idp.fetches(); got != 1 {
			t.Errorf("%d fetches", got)
		}
	})
}

func TestFetchThatTakesLongIsTheOnlyOne(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var fetches atomic.Int32
		keys := &keySet{fetch: func() ([]publicKey, error) {
			fetches.Add(1)
			time.Sleep(3 * refetchInterval)
			return nil, errDown
		}}
		for range 3 {
			if key, fetched := keys.look("a", "EdDSA"); key != nil || fetched == nil {
				t.Error("does not wait for the fetch that is under way")
			}
			time.Sleep(refetchInterval - time.Second)
		}
		time.Sleep(refetchInterval)
		if got := fetches.Load(); got != 1 {
			t.Errorf("%d fetches", got)
		}
	})
}

func TestStaleKeysAreRefreshedWithoutWaiting(t *testing.T) {
	t.Parallel()
	signers()
	synctest.Test(t, func(t *testing.T) {
		idp := newIssuerStub(t)
		a := idp.authenticator(t, Options{})
		accepts(t, a, signers()["EdDSA"])
		idp.serve(setOf(t, renamed("new").jwk(t, nil)))
		idp.delay(3 * time.Second)
		time.Sleep(freshFor + time.Second)
		start := time.Now()
		if !accepts(t, a, signers()["EdDSA"]) || time.Since(start) != 0 {
			t.Errorf("a known key is refused, or waited for %v", time.Since(start))
		}
		time.Sleep(4 * time.Second)
		if accepts(t, a, signers()["EdDSA"]) {
			t.Error("the key that the issuer took back is taken")
		}
	})
}

func TestKnownKeysHoldWhileTheIssuerIsDown(t *testing.T) {
	t.Parallel()
	signers()
	synctest.Test(t, func(t *testing.T) {
		idp := newIssuerStub(t)
		a := idp.authenticator(t, Options{})
		accepts(t, a, signers()["EdDSA"])
		idp.goDown()
		time.Sleep(keptFor - time.Minute)
		if !accepts(t, a, signers()["EdDSA"]) {
			t.Error("a known key is refused")
		}
		if accepts(t, a, renamed("other")) {
			t.Error("an unknown key is taken")
		}
		time.Sleep(2 * time.Minute)
		if accepts(t, a, signers()["EdDSA"]) {
			t.Error("a key of yesterday is taken")
		}
		if log := idp.log.String(); !strings.Contains(log, "issuer="+issuerURL) || !strings.Contains(log, errDown.Error()) {
			t.Errorf("logged %s", log)
		}
	})
}

func TestIssuerThatIsDownAtTheStartIsTriedAgain(t *testing.T) {
	t.Parallel()
	signers()
	synctest.Test(t, func(t *testing.T) {
		idp := newIssuerStub(t)
		a := idp.authenticator(t, Options{})
		right := idp.answer
		idp.goDown()
		if accepts(t, a, signers()["EdDSA"]) {
			t.Error("a token is taken without a key")
		}
		idp.answerBy(right)
		time.Sleep(time.Second)
		if !accepts(t, a, signers()["EdDSA"]) {
			t.Error("a right token is refused")
		}
	})
}

// TestIssuerThatStaysDownIsTriedLessAndLess: after 1, 2, 4, 8, 16 and 32 s, and then once a minute, however many ask.
func TestIssuerThatStaysDownIsTriedLessAndLess(t *testing.T) {
	t.Parallel()
	signers()
	synctest.Test(t, func(t *testing.T) {
		idp := newIssuerStub(t)
		idp.goDown()
		a := idp.authenticator(t, Options{})
		var tried []int
		for second := range 200 {
			before := idp.fetches()
			accepts(t, a, signers()["EdDSA"])
			if idp.fetches() > before {
				tried = append(tried, second)
			}
			time.Sleep(time.Second)
		}
		if want := []int{0, 1, 3, 7, 15, 31, 63, 123, 183}; !slices.Equal(tried, want) {
			t.Errorf("tried after %v s, want %v", tried, want)
		}
	})
}

func TestPick(t *testing.T) {
	t.Parallel()
	rsaOne, ed, edTwo := publicOf("RS256", "one"), publicOf("EdDSA", "one"), publicOf("EdDSA", "two")
	forRS512 := publicOf("RS512", "three")
	forRS512.alg = "RS512"
	p256 := publicOf("ES256", "four")
	for name, test := range map[string]struct {
		keys     []publicKey
		kid, alg string
		want     *publicKey
	}{
		"by id":                     {[]publicKey{ed, edTwo}, "two", "EdDSA", &edTwo},
		"same id, by kind":          {[]publicKey{rsaOne, ed}, "one", "EdDSA", &ed},
		"no such id":                {[]publicKey{ed}, "two", "EdDSA", nil},
		"no such kind":              {[]publicKey{ed}, "one", "RS256", nil},
		"the only one, without id":  {[]publicKey{rsaOne, ed}, "", "EdDSA", &ed},
		"one of two, without id":    {[]publicKey{ed, edTwo}, "", "EdDSA", nil},
		"none":                      {nil, "", "EdDSA", nil},
		"any RS without an alg":     {[]publicKey{rsaOne}, "one", "RS384", &rsaOne},
		"its own alg":               {[]publicKey{forRS512}, "three", "RS512", &forRS512},
		"another alg than its own":  {[]publicKey{forRS512}, "three", "RS256", nil},
		"the curve's alg":           {[]publicKey{p256}, "four", "ES256", &p256},
		"the alg of another curve":  {[]publicKey{p256}, "four", "ES384", nil},
		"an alg that is not taken":  {[]publicKey{rsaOne}, "one", "PS256", nil},
		"an alg of shared secrets":  {[]publicKey{rsaOne}, "one", "HS256", nil},
		"no signature":              {[]publicKey{rsaOne, ed}, "one", "none", nil},
		"a key of no kind we know":  {[]publicKey{{id: "one"}}, "one", "RS256", nil},
		"a key of a kind, no alg":   {[]publicKey{ed}, "one", "", nil},
		"one for alg, two for kind": {[]publicKey{rsaOne, forRS512}, "", "RS256", &rsaOne},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := pick(test.keys, test.kid, test.alg)
			if test.want == nil && got != nil || test.want != nil && !equalKeys(got, test.want.PublicKey) {
				t.Errorf("got %T", got)
			}
		})
	}
}

func publicOf(alg, kid string) publicKey {
	return publicKey{PublicKey: signers()[alg].private.Public(), id: kid}
}

func equalKeys(a, b any) bool {
	key, ok := a.(interface {
		Equal(other crypto.PublicKey) bool
	})
	return ok && key.Equal(b)
}

// TestKeysOutliveAReload: while the issuer is down, a new configuration must not lose what the old one knew. Another address for
// the keys is another source.
func TestKeysOutliveAReload(t *testing.T) {
	t.Parallel()
	idp := newIssuerStub(t)
	before := idp.authenticator(t, Options{})
	if !accepts(t, before, signers()["EdDSA"]) {
		t.Fatal("a right token is refused")
	}
	idp.goDown()
	if after := idp.authenticator(t, Options{Previous: before}); !accepts(t, after, signers()["EdDSA"]) || idp.fetches() != 1 {
		t.Errorf("the keys are lost, or fetched anew: %d fetches", idp.fetches())
	}
	moved := idp.issuer()
	moved.JWKS += "2"
	if after := idp.authenticator(t, Options{Previous: before, Issuers: []config.Issuer{moved}}); accepts(t, after, signers()["EdDSA"]) {
		t.Error("keys of another address are taken")
	}
}
