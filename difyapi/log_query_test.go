package difyapi_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/difygraph/difygraph/difyapi"
)

func TestLogQueryEncoding(t *testing.T) {
	t.Parallel()
	tokyo := time.FixedZone("JST", 9*60*60)
	tests := map[string]struct {
		query difyapi.LogQuery
		want  string
	}{
		"nothing":        {difyapi.LogQuery{}, "limit=20"},
		"first page":     {difyapi.LogQuery{Page: 1, Limit: 5}, "limit=5"},
		"page":           {difyapi.LogQuery{Page: 2, Limit: 3}, "limit=3&page=2"},
		"last page":      {difyapi.LogQuery{Page: 99999, Limit: 100}, "limit=100&page=99999"},
		"status":         {difyapi.LogQuery{Status: difyapi.StatusStopped}, "limit=20&status=stopped"},
		"whole second":   {difyapi.LogQuery{CreatedBefore: time.Date(2026, 11, 13, 5, 0, 5, 0, time.UTC)}, "created_at__before=2026-11-13T05%3A00%3A05Z&limit=20"},
		"another zone":   {difyapi.LogQuery{CreatedAfter: time.Date(2026, 11, 13, 14, 0, 5, 0, tokyo)}, "created_at__after=2026-11-13T05%3A00%3A05Z&limit=20"},
		"microseconds":   {difyapi.LogQuery{CreatedBefore: time.Date(2026, 11, 13, 5, 0, 5, 999999000, time.UTC)}, "created_at__before=2026-11-13T05%3A00%3A05.999999Z&limit=20"},
		"half a second":  {difyapi.LogQuery{CreatedBefore: time.Date(2026, 11, 13, 5, 0, 5, 500000000, time.UTC)}, "created_at__before=2026-11-13T05%3A00%3A05.500000Z&limit=20"},
		"nanoseconds":    {difyapi.LogQuery{CreatedBefore: time.Date(2026, 11, 13, 5, 0, 5, 999, time.UTC)}, "created_at__before=2026-11-13T05%3A00%3A05Z&limit=20"},
		"blank and plus": {difyapi.LogQuery{Keyword: "a b+c&d=%"}, "keyword=a%20b%2Bc%26d%3D%25&limit=20"},
		"stored text":    {difyapi.LogQuery{Keyword: difyapi.StoredText("京都")}, "keyword=%5Cu4eac%5Cu90fd&limit=20"},
		"people": {
			difyapi.LogQuery{EndUserSessionID: "alice b", AccountEmail: "a+b@example.com"},
			"created_by_account=a%2Bb%40example.com&created_by_end_user_session_id=alice%20b&limit=20",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var sent string
			client := newClient(t, difyapi.Options{Transport: roundTrip(func(req *http.Request) (*http.Response, error) {
				sent = req.URL.RawQuery
				return response(req, http.StatusOK, emptyPage), nil
			})})
			if _, err := client.WorkflowLogs(t.Context(), test.query); err != nil {
				t.Fatal(err)
			}
			if sent != test.want {
				t.Errorf("sent %s\nwant %s", sent, test.want)
			}
		})
	}
}

func TestLogQueryOutOfRange(t *testing.T) {
	t.Parallel()
	tests := map[string]difyapi.LogQuery{
		"page -1 is not within":    {Page: -1},
		"page 100000 is not":       {Page: 100000},
		"limit -1 is not":          {Limit: -1},
		"limit 101 is not":         {Limit: 101},
		`status "running" is not`:  {Status: difyapi.StatusRunning},
		`status "SUCCEEDED"`:       {Status: "SUCCEEDED"},
		"outside the years 1":      {CreatedAfter: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)},
		"time is outside the year": {CreatedBefore: time.Date(-5, 1, 1, 0, 0, 0, 0, time.UTC)},
	}
	client := newClient(t, difyapi.Options{Transport: roundTrip(func(*http.Request) (*http.Response, error) {
		return nil, errors.New("must not be called")
	})})
	for reason, query := range tests {
		_, err := client.WorkflowLogs(t.Context(), query)
		if !errors.Is(err, difyapi.ErrInvalidQuery) || !strings.Contains(err.Error(), reason) {
			t.Errorf("error %v, want ErrInvalidQuery because of %q", err, reason)
		}
	}
}

