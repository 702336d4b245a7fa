package service

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/difygraph/difygraph/internal/admission"
)

// invalidDocuments are kinds of documents that take much to refuse, of a length in bytes.
var invalidDocuments = map[string]func(bytes int) string{
	"unknown fields":       func(n int) string { return "{workflowLogs {nodes {workflowRun {" + numbered(n, "statusx# ") + "}}}}" },
	"short unknown fields": func(n int) string { return "{workflowLogs {nodes {workflowRun {" + numbered(n, "a# ") + "}}}}" },
	"long unknown fields":  func(n int) string { return "{workflowLogs {" + numbered(n, strings.Repeat("x", 120)+"# ") + "}}" },
	"unknown types":        func(n int) string { return "{__typename}" + numbered(n, "fragment F# on WorkflowLo{a} ") },
	"long unknown types": func(n int) string {
		return "{__typename}" + numbered(n, "fragment F# on "+strings.Repeat("Run", 40)+"{a} ")
	},
	"unknown fragments":          func(n int) string { return "{" + numbered(n, "...F# ") + "}" },
	"unused fragments":           func(n int) string { return "{__typename}" + numbered(n, "fragment F# on Query{a} ") },
	"unknown directives":         func(n int) string { return "{__typename " + numbered(n, "@a# ") + "}" },
	"directives":                 func(n int) string { return "{__typename " + numbered(n, "@skip(if:true) ") + "}" },
	"unknown arguments":          func(n int) string { return "{workflowLogs(" + numbered(n, "appx#:1 ") + ") {totalCount}}" },
	"variables":                  func(n int) string { return "query(" + numbered(n, "$v#:Int ") + ") {__typename}" },
	"variables of unknown types": func(n int) string { return "query(" + numbered(n, "$v#:Workflo ") + ") {__typename}" },
	"wrong values":               func(n int) string { return "{workflowLogs(apps: [" + numbered(n, "1 ") + "]) {totalCount}}" },
	"wrong values of enums": func(n int) string {
		return "{workflowLogs(filter: {status: [" + numbered(n, "SUCCEEDX ") + "]}) {totalCount}}"
	},
	"unknown members": func(n int) string { return "{workflowLogs(filter: {" + numbered(n, "statusx#:1 ") + "}) {totalCount}}" },
	"a long text":     func(n int) string { return `{workflowLogs(first: "` + strings.Repeat("x", n) + `") {totalCount}}` },
	"deep":            func(n int) string { return strings.Repeat("{a", n/3) + strings.Repeat("}", n/3) },
	"wide":            func(n int) string { return "{difyApps {" + strings.Repeat("key ", n/4) + "}}" },
	"operations":      func(n int) string { return numbered(n, "query Q# {__typename} ") },
	"comments":        func(n int) string { return "{" + strings.Repeat("#\n", n/2) + "}" },
}

// numbered repeats a part up to so many bytes, each time with its number for #.
func numbered(bytes int, part string) string {
	var text strings.Builder
	for i := 0; text.Len() < bytes; i++ {
		text.WriteString(strings.ReplaceAll(part, "#", fmt.Sprint(i)))
	}
	return text.String()
}

var documentLengths = []int{256, 1 << 10, 4 << 10, 16 << 10}

// wealth is more than a test spends.
const wealth = 10_000_000

func newRich(t testing.TB) *Service {
	t.Helper()
	service, err := New(parse(t, fmt.Sprintf(`
limits: {rate: 10, burst: %d}
auth: {tokens: [{name: ann, sha256: %s, apps: ['*'], scopes: [logs]}]}
apps: [{key: a, baseURL: 'http://dify.test/v1', apiKey: app-a}]`, wealth, sha256Of("ann"))), Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(service.Close)
	return service
}

// send sends a document of ann's.
func (s *Service) send(t testing.TB, document string, variables any) *httptest.ResponseRecorder {
	t.Helper()
	body, err := json.Marshal(map[string]any{"query": document, "variables": variables})
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, GraphQLPath, strings.NewReader(string(body)))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer ann")
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	if w.Code == http.StatusTooManyRequests {
		t.Fatal(w.Body)
	}
	return w
}

