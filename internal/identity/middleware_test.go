package identity

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/difygraph/difygraph/graph/code"
	"github.com/difygraph/difygraph/internal/config"
)

// refuseInTest writes what it is told.
func refuseInTest(w http.ResponseWriter, _ *http.Request, status int, c code.Code, message string) {
	w.WriteHeader(status)
	fmt.Fprintf(w, "%s: %s", c, message)
}

// greetCaller answers with the caller's name.
func greetCaller(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	fmt.Fprintf(w, "%s sent %d bytes", FromContext(r.Context()).Name, len(body))
}

func TestMiddleware(t *testing.T) {
	t.Parallel()
	a := newIssuerStub(t).authenticator(t, Options{Tokens: []config.Token{tokenOf("dashboard", "right")}})
	handler := Middleware(a, refuseInTest)(http.HandlerFunc(greetCaller))
	expired := signers()["EdDSA"].sign(t, claims(map[string]any{"exp": 1}), nil)
	type answer struct {
		Status          int
		Challenge, Body string
	}
	const challenge = `Bearer realm="difygraph"`
	for name, test := range map[string]struct {
		authorization string
		want          answer
	}{
		"right": {"Bearer right", answer{200, "", "dashboard sent 4 bytes"}},
		"nothing": {"", answer{
			401, challenge,
			"UNAUTHENTICATED: this API needs a bearer token: send the header Authorization: Bearer TOKEN",
		}},
		"wrong":     {"Bearer wrong", answer{401, challenge + `, error="invalid_token"`, "UNAUTHENTICATED: the token is not valid here"}},
		"expired":   {"Bearer " + expired, answer{401, challenge + `, error="invalid_token"`, "UNAUTHENTICATED: the token has expired"}},
		"malformed": {"Bearer a b", answer{401, challenge + `, error="invalid_token"`, "UNAUTHENTICATED: " + malformedToken.reason()}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/graphql", strings.NewReader("body"))
			if test.authorization != "" {
				r.Header.Set("Authorization", test.authorization)
			}
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, r)
			got := answer{w.Code, w.Header().Get("WWW-Authenticate"), w.Body.String()}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestOpenServerAsksNobody(t *testing.T) {
	t.Parallel()
	a, err := New(Options{Open: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, authorization := range []string{"", "Bearer x", "Basic x"} {
		w := httptest.NewRecorder()
		Middleware(a, refuseInTest)(http.HandlerFunc(greetCaller)).ServeHTTP(w, requestWith(t, authorization))
		if got := w.Body.String(); got != "anyone sent 0 bytes" {
			t.Errorf("%q: got %s", authorization, got)
		}
	}
}

// A token in the address ends up in logs, and one in the body would have to be read for strangers.
func TestTokenElsewhereIsNoToken(t *testing.T) {
	t.Parallel()
	a, err := New(Options{Tokens: []config.Token{tokenOf("dashboard", "right")}})
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/graphql?access_token=right", strings.NewReader("access_token=right"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.AddCookie(&http.Cookie{Name: "Authorization", Value: "right"})
	if _, refusal := a.authenticate(r); refusal != noToken {
		t.Errorf("got %+v", refusal)
	}
}

// untouchable is a body that must not be read.
type untouchable struct{ t *testing.T }

// Read implements io.Reader.
func (u untouchable) Read([]byte) (int, error) {
	u.t.Error("the body is read")
	return 0, io.EOF
}

func TestRefusedBodyIsNotRead(t *testing.T) {
	t.Parallel()
	a, err := New(Options{Tokens: []config.Token{tokenOf("dashboard", "right")}})
	if err != nil {
		t.Fatal(err)
	}
	handler := Middleware(a, refuseInTest)(http.HandlerFunc(greetCaller))
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/graphql", untouchable{t}))
	if w.Code != http.StatusUnauthorized {
		t.Errorf("got %d", w.Code)
	}
}

func TestClientThatAsksFirstSendsNoBodyInVain(t *testing.T) {
	t.Parallel()
	a, err := New(Options{Tokens: []config.Token{tokenOf("dashboard", "right")}})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(Middleware(a, refuseInTest)(http.HandlerFunc(greetCaller)))
	t.Cleanup(server.Close)
	for authorization, want := range map[string]string{"Bearer right": "HTTP/1.1 100 Continue", "Bearer wrong": "HTTP/1.1 401 Unauthorized"} {
		connection, err := new(net.Dialer).DialContext(t.Context(), "tcp", server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(connection, "POST /graphql HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nExpect: 100-continue\r\nAuthorization: %s\r\n\r\n", authorization)
		line, err := bufio.NewReader(connection).ReadString('\n')
		if got := strings.TrimSpace(line); err != nil || got != want {
			t.Errorf("%s: got %q, %v", authorization, got, err)
		}
		if err := connection.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestNothingOfATokenIsShown(t *testing.T) {
	t.Parallel()
	idp := newIssuerStub(t)
	idp.goDown()
	handler := Middleware(idp.authenticator(t, Options{}), refuseInTest)(http.HandlerFunc(greetCaller))
	const sentinel = "SeNtInEl"
	for _, token := range []string{
		sentinel,
		sentinel + " " + sentinel,
		signer{sentinel, signers()["EdDSA"].method, signers()["EdDSA"].private}.sign(t, claims(map[string]any{"sub": sentinel}), nil),
		segment(`{"alg":"`+sentinel+`"}`) + "." + segment(`{"iss":"`+sentinel+`"}`) + ".AA",
	} {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, requestWith(t, "Bearer "+token))
		shown := fmt.Sprint(w.Header(), w.Body.String(), idp.log.String())
		if (w.Code != http.StatusUnauthorized && w.Code != http.StatusServiceUnavailable) || strings.Contains(shown, sentinel) || strings.Contains(shown, strings.Split(token, ".")[0]) {
			t.Errorf("%d: shown: %s", w.Code, shown)
		}
	}
}
