package difytest_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/difygraph/difygraph/difyapi/difytest"
)

const recordings = "../testdata/recordings"

// recording is an exchange with a real Dify.
type recording struct {
	Request struct {
		App, Method, Path, Query string
		Headers                  map[string]string
	}
	Response struct {
		Status  int
		Headers map[string]string
		Body    json.RawMessage
	}
}

// recordedPage and its parts are as much of a list as it takes to build it.
type recordedPage struct {
	Page, Limit, Total int
	Data               []recordedRow
}

type recordedRow struct {
	ID          uuid.UUID
	WorkflowRun *struct {
		ID              uuid.UUID
		Version, Status string
		TriggeredFrom   string `json:"triggered_from"`
		Error           *string
		ElapsedTime     float64 `json:"elapsed_time"`
		TotalTokens     int64   `json:"total_tokens"`
		TotalSteps      int     `json:"total_steps"`
		ExceptionsCount int     `json:"exceptions_count"`
		CreatedAt       int64   `json:"created_at"`
		FinishedAt      int64   `json:"finished_at"`
	} `json:"workflow_run"`
	CreatedFrom      string            `json:"created_from"`
	CreatedByRole    string            `json:"created_by_role"`
	CreatedByAccount *difytest.Account `json:"created_by_account"`
	CreatedByEndUser *struct {
		ID        uuid.UUID
		Type      string
		SessionID string `json:"session_id"`
	} `json:"created_by_end_user"`
	CreatedAt int64 `json:"created_at"`
}

// row turns what was recorded back into what the database held.
func (r recordedRow) row(inputs string) difytest.Row {
	row := difytest.Row{
		ID: r.ID, CreatedAt: time.Unix(r.CreatedAt, 0),
		CreatedFrom: r.CreatedFrom, CreatedByRole: r.CreatedByRole, Account: r.CreatedByAccount,
	}
	if u := r.CreatedByEndUser; u != nil {
		row.EndUser = &difytest.EndUser{ID: u.ID, Type: u.Type, SessionID: u.SessionID, IsAnonymous: true}
	}
	if run := r.WorkflowRun; run != nil {
		row.Run = &difytest.Run{
			ID: run.ID, Version: run.Version, Status: run.Status, TriggeredFrom: run.TriggeredFrom, Error: run.Error,
			ElapsedTime: run.ElapsedTime, TotalTokens: run.TotalTokens, TotalSteps: run.TotalSteps,
			ExceptionsCount: run.ExceptionsCount, CreatedAt: time.Unix(run.CreatedAt, 0), Inputs: inputs, Outputs: inputs,
		}
		if run.FinishedAt != 0 {
			row.Run.FinishedAt = time.Unix(run.FinishedAt, 0)
		}
	}
	return row
}

// recordedServer is all that was recorded of one server.
type recordedServer struct {
	version   string
	exchanges map[string]recording
	details   map[string]recording                  // those that ask for one run or end user
	rows      map[string]map[uuid.UUID]difytest.Row // of each app, whatever was seen of it
}

