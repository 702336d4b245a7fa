package difyapi_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"

	"github.com/difygraph/difygraph/difyapi"
)

const (
	logID  = "425a41f7-eb1c-4072-9baa-744ccd875e76"
	runID  = "7564e10c-6c67-42f2-9f55-4149dcb51d75"
	userID = "da8b51e3-9187-4929-97c4-96ace5de3ab7"
)

// pageOf makes a page of rows that are given as JSON.
func pageOf(rows ...string) string {
	return fmt.Sprintf(`{"page":1,"limit":20,"total":%d,"has_more":false,"data":[%s]}`, len(rows), strings.Join(rows, ","))
}

func readRow(t *testing.T, row string) *difyapi.WorkflowLog {
	t.Helper()
	client := newClient(t, difyapi.Options{Transport: answering(http.StatusOK, pageOf(row))})
	page, err := client.WorkflowLogs(t.Context(), difyapi.LogQuery{})
	if err != nil {
		t.Fatalf("%s: %v", row, err)
	}
	return page.Rows[0]
}

func TestRowForms(t *testing.T) {
	t.Parallel()
	at := time.Unix(1795418445, 0).UTC()
	bare := difyapi.WorkflowLog{ID: uuid.MustParse(logID), CreatedAt: at}
	with := func(change func(*difyapi.WorkflowLog)) *difyapi.WorkflowLog {
		row := bare
		change(&row)
		return &row
	}
	tests := map[string]struct {
		members string // beside id and created_at
		want    *difyapi.WorkflowLog
	}{
		"all missing": {``, &bare},
		"all null": {
			`,"workflow_run":null,"details":null,"created_from":null,"created_by_role":null,"created_by_account":null,"created_by_end_user":null`,
			&bare,
		},
		"unknown field": {`,"brand":{"new":[1,2]}`, &bare},
		"unknown values": {
			`,"created_from":"carrier-pigeon","created_by_role":"robot"`,
			with(func(l *difyapi.WorkflowLog) { l.CreatedFrom, l.CreatedByRole = "carrier-pigeon", "robot" }),
		},
		"details": {
			`,"details":{"trigger_metadata":{"type":"webhook"}}`,
			with(func(l *difyapi.WorkflowLog) { l.Details = []byte(`{"trigger_metadata":{"type":"webhook"}}`) }),
		},
		"old spelling": {
			`,"created_from":"service_api","created_by_end_user":{"id":"` + userID + `","type":"service_api","is_anonymous":true,"session_id":"bob"}`,
			with(func(l *difyapi.WorkflowLog) {
				l.CreatedFrom = "service-api"
				l.CreatedByEndUser = &difyapi.EndUser{ID: uuid.MustParse(userID), Type: "service-api", IsAnonymous: true, SessionID: new("bob")}
			}),
		},
		"end user without session": {
			`,"created_by_end_user":{"id":"` + userID + `","type":"telex","session_id":null}`,
			with(func(l *difyapi.WorkflowLog) {
				l.CreatedByEndUser = &difyapi.EndUser{ID: uuid.MustParse(userID), Type: "telex"}
			}),
		},
		"account without anything": {`,"created_by_account":{}`, with(func(l *difyapi.WorkflowLog) {
			l.CreatedByAccount = &difyapi.Account{Unreadable: difyapi.Unreadable{"id"}}
		})},
		"run with nulls": {
			`,"workflow_run":{"id":"` + runID + `","version":null,"status":"paused","triggered_from":null,"error":null,"elapsed_time":null,` +
				`"total_tokens":null,"total_steps":null,"created_at":null,"finished_at":null,"exceptions_count":null}`,
			with(func(l *difyapi.WorkflowLog) {
				l.WorkflowRun = &difyapi.WorkflowRun{ID: uuid.MustParse(runID), Status: difyapi.StatusPaused}
			}),
		},
		"run of another time": {
			`,"workflow_run":{"id":"` + runID + `","status":"levitating","triggered_from":"dream","total_tokens":9007199254740993,"elapsed_time":0,"finished_at":1795418445.0}`,
			with(func(l *difyapi.WorkflowLog) {
				l.WorkflowRun = &difyapi.WorkflowRun{
					ID: uuid.MustParse(runID), Status: "levitating", TriggeredFrom: new("dream"),
					TotalTokens: new(int64(9007199254740993)), ElapsedTime: new(0.0), FinishedAt: &at,
				}
			}),
		},
		"half a surrogate pair": {
			`,"workflow_run":{"id":"` + runID + `","status":"failed","error":"cut \ud83d off"}`,
			with(func(l *difyapi.WorkflowLog) {
				l.WorkflowRun = &difyapi.WorkflowRun{ID: uuid.MustParse(runID), Status: difyapi.StatusFailed, Error: new("cut \ufffd off")}
			}),
		},
		"broken UTF-8": {
			`,"created_from":"web` + "\xff" + `app"`,
			with(func(l *difyapi.WorkflowLog) { l.CreatedFrom = "web\ufffdapp" }),
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			row := readRow(t, `{"id":"`+logID+`","created_at":1795418445`+test.members+`}`)
			if diff := cmp.Diff(test.want, row, readHere); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if row.CreatedAt.Location() != time.UTC {
				t.Errorf("created at %v, not in UTC", row.CreatedAt)
			}
		})
	}
}

