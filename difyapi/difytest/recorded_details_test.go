package difytest_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/difygraph/difygraph/difyapi/difytest"
)

// recordedRun is the detail of a run. Outputs are a string up to 1.12.
type recordedRun struct {
	ID          uuid.UUID
	WorkflowID  uuid.UUID `json:"workflow_id"`
	Status      string
	Inputs      string
	Outputs     json.RawMessage
	Error       *string
	TotalSteps  int     `json:"total_steps"`
	TotalTokens int64   `json:"total_tokens"`
	CreatedAt   int64   `json:"created_at"`
	FinishedAt  int64   `json:"finished_at"`
	ElapsedTime float64 `json:"elapsed_time"`
}

func (r recordedRun) row() difytest.Row {
	run := &difytest.Run{
		ID: r.ID, WorkflowID: r.WorkflowID, Status: r.Status, Inputs: r.Inputs, Error: r.Error, TotalSteps: r.TotalSteps,
		TotalTokens: r.TotalTokens, CreatedAt: time.Unix(r.CreatedAt, 0), ElapsedTime: r.ElapsedTime,
	}
	if r.FinishedAt != 0 {
		run.FinishedAt = time.Unix(r.FinishedAt, 0)
	}
	if json.Unmarshal(r.Outputs, &run.Outputs) != nil {
		run.Outputs = string(r.Outputs)
	}
	return difytest.Row{Run: run}
}

// recordedEndUser is a profile.
type recordedEndUser struct {
	ID             uuid.UUID
	TenantID       uuid.UUID `json:"tenant_id"`
	AppID          uuid.UUID `json:"app_id"`
	Type           string
	ExternalUserID *string `json:"external_user_id"`
	Name           *string
	IsAnonymous    bool   `json:"is_anonymous"`
	SessionID      string `json:"session_id"`
	CreatedAt      string `json:"created_at"`
	UpdatedAt      string `json:"updated_at"`
}

func (u recordedEndUser) profile(t *testing.T) difytest.EndUser {
	t.Helper()
	at := func(text string) time.Time { return must(time.Parse(time.RFC3339, text+"Z")) }
	return difytest.EndUser{
		ID: u.ID, Type: u.Type, ExternalUserID: u.ExternalUserID, Name: u.Name, IsAnonymous: u.IsAnonymous,
		SessionID: u.SessionID, CreatedAt: at(u.CreatedAt), UpdatedAt: at(u.UpdatedAt),
	}
}

// isDetail says whether an exchange asks for one thing by its id.
func (r recording) isDetail() bool {
	route, _ := difytest.RouteOf(r.Request.Path)
	return r.Request.Method == http.MethodGet && (route == difytest.RunRoute || route == difytest.EndUserRoute)
}

// details returns what the exchanges with an app show, without repetitions.
func details[T any](t *testing.T, exchanges map[string]recording, app, route string) []T {
	t.Helper()
	found := map[string]T{}
	for _, exchange := range exchanges {
		shown, _ := difytest.RouteOf(exchange.Request.Path)
		if shown != route || exchange.Request.App != app || exchange.Response.Status != http.StatusOK ||
			bytes.Contains(exchange.Response.Body, []byte(`"id": null`)) {
			continue
		}
		var one T
		if err := json.Unmarshal(exchange.Response.Body, &one); err != nil {
			t.Fatalf("%v in %s", err, exchange.Response.Body)
		}
		found[exchange.Request.Path] = one
	}
	return slices.Collect(maps.Values(found))
}

// apps names all apps of the recorded details.
func (s *recordedServer) apps() []string {
	var names []string
	for _, exchange := range s.details {
		names = append(names, exchange.Request.App)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// detailWorld makes a server that holds all that the recorded details show, so
// that what is another app's is there. The app that was asked has the key that
// replay sends.
func (s *recordedServer) detailWorld(t *testing.T, asked string) *difytest.Server {
	t.Helper()
	var tenant uuid.UUID
	for _, name := range s.apps() {
		for _, user := range details[recordedEndUser](t, s.details, name, difytest.EndUserRoute) {
			tenant = user.TenantID
		}
	}
	dify := difytest.New(difytest.Options{Version: s.version, TenantID: tenant})
	for _, name := range s.apps() {
		s.addApp(t, dify, name, asked)
	}
	return dify
}

func (s *recordedServer) addApp(t *testing.T, dify *difytest.Server, name, asked string) {
	t.Helper()
	options := difytest.AppOptions{Name: name, APIKey: "app-" + name}
	if name == asked {
		options.APIKey = "app-right"
	}
	if name == "chat" {
		options.Mode = name
	}
	users := details[recordedEndUser](t, s.details, name, difytest.EndUserRoute)
	for _, user := range users {
		options.ID = cmp.Or(options.ID, user.AppID)
	}
	app := dify.AddApp(options)
	for _, user := range users {
		app.SetEndUser(user.profile(t))
	}
	for _, run := range details[recordedRun](t, s.details, name, difytest.RunRoute) {
		app.Insert(run.row())
	}
}

// TestRecordedDetails asks for runs and end users as real servers were asked,
// and wants the same answers.
func TestRecordedDetails(t *testing.T) {
	t.Parallel()
	for version, count := range map[string]int{"1.10.1": 11, "1.13.3": 13, "1.14.2": 13} {
		server := loadRecordings(t, version)
		if len(server.details) != count {
			t.Errorf("%s: %d exchanges, want %d", version, len(server.details), count)
		}
		for name, exchange := range server.details {
			t.Run(version+"/"+name, func(t *testing.T) {
				t.Parallel()
				compare(t, exchange, replay(server.detailWorld(t, exchange.Request.App), exchange), 0)
			})
		}
	}
}