func loadRecordings(t *testing.T, version string) *recordedServer {
	t.Helper()
	server := &recordedServer{
		version: version, exchanges: map[string]recording{}, details: map[string]recording{},
		rows: map[string]map[uuid.UUID]difytest.Row{},
	}
	files, err := filepath.Glob(filepath.Join(recordings, version, "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no recordings of %s: %v", version, err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		var exchange recording
		readJSON(t, file, &exchange)
		switch {
		case answered(exchange, name):
			server.exchanges[name] = exchange
		case exchange.isDetail():
			server.details[name] = exchange
		}
	}
	server.collectRows()
	return server
}

// answered says whether TestRecordings has to ask: for lists, info, and routes
// that do not exist.
func answered(exchange recording, name string) bool {
	return exchange.Request.Path == "/v1/workflows/logs" || exchange.Request.Path == "/v1/info" ||
		name == "no-such-route" || name == "index"
}

func readJSON(t *testing.T, file string, into any) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

// collectRows gives each recorded row the text by which it was found: Dify
// does not tell it in lists.
func (s *recordedServer) collectRows() {
	texts := map[uuid.UUID]string{}
	for name, text := range map[string]string{"logs-keyword-ascii": "hello2", "logs-keyword-japanese-escaped": "京都"} {
		for _, row := range s.exchanges[name].page().Data {
			texts[row.ID] = text
		}
	}
	for _, exchange := range s.exchanges {
		app := exchange.Request.App
		if s.rows[app] == nil {
			s.rows[app] = map[uuid.UUID]difytest.Row{}
		}
		for _, row := range exchange.page().Data {
			text := cmp.Or(texts[row.ID], "hello")
			s.rows[app][row.ID] = row.row(`{"text": "` + difytest.StoredText(text) + `"}`)
		}
	}
}

// page decodes a list; another answer is an empty one.
func (r recording) page() recordedPage {
	var page recordedPage
	if r.Response.Status == http.StatusOK {
		_ = json.Unmarshal(r.Response.Body, &page)
	}
	return page
}

// enough is as many rows as a world needs around a page: totals of a hundred
// thousand say nothing more.
const enough = 300

// world returns the rows that make the server answer as recorded, and the
// total that it should then tell. An empty page comes from all rows of the app,
// which so must not match, another one from its rows between rows like them.
func (s *recordedServer) world(exchange recording) (rows []difytest.Row, total int) {
	page := exchange.page()
	known := s.rows[exchange.Request.App]
	if len(page.Data) == 0 {
		for _, row := range known {
			rows = append(rows, row)
		}
		return rows, page.Total
	}
	for _, row := range page.Data {
		rows = append(rows, known[row.ID])
	}
	total = min(page.Total, enough)
	newer := (page.Page - 1) * page.Limit
	newest, oldest := rows[0], rows[len(rows)-1]
	for i := range total - len(page.Data) {
		if i < newer {
			rows = append(rows, likeness(newest, time.Hour))
		} else {
			rows = append(rows, likeness(oldest, -time.Hour))
		}
	}
	return rows, total
}

func likeness(row difytest.Row, distance time.Duration) difytest.Row {
	row.ID, row.CreatedAt = uuid.New(), row.CreatedAt.Add(distance)
	if row.Run != nil {
		run := *row.Run
		run.ID = uuid.New()
		row.Run = &run
	}
	return row
}

// TestRecordings asks difytest what was asked of real servers, and wants the
// same answers.
func TestRecordings(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"1.10.1", "1.13.3", "1.14.2"} {
		server := loadRecordings(t, version)
		for name, exchange := range server.exchanges {
			t.Run(version+"/"+name, func(t *testing.T) {
				t.Parallel()
				rows, total := server.world(exchange)
				dify := difytest.New(difytest.Options{Version: version, Seed: 1})
				app := dify.AddApp(difytest.AppOptions{
					Name: "Echo", APIKey: "app-right", Description: new(""), AuthorName: new("Admin"),
				})
				dify.AddAccount(difytest.Account{Email: "admin@example.com"})
				app.Insert(rows...)

				got := replay(dify, exchange)
				compare(t, exchange, got, total)
			})
		}
	}
}

func replay(dify *difytest.Server, exchange recording) *httptest.ResponseRecorder {
	request := httptest.NewRequest(exchange.Request.Method, exchange.Request.Path+"?"+exchange.Request.Query, nil)
	request.Header.Set("Authorization", "Bearer app-right")
	if exchange.Request.Headers != nil {
		request.Header = http.Header{}
		for name, value := range exchange.Request.Headers {
			request.Header.Set(name, value)
		}
	}
	recorder := httptest.NewRecorder()
	dify.ServeHTTP(recorder, request)
	return recorder
}

func compare(t *testing.T, exchange recording, got *httptest.ResponseRecorder, total int) {
	t.Helper()
	if got.Code != exchange.Response.Status {
		t.Fatalf("status %d, recorded %d: %s", got.Code, exchange.Response.Status, got.Body)
	}
	for name, value := range exchange.Response.Headers {
		if got.Header().Get(name) != value {
			t.Errorf("header %s is %q, recorded %q", name, got.Header().Get(name), value)
		}
	}
	if exchange.Response.Headers["content-type"] != "application/json" {
		var text string
		if err := json.Unmarshal(exchange.Response.Body, &text); err != nil || text != got.Body.String() {
			t.Errorf("body %q, recorded %q (%v)", got.Body, text, err)
		}
		return
	}
	wanted := decode(t, exchange.Response.Body)
	if wanted["total"] != nil {
		wanted["total"] = json.Number(strings.TrimSpace(string(must(json.Marshal(total)))))
	}
	if diff := gocmp.Diff(wanted, decode(t, got.Body.Bytes())); diff != "" {
		t.Errorf("recorded (-), got (+):\n%s", diff)
	}
}

// decode keeps numbers as they were written, 0.0 apart from 0, and puts rows
// of one second in order.
func decode(t *testing.T, body []byte) map[string]any {
	t.Helper()
	var decoded map[string]any
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	if err := decoder.Decode(&decoded); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	rows, _ := decoded["data"].([]any)
	slices.SortStableFunc(rows, func(a, b any) int {
		x, y := a.(map[string]any), b.(map[string]any)
		if x["created_at"] != y["created_at"] {
			return 0
		}
		return strings.Compare(x["id"].(string), y["id"].(string))
	})
	return decoded
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}