// paid is what ann has spent, some of it at least.
func (s *Service) paid() float64 {
	refused, _ := errors.AsType[*admission.RateError](s.process.accounts.Spend("caller ann", wealth))
	return math.Round(refused.After.Seconds() * 10)
}

// TestReadingADocumentCostsWhatItTakes: whatever it is refused for and however long it is, what one costs covers the allocations
// that it takes, which are some two for a microsecond.
func TestReadingADocumentCostsWhatItTakes(t *testing.T) { //nolint:paralleltest // It counts the process's allocations.
	const runs, allocationsForEachPrice = 5, 500
	for name, of := range invalidDocuments {
		for _, length := range documentLengths {
			service, text := newRich(t), of(length)
			took := testing.AllocsPerRun(runs, func() { service.send(t, text, nil) })
			if price := service.paid() / (runs + 1); took > allocationsForEachPrice*price {
				t.Errorf("%s, %d bytes: %v allocations for a price of %v", name, len(text), took, price)
			}
		}
	}
}

// BenchmarkInvalidDocument tells how long a document takes for each 1 that it costs.
func BenchmarkInvalidDocument(b *testing.B) {
	for name, of := range invalidDocuments {
		for _, length := range documentLengths {
			b.Run(fmt.Sprintf("%s/%d", name, length), func(b *testing.B) {
				service, text := newRich(b), of(length)
				b.ReportAllocs()
				for b.Loop() {
					service.send(b, text, nil)
				}
				b.ReportMetric(float64(b.Elapsed().Microseconds())/service.paid(), "µs/price")
			})
		}
	}
}

// TestArgumentsHaveAPrice: values in a variable, counted wherever it is used, and fields, put in place of the fragments that have
// them. It is paid by operations whose document is kept, too.
func TestArgumentsHaveAPrice(t *testing.T) {
	t.Parallel()
	lists := "query($v: [String!]) {a: workflowLogs(apps: $v) {totalCount} b: workflowLogs(apps: $v) {totalCount}}"
	fields := "{a: difyApps {...F} b: difyApps {...F}} fragment F on DifyApp {" + strings.Repeat("key ", 40) + "}"
	for name, test := range map[string]struct {
		document  string
		variables any
		price     int
	}{
		"lists":       {lists, map[string]any{"v": make([]string, 639)}, (2*640 + 4*2) / readPerPrice},
		"short lists": {lists, map[string]any{"v": []string{"none"}}, 0},
		"fields":      {fields, nil, 2 * 2 * 41 / readPerPrice},
		"undeclared":  {"{__typename}", map[string]any{"v": make([]string, 639)}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				service := newRich(t)
				service.send(t, test.document, test.variables)
				before := service.paid()
				var a answer
				if w := service.send(t, test.document, test.variables); json.Unmarshal(w.Body.Bytes(), &a) != nil || a.Extensions.Cost.Spent < 1 {
					t.Fatal(w.Body)
				}
				if paid := service.paid() - before - float64(a.Extensions.Cost.Spent); paid != float64(test.price) {
					t.Errorf("%v beside what was spent, want %d", paid, test.price)
				}
			})
		})
	}
}

// TestReadingIsPaidOnce by those whose documents are valid, and each time by the others; before it is done.
func TestReadingIsPaidOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const length = 640
		valid := `{__typename} #` + strings.Repeat("x", length-14)
		invalid := `{typename} #` + strings.Repeat("x", length-12)
		b := startBubble(t, "rate: 10, burst: 100, price: 100", nil)
		for i, test := range []struct {
			query, code string
			left        int
		}{
			{valid, "", 100 - 1 - length/readPerPrice},
			{valid, "", 100 - 2 - length/readPerPrice},
			{invalid, "GRAPHQL_VALIDATION_FAILED", 100 - 3 - 2*length/readPerPrice},
			{invalid, "GRAPHQL_VALIDATION_FAILED", 100 - 4 - 3*length/readPerPrice},
			{strings.Repeat(invalid+"\n", 11), "RATE_LIMITED", 100 - 5 - 3*length/readPerPrice - 1},
			{valid, "", 100 - 6 - 3*length/readPerPrice - 1},
		} {
			a := b.ask(t, "ann", test.query)
			if a.code() != test.code {
				t.Errorf("%d: %s", i, a.text)
			}
			b.checkBalance(t, test.left)
		}
	})
}
