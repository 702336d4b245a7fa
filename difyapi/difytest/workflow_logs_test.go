package difytest_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/difygraph/difygraph/difyapi/difytest"
)

// rowAt makes a row of the second so many seconds from epoch.
func rowAt(second int) difytest.Row {
	return difytest.Row{CreatedAt: epoch.Add(time.Duration(second) * time.Second)}
}

func TestBoundsAreInclusive(t *testing.T) {
	t.Parallel()
	dify, app := newApp(difytest.Options{})
	for second := range 10 {
		app.Insert(rowAt(second))
	}
	for query, want := range map[string]int{
		"":                                       10,
		"created_at__before=&limit=5":            10,
		"created_at__after=2026-11-13T05:00:09Z": 1,
		"created_at__after=2026-11-13T05:00:08.000001Z":                                  1,
		"created_at__after=2026-11-13T05:00:10Z":                                         0,
		"created_at__before=2026-11-13T05:00:00Z":                                        1,
		"created_at__before=2026-11-13T05:00:00.999999Z":                                 1,
		"created_at__before=2026-11-13T04:59:59.999999Z":                                 0,
		"created_at__before=2026-11-13T05:00:03&created_at__after=2026-11-13T05:00:03":   1,
		"created_at__before=2026-11-13T14:00:03%2B09:00&created_at__after=2026-11-13":    4,
		"created_at__before=2026-11-13T05:00:02Z&created_at__after=2026-11-13T05:00:07Z": 0,
		"created_at__before=2027":                                                        10,
	} {
		if got := logs(t, dify, query); got.Total != want {
			t.Errorf("%s: total %d, want %d", query, got.Total, want)
		}
	}
}

func TestPages(t *testing.T) {
	t.Parallel()
	dify, app := newApp(difytest.Options{})
	for second := range 45 {
		app.Insert(rowAt(second))
	}
	for query, want := range map[string]struct {
		rows    int
		hasMore bool
		newest  int
	}{
		"":                       {20, true, 44},
		"page=2":                 {20, true, 24},
		"page=3":                 {5, false, 4},
		"page=4":                 {0, false, 0},
		"page=99999":             {0, false, 0},
		"limit=45":               {45, false, 44},
		"limit=44":               {44, true, 44},
		"page=1.0&limit=%202%20": {2, true, 44},
		"page=%2B2&limit=1_0":    {10, true, 34},
	} {
		got := logs(t, dify, query)
		if len(got.Data) != want.rows || got.HasMore != want.hasMore || got.Total != 45 {
			t.Errorf("%s: %d rows, more %t, total %d", query, len(got.Data), got.HasMore, got.Total)
		}
		if want.rows > 0 && got.Data[0].CreatedAt != epoch.Unix()+int64(want.newest) {
			t.Errorf("%s: starts at %d, want %d", query, got.Data[0].CreatedAt-epoch.Unix(), want.newest)
		}
	}
}

func TestKeyword(t *testing.T) {
	t.Parallel()
	runID := uuid.MustParse("adaa2153-a7e3-476f-9805-9eb66a5f6413")
	row := rowAt(0)
	row.EndUser = &difytest.EndUser{SessionID: "Ärger_1"}
	row.Run = &difytest.Run{
		ID: runID, Status: difytest.StatusSucceeded,
		Inputs:  `{"text": "` + difytest.StoredText("Kyoto is \"京都\", 50% nearer\nthan 123456789012345678901234567890!") + `"}`,
		Outputs: `{"answer": "Out"}`,
	}
	orphan := rowAt(1)
	for _, test := range []struct {
		version, keyword string
		want             bool
	}{
		{"1.14.2", "kYOTO", true},
		{"1.14.2", "oUt", true},
		{"1.14.2", "京都", false},
		{"1.14.2", difytest.StoredText("京都"), true},
		{"1.14.2", `\U4EAC`, true}, // case is ignored, here too
		{"1.14.2", difytest.StoredText(`"京`), true},
		{"1.14.2", difytest.StoredText("r\nt"), true},
		{"1.14.2", "50%", true},
		{"1.14.2", "5%%", false},
		{"1.14.2", "k_oto", false},
		{"1.14.2", " ", true},
		{"1.14.2", "ÄRGER_", true},
		{"1.14.2", difytest.StoredText("Ä"), false},
		{"1.14.2", "123456789012345678901234567890, of which no more is compared", true},
		{"1.14.2", "12345678901234567890123456789x", false},
		{"1.14.2", strings.ToUpper(runID.String()), true},
		{"1.14.2", strings.ReplaceAll(runID.String(), "-", ""), true},
		{"1.14.2", runID.String()[:30], false},
		{"1.11.2", "京都", true},
		{"1.11.2", difytest.StoredText("京都"), true},
		{"1.11.2", "k_oto", true},
		{"1.11.2", "k%near", true},
		{"0.14.0", "京都", false},
	} {
		dify, app := newApp(difytest.Options{Version: test.version})
		app.Insert(row, orphan)
		got := logs(t, dify, "keyword="+url.QueryEscape(test.keyword))
		if (got.Total == 1) != test.want || got.Total > 1 {
			t.Errorf("%s: keyword %q finds %d", test.version, test.keyword, got.Total)
		}
	}
}

