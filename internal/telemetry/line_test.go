package telemetry

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/difygraph/difygraph/graph/code"
)

const runQuery = `query Run($id: UUID!) { workflowRun(uuid: $id) { status inputs } }`

// runQueryHash is what sha256sum says of runQuery.
const runQueryHash = "6fbce390ea830c09d66c9c638f5b6648076a3d2907a72d152e78cfe95c80918d"

func TestLineOfAnOperation(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(r *http.Request) (*http.Response, error) {
			time.Sleep(1500 * time.Microsecond)
			return healthy(r)
		}, silent)
		w.ask(t, map[string]any{"query": runQuery, "variables": map[string]any{"id": runID}})
		want := []map[string]any{{
			"level": "INFO", "msg": "operation", "operation": "Run", "kind": "query", "hash": runQueryHash,
			"caller": "dashboard", "price": 40.0, "spent": 21.0, "calls": 2.0, "rows": 1.0, "duration_ms": 3.0,
			"method": "POST", "status": 200.0,
		}}
		if diff := cmp.Diff(want, w.lines(t)); diff != "" {
			t.Error(diff)
		}
	})
}

// TestClientThatLeaves did not wait: nothing took too long, and nobody got an answer.
func TestClientThatLeaves(t *testing.T) {
	t.Parallel()
	ctx, leave := context.WithCancel(t.Context())
	w := newWorld(t, func(r *http.Request) (*http.Response, error) {
		leave()
		<-r.Context().Done()
		return nil, r.Context().Err()
	})
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/graphql", strings.NewReader(`{"query": "{workflowRun(uuid: \"`+runID+`\") {status}}"}`))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer planted-token")
	w.handler.ServeHTTP(httptest.NewRecorder(), r)
	lines := w.lines(t)
	if len(lines) != 1 || lines[0]["status"] != 499.0 || lines[0]["codes"] != nil {
		t.Errorf("%v", lines)
	}
	if metrics := w.scrape(t); !strings.Contains(metrics, `class="canceled"`) || strings.Contains(metrics, `class="timeout"`) {
		t.Errorf("%s", metrics)
	}
}

// TestLineOfWhatIsRefused: a request that ran nothing has a line too, with as much as is known of it.
func TestLineOfWhatIsRefused(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		params  map[string]any
		headers []string
		want    map[string]any
	}{
		"by identity": {
			map[string]any{"query": runQuery},
			[]string{"Authorization: "},
			map[string]any{"operation": "", "kind": "", "caller": "", "status": 401.0, "codes": map[string]any{"UNAUTHENTICATED": 1.0}},
		},
		"by parsing": {
			map[string]any{"query": "query {"},
			nil,
			map[string]any{"operation": "", "kind": "", "caller": "dashboard", "status": 422.0, "codes": map[string]any{"GRAPHQL_PARSE_FAILED": 1.0}},
		},
		"by validation": {
			map[string]any{"query": "query Wrong { a b }", "operationName": "Wrong"},
			nil,
			map[string]any{
				"operation": "Wrong", "kind": "", "caller": "dashboard", "status": 422.0,
				"codes": map[string]any{"GRAPHQL_VALIDATION_FAILED": 2.0},
			},
		},
		"by price": {
			map[string]any{"query": "query TooMuch { _service }"},
			nil,
			map[string]any{
				"operation": "TooMuch", "kind": "query", "caller": "dashboard", "status": 200.0, "codes": map[string]any{"RATE_LIMITED": 1.0},
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, healthy, silent)
			w.ask(t, test.params, test.headers...)
			lines := w.lines(t)
			if len(lines) != 1 {
				t.Fatalf("%d lines", len(lines))
			}
			got := make(map[string]any)
			for _, key := range []string{"operation", "kind", "caller", "status", "codes"} {
				got[key] = lines[0][key]
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestLineCountsCodes: an answer with errors names each code once.
func TestLineCountsCodes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, healthy, silent)
	w.ask(t, map[string]any{"query": "{ a: failing b: failing }"})
	want := map[string]any{"INTERNAL_SERVER_ERROR": 2.0}
	if diff := cmp.Diff(want, w.lines(t)[0]["codes"]); diff != "" {
		t.Error(diff)
	}
}

// TestLineOfAPanic: what panics is told of, and goes on panicking.
func TestLineOfAPanic(t *testing.T) {
	t.Parallel()
	log := new(syncBuffer)
	told := newTelemetry(t, Options{Log: NewLogger(log, Text)})
	h := told.Middleware("/graphql")(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("boom") }))
	panicked := func() (value any) {
		defer func() { value = recover() }()
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/graphql", nil))
		return nil
	}()
	if text := log.String(); panicked != "boom" || !strings.Contains(text, "method=GET status=0") {
		t.Errorf("panicked with %v; log: %s", panicked, text)
	}
}

// TestNoLineOfAPreflight: browsers ask before they ask.
func TestNoLineOfAPreflight(t *testing.T) {
	t.Parallel()
	log := new(syncBuffer)
	told := newTelemetry(t, Options{Log: NewLogger(log, JSON)})
	h := told.Middleware("/graphql")(http.NotFoundHandler())
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodOptions, "/graphql", nil))
	if text := log.String(); text != "" {
		t.Error(text)
	}
}

// TestLineBoundsNames: a name is the client's text, so it is cut, and stays within its quotes.
func TestLineBoundsNames(t *testing.T) {
	t.Parallel()
	for _, format := range []Format{JSON, Text} {
		w := newWorld(t, healthy, silent)
		w.Telemetry.log = NewLogger(w.log, format)
		w.ask(t, map[string]any{"query": "{ failing }", "operationName": "a\"\nstatus=200 " + strings.Repeat("京", 1000)})
		text := w.log.String()
		if strings.Count(text, "\n") != 1 || strings.Count(text, "京") > 33 || !strings.Contains(text, `a\"\nstatus=200 `) {
			t.Error(text)
		}
	}
}

