package service

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// guest sends requests from an address, without a network.
type guest struct {
	service http.Handler
	address string
}

// send posts a query to the endpoint, or asks for a path by another method.
func (g guest) send(t *testing.T, method, path string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, "http://localhost"+path, strings.NewReader(`{"query": "{difyApps {key}}"}`))
	r.RemoteAddr = g.address
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
		if header[i] == "Host" {
			r.Host = header[i+1]
		}
	}
	w := httptest.NewRecorder()
	g.service.ServeHTTP(w, r)
	return w
}

// newService makes the service of a configuration with one app.
func newService(t *testing.T, yaml string) *Service {
	t.Helper()
	s, err := New(parse(t, yaml+"\n"+oneApp), Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// TestStrangersAreBounded: whatever an address sends that shows no caller, it gets no more than so much of it, whoever shows one is
// served all the same, and other addresses are.
func TestStrangersAreBounded(t *testing.T) {
	t.Parallel()
	guarded := fmt.Sprintf("auth: {tokens: [{name: ann, sha256: %s, apps: ['*'], scopes: [logs]}]}", sha256Of("ann"))
	for name, test := range map[string]struct {
		yaml         string
		method, path string
		header       []string
		status       int
	}{
		"no token":         {guarded, "POST", GraphQLPath, nil, 401},
		"a wrong token":    {guarded, "POST", GraphQLPath, []string{"Authorization", "Bearer wrong"}, 401},
		"a malformed one":  {guarded, "POST", GraphQLPath, []string{"Authorization", "Bearer ("}, 401},
		"a wrong method":   {guarded, "DELETE", GraphQLPath, nil, 401},
		"another site":     {guarded, "POST", GraphQLPath, []string{"Origin", "https://evil.example"}, 403},
		"its preflight":    {guarded, "OPTIONS", GraphQLPath, []string{"Origin", "https://evil.example", "Access-Control-Request-Method", "POST"}, 403},
		"another name":     {"", "POST", GraphQLPath, []string{"Host", "evil.example"}, 421},
		"nothing there":    {guarded, "GET", "/nothing", nil, 404},
		"a page by POST":   {guarded, "POST", "/", nil, 405},
		"an unclean path":  {guarded, "GET", "//graphql", nil, 307},
		"the playground":   {guarded, "GET", "/", nil, 200},
		"a page by a name": {"", "GET", "/", []string{"Host", "evil.example"}, 421},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newService(t, test.yaml)
				stranger := guest{s, "192.0.2.1:1000"}
				count := func(n int) (served int) {
					for range n {
						w := stranger.send(t, test.method, test.path, test.header...)
						switch {
						case w.Code == test.status:
							served++
						case w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") != "1" || !strings.Contains(w.Body.String(), "RATE_LIMITED"):
							t.Fatalf("%d, %v: %s", w.Code, w.Header(), w.Body)
						}
					}
					return served
				}
				if served := count(1000); served != 100 {
					t.Errorf("%d of 1000 at once, want 100", served)
				}
				time.Sleep(time.Second)
				if served := count(100); served != 10 {
					t.Errorf("%d of 100 a second later, want 10", served)
				}
				known := stranger.send(t, "POST", GraphQLPath, "Authorization", "Bearer ann")
				other := guest{s, "192.0.2.2:1000"}.send(t, test.method, test.path, test.header...)
				if known.Code != 200 || other.Code != test.status {
					t.Errorf("with a token %d, from another address %d", known.Code, other.Code)
				}
			})
		})
	}
}

// TestPreflightsOfConfiguredPagesAreNotBounded: they show no token, and a browser sends them for those that do.
func TestPreflightsOfConfiguredPagesAreNotBounded(t *testing.T) {
	t.Parallel()
	g := guest{newService(t, guardedFile+"cors: {origins: ['https://dash.example']}"), "192.0.2.1:1000"}
	for i := range 200 {
		g.send(t, "POST", GraphQLPath)
		w := g.send(t, "OPTIONS", GraphQLPath, "Origin", "https://dash.example", "Access-Control-Request-Method", "POST")
		if w.Code != http.StatusNoContent {
			t.Fatalf("preflight %d: %d", i, w.Code)
		}
	}
}

// TestAccountsOfAddresses: where nobody says who it is, each address has an account, and so has each network of 64 bits.
func TestAccountsOfAddresses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, "limits: {price: 10, burst: 10, rate: 10}")
		spend := func(address string) (served int) {
			for range 20 {
				if (guest{s, address}).send(t, "POST", GraphQLPath).Code == http.StatusOK {
					served++
				}
			}
			return served
		}
		for _, step := range []struct {
			address string
			served  int
		}{
			{"192.0.2.1:1000", 5},
			{"192.0.2.1:1001", 0},
			{"192.0.2.2:1000", 5},
			{"[::ffff:192.0.2.2]:1000", 0},
			{"[2001:db8::1]:1000", 5},
			{"[2001:db8::2:0:0:1]:1000", 0},
			{"[2001:db8:0:1::1]:1000", 5},
			{"[fe80::1%eth0]:1000", 5},
			{"[fe80::2%eth1]:1000", 0},
		} {
			if served := spend(step.address); served != step.served {
				t.Errorf("%s: %d served, want %d", step.address, served, step.served)
			}
		}
	})
}