func TestPage(t *testing.T) {
	t.Parallel()
	row := `{"id":"` + logID + `","created_at":1795418445}`
	body := `{"page":7,"limit":1,"total":120004,"has_more":true,"data":[` + row + `]}`
	client := newClient(t, difyapi.Options{Transport: answering(http.StatusOK, body, "X-Version", "1.14.2")})
	before := time.Now()
	page, err := client.WorkflowLogs(t.Context(), difyapi.LogQuery{Page: 7, Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	if page.Page != 7 || page.Limit != 1 || page.Total != 120004 || !page.HasMore || len(page.Rows) != 1 {
		t.Errorf("page %+v", page)
	}
	if page.Bytes != len(body) {
		t.Errorf("%d bytes of %d", page.Bytes, len(body))
	}
	if page.Version != difyapi.ParseVersion("1.14.2") || page.SentAt.Before(before) || page.SentAt.After(time.Now()) {
		t.Errorf("version %q, sent at %v", page.Version, page.SentAt)
	}
}

// TestNotAPage holds that bodies of status 200 which are not a page of the API are refused.
func TestNotAPage(t *testing.T) {
	t.Parallel()
	row := func(members string) string { return pageOf(`{` + members + `}`) }
	id := `"id":"` + logID + `",`
	tests := map[string]string{
		"empty":                   ``,
		"blank":                   ` `,
		"null":                    `null`,
		"array":                   `[]`,
		"string":                  `"ok"`,
		"empty object":            `{}`,
		"another API":             `{"status":"ok"}`,
		"wrong order":             pageOf(`{`+id+`"created_at":1795418445}`, `{`+id+`"created_at":1795418446}`),
		"larger limit":            `{"page":1,"limit":21,"total":0,"has_more":false,"data":[]}`,
		"limit 0":                 `{"page":1,"limit":0,"total":0,"has_more":false,"data":[]}`,
		"another page":            `{"page":2,"limit":20,"total":0,"has_more":false,"data":[]}`,
		"more than its own limit": `{"page":1,"limit":1,"total":2,"has_more":false,"data":[{` + id + `"created_at":1795418445},{` + id + `"created_at":1795418445}]}`,
		"id of two times":         pageOf(`{`+id+`"created_at":1795418446}`, `{`+id+`"created_at":1795418445}`),
		"time far off":            row(id + `"created_at":253402300800`),
		"time in text":            row(id + `"created_at":"soon"`),
		"no data":                 `{"page":1,"limit":20,"total":0,"has_more":false}`,
		"data null":               `{"page":1,"limit":20,"total":0,"has_more":false,"data":null}`,
		"data object":             `{"page":1,"limit":20,"total":0,"has_more":false,"data":{}}`,
		"no total":                `{"page":1,"limit":20,"has_more":false,"data":[]}`,
		"negative total":          `{"page":1,"limit":20,"total":-1,"has_more":false,"data":[]}`,
		"cut":                     emptyPage[:len(emptyPage)-3],
		"more after the end":      emptyPage + `{}`,
		"HTML":                    `<!doctype html><html></html>`,
		"more rows than asked": pageOf(strings.Split(
			strings.TrimSuffix(strings.Repeat(`{"id":"`+logID+`","created_at":1795418445}|`, 21), "|"), "|")...),
		"duplicate names":      `{"total":0,"total":1,"data":[]}`,
		"row null":             pageOf(`null`),
		"row array":            pageOf(`[]`),
		"row without id":       row(`"created_at":1795418445`),
		"row with null id":     row(`"id":null,"created_at":1795418445`),
		"row with another id":  row(`"id":"17","created_at":1795418445`),
		"no time":              row(`"id":"` + logID + `"`),
		"time null":            row(id + `"created_at":null`),
		"time zero":            row(id + `"created_at":0`),
		"time negative":        row(id + `"created_at":-5`),
		"time object":          row(id + `"created_at":{}`),
		"time in the year 9e9": row(id + `"created_at":1e300`),
	}
	for name, body := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := checkError(t, difyapi.Options{Transport: answering(http.StatusOK, body)}, difyapi.Error{Kind: difyapi.KindBadResponse, Status: http.StatusOK})
			if !strings.HasPrefix(err.Error(), "dify: GET /workflows/logs: bad response 200: ") {
				t.Errorf("the error says %v", err)
			}
		})
	}
}