func TestReleasesIgnoreParameters(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		version, query string
		status, total  int
	}{
		{"1.0.0", "created_at__before=2020-01-01", 200, 2},
		{"1.0.0", "created_at__before=nonsense", 200, 2},
		{"1.0.1", "created_at__before=2020-01-01", 200, 0},
		{"1.4.3", "created_by_end_user_session_id=nobody", 200, 2},
		{"1.5.0", "created_by_end_user_session_id=nobody", 200, 0},
		{"1.4.3", "created_by_account=nobody@example.com", 200, 2},
		{"1.5.0", "created_by_account=nobody@example.com", 200, 0},
		{"1.9.1", "created_by_account=nobody@example.com", 200, 0},
		{"1.9.2", "created_by_account=nobody@example.com", 400, 0},
		{"1.9.2", "created_by_account=somebody@example.com", 200, 1},
		{"1.9.2", "created_by_account=Somebody@example.com", 400, 0},
		{"1.4.3", "keyword=x&created_by_end_user_session_id=nobody", 200, 0},
		{"1.16.1", "keyword=x&created_by_end_user_session_id=nobody", 500, 0},
		{"1.17.1", "keyword=x&created_by_end_user_session_id=nobody", 200, 0},
		{"1.17.1", "no_such_parameter=1", 200, 2},
	} {
		dify, app := newApp(difytest.Options{Version: test.version})
		member := rowAt(1)
		member.Account = &difytest.Account{ID: uuid.New(), Email: "somebody@example.com"}
		app.Insert(rowAt(0), member)
		answer := get(dify, "app-test", "/v1/workflows/logs?"+test.query)
		var page list
		if err := json.Unmarshal(answer.Body.Bytes(), &page); err != nil || answer.Code != test.status || page.Total != test.total {
			t.Errorf("%s: %s gets %d, total %d", test.version, test.query, answer.Code, page.Total)
		}
	}
}

func TestReleasesDifferInFields(t *testing.T) {
	t.Parallel()
	row := rowAt(0)
	row.EndUser = &difytest.EndUser{Type: "service-api", SessionID: "s", IsAnonymous: true}
	row.Run = &difytest.Run{Status: difytest.StatusRunning}
	for _, test := range []struct {
		version    string
		has, lacks []string
	}{
		{"0.13.2", []string{`"type": "service_api"`}, []string{"exceptions_count", "triggered_from", "details"}},
		{"1.9.2", []string{`"type": "service_api"`, "exceptions_count"}, []string{"triggered_from", "details"}},
		{"1.10.0", []string{`"type": "service-api"`, "exceptions_count", "triggered_from", "details"}, nil},
		{"1.14.2", []string{`"is_anonymous": false`, `"finished_at": null`, `"elapsed_time": 0.0`}, nil},
	} {
		dify, app := newApp(difytest.Options{Version: test.version})
		app.Insert(row)
		body := get(dify, "app-test", "/v1/workflows/logs").Body.String()
		for _, text := range test.has {
			if !strings.Contains(body, text) {
				t.Errorf("%s: no %s in %s", test.version, text, body)
			}
		}
		for _, text := range test.lacks {
			if strings.Contains(body, text) {
				t.Errorf("%s: %s in %s", test.version, text, body)
			}
		}
	}
}

// TestTextIsASCII: answers hold text as Python writes it, and it can be read.
func TestTextIsASCII(t *testing.T) {
	t.Parallel()
	dify, app := newApp(difytest.Options{})
	row := rowAt(0)
	row.EndUser = &difytest.EndUser{SessionID: "利用者\u2028\"1\""}
	app.Insert(row)
	body := get(dify, "app-test", "/v1/workflows/logs").Body.String()
	if strings.ContainsFunc(body, func(r rune) bool { return r > '~' }) {
		t.Errorf("not ASCII: %s", body)
	}
	if got := logs(t, dify, "").Data[0].EndUser.SessionID; got != row.EndUser.SessionID {
		t.Errorf("session id %q", got)
	}
}

func TestMistakesAreWordedAsInTheRelease(t *testing.T) {
	t.Parallel()
	const more = "\n    For further information visit https://errors.pydantic.dev/2.12/v/"
	for _, test := range []struct{ version, query, want string }{
		{
			"1.14.2", "limit=0&status=x&page=%27",
			"3 validation errors for WorkflowLogQuery\nstatus\n" +
				"  Input should be 'succeeded', 'failed' or 'stopped' [type=literal_error, input_value='x', input_type=str]" +
				more + "literal_error\npage\n  Input should be a valid integer, unable to parse string as an integer " +
				`[type=int_parsing, input_value="'", input_type=str]` + more + "int_parsing\nlimit\n" +
				"  Input should be greater than or equal to 1 [type=greater_than_equal, input_value='0', input_type=str]" +
				more + "greater_than_equal",
		},
		{
			"1.11.0", "status=" + strings.Repeat("a", 30) + strings.Repeat("b", 30),
			"1 validation error for WorkflowLogQuery\nstatus\n  Input should be 'succeeded', 'failed' or 'stopped' " +
				"[type=literal_error, input_value='" + strings.Repeat("a", 24) + "..." + strings.Repeat("b", 23) +
				"', input_type=str]" + more + "literal_error",
		},
		{"1.9.0", "limit=101", "Invalid argument: 101. argument must be within the range 1 - 100"},
		{"1.2.0", "created_at__before=abc", "Invalid isoformat string: 'abc'"},
		{"1.3.0", "created_at__before=abc", "ISO string too short"},
		{"1.14.2", "created_at__after=2026-13", "month must be in 1..12"},
	} {
		dify, _ := newApp(difytest.Options{Version: test.version})
		answer := get(dify, "app-test", "/v1/workflows/logs?"+test.query)
		var body struct{ Code, Message, Params string }
		if err := json.Unmarshal(answer.Body.Bytes(), &body); err != nil || answer.Code != http.StatusBadRequest {
			t.Fatalf("%s: %d %s", test.query, answer.Code, answer.Body)
		}
		if body.Code != "invalid_param" || body.Message != test.want {
			t.Errorf("%s %s: %q, want %q", test.version, test.query, body.Message, test.want)
		}
	}
}