func TestUnsupportedBy(t *testing.T) {
	t.Parallel()
	bound := time.Unix(1795418445, 0)
	tests := []struct {
		query            difyapi.LogQuery
		version          string
		parameter, since string
	}{
		{difyapi.LogQuery{CreatedBefore: bound}, "1.0.0", "created_at__before", "1.0.1"},
		{difyapi.LogQuery{CreatedAfter: bound}, "0.15.8", "created_at__after", "1.0.1"},
		{difyapi.LogQuery{CreatedAfter: bound}, "1.0.1", "", ""},
		{difyapi.LogQuery{EndUserSessionID: "a"}, "1.4.3", "created_by_end_user_session_id", "1.5.0"},
		{difyapi.LogQuery{AccountEmail: "a"}, "1.4.3", "created_by_account", "1.5.0"},
		{difyapi.LogQuery{AccountEmail: "a", EndUserSessionID: "a"}, "1.5.0", "", ""},
		{difyapi.LogQuery{Keyword: "a", Status: "failed", Page: 3, Limit: 7}, "0.9.0", "", ""},
		{difyapi.LogQuery{CreatedBefore: bound, AccountEmail: "a"}, "", "", ""},
	}
	for _, test := range tests {
		parameter, since := test.query.UnsupportedBy(difyapi.ParseVersion(test.version))
		if parameter != test.parameter || since.String() != test.since {
			t.Errorf("%+v on %q: %q since %q, want %q since %q", test.query, test.version, parameter, since, test.parameter, test.since)
		}
	}
}

func TestKeywordHasWildcards(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]bool{"1.11.2": true, "1.10.1": true, "1.11.3": false, "1.14.2": false, "": false} {
		if got := difyapi.KeywordHasWildcards("100%", difyapi.ParseVersion(version)); got != want {
			t.Errorf("KeywordHasWildcards(%q) = %v", version, got)
		}
	}
}

// The expectations are what Python's json.dumps writes.
func TestStoredText(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"":                 "",
		"plain text / <&":  "plain text / <&",
		"京都":               `\u4eac\u90fd`,
		`say "a\b"`:        `say \"a\\b\"`,
		"\b\f\n\r\t":       `\b\f\n\r\t`,
		"\x00\x1f":         `\u0000\u001f`,
		"~\x7f\u0080":      `~\u007f\u0080`,
		"é":                `\u00e9`,
		"😀":                `\ud83d\ude00`,
		"\uffff\U00010000": `\uffff\ud800\udc00`,
		"bad \xff byte":    `bad \ufffd byte`,
	}
	for text, want := range tests {
		if got := difyapi.StoredText(text); got != want {
			t.Errorf("StoredText(%q) = %s, want %s", text, got, want)
		}
	}
}

func TestStoredTextRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		checkStoredText(t, rapid.String().Draw(t, "text"))
	})
}

func FuzzStoredText(f *testing.F) {
	f.Add("京都 \"x\"\n😀\x7f")
	f.Fuzz(func(t *testing.T, text string) {
		if utf8.ValidString(text) {
			checkStoredText(t, text)
		}
	})
}

// checkStoredText holds that the stored form is ASCII, and the inside of a JSON string that says the same.
func checkStoredText(t interface{ Fatalf(string, ...any) }, text string) {
	stored := difyapi.StoredText(text)
	for _, b := range []byte(stored) {
		if b < ' ' || b > '~' {
			t.Fatalf("StoredText(%q) = %q has the byte %#x", text, stored, b)
		}
	}
	var back string
	if err := json.Unmarshal([]byte(`"`+stored+`"`), &back); err != nil || back != text {
		t.Fatalf("StoredText(%q) = %s reads back as %q (%v)", text, stored, back, err)
	}
}