// TestBadPageText holds that the error says where the fault is, and repeats nothing of the body.
func TestBadPageText(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		`[]`:                      `the body is not what the API has there`,
		`{"data":"secret"}`:       `data is not what the API has there`,
		`{"data":`:                `malformed JSON at byte 8`,
		``:                        `malformed JSON at byte 0`,
		pageOf(`{"id":"secret"}`): `data[0].id is missing or can't be read`,
		pageOf(`{"id":"` + logID + `","created_at":{}}`):                                   `data[0].created_at is missing or can't be read`,
		pageOf(`{"id":"`+logID+`","created_at":5}`, `{"id":"`+runID+`","created_at":NaN}`): `data[1].created_at is missing or can't be read`,
		pageOf(`["secret"]`):           `data[0] is no object`,
		`{"total":0}`:                  `data is no array`,
		`{"total":"secret","data":[]}`: `total is no number of rows`,
	}
	for body, want := range tests {
		client := newClient(t, difyapi.Options{Transport: answering(http.StatusOK, body)})
		_, err := client.WorkflowLogs(t.Context(), difyapi.LogQuery{})
		if err == nil || err.Error() != "dify: GET /workflows/logs: bad response 200: "+want {
			t.Errorf("%s: %v", body, err)
		}
	}
}

func TestNotAnInfo(t *testing.T) {
	t.Parallel()
	for _, body := range []string{``, `{}`, `[]`, `null`, `{"status":"ok"}`, `{"name":{}}`, `{"name":"Echo"`} {
		client := newClient(t, difyapi.Options{Transport: answering(http.StatusOK, body)})
		if info, err := client.Info(t.Context()); !difyapi.IsBadResponse(err) || info != nil {
			t.Errorf("%s: %v, %v", body, info, err)
		}
	}
}

func TestInfoOfOldServer(t *testing.T) {
	t.Parallel()
	client := newClient(t, difyapi.Options{Transport: answering(http.StatusOK, `{"name":"Echo","description":null,"tags":["a","b"]}`)})
	info, err := client.Info(t.Context())
	if diff := cmp.Diff(&difyapi.AppInfo{Name: new("Echo"), Tags: []string{"a", "b"}}, info, cmpopts.IgnoreTypes(difyapi.Receipt{})); diff != "" || err != nil {
		t.Errorf("error %v, info (-want +got):\n%s", err, diff)
	}
}

// FuzzLogPage holds that a body is either refused or read into rows that can be worked with.
func FuzzLogPage(f *testing.F) {
	for _, r := range readRecordings(f, "1.13.3/logs-*.json") {
		f.Add(string(r.Response.Body))
	}
	f.Add(pageOf(`{"id":"` + logID + `","created_at":1795418445,"details":null}`))
	f.Fuzz(func(t *testing.T, body string) {
		client := newClient(t, difyapi.Options{Transport: answering(http.StatusOK, body)})
		page, err := client.WorkflowLogs(t.Context(), difyapi.LogQuery{})
		if err != nil {
			if !difyapi.IsBadResponse(err) {
				t.Errorf("%q: %v", body, err)
			}
			return
		}
		for _, row := range page.Rows {
			if row == nil || row.ID == uuid.Nil || row.CreatedAt.Unix() <= 0 || row.CreatedAt.Year() > 9999 {
				t.Errorf("%q: row %+v", body, row)
			}
		}
	})
}

// TestIteratorReadsOnWhereAnAnswerIsShort of what it counts: a proxy that caps the limit, or rows that Dify does not show.
func TestIteratorReadsOnWhereAnAnswerIsShort(t *testing.T) {
	t.Parallel()
	seconds := []int64{100, 100, 100, 100, 100}
	for second := int64(99); second > 0; second-- {
		seconds = append(seconds, second)
	}
	for name, most := range map[string]int{"2": 2, "7": 7, "50": 50} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dify := &tinyDify{seconds: seconds, rng: rand.New(rand.NewPCG(1, 1)), stable: true, most: most}
			seen := map[uuid.UUID]bool{}
			for row, err := range newClient(t, difyapi.Options{Transport: dify}).EachWorkflowLog(t.Context(), difyapi.LogQuery{}) {
				if err != nil {
					t.Fatal(err)
				}
				seen[row.ID] = true
			}
			if len(seen) != len(seconds) {
				t.Errorf("%d of %d rows", len(seen), len(seconds))
			}
		})
	}
}

// TestIteratorWithoutRowsToReadOnFrom ends in words, after one more look.
func TestIteratorWithoutRowsToReadOnFrom(t *testing.T) {
	t.Parallel()
	calls := 0
	client := newClient(t, difyapi.Options{Transport: roundTrip(func(req *http.Request) (*http.Response, error) {
		calls++
		return response(req, http.StatusOK, `{"total":500,"has_more":true,"data":[]}`), nil
	})})
	for row, err := range client.EachWorkflowLog(t.Context(), difyapi.LogQuery{}) {
		if row != nil || !difyapi.IsBadResponse(err) || calls != 2 {
			t.Errorf("%v, %v after %d calls", row, err, calls)
		}
	}
}

// TestIteratorOverRowsOutOfOrder ends in words: where its last row is not the oldest, there is nothing to read on from.
func TestIteratorOverRowsOutOfOrder(t *testing.T) {
	t.Parallel()
	body := pageOf(`{"id":"`+logID+`","created_at":5}`, `{"id":"`+runID+`","created_at":6}`)
	for row, err := range newClient(t, difyapi.Options{Transport: answering(http.StatusOK, body)}).EachWorkflowLog(t.Context(), difyapi.LogQuery{}) {
		if row != nil || !difyapi.IsBadResponse(err) {
			t.Errorf("%v, %v", row, err)
		}
	}
}
