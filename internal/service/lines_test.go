package service

import (
	"bytes"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/difygraph/difygraph/internal/telemetry"
)

// TestRefusedRequestsDoNotFillTheLog: one sender's have a hundred lines at once and ten a second, whether it shows a token or not, and
// another's requests have theirs.
func TestRefusedRequestsDoNotFillTheLog(t *testing.T) {
	t.Parallel()
	for name, header := range map[string][]string{
		"no token":               nil,
		"a wrong token":          {"Authorization", "Bearer wrong"},
		"another site":           {"Origin", "https://evil.example"},
		"one that has spent all": {"Authorization", "Bearer ann"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var log bytes.Buffer // written to by the one request under way
				told, err := telemetry.New(t.Context(), telemetry.Options{Log: telemetry.NewLogger(&log, telemetry.JSON)})
				if err != nil {
					t.Fatal(err)
				}
				cfg := parse(t, fmt.Sprintf(`auth: {tokens: [
  {name: ann, sha256: %s, apps: ['*'], scopes: [logs]}, {name: ben, sha256: %s, apps: ['*'], scopes: [logs]}]}
limits: {price: 10, burst: 10, rate: 10}
`, sha256Of("ann"), sha256Of("ben"))+oneApp)
				s, err := New(cfg, Options{Telemetry: told})
				if err != nil {
					t.Fatal(err)
				}
				defer s.Close()
				lines := func(n int, header ...string) int {
					log.Reset()
					for range n {
						guest{s, "192.0.2.1:1000"}.send(t, "POST", GraphQLPath, header...)
					}
					return bytes.Count(log.Bytes(), []byte("\n"))
				}
				if n := lines(1000, header...); n < 100 || n > 110 {
					t.Errorf("%d lines of 1000 requests, want 100 and those that were paid for", n)
				}
				time.Sleep(time.Second)
				if n := lines(1000, header...); n < 10 || n > 20 {
					t.Errorf("%d lines a second later, want 10 and those that were paid for", n)
				}
				if n := lines(1, "Authorization", "Bearer ben"); n != 1 {
					t.Errorf("%d lines of another's request", n)
				}
			})
		})
	}
}
