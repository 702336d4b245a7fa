package service

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/difygraph/difygraph/internal/identity"
)

// send posts a body of query and variables.
func (s *served) send(t *testing.T, query string, variables any, header ...string) *answer {
	t.Helper()
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+GraphQLPath, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return s.do(t, r, header...)
}

// TestBytesHaveAPrice: 1 for each 4 KiB beyond the first, of an invalid request too, and each caller pays its own.
func TestBytesHaveAPrice(t *testing.T) {
	t.Parallel()
	ann, annDigest := identity.NewToken()
	ben, benDigest := identity.NewToken()
	s := serve(t, fmt.Sprintf(`limits: {price: 100, burst: 400, rate: 10}
auth:
  tokens:
    - {name: ann, sha256: %q, apps: ["*"], scopes: [logs]}
    - {name: ben, sha256: %q, apps: ["*"], scopes: [logs]}`, annDigest, benDigest), Options{})
	large := map[string]string{"none": strings.Repeat("x", 960<<10)} // 240 and what is around
	if a := s.send(t, "{__typename}", large, "Authorization", "Bearer "+ann); a.code() != "" {
		t.Fatal(a.text)
	}
	a := s.send(t, "{", large, "Authorization", "Bearer "+ann)
	if a.status != http.StatusTooManyRequests || a.code() != "RATE_LIMITED" || a.header.Get("Retry-After") == "" {
		t.Errorf("the second of 241 within 400: %d %s", a.status, a.text)
	}
	small := map[string]string{"none": strings.Repeat("x", 15<<10)}
	for range 20 {
		if a := s.send(t, "{__typename}", small, "Authorization", "Bearer "+ann); a.code() != "" {
			t.Fatalf("what is left: %s", a.text)
		}
	}
	if a := s.send(t, "{__typename}", large, "Authorization", "Bearer "+ben); a.code() != "" {
		t.Errorf("another caller: %s", a.text)
	}
}

// TestThousandRepresentations is what a gateway may send at once.
func TestThousandRepresentations(t *testing.T) {
	t.Parallel()
	s := serve(t, "", Options{})
	representations := make([]map[string]any, 1000)
	for i := range representations {
		representations[i] = map[string]any{"__typename": "DifyApp", "key": "a", "more": i, "none": nil}
	}
	a := s.send(t, "query($r: [_Any!]!) {_entities(representations: $r) {... on DifyApp {key}}}", map[string]any{"r": representations})
	if len(a.Errors) > 0 || strings.Count(a.text, `"key":"a"`) != 1000 {
		t.Errorf("%.300s", a.text)
	}
}

// TestLongListsAtManyAliases are refused before anyone makes a price of them, alias by alias.
func TestLongListsAtManyAliases(t *testing.T) {
	t.Parallel()
	s := serve(t, "", Options{})
	ids := make([]string, 9000)
	for i := range ids {
		ids[i] = fmt.Sprint("an id that is none, number ", i)
	}
	query := "query($ids: [ID!]!) {"
	for i := range 30 {
		query += fmt.Sprintf("a%d: nodes(ids: $ids) {id} ", i)
	}
	a := s.send(t, query+"}", map[string]any{"ids": ids})
	if a.code() != "BAD_USER_INPUT" || !strings.Contains(a.text, "come to 270030 values") {
		t.Errorf("%.300s", a.text)
	}
}

// endless is a body that does not say how long it is.
type endless struct{ left int }

func (e *endless) Read(p []byte) (int, error) {
	if e.left == 0 {
		return 0, io.ErrUnexpectedEOF
	}
	n := min(len(p), e.left)
	e.left -= n
	for i := range p[:n] {
		p[i] = ' '
	}
	return n, nil
}

// TestBytesThatWereReadArePaid: of a body in chunks that turns out to be too large, or never ends, each time, whether there is as
// much on the account or not.
func TestBytesThatWereReadArePaid(t *testing.T) {
	t.Parallel()
	for name, size := range map[string]int{"too large": 2 << 20, "cut": 1<<20 - 1} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := startBubble(t, "rate: 10, burst: 400, price: 100", nil)
				for _, balance := range []int{400 - 1 - 255, 400 - 2*(1+255)} {
					r := httptest.NewRequest(http.MethodPost, GraphQLPath, &endless{size})
					r.ContentLength = -1
					r.Header.Set("Content-Type", "application/json")
					r.Header.Set("Authorization", "Bearer ann")
					w := httptest.NewRecorder()
					b.service.ServeHTTP(w, r)
					if w.Code != http.StatusRequestEntityTooLarge && w.Code != http.StatusBadRequest {
						t.Errorf("%d %s", w.Code, w.Body)
					}
					b.checkBalance(t, balance)
				}
			})
		})
	}
}
