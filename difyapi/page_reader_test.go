package difyapi

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

// oddPages are what the page reader has to leave to decode, or to read as decode does.
var oddPages = []string{
	``, `null`, `[]`, `{}`, `{"data":[]}`, `{"total":1,"data":[null]}`, `{"total":1.0,"data":[]}`, `{"total":-0,"data":[]}`,
	`{"total":01,"data":[]}`, `{"total":1,"total":2,"data":[]}`, `{"x":1,"x":2,"total":1,"data":[]}`, `{"total":1,"data":[],}`,
	`{"total":1,"data":[]} x`, `{"total":1 "data":[]}`, "{\"total\":1,\"data\":[{\"created_from\":\"\x01\"}]}",
	"{\"total\":1,\"data\":[{\"created_from\":\"\xff\"}]}", `{"total":1,"data":[{"created_from":"\ud800"}]}`,
	`{"total":1,"data":[{"created_from":"\ud83d\ude00 \u00e9\n\"\\\/\b\f\r\t"}]}`, `{"total":1,"data":[{"created_from":"\x"}]}`,
	`{"total":1,"data":[{"created_from":"\u12"}]}`, `{"total":1,"data":[{"created_from":"\`, `{"total":1,"data":[{"created_from":"a`,
	`{"\u0074otal":1,"data":[]}`, `{"TOTAL":1,"data":[]}`, `{"total":9223372036854775807,"data":[]}`, `{"total":1e2,"data":[]}`,
	`{"total":1,"data":[{"details":{"a": [1, 2.5e-3, "x", null, true, false, {}]}}]}`, `{"total":1,"data":[{"details":{"a":1,"a":2}}]}`,
	`{"total":1,"data":[{"details":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}]}`,
	`{"total":1,"data":[{"details":"\ud800"}]}`, `{"total":1,"data":[{"details": "text" }]}`, `{"total":1,"data":[{"details":-1.50}]}`,
	`{"total":1,"data":[{"workflow_run":{"elapsed_time":NaN}}]}`, `{"total":1,"data":[{"workflow_run":{"elapsed_time":-1.5E+3}}]}`,
	`{"total":1,"data":[{"workflow_run":{"elapsed_time":1e999}}]}`, `{"total":1,"data":[{"workflow_run":{"total_tokens":"7"}}]}`,
	`{"total":1,"data":[{"workflow_run":[]}]}`, `{"total":1,"data":[{"created_at":253402300800}]}`, `{"total":1,"data":[{"created_at":1795418445.0}]}`,
	`{"total":1,"data":[{"id":"6BA7B810-9DAD-11D1-80B4-00C04FD430C8"}]}`, `{"total":1,"data":[{"id":"6ba7b8109dad11d180b400c04fd430c8"}]}`,
	`{"total":1,"data":[{"id":""}]}`, `{"total":1,"data":[{"created_by_end_user":{"is_anonymous":null,"type":null,"new":{"a":1}}}]}`,
}

// recordedPages are pages of real Difys.
func recordedPages(t testing.TB) (pages [][]byte) {
	t.Helper()
	err := filepath.WalkDir("testdata", func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".json") {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		var exchange struct {
			Response struct{ Body json.RawMessage }
		}
		if err := json.Unmarshal(text, &exchange); err == nil && strings.Contains(string(text), `"has_more"`) {
			pages = append(pages, exchange.Response.Body)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return pages
}

// tb is what *testing.T and *rapid.T have in common.
type tb interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// comparePage reads a page twice, and wants what the page reader takes to be what decode makes of it.
func comparePage(t tb, text []byte) (taken bool) {
	t.Helper()
	got, taken := readPage([]byte(string(text)))
	if !taken {
		return false
	}
	want, unreadable, err := decode[logPageBody](&answer{body: text}, workflowLogsPath)
	if err != nil || len(unreadable) > 0 {
		t.Fatalf("the page reader takes a page that decode does not: %v %v\n%s", err, unreadable, text)
	}
	for i := range want.Data {
		want.Data[i].normalize()
		got.Data[i].normalize()
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(WorkflowLog{})); diff != "" {
		t.Errorf("the page reader reads otherwise than decode (-decode +reader):\n%s\n%s", diff, text)
	}
	return true
}

// FuzzPage holds the page reader against decode and against encoding/json: it never takes what they refuse, and never reads
// another value.
func FuzzPage(f *testing.F) {
	for _, page := range oddPages {
		f.Add([]byte(page))
	}
	for _, page := range recordedPages(f) {
		f.Add(page)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if comparePage(t, text) && !json.Valid(text) {
			t.Errorf("taken, and no JSON: %q", text)
		}
	})
}

// TestEveryRecordedPageIsReadByThePageReader holds that the quick way is the usual one.
func TestEveryRecordedPageIsReadByThePageReader(t *testing.T) {
	t.Parallel()
	pages := recordedPages(t)
	if len(pages) == 0 {
		t.Fatal("no recorded pages")
	}
	for _, page := range pages {
		if !comparePage(t, page) {
			t.Errorf("left to decode: %.300s", page)
		}
	}
}

// drawPage writes a page of members in any order, with values that mostly fit and sometimes don't, and blanks anywhere.
func drawPage(t *rapid.T) []byte {
	text := []string{`"a"`, `""`, `"\u4eac \"x\" \ud83d\ude00"`, `"京都"`, `"service_api"`, `"a long text of more than eight bytes"`, `null`}
	number := []string{`0`, `7`, `1795418445`, `-3`, `2.5`, `1e3`, `999999999999999999`, `1234567890123456789`, `null`}
	id := []string{`"6ba7b810-9dad-11d1-80b4-00c04fd430c8"`, `null`, `"6ba7b8109dad11d180b400c04fd430c8"`}
	odd := []string{`null`, `true`, `{}`, `[]`, `"7"`, `NaN`, `01`, `"\ud800"`, `{"a":{"a":1}}`, `{"a":1,"a":2}`}
	blank := func() string { return rapid.SampledFrom([]string{"", "", " ", "\n\t"}).Draw(t, "blank") }
	value := func(usual []string) string {
		if rapid.IntRange(0, 60).Draw(t, "odd") == 0 {
			return rapid.SampledFrom(odd).Draw(t, "value")
		}
		return rapid.SampledFrom(usual).Draw(t, "value")
	}
	object := func(members map[string]string) string {
		names := rapid.Permutation(slices.Sorted(maps.Keys(members))).Draw(t, "names")
		var b strings.Builder
		for i, name := range names[:rapid.IntRange(max(0, len(names)-2), len(names)).Draw(t, "members")] {
			if i > 0 {
				b.WriteString("," + blank())
			}
			b.WriteString(blank() + `"` + name + `"` + blank() + ":" + blank() + members[name])
		}
		return "{" + b.String() + blank() + "}"
	}
	row := func() string {
		return object(map[string]string{
			"id": value(id), "created_at": value(number), "created_from": value(text), "created_by_role": value(text),
			"details": value([]string{`null`, `{"a": [1, "x"]}`}), "new": value(odd),
			"workflow_run": object(map[string]string{
				"id": value(id), "version": value(text), "status": value(text), "triggered_from": value(text), "error": value(text),
				"elapsed_time": value(number), "total_tokens": value(number), "total_steps": value(number),
				"exceptions_count": value(number), "created_at": value(number), "finished_at": value(number),
			}),
			"created_by_account":  object(map[string]string{"id": value(id), "name": value(text), "email": value(text)}),
			"created_by_end_user": object(map[string]string{"id": value(id), "type": value(text), "is_anonymous": value([]string{`true`, `false`}), "session_id": value(text)}),
		})
	}
	rows := make([]string, rapid.IntRange(0, 3).Draw(t, "rows"))
	for i := range rows {
		rows[i] = row()
	}
	return []byte(blank() + object(map[string]string{
		"page": value(number), "limit": value(number), "total": value(number), "has_more": value([]string{`true`, `false`}),
		"data": "[" + strings.Join(rows, ","+blank()) + blank() + "]",
	}) + blank())
}

// TestPagesAreReadAlike holds the page reader against decode on pages that nearly all of Dify's could be.
func TestPagesAreReadAlike(t *testing.T) {
	t.Parallel()
	taken := 0
	rapid.Check(t, func(rt *rapid.T) {
		if comparePage(rt, drawPage(rt)) {
			taken++
		}
	})
	if taken == 0 {
		t.Error("no page was taken")
	}
}

// TestAPageTakesFewAllocations holds that rows take none.
func TestAPageTakesFewAllocations(t *testing.T) { //nolint:paralleltest // AllocsPerRun counts those of the process.
	page := pageOfRows(MaxLimit)
	got := testing.AllocsPerRun(20, func() {
		if _, ok := readPage(page); !ok {
			t.Fatal("left to decode")
		}
	})
	if got > 12 {
		t.Errorf("%v allocations", got)
	}
}

func pageOfRows(n int) []byte {
	const row = `{"id": "8f3c9c54-2d2b-4bd9-9e3c-0b8a3b6f3a11", "workflow_run": {"id": "f1f2f3f4-aaaa-4bbb-8ccc-0123456789ab", ` +
		`"version": "2026-11-23 06:22:27.283087", "status": "failed", "triggered_from": "app-run", "error": "it \"failed\" \u4eac", ` +
		`"elapsed_time": 12.345678, "total_tokens": 1234, "total_steps": 5, "created_at": 1795415470, "finished_at": 1795415478, ` +
		`"exceptions_count": 0}, "details": null, "created_from": "service-api", "created_by_role": "end_user", "created_by_account": null, ` +
		`"created_by_end_user": {"id": "f96f216f-4fba-4832-bc35-91b4909e74e0", "type": "service-api", "is_anonymous": false, "session_id": "bob"}, ` +
		`"created_at": 1795415478}`
	return []byte(`{"page": 1, "limit": 100, "total": 1000, "has_more": true, "data": [` + strings.TrimSuffix(strings.Repeat(row+", ", n), ", ") + `]}`)
}

func BenchmarkPage(b *testing.B) {
	page := pageOfRows(95)
	b.Run("reader", func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(int64(len(page)))
		for b.Loop() {
			if _, ok := readPage(page); !ok {
				b.Fatal("left to decode")
			}
		}
	})
	b.Run("decode", func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(int64(len(page)))
		for b.Loop() {
			if _, _, err := decode[logPageBody](&answer{body: page}, workflowLogsPath); err != nil {
				b.Fatal(err)
			}
		}
	})
}