// TestDiscard serves, and tells nobody.
func TestDiscard(t *testing.T) {
	t.Parallel()
	told := Discard()
	answer := httptest.NewRecorder()
	told.Middleware("/graphql")(http.NotFoundHandler()).ServeHTTP(answer, requestTo(t.Context(), "/graphql"))
	if err := told.Shutdown(t.Context()); answer.Code != http.StatusNotFound || err != nil {
		t.Error(answer.Code, err)
	}
}

func TestCallerShown(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"dashboard":                             "dashboard",
		"https://idp.example 4711":              "https://idp.example 4711",
		"https://idp.example ada@example.com":   "https://idp.example sha256:b5fc85e55755f9e0",
		"https://idp.example ada@example.com x": "https://idp.example sha256:",
		"ada@example.com":                       "sha256:",
		"ada@idp.example 4711":                  "sha256:",
		strings.Repeat("a", 200):                strings.Repeat("a", 100) + "…",
	} {
		if got := callerShown(name); !strings.HasPrefix(got, want) || strings.Contains(got, "@") {
			t.Errorf("%q: %q", name, got)
		}
	}
}

// TestLogOfDerivedLoggers: lines through loggers made of this one are traced as well.
func TestLogOfDerivedLoggers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, healthy)
	ctx, span := w.tracer.Start(t.Context(), "test")
	defer span.End()
	NewLogger(w.log, JSON).With("a", 1).WithGroup("g").InfoContext(ctx, "derived")
	if text := w.log.String(); !strings.Contains(text, span.SpanContext().TraceID().String()) {
		t.Error(text)
	}
}

func TestClassOfStatus(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]string{
		0: "internal", 200: "ok", 204: "ok", 400: "input", 401: "denied", 403: "denied", 408: "timeout", 413: "input",
		421: "denied", 429: "refused", 500: "internal", 503: "refused", 504: "timeout",
	} {
		if got := new(record).worst(status).String(); got != want {
			t.Errorf("%d: %s, want %s", status, got, want)
		}
	}
}

// TestWorstCode: an answer with several errors counts as the gravest of them.
func TestWorstCode(t *testing.T) {
	t.Parallel()
	for want, codes := range map[string]map[code.Code]int{
		"denied":   {"FORBIDDEN": 5, "BAD_USER_INPUT": 1},
		"refused":  {"COST_LIMIT_EXCEEDED": 1, "FORBIDDEN": 1},
		"upstream": {"UPSTREAM_TIMEOUT": 1, "INVALID_CURSOR": 1},
		"timeout":  {"OPERATION_TIMEOUT": 1, "UPSTREAM_TIMEOUT": 1},
		"internal": {"made up": 1, "OPERATION_TIMEOUT": 1},
	} {
		if got := (&record{codes: codes}).worst(http.StatusOK).String(); got != want {
			t.Errorf("%v: %s, want %s", codes, got, want)
		}
	}
}

// TestNotesWithoutMiddleware: who is served outside of it is not told of, and nothing breaks.
func TestNotesWithoutMiddleware(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	NoteCaller(ctx, "dashboard")
	NoteRefusal(ctx, "UNAUTHENTICATED")
	told := newTelemetry(t, Options{})
	_, err := told.Transport(appKey, roundTrip(func(*http.Request) (*http.Response, error) { return nil, errors.New("down") })).
		RoundTrip(httptest.NewRequestWithContext(ctx, http.MethodGet, "/v1/info", nil))
	if err == nil || err.Error() != "down" {
		t.Error(err)
	}
}
