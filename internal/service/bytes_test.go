package service

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

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

// TestBytesHaveAPrice: 1 for each 16 KiB beyond the first, of an invalid request too, and each caller pays its own.
func TestBytesHaveAPrice(t *testing.T) {
	t.Parallel()
	ann, annDigest := identity.NewToken()
	ben, benDigest := identity.NewToken()
	s := serve(t, fmt.Sprintf(`limits: {price: 100, burst: 100, rate: 10}
auth:
  tokens:
    - {name: ann, sha256: %q, apps: ["*"], scopes: [logs]}
    - {name: ben, sha256: %q, apps: ["*"], scopes: [logs]}`, annDigest, benDigest), Options{})
	large := map[string]string{"none": strings.Repeat("x", 960<<10)} // 60 and what is around
	if a := s.send(t, "{__typename}", large, "Authorization", "Bearer "+ann); a.code() != "" {
		t.Fatal(a.text)
	}
	a := s.send(t, "{", large, "Authorization", "Bearer "+ann)
	if a.status != http.StatusTooManyRequests || a.code() != "RATE_LIMITED" || a.header.Get("Retry-After") == "" {
		t.Errorf("the second of 61 within 100: %d %s", a.status, a.text)
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
